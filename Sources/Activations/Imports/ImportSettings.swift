import Corpora
import Foundation
import Models
import Tensors
import Yams

/// What the user says of activations made elsewhere, in an `activations.yaml` beside them or by options.
///
/// ```yaml
/// model: my-hubert
/// hop: 20 ms              # or 0.02 s, or 320 samples
/// first_centre: 12.5 ms   # of frame 0; half a hop where nothing is said
/// sampling_rate: 16000    # of what the model heard; samples are counted at it
/// unusual_timing: true    # a hop over 1 s, a first centre beyond five hops, a rate below 1 kHz are meant
/// padded: true            # frames of padding follow the audio, as with Whisper
/// from: transformers      # its hidden_states; with version and model_type, what the last of them is
/// version: 4.57.6
/// model_type: hubert
/// norm: first             # where the version is before 5.16: do_stable_layer_norm
/// layers:                 # in the order of the data; all where nothing is said
///   - {name: conv.1, stored: features, hop: 5 ms}
///   - hidden.1
/// ```
public struct ImportSettings: Sendable, Equatable {
  /// A length of time as it was written.
  public enum Length: Sendable, Equatable {
    case seconds(Double)
    case samples(Double)
  }

  /// One layer of the files.
  public struct Layer: Sendable, Equatable {
    /// The name that it is studied under.
    public var name: String
    /// What the files call it.
    public var stored: String
    /// From one frame to the next; nil for the one of all layers.
    public var hop: Length?
    /// The centre of frame 0; nil for the one of all layers.
    public var firstCentre: Length?
  }

  /// The name of the model whose activations they are.
  public var model: String?
  /// From one frame to the next, of all layers that have no hop of their own.
  public var hop: Length?
  /// The centre of frame 0, of all layers that have none of their own.
  public var firstCentre: Length?
  /// Samples a second of the sound that the model was given, in which lengths in samples are counted.
  public var samplingRate: Int?
  /// Whether frames may go beyond the end of the recording, as those of padded batches do.
  public var isPadded = false
  /// Whether numbers that are hardly ever right are meant as they stand.
  public var isUnusual = false
  /// The layers, in the order of the data; nil for all that the files have.
  public var layers: [Layer]?
  /// The program whose hidden states the layers are.
  public var origin: LayerOrigin?

  public init() {}

  /// These where they say something, else those of `other`.
  func over(_ other: ImportSettings) -> ImportSettings {
    var merged = other
    merged.model = model ?? other.model
    merged.hop = hop ?? other.hop
    merged.firstCentre = firstCentre ?? other.firstCentre
    merged.samplingRate = samplingRate ?? other.samplingRate
    merged.isPadded = isPadded || other.isPadded
    merged.isUnusual = isUnusual || other.isUnusual
    merged.layers = layers ?? other.layers
    merged.origin = origin ?? other.origin
    return merged
  }

  /// The name of the file with these settings, which lies in the folder of the activations.
  public static let fileName = "activations.yaml"

  /// Those in a folder's `activations.yaml`, or beside a file; nil where there is none.
  static func beside(_ path: String) throws -> ImportSettings? {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let folder =
      exists && isFolder.boolValue ? URL(filePath: path) : URL(filePath: path).deletingLastPathComponent()
    let file = folder.appending(path: fileName).path
    if RegularFile.obstacle(at: file) == .missing { return nil }
    let bytes: [UInt8]
    do { bytes = try RegularFile.contents(file) } catch {
      throw ImportError.missing(path: file, reason: "\(error)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ImportError.badSetting(
        path: file, line: nil, key: "the file", found: "other bytes", expected: "text in UTF-8")
    }
    return try ImportSettings(yaml: text, path: file)
  }
}

