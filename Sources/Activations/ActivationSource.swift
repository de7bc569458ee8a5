import Audio
import Models
import Tensors

/// Anything that gives named layers of frames for a sound: a model, its random twin, or activations that were
/// made elsewhere.
public protocol ActivationSource: Sendable {
  /// For messages and reports.
  var name: String { get }
  /// Differs wherever the values may differ; finished work is picked up only under the same one.
  var fingerprint: String { get }
  /// The layers there are, in the order of the data.
  var taps: [TapPoint] { get }

  /// Runs over one sound and gives each layer of `taps` to `visit`, `[frames × width]`, as soon as it is
  /// there. Resampling and input normalisation are the source's own. An error that `visit` throws ends it.
  func forward(
    _ waveform: Waveform, taps: Set<String>, threads: Int, visit: (String, Tensor) throws -> Void) throws
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
