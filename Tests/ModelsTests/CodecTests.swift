import Audio
import Checkpoints
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Codecs and what is built on their encoders, beside the reference implementation.
@Suite("Codecs") struct CodecTests {
  static let quantising = ["encodec", "encodec_stereo", "wavtokenizer", "dac", "mimi"]
  static let names = quantising + ["pocket_tts", "vibevoice", "pe_audio", "xcodec"]

  private func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var numbers = RandomNumbers(seed: seed)
    return (0..<count).map { _ in Float(numbers.normal() * 0.1) }
  }

  /// Of X-Codec the whole is asked for: by itself it opens as its HuBERT.
  private func load(_ name: String) throws -> SpeechModel {
    try SpeechModel.load(
      resource(name), options: LoadOptions(modelType: name == "xcodec" ? name : nil))
  }

  private func allTaps(_ model: SpeechModel) -> Set<String> {
    Set((model.taps + model.attentionTaps).map(\.name))
  }

  private func values(of model: SpeechModel, _ samples: [Float]) throws -> [String: Tensor] {
    try ModelsTests.values(
      of: model, Waveform(samples: samples, samplingRate: model.samplingRate), allTaps(model))
  }

  @Test("every value", arguments: names)
  func everyTap(name: String) throws {
    let model = try load(name)
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let found = try ModelsTests.values(
      of: model, .read(resource("\(name)/input.wav")), allTaps(model), threads: 2)
    #expect(Set(reference.tensors.keys).isSubset(of: allTaps(model)))
    // Of X-Codec's HuBERT the convolutions are tested elsewhere, of Pocket TTS attention.
    let missing = allTaps(model).subtracting(reference.tensors.keys)
    #expect(
      Self.quantising.contains(name)
        ? missing.isEmpty
        : missing.allSatisfy { tap in
          ["attention.", "conv.", "projection"].contains { tap.hasPrefix($0) } && name != "pe_audio"
        })
    var worst: (error: Float, key: String) = (0, "")
    for key in reference.tensors.keys {
      let expected = try reference.tensor(key)
      var ours = try #require(found[key])
      // Many frames are thinned.
      if ours.shape.count == 2 {
        ours = everyRow((ours.rows + expected.rows - 1) / expected.rows, of: ours)
      }
      let error = relativeError(ours, expected)
      #expect(error < ParityTests.tolerance, "\(name) \(key): \(error)")
      if error >= worst.error { worst = (error, key) }
    }
    print("\(name): worst relative error \(worst.error) at \(worst.key)")
    #expect(worst.error > 0)
  }

  /// A click in silence changes frames whose receptive field it is in and no others: those in the middle, what the
  /// outermost taps of many layers make of it being too little to show.
  @Test("a click in silence", arguments: names)
  func click(name: String) throws {
    let model = try load(name)
    let place = 2000
    let silence = [Float](repeating: 0, count: 4000)
    var clicked = silence
    clicked[place] = 1
    let (before, after) = (try values(of: model, silence), try values(of: model, clicked))
    // Group norms and normalised input see all time.
    for tap in model.taps
    where tap.name.hasPrefix("conv.") && !["encodec_stereo", "xcodec"].contains(name) {
      let timing = try #require(tap.timing)
      let (old, new) = (try #require(before[tap.name]), try #require(after[tap.name]))
      let changed = (0..<old.rows).filter { old[row: $0] != new[row: $0] }
      let inside = (0..<old.rows).filter { frame in
        let centre = timing.firstCentreSample + Double(frame * timing.strideSamples)
        return abs(centre - Double(place)) <= Double(timing.receptiveFieldSamples - 1) / 2
      }
      #expect(
        !changed.isEmpty && Set(changed).isSubset(of: inside), "\(tap.name): \(changed), not \(inside)")
      guard let first = changed.first, let last = changed.last, let lowest = inside.first,
        let highest = inside.last
      else { continue }
      #expect(abs((first + last) - (lowest + highest)) <= 2, "\(tap.name): \(changed), not \(inside)")
    }
  }

  @Test("as many frames as begin", arguments: quantising, [1, 2, 119, 120, 121, 359, 360, 2399])
  func frames(name: String, samples: Int) throws {
    let model = try load(name)
    let found = try values(of: model, noise(samples))
    // DAC fills up the sound itself, so its early layers have the frames of whole steps.
    for tap in model.taps where name != "dac" || !tap.name.hasPrefix("conv.") {
      let stride = try #require(tap.timing).strideSamples
      // A step of two whose inner frames are filled up already.
      #expect(try #require(found[tap.name]).rows == (samples + stride - 1) / stride, "\(tap.name)")
    }
  }

  /// Causal models do not look ahead but where they mirror the sound's beginning.
  @Test("what comes later changes nothing of causal models", arguments: ["encodec", "mimi"])
  func causality(name: String) throws {
    let model = try load(name)
    let sound = noise(3000)
    let (short, long) = (try values(of: model, Array(sound.prefix(2400))), try values(of: model, sound))
    for tap in model.taps {
      let (short, long) = (try #require(short[tap.name]), try #require(long[tap.name]))
      #expect(relativeError(long.rows(0..<short.rows), short) < 1e-5, "\(tap.name)")
    }
  }

  @Test("padding changes no frame, threads no bit", arguments: names)
  func padding(name: String) throws {
    let model = try load(name)
    let sound = noise(3000)
    let alone = try values(of: model, sound)
    var padded: [String: Tensor] = [:]
    try model.forward(
      inputValues: sound + [Float](repeating: 3, count: 500), validSamples: 3000, taps: allTaps(model),
      threads: 3
    ) { padded[$0] = $1 }
    #expect(padded == alone)
  }

  @Test("X-Codec by itself is its HuBERT, with the same states of a sound with silence at its ends")
  func halves() throws {
    let (whole, half) = (try load("xcodec"), try SpeechModel.load(resource("xcodec")))
    let notes = half.tensorReport.notes
    #expect(half.family == "hubert" && notes.contains { $0.contains("--model-type xcodec") })
    let silence = [Float](repeating: 0, count: 160)
    let sound = noise(3000)
    let taps: Set = ["conv.3", "hidden.2"]
    let heard = try ModelsTests.values(
      of: half, Waveform(samples: silence + sound + silence, samplingRate: 16_000), taps)
    #expect(try values(of: whole, sound).filter { taps.contains($0.key) } == heard)
  }

  /// A window of the 48 kHz model knows nothing of another.
  @Test("windows")
  func windows() throws {
    let model = try SpeechModel.load(resource("encodec_stereo"))
    #expect(model.windowSamples == 4800)
    let sound = noise(6000)
    let whole = try values(of: model, sound)
    let second = try values(of: model, Array(sound[4800...]))
    let latents = try #require(whole["latents"])
    #expect(latents.rows == 50 && latents.rows(40..<50) == second["latents"])
  }

  @Test("the nearest of a codebook, ties and all")
  func nearest() {
    let vectors = Tensor([0, 0, 1, 0, 0, 2, 1, 0, -3, 1], shape: [5, 2])
    let x = Tensor([0.4, 0.1, 0.6, 0.1, 0.2, 1.2, -2, 0, 1, 0], shape: [5, 2])
    #expect(Codebook(vectors: vectors).nearest(to: x) == [0, 1, 2, 4, 1])
    // By direction alone; a vector of zeros is none.
    #expect(Codebook(vectors: vectors, comparesDirections: true).nearest(to: x) == [1, 1, 2, 4, 1])
    var numbers = RandomNumbers(seed: 3)
    func random(_ rows: Int, _ width: Int) -> Tensor {
      Tensor((0..<(rows * width)).map { _ in Float(numbers.normal()) }, shape: [rows, width])
    }
    let (book, frames) = (random(40, 6), random(200, 6))
    let found = Codebook(vectors: book).nearest(to: frames)
    for (frame, code) in found.enumerated() {
      let distances = (0..<40).map { candidate in
        zip(frames[row: frame], book[row: candidate]).reduce(0.0) {
          $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
        }
      }
      #expect(distances[code] == distances.min())
    }
  }

  @Test("mirrors more than it has, as EnCodec does")
  func mirrored() {
    let padding = PaddingOperation(left: 4, right: 1, filling: .mirrored)
    // Of 2 frames: as if zeros stood behind them.
    #expect((0..<7).map { padding.source(of: $0, frames: 2) } == [nil, nil, nil, 1, 0, 1, nil])
    #expect((0..<11).map { padding.source(of: $0, frames: 6) } == [4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 4])
  }

  @Test("an untrained twin")
  func twin() throws {
    for name in Self.names {
      let model = try load(name)
      let twin = try model.randomTwin(seed: 3)
      let (one, other) = (try values(of: twin, noise(2000)), try values(of: model, noise(2000)))
      for tap in model.taps {
        #expect(one[tap.name]?.shape == other[tap.name]?.shape && one[tap.name] != other[tap.name])
      }
      let again = try values(of: model.randomTwin(seed: 3), noise(2000))
      #expect(again == one)
      // More than one code is used.
      guard let codes = one["codes.1"] else { continue }
      #expect(Set((0..<codes.rows).map { codes[row: $0] }).count > 1, "\(name)")
    }
  }

  @Test("layers by number are Mimi's blocks; a codec without blocks has names only")
  func numbers() throws {
    #expect(try load("mimi").resolve(layers: "0,-1").map(\.name) == ["hidden.0", "hidden.2"])
    let words = message { _ = try load("dac").resolve(layers: "0") }
    #expect(words.contains("there is no layer 0") && words.contains("conv."), "\(words)")
  }

  @Test("settings that cannot be are refused by name")
  func refusals() throws {
    try expectRefusal(of: "encodec", "pad_mode", "\"circular\"", "constant, reflect, replicate")
    try expectRefusal(of: "encodec", "norm_type", "\"none\"", "weight_norm or time_group_norm")
    try expectRefusal(of: "encodec", "codebook_dim", "7", "hidden_size, 10")
    try expectRefusal(of: "encodec", "sampling_rate", "24000", "sampling_rate is 16000")
    try expectRefusal(of: "mimi", "num_key_value_heads", "3", "a divisor of num_attention_heads")
    try expectRefusal(of: "mimi", "rope_parameters", "{\"rope_type\": \"yarn\"}", "rope_type is \"yarn\"")
    try expectRefusal(of: "mimi", "num_semantic_quantizers", "3", "less than num_quantizers")
    try expectRefusal(of: "dac", "downsampling_ratios", "[]", "1 to 16 whole numbers")
    try expectRefusal(of: "vibevoice", "depths", "[1, 1]", "one more than downsampling_ratios")
    let words = message {
      _ = try loadChanged(
        "xcodec", options: LoadOptions(modelType: "xcodec"), configuration: ["strides": [2, 1]])
    }
    #expect(words.contains("one frame rate"), "\(words)")
    // More quantisers than the file has: their codebooks are missing.
    try expectRefusal(of: "dac", "n_codebooks", "4", "quantizer.quantizers.3.codebook.weight")
  }
}
