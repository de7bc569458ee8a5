import Activations
import Audio
import Corpora
import Foundations
import Models
import Tensors

/// A model whose layers hold what was planted in them and noise besides: what a study says of it is known beforehand.
///
/// ```swift
/// var model = PlantedModel(layers: (1...6).map { "hidden.\($0)" })
/// model.plant(.phoneme, in: "hidden.2")
/// model.plant(.word, in: "hidden.5")
/// let study = LayerStudy(model: model, corpus: corpus)
/// ```
/// A frame is 20 ms of the recording, `width` numbers drawn from the normal distribution. Where a level is planted in a
/// layer, each of its labels has a vector of its own, drawn once, which is added to the frames of its spans. The sound
/// itself is not heard; the labels are the utterance's. Values are a function of the labels, the utterance's name and the
/// settings below, on every machine.
public struct PlantedModel: ActivationSource {
  /// A level that is planted in a layer.
  public struct Signal: Sendable, Equatable {
    /// The level whose labels are planted.
    public let level: Level
    /// The layer's name.
    public let layer: String
    /// The standard deviation of a label's vector, where the noise's is 1.
    public let strength: Double
    /// Whether nothing else is to be read there: see `plant(_:in:strength:alone:)`.
    public let isAlone: Bool
  }

  public let name: String
  /// Numbers in a frame.
  public let width: Int
  /// The seed of noise and of labels' vectors.
  public let seed: UInt64
  /// What was planted, in that order.
  public private(set) var signals: [Signal] = []
  public let taps: [TapPoint]

  private static let rate = 16_000
  private static let timing = FrameTiming(
    samplingRate: rate, strideSamples: 320, receptiveFieldSamples: 320, firstCentreSample: 160)

  /// Layers of noise.
  public init(_ name: String = "planted", layers: [String], width: Int = 16, seed: UInt64 = 0) {
    precondition(width > 0, "a width of \(width)")
    (self.name, self.width, self.seed) = (name, width, seed)
    taps = layers.map { TapPoint(name: $0, width: width, timing: Self.timing) }
  }

  /// Plants a level in one of the layers.
  ///
  /// Words are made of phones, so that whoever knows the word knows its phones, and the mean of a word's phones tells the
  /// word. `alone` takes that away: phones and other levels below the word are centred within each word; where words or
  /// larger units are planted, each phone is moved anywhere, and the unit's mean is brought back to 0 first.
  public mutating func plant(_ level: Level, in layer: String, strength: Double = 3, alone: Bool = true) {
    precondition(taps.contains { $0.name == layer }, "the model has no layer \(layer)")
    signals.append(Signal(level: level, layer: layer, strength: strength, isAlone: alone))
  }

  public var fingerprint: String {
    let planted = signals.map { "\($0.level.rawValue) \($0.layer) \($0.strength) \($0.isAlone)" }
    return (["planted 1", "\(width)", "\(seed)"] + taps.map(\.name) + planted).joined(separator: "; ")
  }

  public var facts: SourceFacts {
    SourceFacts(family: "planted", parameters: 0, samplingRate: Self.rate, inputNormalisation: "none")
  }

  /// The same layers with nothing planted, drawn from another seed.
  public func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)? {
    PlantedModel(
      "\(name)-untrained-\(seed)", layers: taps.map(\.name), width: width, seed: ~self.seed ^ seed)
  }

  public func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    let count = max(1, Int(utterance.seconds * Double(Self.rate)) / Self.timing.strideSamples)
    for tap in self.taps where taps.contains(tap.name) {
      var frames = PlantedFrames(
        count: count, width: width, timing: Self.timing, seed: seed, noise: "\(utterance.id) \(tap.name)")
      for signal in signals where signal.layer == tap.name { frames.plant(signal, utterance) }
      try visit(tap.name, Tensor(frames.values.map { Float($0) }, shape: [count, width]))
    }
  }
}

/// The frames of one layer and utterance while signals are planted in them.
private struct PlantedFrames {
  private let count, width: Int
  private let timing: FrameTiming
  private let seed: UInt64
  /// `[frames × width]`
  private(set) var values: [Double]

  init(count: Int, width: Int, timing: FrameTiming, seed: UInt64, noise: String) {
    (self.count, self.width, self.timing, self.seed) = (count, width, timing, seed)
    var numbers = RandomNumbers(seed: seed, stream: "planted noise \(noise)")
    values = (0..<(count * width)).map { _ in numbers.normal() }
  }

  mutating func plant(_ signal: PlantedModel.Signal, _ utterance: Utterance) {
    let (own, words) = (utterance.spans(at: signal.level), utterance.spans(at: .word))
    if signal.isAlone, signal.level >= .word {
      for phone in utterance.spans(at: .phoneme) {
        add(5, "moved \(utterance.id) \(phone.start)", to: phone)
      }
      for span in own { centre(span) }
    }
    for span in own { add(signal.strength, "\(signal.level.rawValue) \(span.label)", to: span) }
    if signal.isAlone, signal.level < .word { for word in words { centre(word) } }
  }

  private func rows(_ span: LabelledSpan) -> Range<Int> {
    timing.frames(from: span.start, to: span.end, count: count)
  }

  /// Adds the vector of this name, of a standard deviation, to the frames of a span.
  private mutating func add(_ deviation: Double, _ name: String, to span: LabelledSpan) {
    var numbers = RandomNumbers(seed: seed, stream: "planted vector \(name)")
    let vector = (0..<width).map { _ in deviation * numbers.normal() }
    for row in rows(span) {
      for column in 0..<width { values[row * width + column] += vector[column] }
    }
  }

  private mutating func centre(_ span: LabelledSpan) {
    let rows = rows(span)
    for column in 0..<width {
      let mean = rows.reduce(0) { $0 + values[$1 * width + column] } / Double(rows.count)
      for row in rows { values[row * width + column] -= mean }
    }
  }
}
