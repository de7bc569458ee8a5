import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Whisper's encoder beside the reference implementation, and what its windows of fixed length mean.
@Suite("Whisper") struct WhisperTests {
  private let name = "whisper"

  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  // MARK: Parity

  /// Our names of the reference's encoder values, and the number of its layers.
  private let keys = ["conv.1": "conv.0", "conv.2": "conv.1", "final_norm": "3"].merging(
    (0...2).map { ("hidden.\($0)", "\($0)") } + (1...3).map { ("attention.\($0)", "attn.\($0 - 1)") }
  ) { first, _ in first }

  /// The worst error over all values, of which ours may hold the first frames only.
  private func worstError(_ found: [String: Tensor]) throws -> Float {
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    var worst: Float = 0
    for (tap, key) in keys {
      let ours = try #require(found[tap])
      var theirs = try reference.tensor("encoder.\(key)")
      if key.hasPrefix("conv") { theirs = theirs.transposed() }
      let error: Float
      if key.hasPrefix("attn") {
        error = relativeError(
          ours.everyQuery(8), theirs.leading(queries: (ours.shape[1] + 7) / 8, keys: ours.shape[2]))
      } else {
        error = relativeError(ours, theirs.rows(0..<ours.rows))
      }
      #expect(error < ParityTests.tolerance, "\(tap): \(error)")
      worst = max(worst, error)
    }
    return worst
  }

