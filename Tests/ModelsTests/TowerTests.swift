import Audio
import Checkpoints
import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Encoders of larger models beside the reference implementation.
@Suite("Encoders of larger models") struct TowerTests {
  static let names = [
    "sanm", "lasr", "granite_speech", "voxtral_realtime", "nemotron_streaming", "qwen3_asr", "qwen3_omni",
    "nemotron_diarization", "nemotron_transcribe",
  ]

  private func folder(_ name: String) -> String { resource("towers/\(name)") }

  /// What the reference has read.
  private func sound(_ name: String) throws -> Waveform {
    let text = try String(contentsOfFile: folder(name) + "/samples.txt", encoding: .utf8)
    let count = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    let whole = try Waveform.read(resource("towers/input.wav"))
    return Waveform(samples: Array(whole.samples.prefix(count)), samplingRate: whole.samplingRate)
  }

  private func allTaps(_ model: SpeechModel) -> Set<String> {
    Set((model.taps + model.attentionTaps).map(\.name))
  }

  private func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var numbers = RandomNumbers(seed: seed)
    return (0..<count).map { _ in Float(numbers.normal() * 0.1) }
  }

  @Test("every value", arguments: names)
  func everyTap(name: String) throws {
    let model = try SpeechModel.load(folder(name))
    let reference = try Checkpoint.open(folder(name) + "/hidden_states.safetensors")
    let found = try values(of: model, sound(name), allTaps(model), threads: 2)
    // Two of them give no attention weights.
    let missing = allTaps(model).subtracting(reference.tensors.keys)
    #expect(missing.allSatisfy { $0.hasPrefix("attention.") })
    #expect(Set(reference.tensors.keys).isSubset(of: allTaps(model)))
    var worst: (error: Float, key: String) = (0, "")
    for key in reference.tensors.keys {
      let error = relativeError(try #require(found[key]), try reference.tensor(key))
      #expect(error < ParityTests.tolerance, "\(name) \(key): \(error)")
      if error >= worst.error { worst = (error, key) }
    }
    print("\(name): worst relative error \(worst.error) at \(worst.key)")
    #expect(worst.error > 0)
  }

  /// A click in silence changes frames whose receptive field it is in, where nothing before has seen all time.
  @Test("a click in silence", arguments: names)
  func click(name: String) throws {
    let model = try SpeechModel.load(folder(name))
    let place = 9_000
    let silence = [Float](repeating: 0, count: 18_000)
    // Where features are held against the loudest of the sound, a gap in noise leaves that where it is.
    let hasLoudest = ["granite_speech", "qwen3_asr", "qwen3_omni"].contains(name)
    let base = hasLoudest ? noise(18_000) : silence
    var clicked = base
    if hasLoudest {
      for index in (place - 60)..<(place + 60) { clicked[index] = 0 }
    } else {
      clicked[place] = 0.5
    }
    func first(_ samples: [Float]) throws -> Tensor {
      let sound = Waveform(samples: samples, samplingRate: 16_000)
      return try #require(try values(of: model, sound, ["hidden.0"])["hidden.0"])
    }
    let (old, new) = (try first(base), try first(clicked))
    let timing = try #require(model.taps.first { $0.name == "hidden.0" }?.timing)
    let changes = (0..<old.rows).map { frame in
      zip(old[row: frame], new[row: frame]).map { abs($0 - $1) }.max() ?? 0
    }
    // A gap changes less than a click: what counts is where it changes most.
    let least = hasLoudest ? 0.2 * (changes.max() ?? 0) : 0.05
    let changed = changes.indices.filter { changes[$0] > least }
    let half = Double(timing.receptiveFieldSamples + (hasLoudest ? 120 : 0)) / 2 / 16_000
    let time = Double(place) / 16_000
    let inside = (0..<old.rows).filter { abs(timing.centre(of: $0) - time) <= half }
    #expect(!changed.isEmpty && Set(changed).isSubset(of: inside), "\(name): \(changed), not \(inside)")
    let middle = changed.reduce(0.0) { $0 + timing.centre(of: $1) } / Double(max(1, changed.count))
    #expect(abs(middle - time) < 0.75 * timing.stride, "\(name): \(middle) s, not \(time) s")
  }

  @Test("padding changes no frame, threads no bit", arguments: names)
  func padding(name: String) throws {
    let model = try SpeechModel.load(folder(name))
    let samples = noise(20_000)
    let alone = try values(of: model, Waveform(samples: samples, samplingRate: 16_000), allTaps(model))
    var padded: [String: Tensor] = [:]
    try model.forward(
      inputValues: samples + noise(500, seed: 2), validSamples: 20_000, taps: allTaps(model), threads: 3
    ) { padded[$0] = $1 }
    #expect(padded == alone)
  }

  @Test(
    "what comes later changes nothing before it", arguments: ["voxtral_realtime", "nemotron_streaming"])
  func causality(name: String) throws {
    let model = try SpeechModel.load(folder(name))
    let sound = noise(24_000)
    let last = try #require(model.taps.last { $0.name.hasPrefix("hidden.") }).name
    func state(_ count: Int) throws -> Tensor {
      let part = Waveform(samples: Array(sound.prefix(count)), samplingRate: 16_000)
      return try #require(try values(of: model, part, [last])[last])
    }
    let (short, long) = (try state(16_000), try state(24_000))
    // The last frames of the shorter one see its end mirrored, or look ahead to the end of their chunk.
    let kept = short.rows - 6
    #expect(relativeError(long.rows(0..<kept), short.rows(0..<kept)) < 1e-5)
    #expect(relativeError(long.rows(0..<short.rows), short) > 1e-5)
  }

  @Test("an untrained twin", arguments: names)
  func twin(name: String) throws {
    let model = try SpeechModel.load(folder(name))
    let twin = try model.randomTwin(seed: 3)
    let sound = Waveform(samples: noise(12_000), samplingRate: 16_000)
    let names = Set(model.taps.map(\.name))
    let (one, other) = (try values(of: twin, sound, names), try values(of: model, sound, names))
    for tap in model.taps where !(name == "sanm" && tap.name == "hidden.0") {
      #expect(one[tap.name]?.shape == other[tap.name]?.shape && one[tap.name] != other[tap.name])
    }
    #expect(try values(of: model.randomTwin(seed: 3), sound, names) == one)
  }

  /// Of Qwen3 13 frames lie in a second, 80 ms apart, whatever came before.
  @Test("a second of Qwen3's begins anew")
  func seconds() throws {
    let model = try SpeechModel.load(folder("qwen3_asr"))
    let timing = try #require(model.taps.first?.timing)
    #expect([0, 12, 13, 14, 26].map(timing.centre) == [0, 0.96, 1, 1.08, 2])
    #expect(timing.frames(forSamples: 0) == 0)
    // The convolutions of one second know nothing of another's.
    func first(_ samples: [Float]) throws -> Tensor {
      let sound = Waveform(samples: samples, samplingRate: 16_000)
      return try #require(try values(of: model, sound, ["hidden.0"])["hidden.0"])
    }
    let second = (0..<32_000).map { Float(0.1 * sin(Double($0 % 16_000) * 0.05)) }
    let states = try first(second)
    #expect(states.rows == 26)
    #expect(relativeError(states.rows(15..<24), states.rows(2..<11)) < 1e-3)
  }

  @Test("settings that cannot be are refused by name")
  func refusals() throws {
    try expectRefusal(of: "towers/sanm", "num_attention_heads", "5", "a divisor of hidden_size, 12")
    try expectRefusal(of: "towers/sanm", "num_stacked_frames", "5", "num_frames_lfr")
    try expectRefusal(of: "towers/qwen3_asr", "n_window", "100", "49 to 52")
    try expectRefusal(of: "towers/qwen3_asr", "n_window_infer", "50", "at least 100")
    try expectRefusal(of: "towers/voxtral_realtime", "head_dim", "5", "an even number")
    try expectRefusal(of: "towers/voxtral_realtime", "num_hidden_layers", "3", "layers.2.self_attn.q_proj")
  }
}
