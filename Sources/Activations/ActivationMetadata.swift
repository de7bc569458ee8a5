import Models
import Tensors

/// What a file of activations says of itself: of which model they are, and where each layer's frames lie.
public struct ActivationMetadata: Sendable, Equatable {
  /// The model's name.
  public var model: String
  /// The model's architecture, such as `wav2vec2`.
  public var family: String
  /// The fingerprint of the model's weights.
  public var fingerprint: String
  /// Samples a second of the sound that the model was given; nil of a text model.
  public var samplingRate: Int?
  /// What was done to the sound before the model saw it, in words.
  public var inputNormalisation: String
  /// The layers, in the order of the data.
  public var layers: [TapPoint]
  /// The program that wrote it.
  public var writtenBy: String

  /// What a source says of itself, for a file of some of its layers.
  public init(of source: some ActivationSource, layers: [TapPoint], writtenBy: String) {
    model = source.name
    fingerprint = source.fingerprint
    family = source.facts.family
    samplingRate = source.facts.samplingRate
    inputNormalisation = source.facts.inputNormalisation
    self.layers = layers
    self.writtenBy = writtenBy
  }

  /// As words, for a file's own metadata.
  public var words: [String: String] {
    var words = [
      "content": Self.content, "model": model, "family": family, "fingerprint": fingerprint,
      "input_normalisation": inputNormalisation, "layers": layers.map(\.name).joined(separator: ","),
      "written_by": writtenBy,
    ]
    if let samplingRate { words["sampling_rate"] = "\(samplingRate)" }
    for tap in layers {
      guard let timing = tap.timing else { continue }
      words["timing.\(tap.name)"] = timing.words
    }
    return words
  }

  /// What stands under `content`.
  static let content = "activations"
}

extension FrameTiming {
  /// `sampling_rate=16000 stride_samples=320 receptive_field_samples=400 first_centre_sample=199.5`
  var words: String {
    "sampling_rate=\(samplingRate) stride_samples=\(strideSamples) "
      + "receptive_field_samples=\(receptiveFieldSamples) first_centre_sample=\(firstCentreSample)"
      + (period.map { " period_frames=\($0.frames) period_samples=\($0.samples)" } ?? "")
  }

  /// Nil where the words are others.
  init?(words: String) {
    var numbers: [Substring: Double] = [:]
    for pair in words.split(separator: " ") {
      let parts = pair.split(separator: "=")
      guard parts.count == 2, let number = Double(parts[1]), number.isFinite else { return nil }
      numbers[parts[0]] = number
    }
    func whole(_ key: Substring) -> Int? {
      numbers[key].flatMap { Int(exactly: $0) }
    }
    guard let rate = whole("sampling_rate"), let stride = whole("stride_samples"),
      let field = whole("receptive_field_samples"), let centre = numbers["first_centre_sample"]
    else { return nil }
    var period: Period?
    if let frames = whole("period_frames"), let samples = whole("period_samples") {
      period = Period(frames: frames, samples: samples)
    }
    self.init(
      checking: rate, strideSamples: stride, receptiveFieldSamples: field, firstCentreSample: centre,
      period: period)
  }
}

// MARK: - In files that have no metadata

extension ActivationMetadata {
  /// An npz archive has arrays only: the metadata is one of them, the bytes of `key=value` lines.
  static let arrayName = "__metadata__"

  /// Each value is one byte of the text; in Python `bytes(a["__metadata__"].astype("u1")).decode()`.
  public static func array(of words: [String: String]) -> Tensor {
    let text = words.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
    let bytes = text.utf8.map(Float.init)
    return Tensor(bytes, shape: [bytes.count])
  }

  static func decoded(_ array: [Float]) -> [String: String] {
    let text = String(decoding: array.map { UInt8(max(0, min(255, $0.isFinite ? $0 : 0))) }, as: UTF8.self)
    return text.split(separator: "\n").reduce(into: [:]) { words, line in
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { words[String(parts[0])] = String(parts[1]) }
    }
  }
}
