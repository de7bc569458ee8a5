import Tensors

/// The wav2vec 2.0 family: wav2vec 2.0 (Baevski 2020), HuBERT (Hsu 2021), WavLM (Chen 2022), data2vec-audio
/// (Baevski 2022), SpeechT5's encoder (Ao 2022), and those that `Wav2Vec2Configuration.Family` has other names for.
///
/// ```
/// waveform → 7 strided convolutions → norm, projection → + positional convolution → N transformer blocks
///            conv.1 … conv.7          projection          hidden.0                  hidden.1 … hidden.N
/// ```
/// They differ in where norms stand, in how position is told (`PositionalConvolution`; WavLM adds `PositionBias`
/// to attention, SpeechT5 sinusoids and `RelativeKeys`) and in how they were trained, which leaves no trace in the arithmetic.
struct Wav2Vec2: SpeechArchitecture {
  var configuration: Wav2Vec2Configuration
  var features: FeatureEncoder
  var featureNorm: LayerNorm?
  var projection: Linear  // [channels → width]
  /// Stands in for masked frames in training, where one is trained.
  var maskVector: Tensor?  // [width]
  var positions: [PositionalConvolution]
  /// On what enters the first block, or on what leaves the last where blocks normalise first.
  var norm: LayerNorm
  var blocks: [TransformerBlock]
  var distances: Tensor?  // [buckets × heads]
  /// SpeechT5's vectors for distances, shared by all heads and blocks.
  var distanceKeys: RelativeKeys?
  var head: Linear?  // [width → symbols], for CTC
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let validFrames = features.frames(of: validSamples)

    guard
      let encoded = try features.forward(
        samples, validSamples: validSamples, wanted: wanted, on: run, visit: visit)
    else { return }

    var projected = projection(featureNorm?(encoded, run) ?? encoded, run)  // [frames × width]
    projected = run.dropped(projected, "projection")
    guard try visit("projection", projected) else { return }
    projected = run.masked(projected, by: maskVector)

    let position = positions.reduce(projected) { x, convolution in
      convolution(x, validFrames: validFrames, run)
    }
    var hidden = run.sum(projected, position)
    if let first = configuration.firstPosition {
      hidden = run.sum(hidden, run.sinusoids(first..<(first + hidden.rows), width: hidden.width))
    }
    if !configuration.normalisesFirst { hidden = norm(hidden, run) }
    hidden = run.dropped(hidden, "hidden.0")
    guard try visit("hidden.0", hidden) else { return }

    let bias = distances.map {
      PositionBias(
        embedding: $0, frames: hidden.rows, maximumDistance: configuration.maximumDistance)
    }
    guard
      let last = try blocks.forward(
        hidden, validFrames: validFrames, bias: bias, distances: distanceKeys, wanted: wanted, on: run,
        visit: visit)
    else { return }
    hidden = last

    if configuration.normalisesFirst {
      hidden = norm(hidden, run)
      guard try visit("final_norm", hidden) else { return }
    }
    if let head { _ = try visit("logits", head(hidden, run)) }
  }
}

// MARK: - Tap points

extension Wav2Vec2 {
  func taps(samplingRate: Int) -> [TapPoint] {
    let names =
      ["projection"] + (0...configuration.layers).map { "hidden.\($0)" }
      + (configuration.normalisesFirst ? ["final_norm"] : [])
    let whole = features.timing(samplingRate: samplingRate)
    return features.taps(samplingRate: samplingRate)
      + names.map { TapPoint(name: $0, width: configuration.width, timing: whole) }
      + (head.map { [TapPoint(name: "logits", width: $0.outputs, timing: whole)] } ?? [])
  }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}
