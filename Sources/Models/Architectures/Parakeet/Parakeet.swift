import Audio
import Tensors

/// A Fast Conformer (Rekesh 2023) over NeMo's log-mel, as Parakeet's models have it, with a CTC head where there is one.
///
/// ```
/// log-mel → strided convolutions over time and frequency → projection  → N conformer blocks   → CTC
///           a step of 80 ms, as published                  projection,   hidden.1 … hidden.N    logits
///                                                          hidden.0
/// ```
/// Frame *i* has its centre at 80·i ms. Of transducers only the encoder is read.
///
/// Nemotron's streaming models (Noroozi 2024, "cache-aware") look ahead within a chunk only: their convolutions see nothing
/// later, a layer norm stands in for the batch norm, attention reaches over chunks, and the log-mel is not normalised.
struct Parakeet: SpeechArchitecture {
  static let modelTypes = [
    "parakeet_ctc", "parakeet_encoder", "parakeet_rnnt", "parakeet_tdt", "canary", "cohere_asr",
    "nemotron_asr_streaming_encoder",
  ]

  /// A step of the subsampling, after the first: depthwise, then over channels.
  struct Step: Sendable {
    var depthwise: PlaneConvolution
    var pointwise: Linear
  }

  var configuration: ParakeetConfiguration
  var first: PlaneConvolution
  var steps: [Step]
  var projection: Linear  // [bands · channels → width]
  var blocks: [ConformerBlock]
  var head: Linear?  // [width → symbols]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let mel = try NeMoMel(
      bands: configuration.bands, isNormalised: configuration.streaming == nil
    ).features(
      of: Waveform(samples: Array(samples.prefix(validSamples)), samplingRate: NeMoMel.samplingRate))
    run.recorder?.declare(mel, as: .input("log-mel"))

    let projected = projection(subsampled(mel, run), run)
    guard try visit("projection", projected), try visit("hidden.0", projected) else { return }
    guard
      let last = try blocks.forward(
        projected, validFrames: projected.rows, wanted: wanted, on: run, visit: visit), let head
    else { return }
    _ = try visit("logits", head(last, run))
  }

  /// `[mel frames × bands]` to `[frames × bands left · channels]`.
  private func subsampled(_ mel: Tensor, _ run: Evaluation) -> Tensor {
    var (frames, bands) = (mel.rows, mel.width)
    func step(_ x: Tensor, _ layer: PlaneConvolution) -> Tensor {
      defer { (frames, bands) = (layer.extent(of: frames), layer.extent(of: bands)) }
      return run.planeConvolution(x, layer, frames: frames, bands: bands)
    }
    var x = step(mel.reshaped([frames * bands, 1]), first)
    for part in steps { x = part.pointwise(step(x, part.depthwise), run, .relu) }
    return x.reshaped([frames, bands * x.width])
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var builder = TimingBuilder(stride: NeMoMel.hop, field: NeMoMel.window)
    for _ in 0...steps.count {
      builder.add(
        span: configuration.subsamplingKernel, stride: configuration.subsamplingStride,
        left: configuration.subsamplingPadding.front)
    }
    let timing = builder.timing(samplingRate: samplingRate)
    let names = ["projection"] + (0...blocks.count).map { "hidden.\($0)" }
    return names.map { TapPoint(name: $0, width: configuration.width, timing: timing) }
      + (head.map { [TapPoint(name: "logits", width: $0.outputs, timing: timing)] } ?? [])
  }

  /// Two frames of log-mel: of one there is no deviation.
  func minimumSamples(samplingRate: Int) -> Int { 2 * NeMoMel.hop }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}
