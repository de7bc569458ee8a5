import Tensors

/// wav2vec 2.0 with conformer blocks (Wang 2020, fairseq S2T), positions relative or rotary.
///
/// ```
/// waveform → 7 strided convolutions → norm, projection → N conformer blocks      → norm       → CTC
///            conv.1 … conv.7          projection,        hidden.1 … hidden.N       final_norm   logits
///                                     hidden.0
/// ```
/// Blocks tell position themselves (`ConformerAttention`); the positional convolution that checkpoints carry is never
/// run.
struct Wav2Vec2Conformer: SpeechArchitecture {
  static let modelTypes = ["wav2vec2-conformer"]

  var configuration: Wav2Vec2ConformerConfiguration
  var features: FeatureEncoder
  var featureNorm: LayerNorm
  var projection: Linear  // [channels → width]
  var blocks: [ConformerBlock]
  var norm: LayerNorm
  var head: Linear?  // [width → symbols], for CTC
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    guard
      let encoded = try features.forward(
        samples, validSamples: validSamples, wanted: wanted, on: run, visit: visit)
    else { return }

    var hidden = projection(featureNorm(encoded, run), run)  // [frames × width]
    guard try visit("projection", hidden), try visit("hidden.0", hidden) else { return }

    let validFrames = features.frames(of: validSamples)
    guard
      let last = try blocks.forward(
        hidden, validFrames: validFrames, wanted: wanted, on: run, visit: visit)
    else { return }

    hidden = norm(last, run)
    guard try visit("final_norm", hidden), let head else { return }
    _ = try visit("logits", head(hidden, run))
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let width = configuration.base.width
    let timing = features.timing(samplingRate: samplingRate)
    let names = ["projection"] + (0...blocks.count).map { "hidden.\($0)" } + ["final_norm"]
    return features.taps(samplingRate: samplingRate)
      + names.map { TapPoint(name: $0, width: width, timing: timing) }
      + (head.map { [TapPoint(name: "logits", width: $0.outputs, timing: timing)] } ?? [])
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}