  @Test("every tap, from the recording")
  func fromSound() throws {
    let model = try SpeechModel.load(resource(name))
    #expect(
      model.taps.map(\.name)
        == ["conv.1", "conv.2", "hidden.0", "hidden.1", "hidden.2", "hidden.3", "final_norm"])
    let waveform = try Waveform.read(resource("\(name)/input.wav"))
    let found = try values(of: model, waveform, Set(keys.keys), threads: 2)
    #expect(found["final_norm"]?.shape == [115, 48])  // 36,800 samples hold 115 centres
    #expect(found["attention.2"]?.shape == [4, 115, 115])
    let worst = try worstError(found)
    print("whisper: worst relative error \(worst)")
    #expect(worst > 0)
  }

  @Test("every tap over the whole window, from the stored features")
  func fromFeatures() throws {
    let model = try SpeechModel.load(resource(name))
    let whisper = try #require(model.architecture as? Whisper)
    let mel = try readNumpy(URL(fileURLWithPath: resource("\(name)/input_features.npy")))
    var found: [String: Tensor] = [:]
    let run = Evaluation(threads: 1, pool: MemoryPool())
    try whisper.encoder.forward(
      mel.reshaped([80, 300]).transposed(), wanted: Set(keys.keys), on: run
    ) {
      found[$0] = $1
      return true
    }
    #expect(found["hidden.3"]?.shape == [150, 48])
    #expect(try worstError(found) > 0)
  }

  // MARK: Windows

  @Test(
    "frames are those whose centres lie in the sound", arguments: [1, 160, 161, 320, 321, 47_999, 48_000])
  func frames(samples: Int) throws {
    let model = try SpeechModel.load(resource(name))
    let found = try values(of: model, noise(samples), ["conv.1", "hidden.1", "attention.1"])
    let (first, whole) = ((samples + 159) / 160, (samples + 319) / 320)
    #expect(found["conv.1"]?.shape == [first, 48])
    #expect(found["hidden.1"]?.shape == [whole, 48])
    #expect(found["attention.1"]?.shape == [4, whole, whole])
    let timing = try #require(model.taps.last?.timing)
    #expect(timing.centre(of: 0) == 0 && timing.stride == 0.02)
    #expect(timing.centre(of: whole - 1) < Double(samples) / 16_000)
    #expect(throws: ModelError.tooShort(samples: 0, minimum: 1, samplingRate: 16_000)) {
      try model.forward(noise(0), taps: ["conv.1"]) { _, _ in }
    }
  }

  @Test("longer sounds are read window by window")
  func windows() throws {
    let model = try SpeechModel.load(resource(name))
    let sound = noise(100_001)
    let taps = Set(model.taps.map(\.name))
    let whole = try values(of: model, sound, taps)
    var frames: [String: Int] = [:]
    for start in [0, 48_000, 96_000] {
      let samples = Array(sound.samples[start..<min(100_001, start + 48_000)])
      let part = try values(of: model, Waveform(samples: samples, samplingRate: 16_000), taps)
      for tap in taps {
        let own = try #require(part[tap])
        let first = frames[tap, default: 0]
        #expect(whole[tap]?.rows(first..<(first + own.rows)) == own, "\(tap) from sample \(start)")
        frames[tap] = first + own.rows
      }
    }
    #expect(frames["hidden.3"] == 313 && whole["hidden.3"]?.rows == 313)
    #expect(
      throws: ModelError.attentionAcrossWindows(layer: "attention.2", samples: 48_001, window: 48_000)
    ) {
      try model.forward(noise(48_001), taps: ["attention.2", "hidden.1"]) { _, _ in }
    }
    #expect(
      model.tensorReport.notes.contains(
        "sounds longer than 3.0 s are read in consecutive windows of that length"))
  }

  /// The test of a timing: which frames a click in silence moves.
  @Test("a click moves the frames around it", arguments: [3_200, 16_000, 20_123, 39_999])
  func click(sample: Int) throws {
    let model = try SpeechModel.load(resource(name))
    var samples = [Float](repeating: 0, count: 48_000)
    samples[sample] = 1
    let found = try values(
      of: model, Waveform(samples: samples, samplingRate: 16_000), ["conv.1", "conv.2"])
    for tap in model.taps.prefix(2) {
      let (values, timing) = (try #require(found[tap.name]), try #require(tap.timing))
      let silent = values[row: values.rows / 2 > sample / timing.strideSamples ? values.rows - 4 : 4]
      let moved = (2..<(values.rows - 2)).filter { frame in
        zip(values[row: frame], silent).contains { abs($0 - $1) > 1e-4 }
      }
      let reach = Double(timing.receptiveFieldSamples) / 2 / 16_000
      let time = Double(sample) / 16_000
      #expect(moved.count >= 3, "\(tap.name)")
      #expect(moved.allSatisfy { abs(timing.centre(of: $0) - time) <= reach }, "\(tap.name)")
      let middle = moved.map { timing.centre(of: $0) }.reduce(0, +) / Double(moved.count)
      #expect(abs(middle - time) <= timing.stride / 2 + 1e-9, "\(tap.name): \(middle) for \(time)")
    }
  }

  @Test("the same bits for any number of threads and whatever else is asked for")
  func determinism() throws {
    let model = try SpeechModel.load(resource(name))
    let all = Set((model.taps + model.attentionTaps).map(\.name))
    let sound = noise(40_000)
    let one = try values(of: model, sound, all)
    for threads in [2, 3] {
      let found = try values(of: model, sound, all, threads: threads)
      #expect(all.allSatisfy { found[$0] == one[$0] && found[$0] != nil }, "\(threads) threads")
    }
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

    let encoder = try #require(twin.architecture as? Whisper).encoder
    let weights = encoder.blocks[1].feedForward.up.weight.values.map(Double.init)  // 4,608 values
    let deviation = (weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)).squareRoot()
    #expect(abs(deviation - 0.02) < 0.001)
    #expect(encoder.blocks[2].attention.key.bias.values.allSatisfy { $0 == 0 })
    #expect(encoder.norm.weight?.values.allSatisfy { $0 == 1 } == true)
    let positions = try #require(encoder.positions)
    let second = positions[row: 1]
    #expect(abs(Double(second[0]) - sin(1)) < 1e-7 && abs(Double(second[24]) - cos(1)) < 1e-7)
    #expect(abs(Double(second[23]) - 1e-4) < 1e-9 && positions[row: 0][47] == 1)
  }

  // MARK: Loading

  /// The last layer's first frames.
  private func lastState(_ model: SpeechModel) throws -> Tensor {
    try #require(try values(of: model, noise(12_345), ["final_norm"])["final_norm"])
  }

  @Test("openai-whisper's file is the same model")
  func openAI() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../CheckpointsTests/Resources/reference/openai_whisper_fp16.pt").path
    let model = try SpeechModel.load(path)
    #expect(model.family == "whisper" && model.name == "openai_whisper_fp16")
    let rounded = try loadChanged(name) { tensors in
      tensors = tensors.map { name, tensor in
        (name, Tensor(tensor.values.map { Float(Float16($0)) }, shape: tensor.shape))
      }
    }
    #expect(model.taps == rounded.taps && model.decoderTaps == rounded.decoderTaps)
    #expect(try lastState(model) == lastState(rounded))
  }

  @Test("an encoder alone, under other prefixes", arguments: ["model.", "", "module.model.", "whisper."])
  func encoderAlone(prefix: String) throws {
    let expected = try lastState(SpeechModel.load(resource(name)))
    let model = try loadChanged(name) { tensors in
      tensors = tensors.filter { $0.name.contains("encoder.") && !$0.name.contains("decoder") }.map {
        (prefix + $0.name.dropFirst("model.".count), $0.tensor)
      }
    }
    #expect(try lastState(model) == expected)
    #expect(model.tensorReport.leftOut.isEmpty && model.decoderTaps.isEmpty)
  }

  @Test("read off the tensors' shapes")
  func shapes() throws {
    let inferred = try loadChanged(
      name, options: LoadOptions(heads: 4), configuration: nil, keepsPreprocessor: false)
    #expect(try lastState(inferred) == lastState(SpeechModel.load(resource(name))))
    let words = message { _ = try loadChanged(name, configuration: nil, keepsPreprocessor: false) }
    #expect(words.contains("how many attention heads") && words.contains("48"))
  }

  @Test("a sound brought to zero mean and unit variance where the model wants that")
  func normalisation() throws {
    let model = try loadChanged(name, options: LoadOptions(normalisesInput: true))
    #expect(model.inputNormalisation.hasPrefix("zero mean, unit variance, then Whisper's log-mel"))
    let sound = noise(12_345)
    let louder = Waveform(samples: sound.samples.map { 3 * $0 + 0.5 }, samplingRate: 16_000)
    let (a, b) = (
      try values(of: model, sound, ["hidden.1"])["hidden.1"],
      try values(of: model, louder, ["hidden.1"])["hidden.1"]
    )
    #expect(relativeError(try #require(a), try #require(b)) < 1e-3)
  }

  @Test(
    "hostile and impossible configurations",
    arguments: [
      ("d_model", "1e300", "d_model"), ("d_model", "-4", "d_model"),
      ("encoder_layers", "1000000000", "encoder_layers"), ("encoder_attention_heads", "5", "divisor"),
      ("num_mel_bins", "0", "num_mel_bins"), ("max_source_positions", "999999999", "max_source_positions"),
      ("max_source_positions", "1500", "the model needs [1500, 48]"),
      ("encoder_ffn_dim", "262144", "the model needs [262144, 48]"),
      ("num_mel_bins", "128", "[48, 128, 3]"),
      ("activation_function", "\"gelu_x\"", "gelu_new, gelu_python"),
      ("encoder_layers", "2", "without a place"),
      ("encoder_layers", "4", "missing: encoder.layers.3"), ("init_std", "-1", "init_std"),
    ])
  func hostile(key: String, json: String, expected: String) throws {
    try expectRefusal(of: name, key, json, expected)
  }

  @Test("weights and rates that cannot be")
  func refused() throws {
    let words = message {
      _ = try loadChanged(name) { tensors in
        for index in tensors.indices where tensors[index].name.hasSuffix("encoder.conv2.weight") {
          tensors[index].tensor.withUnsafeMutableBuffer { $0[5] = .nan }
        }
      }
    }
    #expect(words.contains("model.encoder.conv2.weight has an infinite value or NaN at index 5"))
    let rate = message { _ = try loadChanged(name, options: LoadOptions(samplingRate: 8_000)) }
    #expect(rate.contains("sampling_rate is 8000"))
  }
}

extension Tensor {
  /// Every `step`-th query of `[heads × queries × keys]`.
  func everyQuery(_ step: Int) -> Tensor {
    let (heads, queries) = (shape[0], shape[1])
    let kept = (0..<heads).flatMap { head in
      stride(from: 0, to: queries, by: step).map { head * queries + $0 }
    }
    return reshaped([heads * queries, shape[2]]).selectingRows(kept)
      .reshaped([heads, kept.count / heads, shape[2]])
  }

  /// The first queries and keys of `[heads × queries × keys]`.
  func leading(queries: Int, keys: Int) -> Tensor {
    let values = self.values
    return Tensor(
      (0..<shape[0]).flatMap { head in
        (0..<queries).flatMap { query in
          let row = (head * shape[1] + query) * shape[2]
          return values[row..<(row + keys)]
        }
      }, shape: [shape[0], queries, keys])
  }
}
