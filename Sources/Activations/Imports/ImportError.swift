/// Why activations made elsewhere cannot be used. Every case names the file and the place in it.
public enum ImportError: Error, Equatable, Sendable, CustomStringConvertible {
  case missing(path: String, reason: String)
  /// The bytes break the format.
  case malformed(path: String, place: String, found: String, expected: String)
  /// Well-formed, but of a kind that is not read here.
  case unsupported(path: String, place: String, found: String, advice: String)
  /// An array that is not `[frames × dim]`.
  case notFrames(path: String, key: String, shape: [Int])
  /// A layer whose width differs from one utterance to another.
  case widthsDiffer(path: String, key: String, found: [Int], width: Int, firstSeen: String)
  /// The same layer of the same utterance twice.
  case twice(utterance: String, layer: String, first: String, second: String)
  /// No key of any file belongs to an utterance of the corpus.
  case nothingMatches(path: String, keys: [String], utterances: [String])
  /// Nothing says how far apart frames are.
  case noHop(path: String, layer: String)
  case unknownLayer(path: String, layer: String, available: [String])
  /// An utterance without these layers.
  case layersMissing(path: String, utterance: String, layers: [String])
  /// Frames that cannot be those of an utterance of this length.
  case wrongLength(path: String, key: String, frames: Int, hop: Double, seconds: Double)
  /// Layers that are said to have one hop, and whose numbers of frames tell of others; hops in seconds.
  case framesDiffer(path: String, utterance: String, layers: [Frames])
  /// A time or a rate that is hardly ever right: another unit may be meant.
  case doubtful(path: String, what: String, usual: String)
  /// A value of `activations.yaml` or of an option.
  case badSetting(path: String, line: Int?, key: String, found: String, expected: String)

  /// A layer's frames of one utterance, and how far apart they probably are, in seconds.
  public struct Frames: Equatable, Sendable {
    /// The layer's name.
    public let layer: String
    /// Frames that the files have of the utterance.
    public let count: Int
    /// Seconds from one frame to the next, if the frames fill the recording evenly.
    public let likelyHop: Double
  }

  public var description: String {
    switch self {
    case .missing(let path, let reason): "\(path): \(reason)"
    case .malformed(let path, let place, let found, let expected):
      "\(path): \(place): found \(found), expected \(expected)"
    case .unsupported(let path, let place, let found, let advice):
      "\(path): \(place): \(found) is not supported. \(advice)"
    case .notFrames(let path, let key, let shape):
      "\(path): \(key) has shape \(shape), expected [frames × dim]; save each layer of each utterance by itself"
    case .widthsDiffer(let path, let key, let found, let width, let firstSeen):
      "\(path): \(key) has shape \(found), expected [frames × \(width)] as in \(firstSeen)"
        + (found.first == width ? "; is it transposed?" : "")
    case .twice(let utterance, let layer, let first, let second):
      "layer \(layer) of \(utterance) is there twice: in \(first) and in \(second)"
    case .nothingMatches(let path, let keys, let utterances):
      "\(path): no array belongs to an utterance of the corpus. The arrays are called \(list(keys)); the utterances "
        + "\(list(utterances)). Call them UTTERANCE/LAYER, or give each utterance or each layer a file of its name."
    case .noHop(let path, let layer):
      "\(path): nothing says how far apart the frames of \(layer) are. Give --hop 20ms, or write `hop: 20 ms` into "
        + "an activations.yaml beside the files."
    case .unknownLayer(let path, let layer, let available):
      "\(path): there is no layer \(layer); the layers are \(list(available))"
    case .layersMissing(let path, let utterance, let layers):
      "\(path) has no \(list(layers)) of \(utterance)"
    case .wrongLength(let path, let key, let frames, let hop, let seconds):
      "\(path): \(key) has \(frames) frames, \(rounded(Double(frames) * hop)) s with a hop of "
        + "\(rounded(hop * 1000)) ms, but the audio lasts \(rounded(seconds)) s. Is the hop right? Where frames of "
        + "padding follow the audio, say `padded: true` in activations.yaml."
    case .framesDiffer(let path, let utterance, let layers):
      "\(path): the layers of \(utterance) are said to have one hop, but not as many frames: "
        + layers.map { "\($0.layer) has \($0.count) (a hop of \(rounded($0.likelyHop * 1000)) ms?)" }
        .joined(separator: ", ")
        + ". Give each layer its own in activations.yaml: `layers: [{name: \(layers.last?.layer ?? ""), hop: "
        + "\(rounded((layers.last?.likelyHop ?? 0) * 1000)) ms}, …]`"
    case .doubtful(let path, let what, let usual):
      "\(path): \(what) is hardly ever right (\(usual) is usual); is its unit another? If it is meant so, say "
        + "--unusual-timing, or `unusual_timing: true` in activations.yaml."
    case .badSetting(let path, let line, let key, let found, let expected):
      "\(path)\(line.map { ":\($0)" } ?? ""): \(key): found \(found), expected \(expected)"
    }
  }

  private func list(_ names: [String]) -> String {
    names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", … (\(names.count) in all)" : "")
  }

  private func rounded(_ value: Double) -> String {
    "\((value * 1000).rounded() / 1000)"
  }
}
