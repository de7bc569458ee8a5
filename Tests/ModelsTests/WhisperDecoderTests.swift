import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Whisper's decoder on given tokens beside the reference implementation.
@Suite("Whisper's decoder") struct WhisperDecoderTests {
  private let name = "whisper"
  private let keys = ["decoder.final_norm": "decoder.3", "logits": "logits"].merging(
    (0...2).map { ("decoder.hidden.\($0)", "decoder.\($0)") }
      + (1...3).map { ("decoder.attention.\($0)", "decoder.attn.\($0 - 1)") }
      + (1...3).map { ("decoder.cross_attention.\($0)", "decoder.cross_attn.\($0 - 1)") }
  ) { first, _ in first }

  private func tokens() throws -> [Int] {
    try readNumpy(URL(fileURLWithPath: resource("\(name)/decoder_input_ids.npy"))).values.map(Int.init)
  }

  private func values(
    _ model: SpeechModel, _ sound: Waveform, _ tokens: [Int], _ taps: Set<String>, threads: Int = 1
  ) throws -> [String: Tensor] {
    var found: [String: Tensor] = [:]
    try model.forward(sound, tokens: tokens, taps: taps, threads: threads) { found[$0] = $1 }
    return found
  }

  @Test("every tap, from the recording and the stored tokens")
  func everyTap() throws {
    let model = try SpeechModel.load(resource(name))
    #expect(
      model.decoderTaps.map(\.name)
        == (0...3).map { "decoder.hidden.\($0)" } + ["decoder.final_norm", "logits"])
    #expect(model.decoderTaps.allSatisfy { $0.timing == nil } && model.longestText == 40)
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let found = try values(model, sound, tokens(), Set(keys.keys).union(["hidden.2"]), threads: 2)
    #expect(found["hidden.2"]?.shape == [115, 48] && found["logits"]?.shape == [11, 120])
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    var worst: Float = 0
    for (tap, key) in keys {
      let ours = try #require(found[tap])
      var theirs = try reference.tensor(key)
      if tap.hasPrefix("decoder.cross") {  // Frames of the silence behind the sound are not given out.
        #expect(ours.shape == [4, 11, 115])
        theirs = theirs.leading(queries: 11, keys: 115)
      }
      let error = relativeError(ours, theirs)
      #expect(error < ParityTests.tolerance, "\(tap): \(error)")
      worst = max(worst, error)
    }
    print("whisper's decoder: worst relative error \(worst)")
    #expect(worst > 0)
  }

  @Test("a token sees none behind it")
  func causality() throws {
    let model = try SpeechModel.load(resource(name))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    var ids = try tokens()
    let taps: Set<String> = ["decoder.hidden.3", "logits", "decoder.attention.2"]
    let before = try values(model, sound, ids, taps)
    ids[6] = 5
    let after = try values(model, sound, ids, taps)
    let (a, b) = (try #require(before["logits"]), try #require(after["logits"]))
    #expect(
      (0..<6).allSatisfy { a[row: $0] == b[row: $0] } && (6..<11).allSatisfy { a[row: $0] != b[row: $0] })
    let weights = try #require(before["decoder.attention.2"])
    for row in 0..<(4 * 11) {
      let values = weights.values[(row * 11)..<((row + 1) * 11)]
      #expect(values.dropFirst(row % 11 + 1).allSatisfy { $0 == 0 })
      #expect(abs(values.reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test("the same bits for any number of threads, whatever else is asked for, and up to the longest text")
  func determinism() throws {
    let model = try SpeechModel.load(resource(name))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let ids = (0..<40).map { $0 * 7 % 120 }
    let all = Set((model.taps + model.decoderTaps + model.decoderAttentionTaps).map(\.name))
    let one = try values(model, sound, ids, all)
    #expect(one.count == all.count)
    #expect(try values(model, sound, ids, all, threads: 3) == one)
    for tap in all { #expect(try values(model, sound, ids, [tap])[tap] == one[tap], "\(tap)") }
  }

  @Test("an untrained twin has a decoder that starts as transformers' does")
  func twin() throws {
    let model = try SpeechModel.load(resource(name))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.decoderTaps == model.decoderTaps)
    let decoder = try #require((twin.architecture as? Whisper)?.decoder)
    #expect(decoder.embeddings[row: 110].allSatisfy { $0 == 0 })  // pad_token_id
    let drawn = (decoder.embeddings.values + decoder.positions.values).map(Double.init)
    let deviation = (drawn.reduce(0) { $0 + $1 * $1 } / Double(drawn.count)).squareRoot()
    #expect(abs(deviation - 0.02) < 0.001)
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let logits = try #require(try values(twin, sound, tokens(), ["logits"])["logits"])
    #expect((0..<11).allSatisfy { logits[row: $0][110] == 0 })
  }

  @Test("an output layer of its own, where the configuration says so")
  func untied() throws {
    let expected = try values(
      .load(resource(name)), .read(resource("\(name)/input.wav")), tokens(), ["logits"])
    let model = try loadChanged(name, configuration: ["tie_word_embeddings": false]) { tensors in
      guard let table = tensors.first(where: { $0.name.hasSuffix("embed_tokens.weight") })?.tensor else {
        return
      }
      tensors.append(("proj_out.weight", Tensor(table.values.map { 2 * $0 }, shape: table.shape)))
    }
    let found = try values(model, .read(resource("\(name)/input.wav")), tokens(), ["logits"])
    let (a, b) = (try #require(found["logits"]), try #require(expected["logits"]))
    #expect(relativeError(a, Tensor(b.values.map { 2 * $0 }, shape: b.shape)) < 1e-6)
    let words = message { _ = try loadChanged(name, configuration: ["tie_word_embeddings": false]) }
    #expect(words.contains("missing: proj_out.weight"))
  }

  @Test("texts and sounds that cannot be")
  func refused() throws {
    let model = try SpeechModel.load(resource(name))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    func words(_ tokens: [Int], _ sound: Waveform, _ model: SpeechModel, _ tap: String = "logits") -> String
    {
      message { try model.forward(sound, tokens: tokens, taps: [tap]) { _, _ in } }
    }
    #expect(words([], sound, model).contains("0 tokens, expected 1 to 40"))
    #expect(words(Array(repeating: 0, count: 41), sound, model).contains("41 tokens"))
    #expect(words([3, 120], sound, model).contains("token 120 at place 1, expected 0 to 119"))
    #expect(words([-1], sound, model).contains("token -1 at place 0"))
    let long = Waveform(samples: Array(repeating: 0, count: 48_001), samplingRate: 16_000)
    #expect(words([1], long, model).contains("48001 samples, expected no more than the 48000 of a window"))
    #expect(words([1], sound, model, "decoder.hidden.4").contains("nearest are decoder.hidden.0"))
    let plain = try SpeechModel.load(resource("wav2vec2_base"))
    #expect(words([1], sound, plain).contains("a model without a decoder, wav2vec2"))
    #expect(plain.decoderTaps.isEmpty && plain.longestText == 0)
    let broken = message {
      _ = try loadChanged(name) { tensors in
        for index in tensors.indices where tensors[index].name.hasSuffix("embed_tokens.weight") {
          tensors[index].tensor.withUnsafeMutableBuffer { $0[5] = .nan }
        }
      }
    }
    #expect(broken.contains("model.decoder.embed_tokens.weight has an infinite value or NaN at index 5"))
  }

  @Test(
    "hostile and impossible configurations",
    arguments: [
      ("decoder_layers", "1000000000", "decoder_layers"), ("decoder_layers", "2", "without a place"),
      ("decoder_attention_heads", "5", "divisor"), ("vocab_size", "99999999999", "vocab_size"),
      ("vocab_size", "121", "the model needs [121, 48]"),
      ("max_target_positions", "0", "max_target_positions"),
      ("decoder_ffn_dim", "262144", "the model needs [262144, 48]"), ("pad_token_id", "-3", "pad_token_id"),
    ])
  func hostile(key: String, json: String, expected: String) throws {
    try expectRefusal(of: name, key, json, expected)
  }
}