extension ImportSettings.Length {
  /// `20ms`, `20 ms`, `0.02 s`, `320 samples`, or 0; nil for anything else, for a number without a unit, which could
  /// be of any, and below 0.
  public init?(_ text: String) {
    let words = text.trimmingCharacters(in: .whitespaces)
    let digits = words.prefix { $0.isNumber || $0 == "." || $0 == "e" || $0 == "-" || $0 == "+" }
    guard let number = Double(digits), number.isFinite, number >= 0 else { return nil }
    switch words.dropFirst(digits.count).trimmingCharacters(in: .whitespaces) {
    case "ms": self = .seconds(number / 1000)
    case "s": self = .seconds(number)
    case "" where number == 0: self = .seconds(0)
    case "samples", "sample": self = .samples(number)
    default: return nil
    }
  }

  func seconds(at samplingRate: Int?) -> Double? {
    switch self {
    case .seconds(let seconds): seconds
    case .samples(let samples): samplingRate.map { samples / Double($0) }
    }
  }
}

// MARK: - Timing

extension ImportSettings {
  /// Where a layer's frames lie; nil where nothing says how far apart they are.
  ///
  /// What one frame sees is not known: a hop is the least that it can be. Throws `ImportError.doubtful` for numbers that
  /// are hardly ever right unless `isUnusual`, and `.badSetting` for those that never are.
  func timing(_ layer: Layer?, path: String) throws(ImportError) -> FrameTiming? {
    guard let hop = (layer?.hop ?? hop)?.seconds(at: samplingRate) else { return nil }
    let centre = (layer?.firstCentre ?? firstCentre)?.seconds(at: samplingRate) ?? hop / 2
    guard (1e-6...86_400).contains(hop) else {
      throw .badSetting(
        path: path, line: nil, key: "hop", found: "\(hop) s",
        expected: "from a millionth of a second to a day")
    }
    guard centre <= 86_400 else {
      throw .badSetting(
        path: path, line: nil, key: "first_centre", found: "\(centre) s", expected: "at most a day")
    }
    try doubt(hop: hop, centre: centre, path: path)
    // In samples where the hop is a whole number of them, else in billionths of a second.
    let rate = [samplingRate, 16_000].compactMap(\.self).first { rate in
      let samples = hop * Double(rate)
      return samples >= 1 && samples < 1e9 && abs(samples - samples.rounded()) < 1e-6
    }
    let unit = rate ?? 1_000_000_000
    let stride = Int((hop * Double(unit)).rounded())
    return FrameTiming(
      checking: unit, strideSamples: stride, receptiveFieldSamples: stride,
      firstCentreSample: centre * Double(unit))
  }

  private func doubt(hop: Double, centre: Double, path: String) throws(ImportError) {
    guard !isUnusual else { return }
    if hop > 1 { throw .doubtful(path: path, what: "a hop of \(hop) s", usual: "at most 1 s") }
    if centre > 5 * hop {
      throw .doubtful(
        path: path, what: "a first centre at \(centre) s", usual: "within five hops (\(5 * hop) s)")
    }
    if let samplingRate, samplingRate < 1000 {
      throw .doubtful(path: path, what: "a sampling rate of \(samplingRate) Hz", usual: "at least 1000 Hz")
    }
  }
}

// MARK: - YAML

extension ImportSettings {
  private static let keys = [
    "model", "hop", "first_centre", "sampling_rate", "unusual_timing", "padded", "from", "version",
    "model_type", "norm", "layers",
  ]

