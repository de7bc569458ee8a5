import Tensors

/// EnCodec (Défossez 2022), and WavTokenizer (Ji 2024), whose encoder is the same with one quantiser behind it.
///
/// ```
/// waveform → SEANet                         → residual vector quantiser
///            conv.1 … conv.4, lstm, latents    codes.1, quantised.1, codes.2, quantised.2 …
/// ```
/// `codes.k` is for each frame the vector that quantiser k has chosen, which says as much as the code's number;
/// `quantised.k` is the sum of the first k, what a decoder is given at that bit rate. ⌈samples / hop⌉ frames.
struct Encodec: SpeechArchitecture {
  static let modelTypes = ["encodec", "wavtokenizer", "wavtokenizer_encoder"]

  var configuration: EncodecConfiguration
  var encoder: Seanet
  var quantiser: ResidualQuantiser
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let scaled = scaled(Array(samples.prefix(validSamples)))
    let channels = configuration.encoder.audioChannels
    // A sound of one channel stands in both where there are two.
    let waveform = Tensor(shape: [scaled.count, channels]) { waveform in
      for index in waveform.indices { waveform[index] = scaled[index / channels] }
    }
    run.recorder?.declare(waveform, as: .input("waveform"))
    guard let latents = try encoder.forward(waveform, on: run, visit: visit),
      try visit("latents", latents)
    else { return }
    _ = try quantiser.forward(latents, on: run, visit: visit)
  }

  /// The samples at a root mean square of 1, where the model wants that.
  private func scaled(_ samples: [Float]) -> [Float] {
    guard configuration.scalesInput else { return samples }
    let square = samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))
    let scale = Float(square.squareRoot()) + 1e-8
    return samples.map { $0 / scale }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    let timing = encoder.timing.timing(samplingRate: samplingRate)
    let width = configuration.encoder.width
    return encoder.taps(samplingRate: samplingRate)
      + [TapPoint(name: "latents", width: width, timing: timing)]
      + quantiser.taps(width: width, timing: timing)
  }

  /// A sample is filled up to a frame.
  func minimumSamples(samplingRate: Int) -> Int { 1 }

  var attentionHeads: [Int] { [] }
}

/// An EnCodec that encodes a length of sound at a time, zeros behind the last: its 48 kHz model.
///
/// The codec lets these lengths overlap a little, for its decoder's sake; here they stand one after the other, so that all
/// frames lie on one grid.
struct ChunkedEncodec: WindowedArchitecture {
  static let modelTypes: [String] = []

  var codec: Encodec
  /// Samples that are encoded at once.
  var chunk: Int

  private var hop: Int { codec.configuration.encoder.hop }

  var window: InputWindow { InputWindow(length: chunk, step: chunk / hop * hop, minimum: 1) }

  static func build(_ description: ModelDescription) throws -> BuiltModel? { nil }

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
    let filled = samples + Array(repeating: 0, count: chunk - samples.count)
    let frames = codec.taps(samplingRate: codec.configuration.encoder.samplingRate).reduce(into: [:]) {
      $0[$1.name] = $1.timing.map { (samples.count + $0.strideSamples - 1) / $0.strideSamples }
    }
    try codec.forward(Array(filled), validSamples: chunk, wanted: wanted, on: run) { name, values in
      try visit(name, values.rows(0..<min(values.rows, frames[name] ?? values.rows)))
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] { codec.taps(samplingRate: samplingRate) }

  func minimumSamples(samplingRate: Int) -> Int { 1 }

  var attentionHeads: [Int] { [] }

  func untrained(seed: UInt64) throws -> ChunkedEncodec {
    ChunkedEncodec(codec: try codec.untrained(seed: seed), chunk: chunk)
  }
}
