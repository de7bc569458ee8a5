import Audio
import Tensors

/// ATST-Frame (Li 2023): a vision transformer over log-mel whose patches span all bands and 40 ms.
///
/// ```
/// log-mel → patches, projected → + positions → N transformer blocks → norm
///           projection           hidden.0      hidden.1 … hidden.N    final_norm
/// ```
/// It has positions for ten seconds; longer sounds are read in windows of that length, each mirrored at its ends and with
/// its own loudest value for the log-mel's floor. A window's last frames, where the sound ends in it, are not padded.
struct FrameATST: WindowedArchitecture {
  static let modelTypes = ["atst-frame"]
  /// Bands and mel frames of a patch: 64 × 4 in the published models.
  struct Patch: Sendable, Equatable {
    var bands, frames: Int
  }

  var patch: Patch
  /// Whether queries, keys and values have biases.
  var hasQueryBias: Bool
  var projection: Linear  // [bands · frames → width], a patch band by band
  var positions: Tensor  // [frames × width]
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    try forward(windowsOf: Array(samples.prefix(validSamples)), wanted: wanted, on: run, visit: visit)
  }

  func forward(
    window samples: ArraySlice<Float>, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let mel = try ATSTMel(bands: patch.bands).features(
      of: Waveform(samples: Array(samples), samplingRate: ATSTMel.samplingRate))
    run.recorder?.declare(mel, as: .input("log-mel"))
    let patches = run.patches(
      of: mel,
      PatchOperation(
        patch: patch.frames, height: patch.bands, rows: 1,
        columns: min(positions.rows, mel.rows / patch.frames), timeStride: patch.frames,
        frequencyStride: patch.bands))
    let projected = projection(patches, run)
    guard try visit("projection", projected) else { return }

    var hidden = run.sum(projected, positions.rows(0..<projected.rows))
    guard try visit("hidden.0", hidden) else { return }
    for (number, block) in zip(1..., blocks) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, validFrames: hidden.rows, bias: nil, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return }
      guard try visit("hidden.\(number)", hidden) else { return }
    }
    _ = try visit("final_norm", norm(hidden, run))
  }
}

// MARK: - Time

extension FrameATST {
  private var step: Int { patch.frames * ATSTMel.hop }

  /// The first frame needs all mel frames of its patch, and the mirror half a window.
  var window: InputWindow {
    InputWindow(
      length: positions.rows * step, step: positions.rows * step,
      minimum: max(ATSTMel.window / 2 + 1, (patch.frames - 1) * ATSTMel.hop))
  }

  func minimumSamples(samplingRate: Int) -> Int { window.minimum }

  func taps(samplingRate: Int) -> [TapPoint] {
    let timing = FrameTiming(
      samplingRate: samplingRate, strideSamples: step,
      receptiveFieldSamples: ATSTMel.window + (patch.frames - 1) * ATSTMel.hop,
      firstCentreSample: Double((patch.frames - 1) * ATSTMel.hop) / 2)
    let names = ["projection"] + (0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]
    return names.map { TapPoint(name: $0, width: projection.outputs, timing: timing) }
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}