  /// Reads the text of an `activations.yaml`. Throws `ImportError.badSetting` with the line.
  public init(yaml text: String, path: String) throws(ImportError) {
    let root: Node?
    do { root = try compose(yaml: text) } catch {
      throw .badSetting(path: path, line: nil, key: "the file", found: "\(error)", expected: "YAML")
    }
    guard let root else { return }
    let reader = NodeReader(path: path)
    var origin: (from: Node?, version: [Int]?, type: String?, norm: LayerOrigin.Norm?)
    for (key, value) in try reader.pairs(root, "the file") {
      switch key {
      case "model": model = try reader.text(value, key)
      case "hop": hop = try reader.length(value, key)
      case "first_centre": firstCentre = try reader.length(value, key)
      case "sampling_rate":
        guard let rate = value.int, (1...1_000_000).contains(rate) else {
          throw reader.wrong(value, key, "1 to 1000000 Hz")
        }
        samplingRate = rate
      case "unusual_timing":
        guard let flag = value.bool else { throw reader.wrong(value, key, "true or false") }
        isUnusual = flag
      case "padded":
        guard let flag = value.bool else { throw reader.wrong(value, key, "true or false") }
        isPadded = flag
      case "from":
        guard value.scalar?.string == "transformers" else { throw reader.wrong(value, key, "transformers") }
        origin.from = value
      case "version":
        guard let version = value.scalar.flatMap({ LayerOrigin.version($0.string) }) else {
          throw reader.wrong(value, key, "the version of transformers, such as 4.57.6")
        }
        origin.version = version
      case "model_type": origin.type = try reader.text(value, key)
      case "norm":
        guard let norm = value.scalar.flatMap({ LayerOrigin.Norm(rawValue: $0.string) }) else {
          throw reader.wrong(value, key, "first or last")
        }
        origin.norm = norm
      case "layers":
        guard let items = value.sequence, !items.isEmpty else {
          throw reader.wrong(value, key, "a list of layers")
        }
        var layers: [Layer] = []
        for item in items { layers.append(try Self.layer(item, reader)) }
        self.layers = layers
      default: throw reader.wrong(value, key, "one of " + Self.keys.joined(separator: ", "))
      }
    }
    if let from = origin.from {
      guard let version = origin.version, let type = origin.type else {
        throw reader.wrong(from, "from", "version and model_type beside it")
      }
      self.origin = LayerOrigin(version: version, modelType: type, norm: origin.norm)
    } else if origin.version != nil || origin.type != nil || origin.norm != nil {
      throw reader.wrong(root, "version, model_type, norm", "`from: transformers` beside them")
    }
  }

  private static func layer(_ node: Node, _ reader: NodeReader) throws(ImportError) -> Layer {
    if let name = node.scalar?.string, !name.isEmpty { return Layer(name: name, stored: name) }
    var layer = Layer(name: "", stored: "")
    for (key, value) in try reader.pairs(node, "layers") {
      switch key {
      case "name": layer.name = try reader.text(value, key)
      case "stored": layer.stored = try reader.text(value, key)
      case "hop": layer.hop = try reader.length(value, key)
      case "first_centre": layer.firstCentre = try reader.length(value, key)
      default: throw reader.wrong(value, "layers: \(key)", "one of name, stored, hop, first_centre")
      }
    }
    guard !layer.name.isEmpty else { throw reader.wrong(node, "layers", "a name for each layer") }
    if layer.stored.isEmpty { layer.stored = layer.name }
    return layer
  }
}

/// Takes values of one kind out of YAML nodes, or says what was found instead.
private struct NodeReader {
  let path: String

  func pairs(_ node: Node, _ key: String) throws(ImportError) -> [(String, Node)] {
    guard let mapping = node.mapping else { throw wrong(node, key, "keys with values") }
    var pairs: [(String, Node)] = []
    for (key, value) in mapping {
      guard let text = key.scalar?.string else { throw wrong(key, "a key", "a word") }
      pairs.append((text, value))
    }
    return pairs
  }

  func text(_ node: Node, _ key: String) throws(ImportError) -> String {
    guard let text = node.scalar?.string, !text.isEmpty else { throw wrong(node, key, "a text") }
    return text
  }

  func length(_ node: Node, _ key: String) throws(ImportError) -> ImportSettings.Length {
    guard let text = node.scalar?.string, let length = ImportSettings.Length(text) else {
      throw wrong(node, key, "a length with its unit, such as 20 ms, 0.02 s or 320 samples")
    }
    return length
  }

  func wrong(_ node: Node, _ key: String, _ expected: String) -> ImportError {
    return .badSetting(path: path, line: node.mark?.line, key: key, found: node.inWords, expected: expected)
  }
}
