import Audio
import Corpora
import Models
import Tensors

/// Anything that gives named layers of frames for an utterance: a model, its untrained counterpart, or activations that
/// were made elsewhere.
public protocol ActivationSource: Sendable {
  /// For messages and reports.
  var name: String { get }
  /// Differs wherever the values may differ; finished work is picked up only under the same one.
  var fingerprint: String { get }
  /// What a report says of it.
  var facts: SourceFacts { get }
  /// What its utterances must be.
  var input: SourceInput { get }
  /// The layers there are, in the order of the data.
  var taps: [TapPoint] { get }

  /// Where the rows of a layer lie in an utterance, one centre a row and never falling, in the utterance's own unit
  /// (seconds; characters of a text); −∞ or ∞ for a row that belongs to none of it. Nil where they lie as the tap
  /// point's timing says, which is the default.
  /// - Throws: What reading the utterance throws.
  func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]?

  /// Runs over one utterance and gives each layer of `taps` to `visit`, `[frames × width]`, as soon as it is
  /// there. `waveform` is its sound, nil for a text. Resampling and input normalisation are the source's own. An
  /// error that `visit` throws ends it.
  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void) throws

  /// Throws `FileError.changed` where a file that values are read from is no more what it was when it was opened. Asked
  /// before work is kept, and once more, `atEnd`, when all is done: what takes long may wait until then. Does nothing by
  /// default.
  func requireUnchanged(atEnd: Bool) throws
  /// The same, a part of each layer's frames at a time where a recording is longer than `window`: parts of a layer come
  /// in the order of time, each row once.
  /// - Throws: As `forward` does.
  func forwardInPieces(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, FramePiece) throws -> Void) throws

  /// The same of a recording that is longer than `attentionWindow` and is read from its file, so that its length takes no
  /// memory. Reads it whole by default.
  /// - Throws: As `forward` does, and `AudioError`.
  func forwardInPieces(
    _ utterance: Utterance, streaming sound: StreamedSound, taps: Set<String>, threads: Int,
    visit: (String, FramePiece) throws -> Void) throws

  /// The seconds of sound that its frames may attend to; nil where it reads all at once, or has windows of its own.
  var attentionWindow: Double? { get }

  /// The same architecture before training; nil where there can be none, as for activations made elsewhere.
  /// - Throws: What building the model throws.
  func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)?
}

/// What a source of activations reads.
public enum SourceInput: String, Sendable, Codable {
  case sound, text
  /// It reads neither: its activations are there already.
  case any
}

extension ActivationSource {
  public var input: SourceInput { .sound }

  public func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]? { nil }

  public func requireUnchanged(atEnd: Bool) throws {}
  public var attentionWindow: Double? { nil }

  public func forwardInPieces(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, FramePiece) throws -> Void
  ) throws {
    try forward(utterance, waveform, taps: taps, threads: threads) { name, frames in
      try visit(name, FramePiece(frames: frames, first: 0, isLast: true))
    }
  }

  public func forwardInPieces(
    _ utterance: Utterance, streaming sound: StreamedSound, taps: Set<String>, threads: Int,
    visit: (String, FramePiece) throws -> Void
  ) throws {
    try forwardInPieces(utterance, sound.waveform(), taps: taps, threads: threads, visit: visit)
  }

  public func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)? { nil }
}

/// What a report says of a source of activations.
public struct SourceFacts: Sendable, Equatable, Codable {
  /// wav2vec2, whisper, …
  public var family: String
  /// The number of values of all parameters; 0 where there are none to count.
  public var parameters: Int
  /// Samples a second of its input; nil for a text.
  public var samplingRate: Int?
  /// What is done to the input before the first layer, in words.
  public var inputNormalisation: String
  /// A hash of whatever else the values hang on beside the weights, as a model's configuration; empty where the
  /// fingerprint says all.
  public var settings: String

  public init(
    family: String, parameters: Int, samplingRate: Int?, inputNormalisation: String, settings: String = ""
  ) {
    self.family = family
    self.parameters = parameters
    self.samplingRate = samplingRate
    self.inputNormalisation = inputNormalisation
    self.settings = settings
  }
}

extension LogMel {
  /// The baseline's name among the layers.
  public static let layer = "mel"

  /// Where its frames lie: at `i · hop` samples.
  public var timing: FrameTiming {
    FrameTiming(
      samplingRate: samplingRate, strideSamples: hop, receptiveFieldSamples: window, firstCentreSample: 0)
  }
}
