import Tensors

/// Mimi (Défossez 2024), the codec of Moshi and of other models of dialogue.
///
/// ```
/// waveform → SEANet              → N causal transformer blocks → convolution by 2 → two residual vector quantisers
///            conv.1 …, hidden.0    hidden.1 … hidden.N           latents            codes.1, quantised.1 …
/// ```
/// A frame sees what is before it. The first quantiser, trained to give WavLM's states again, and the others code the same
/// latents side by side; `codes.k` is for each frame the vector that quantiser k has chosen, which says as much as the
/// code's number, `quantised.k` the sum of the first k in the latents' width, what the decoder is given of them.
///
/// Pocket TTS's tokeniser is the same without quantisers; zeros fill its sound up to whole frames.
struct Mimi: SpeechArchitecture {
  static let modelTypes = [
    "mimi", "mimi_encoder", "csm", "moshi", "kyutai_speech_to_text", "pocket_tts_audio_tokenizer",
    "pocket_tts_audio_tokenizer_encoder",
  ]

  var configuration: MimiConfiguration
  var encoder: Seanet
  var blocks: [TransformerBlock]
  /// From the blocks' frames to the latents'; nil where they are the same.
  var step: TimeConvolution?
  /// One for meaning and one for the rest; none where only the encoder is there.
  var quantisers: [ResidualQuantiser]
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let channels = configuration.encoder.audioChannels
    let frame = configuration.encoder.hop * configuration.step
    let count = configuration.fillsInput ? (validSamples + frame - 1) / frame * frame : validSamples
    let waveform = Tensor(shape: [count, channels]) { waveform in
      waveform.update(repeating: 0)
      for index in 0..<(validSamples * channels) { waveform[index] = samples[index / channels] }
    }
    run.recorder?.declare(waveform, as: .input("waveform"))
    guard let hidden = try encoder.forward(waveform, on: run, visit: visit),
      try visit("hidden.0", hidden),
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, rotation: configuration.rotary.rotation(frames: hidden.rows, run),
        reach: { _ in .near(back: configuration.window - 1, ahead: 0) }, wanted: wanted, on: run,
        visit: visit)
    else { return }
    let latents = step?(last, run) ?? last
    guard try visit("latents", latents) else { return }
    var sum: Tensor?
    var first = 0
    for quantiser in quantisers {
      guard
        let total = try quantiser.forward(latents, from: first, before: sum, on: run, visit: visit)
      else { return }
      sum = total
      first += quantiser.steps.count
    }
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var timing = encoder.timing
    let inner = timing.timing(samplingRate: samplingRate)
    step?.addTiming(to: &timing)
    let outer = timing.timing(samplingRate: samplingRate)
    let width = configuration.encoder.width
    let states = (0...blocks.count).map {
      TapPoint(name: "hidden.\($0)", width: width, timing: inner)
    }
    var taps =
      encoder.taps(samplingRate: samplingRate) + states
      + [TapPoint(name: "latents", width: configuration.latentWidth, timing: outer)]
    var count = 0
    for quantiser in quantisers {
      taps += quantiser.taps(from: count, width: width, timing: outer)
      count += quantiser.steps.count
    }
    return taps
  }

  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    let timing = encoder.timing.timing(samplingRate: samplingRate)
    return zip(1..., attentionHeads).map { TapPoint(name: "attention.\($0)", width: $1, timing: timing) }
  }

  /// A sample is filled up to a frame.
  func minimumSamples(samplingRate: Int) -> Int { 1 }

  var attentionHeads: [Int] { blocks.map(\.attention.heads) }
}
