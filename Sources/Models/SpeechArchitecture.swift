import Checkpoints
import Tensors

/// A family of models that can be read and run. A new one is a file with a type of this protocol, and its line in
/// `ArchitectureRegistry.swift`.
protocol SpeechArchitecture: Sendable {
  /// What `model_type` says in the configurations of its models; the first is the family's name where there is one
  /// family only.
  static var modelTypes: [String] { get }

  /// Builds the model that `description` tells of; nil where its tensors are not of this architecture.
  static func build(_ description: ModelDescription) throws -> BuiltModel?

  /// The places whose values can be had, in the order of the data.
  func taps(samplingRate: Int) -> [TapPoint]

  /// The number of heads of each attention layer, in the order of the data.
  var attentionHeads: [Int] { get }

  /// The tap points of attention weights: `attention.k` of each layer, over frames, unless the architecture has others.
  func attentionTaps(samplingRate: Int) -> [TapPoint]

  /// How the tokens of attention lie in time and frequency for so many samples of one window, where they are patches
  /// of a spectrogram; nil where they are frames.
  func attentionPatches(ofSamples count: Int) -> FrameOperation?

  /// Why a model with attention gives none of its weights; nil where it has none, or gives them.
  var attentionObstacle: String? { get }

  /// The fewest samples that give a frame of the deepest layer.
  func minimumSamples(samplingRate: Int) -> Int

  /// One pass over the model's input. Each value is offered to `visit` under its tap point's name, attention
  /// weights only where `wanted` has them; the pass ends when `visit` returns false.
  ///
  /// `samples` from `validSamples` on are padding: their frames are computed, and change no other.
  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws

  /// The same architecture with parameters as before training.
  func untrained(seed: UInt64) throws -> Self
}

extension SpeechArchitecture {
  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    let timing = taps(samplingRate: samplingRate).last?.timing
    return zip(1..., attentionHeads).map { TapPoint(name: "attention.\($0)", width: $1, timing: timing) }
  }

  func attentionPatches(ofSamples count: Int) -> FrameOperation? { nil }

  var attentionObstacle: String? { nil }

  /// The widest receptive field.
  func minimumSamples(samplingRate: Int) -> Int {
    taps(samplingRate: samplingRate).compactMap(\.timing?.receptiveFieldSamples).max() ?? 1
  }
}

/// What an architecture is given of a sound.
enum ModelInput: Sendable, Equatable {
  /// The samples; the checkpoint must say whether they are normalised, and may say their rate.
  case waveform
  /// Samples at this rate, of which the architecture makes its own features, such as "log-mel of 80 bands".
  case features(String, samplingRate: Int)
}

/// An architecture with all that belongs to a model of it.
struct BuiltModel: Sendable {
  var architecture: any SpeechArchitecture
  var family: String
  var parameters: Int
  var report: TensorReport
  var input = ModelInput.waveform
}
