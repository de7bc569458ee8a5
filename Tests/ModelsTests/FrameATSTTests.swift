import Audio
import Checkpoints
import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// ATST-Frame beside a definition after its paper, from a training file of teacher and student.
@Suite("ATST-Frame") struct FrameATSTTests {
  private let options = LoadOptions(heads: 4)

  private func model() throws -> SpeechModel {
    try SpeechModel.load(resource("atst/model.ckpt"), options: options)
  }

  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  @Test("the log-mel is the reference's")
  func features() throws {
    let sound = try Waveform.read(resource("atst/input.wav"))
    let expected = try readNumpy(URL(fileURLWithPath: resource("atst/input_features.npy")))
    let found = try ATSTMel().features(of: sound)
    #expect(found.shape == [101, 64] && relativeError(found, expected) < 1e-4)
    // Twice as loud is 6.02 dB more everywhere, above the floor.
    let louder = try ATSTMel().features(
      of: Waveform(samples: sound.samples.map { 2 * $0 }, samplingRate: 16_000))
    let step = Float(20 * log10(2.0) / (50.6842 + 79.6482) * 2)
    let moved = zip(louder.values, found.values).filter { abs($0 - $1 - step) < 1e-3 }
    #expect(moved.count > found.count * 9 / 10)
  }

  @Test("every value of the teacher")
  func everyTap() throws {
    let model = try model()
    #expect(model.family == "atst-frame" && model.tensorReport.notes.contains { $0.contains("--prefix") })
    let reference = try Checkpoint.open(resource("atst/hidden_states.safetensors"))
    let found = try values(
      of: model, .read(resource("atst/input.wav")), Set((model.taps + model.attentionTaps).map(\.name)),
      threads: 2)
    var worst: Float = 0
    for key in reference.tensors.keys {
      let tap =
        key == "last_hidden_state"
        ? "final_norm"
        : key.hasPrefix("attn.") ? "attention.\(try #require(Int(key.dropFirst(5))) + 1)" : "hidden.\(key)"
      let error = relativeError(try #require(found[tap]), try reference.tensor(key))
      #expect(error < ParityTests.tolerance, "\(key): \(error)")
      worst = max(worst, error)
    }
    print("atst: worst relative error \(worst)")
    #expect(worst > 0)
  }

  @Test("the student, or an encoder alone, by prefix")
  func student() throws {
    var options = options
    let sound = noise(8_000)
    let teacher = try values(of: model(), sound, ["hidden.2"])
    options.prefix = "model.teacher.encoder"
    #expect(
      try values(of: .load(resource("atst/model.ckpt"), options: options), sound, ["hidden.2"]) == teacher)
    options.prefix = "model.student.encoder"
    #expect(
      try values(of: .load(resource("atst/model.ckpt"), options: options), sound, ["hidden.2"]) != teacher)
  }

  @Test("frames at 15 + 40·i ms, windows on one grid")
  func timing() throws {
    let model = try model()
    let timing = try #require(model.taps.first?.timing)
    #expect(timing.strideSamples == 640 && abs(timing.centre(of: 2) - 0.095) < 1e-12)
    #expect(throws: ModelError.tooShort(samples: 512, minimum: 513, samplingRate: 16_000)) {
      try model.forward(noise(512), taps: ["projection"]) { _, _ in }
    }
    // Positions for a second: 25 frames a window.
    let sound = noise(2 * 16_000 + 5_000)
    let whole = try #require(try values(of: model, sound, ["hidden.2"])["hidden.2"])
    #expect(whole.rows == 25 + 25 + 8)
    let second = Waveform(samples: Array(sound.samples[16_000..<32_000]), samplingRate: 16_000)
    #expect(try values(of: model, second, ["hidden.2"])["hidden.2"] == whole.rows(25..<50))
  }

  @Test("the same bits for any number of threads; an untrained twin starts as its authors' does")
  func twin() throws {
    let model = try model()
    let all = Set((model.taps + model.attentionTaps).map(\.name))
    #expect(try values(of: model, noise(9_000), all) == values(of: model, noise(9_000), all, threads: 3))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps && twin.parameters == model.parameters)
    let found = try values(of: twin, noise(6_000), ["final_norm"])
    #expect(try values(of: model.randomTwin(seed: 7), noise(6_000), ["final_norm"]) == found)
    #expect(try values(of: model.randomTwin(seed: 8), noise(6_000), ["final_norm"]) != found)
    let network = try #require(twin.architecture as? FrameATST)
    for weight in [network.projection.weight, network.positions, network.blocks[0].feedForward.up.weight] {
      let squares = weight.values.reduce(0) { $0 + Double($1) * Double($1) }
      #expect(abs((squares / Double(weight.count)).squareRoot() - 0.02) < 0.002)
    }
  }

  @Test("what it refuses")
  func refusals() {
    func words(_ options: LoadOptions) -> String {
      message { _ = try SpeechModel.load(resource("atst/model.ckpt"), options: options) }
    }
    #expect(words(LoadOptions()).contains("--heads"))
    #expect(words(LoadOptions(heads: 5)).contains("a divisor of its width, 32"))
    #expect(words(LoadOptions(samplingRate: 8_000, heads: 4)).contains("16000 Hz"))
  }
}
