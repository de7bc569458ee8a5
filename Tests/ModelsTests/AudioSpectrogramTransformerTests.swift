import Audio
import Checkpoints
import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// The Audio Spectrogram Transformer beside the reference implementation, and what its frames are.
@Suite("Audio Spectrogram Transformer") struct AudioSpectrogramTransformerTests {
  private let name = "ast"
  private let keys = ["final_norm": "last_hidden_state", "pooled": "pooler_output", "logits": "logits"]
    .merging(
      (0...3).map { ("hidden.\($0)", "\($0)") } + (1...3).map { ("attention.\($0)", "attn.\($0 - 1)") }
    ) { first, _ in first }

  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  // MARK: Parity

  @Test("the front end's features are the stored ones")
  func features() throws {
    let model = try SpeechModel.load(resource(name))
    let transformer = try #require(model.architecture as? AudioSpectrogramTransformer)
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let expected = try readNumpy(URL(fileURLWithPath: resource("\(name)/input_values.npy")))
    #expect(relativeError(try transformer.features(of: sound.samples[...]), expected) < 1e-4)
    #expect(
      model.inputNormalisation.contains("Kaldi's filter banks, 128 bands, (x + 4.2677393) / 9.1379948"))
  }

  @Test("every value of every token")
  func everyToken() throws {
    let model = try SpeechModel.load(resource(name))
    let transformer = try #require(model.architecture as? AudioSpectrogramTransformer)
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    var found: [String: Tensor] = [:]
    try transformer.network.forward(
      transformer.features(of: sound.samples[...]), wanted: Set(keys.keys),
      on: Evaluation(threads: 2, pool: MemoryPool())
    ) {
      found[$0] = $1
      return true
    }
    var worst: Float = 0
    for (tap, key) in keys {
      var ours = try #require(found[tap])
      if tap.hasPrefix("attention") { ours = ours.everyQuery(8) }
      let theirs = try reference.tensor(key)
      let error = relativeError(ours.reshaped(theirs.shape), theirs)
      #expect(error < ParityTests.tolerance, "\(tap): \(error)")
      worst = max(worst, error)
    }
    print("ast: worst relative error \(worst)")
    #expect(worst > 0)
  }

  @Test("a frame is the mean over the frequencies of its column, without the filling")
  func frames() throws {
    let model = try SpeechModel.load(resource(name))
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    #expect(sound.samples.count == 17_600)
    let taps = Set((model.taps + model.attentionTaps).map(\.name))
    let found = try values(of: model, sound, taps)
    #expect(found.keys.sorted() == taps.sorted())
    // 108 of 128 mel frames hold sound, so ten of twelve columns do.
    let expected = try meanOfColumns(reference.tensor("2"), columns: 12, rows: 12, kept: 10)
    let frames = try #require(found["hidden.2"])
    #expect(frames.shape == [10, 48] && relativeError(frames, expected) < ParityTests.tolerance)
    #expect(found["attention.1"]?.shape == [4, 146, 146])
    #expect(found["pooled"]?.shape == [1, 48] && found["logits"]?.shape == [1, 7])
  }

  private func meanOfColumns(_ tokens: Tensor, columns: Int, rows: Int, kept: Int) -> Tensor {
    let values = (0..<kept).flatMap { column in
      (0..<tokens.width).map { index in
        (0..<rows).reduce(Float(0)) { $0 + tokens[row: 2 + $1 * columns + column][index] } / Float(rows)
      }
    }
    return Tensor(values, shape: [kept, tokens.width])
  }

  // MARK: Time

  @Test("frames at 87.5 + 100·i ms, counted without padding", arguments: [2_800, 4_399, 4_400, 20_720])
  func timing(samples: Int) throws {
    let model = try SpeechModel.load(resource(name))
    let timing = try #require(model.taps.first?.timing)
    #expect(abs(timing.centre(of: 3) - 0.38746875) < 1e-12 && timing.receptiveFieldSamples == 2_800)
    let state = try #require(try values(of: model, noise(samples), ["hidden.1"])["hidden.1"])
    #expect(state.rows == (samples - 2_800) / 1_600 + 1)
    #expect(throws: ModelError.tooShort(samples: 2_799, minimum: 2_800, samplingRate: 16_000)) {
      try model.forward(noise(2_799), taps: ["projection"]) { _, _ in }
    }
  }

  /// The test of a timing: which frames a click in silence moves.
  @Test("a click moves the frames whose patches it lies in", arguments: [1_500, 5_000, 11_111, 16_000])
  func click(sample: Int) throws {
    let model = try SpeechModel.load(resource(name))
    var samples = [Float](repeating: 0, count: 20_000)
    let silent = try values(of: model, Waveform(samples: samples, samplingRate: 16_000), ["projection"])
    samples[sample] = 1
    let clicked = try values(of: model, Waveform(samples: samples, samplingRate: 16_000), ["projection"])
    let (a, b) = (try #require(silent["projection"]), try #require(clicked["projection"]))
    let timing = try #require(model.taps.first?.timing)
    for frame in 0..<a.rows {
      let start = frame * timing.strideSamples
      let sees = (start..<(start + timing.receptiveFieldSamples)).contains(sample)
      let moves = zip(a[row: frame], b[row: frame]).contains { abs($0 - $1) > 1e-4 }
      #expect(moves == sees, "frame \(frame)")
    }
  }

  @Test("longer sounds are read window by window, on one grid of frames")
  func windows() throws {
    let model = try SpeechModel.load(resource(name))
    let taps = Set(model.taps.map(\.name))
    let step = 12 * 1_600
    let sound = noise(2 * step + 6_000)
    let whole = try values(of: model, sound, taps)
    #expect(whole["hidden.3"]?.rows == 12 + 12 + 3 && whole["logits"]?.shape == [3, 7])
    let length = 127 * 160 + 400
    for (window, start) in [0, step, 2 * step].enumerated() {
      let samples = Array(sound.samples[start..<min(sound.samples.count, start + length)])
      let part = try values(of: model, Waveform(samples: samples, samplingRate: 16_000), taps)
      for tap in taps {
        let own = try #require(part[tap])
        let first = ["logits", "pooled"].contains(tap) ? window : 12 * window
        #expect(whole[tap]?.rows(first..<(first + own.rows)) == own, "\(tap), window \(window)")
      }
    }
    #expect(
      throws: ModelError.attentionAcrossWindows(layer: "attention.1", samples: 22_000, window: length)
    ) {
      try model.forward(noise(22_000), taps: ["attention.1"]) { _, _ in }
    }
  }

  @Test("the same bits for any number of threads and whatever else is asked for")
  func determinism() throws {
    let model = try SpeechModel.load(resource(name))
    let all = Set((model.taps + model.attentionTaps).map(\.name))
    let sound = noise(15_000)
    let one = try values(of: model, sound, all)
    #expect(try values(of: model, sound, all, threads: 3) == one)
    for tap in all { #expect(try values(of: model, sound, [tap])[tap] == one[tap], "\(tap)") }
  }

  // MARK: Untrained

  @Test("an untrained twin starts as transformers' does")
  func twin() throws {
    let model = try SpeechModel.load(resource(name))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps && twin.inputNormalisation == model.inputNormalisation)
    let taps = Set(twin.taps.map(\.name))
    let found = try values(of: twin, noise(8_000), taps)
    #expect(try values(of: model.randomTwin(seed: 7), noise(8_000), taps) == found)
    #expect(try values(of: model.randomTwin(seed: 8), noise(8_000), taps)["hidden.1"] != found["hidden.1"])
    let network = try #require(twin.architecture as? AudioSpectrogramTransformer).network
    let weights = network.projection.weight.values.map(Double.init)  // 12,288 values
    let deviation = (weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)).squareRoot()
    #expect(abs(deviation - 0.02) < 0.0005)
    #expect(
      network.positions.values.allSatisfy { $0 == 0 } && network.leading.values.allSatisfy { $0 == 0 })
  }

  // MARK: Loading

  @Test("without a head, a configuration or a feature extractor")
  func bare() throws {
    let taps = try SpeechModel.load(resource(name)).taps
    let options = LoadOptions(heads: 4)
    let bare = try loadChanged(name, options: options, configuration: nil, keepsPreprocessor: false) {
      $0 = $0.filter { !$0.name.hasPrefix("classifier") }
    }
    #expect(
      bare.taps
        == taps.filter { $0.name != "logits" }.map { tap in
          // The configuration's 128 frames cannot be told from the 126 that the patches cover.
          tap.name != "pooled" ? tap : bare.taps.last ?? tap
        })
    #expect(bare.tensorReport.notes.contains { $0.contains("AudioSet") })
    let expected = try values(of: .load(resource(name)), noise(9_000), ["hidden.3"])
    let shorter = try values(of: bare, noise(9_000), ["hidden.3"])
    #expect(expected == shorter)
    let words = message { _ = try loadChanged(name, configuration: nil) }
    #expect(words.contains("how many attention heads"))
  }

  @Test("filter banks that the model takes unscaled, or scaled otherwise")
  func scale() throws {
    let plain = try loadChanged(name, options: LoadOptions(normalisesInput: false))
    #expect(plain.inputNormalisation.contains("not scaled"))
    let architecture = try #require(plain.architecture as? AudioSpectrogramTransformer)
    let sound = noise(20_720)
    let expected = try KaldiFilterBank(bands: 128, window: .hann, scale: 1).features(of: sound)
    #expect(try architecture.features(of: sound.samples[...]) == expected)
  }

  @Test(
    "hostile and impossible configurations",
    arguments: [
      ("hidden_size", "1e300", "hidden_size"), ("hidden_size", "-4", "hidden_size"),
      ("num_hidden_layers", "1000000000", "num_hidden_layers"), ("num_attention_heads", "5", "divisor"),
      ("num_mel_bins", "8", "patch_size"), ("max_length", "10", "patch_size"),
      ("max_length", "60000", "20000 patches"), ("time_stride", "0", "time_stride"),
      ("max_length", "1024", "the model needs [1, 1214, 48]"), ("patch_size", "[16, 16]", "patch_size"),
      ("patch_size", "8", "[48, 1, 8, 8]"), ("frequency_stride", "1", "position_embeddings"),
      ("intermediate_size", "262144", "the model needs [262144, 48]"),
      ("qkv_bias", "false", "without a place"),
      ("hidden_act", "\"gelu_x\"", "gelu_new, gelu_python"), ("num_hidden_layers", "2", "without a place"),
      ("num_hidden_layers", "4", "missing: encoder.layer.3"),
    ])
  func hostile(key: String, json: String, expected: String) throws {
    try expectRefusal(of: name, key, json, expected)
  }

  @Test("weights that cannot be")
  func refused() throws {
    let words = message {
      _ = try loadChanged(name) { tensors in
        for index in tensors.indices where tensors[index].name.hasSuffix("cls_token") {
          tensors[index].tensor.withUnsafeMutableBuffer { $0[5] = .infinity }
        }
      }
    }
    #expect(words.contains("embeddings.cls_token has an infinite value or NaN at index 5"))
  }
}
