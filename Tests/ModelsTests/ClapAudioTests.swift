import Audio
import Checkpoints
import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// CLAP's audio tower beside the reference implementation, and what its frames are.
@Suite("CLAP's audio tower") struct ClapAudioTests {
  private let name = "clap"

  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 48_000)
  }

  private func architecture(_ model: SpeechModel) throws -> ClapAudio {
    try #require(model.architecture as? ClapAudio)
  }

  // MARK: Parity

  @Test("the front end's features are the stored ones")
  func features() throws {
    let model = try SpeechModel.load(resource(name))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let expected = try readNumpy(URL(fileURLWithPath: resource("\(name)/input_features.npy")))
    let found = try architecture(model).features(of: sound.samples[...])
    #expect(found.shape == [1001, 64])
    #expect(relativeError(found.rows(0..<240), expected) < 1e-4)
    #expect(model.inputNormalisation == "CLAP's log-mel of 64 bands from 0 to 14000 Hz, in windows of 10 s")
    #expect(model.samplingRate == 48_000)
  }

  /// The reference is a run in float64. A float32 run of the same code was up to 2.5e-4 away (its `meta.json`), for
  /// it computes the places between frames in float32; ours are in float64 and need no such allowance.
  @Test("every value of every token")
  func everyToken() throws {
    let clap = try architecture(.load(resource(name)))
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let run = Evaluation(threads: 2, pool: MemoryPool())
    var found: [String: Tensor] = [:]
    let normed = try #require(
      try clap.network.forward(clap.features(of: sound.samples[...]), on: run) {
        found[$0] = $1
        return true
      })
    var worst: Float = 0
    for stage in 0...4 {
      let tokens = try #require(found["hidden.\(stage)"])
      let theirs = try reference.tensor("audio.\(stage)")  // [channels × rows × columns]
      let error = relativeError(tokens.transposed().reshaped(theirs.shape), theirs)
      #expect(error < ParityTests.tolerance, "hidden.\(stage): \(error)")
      worst = max(worst, error)
    }
    #expect(found["block.1"]?.shape == [4096, 8] && found["block.8"] == nil)

    let frames = run.frames(
      ofTokens: normed, FrameOperation(leading: 0, rows: 2, columns: 8, frames: 32, strips: 4))
    let last = try reference.tensor("audio.last_hidden_state")  // [channels × 2 frequencies × 32 frames]
    let values = last.values
    let mean = (0..<(64 * 32)).map { index -> Float in
      let start = index / 32 * 64 + index % 32
      return (values[start] + values[start + 32]) / 2
    }
    #expect(relativeError(frames.transposed(), Tensor(mean, shape: [64, 32])) < ParityTests.tolerance)
    print("clap: worst relative error \(worst)")
    #expect(worst > 0)
  }

  @Test("what is one row a window")
  func pooled() throws {
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let sound = try Waveform.read(resource("\(name)/input.wav"))
    let found = try values(of: .load(resource(name)), sound, ["pooled", "embeds"])
    for (tap, key) in [("pooled", "audio.pooler_output"), ("embeds", "audio.embeds")] {
      let theirs = try reference.tensor(key)
      let ours = try #require(found[tap])
      #expect(ours.rows == 1)
      #expect(relativeError(ours.reshaped(theirs.shape), theirs) < ParityTests.tolerance, "\(tap)")
    }
    let length = found["embeds"]?.values.reduce(0) { $0 + $1 * $1 } ?? 0
    #expect(abs(length - 1) < 1e-5)
  }

  @Test("both towers of one checkpoint")
  func towers() throws {
    let model = try SpeechModel.load(resource(name))
    let text = try TextModel.load(resource(name))
    #expect(model.fingerprint == text.fingerprint && text.family == "clap_text_model")
    #expect(text.taps.allSatisfy { $0.name.hasPrefix("text.") })
    #expect(model.taps.allSatisfy { !$0.name.hasPrefix("text.") })
    #expect(model.tensorReport.leftOut.contains { $0.hasPrefix("text_model.") })
    #expect(!model.tensorReport.leftOut.contains { $0.hasPrefix("audio_projection.") })
  }

  // MARK: Pieces

  @Test("a spectrogram's picture keeps constants, ends and straight lines")
  func picture() {
    let run = Evaluation(threads: 1, pool: MemoryPool())
    let mel = Tensor((0..<50).flatMap { [Float($0), 3] }, shape: [50, 2])
    let picture = run.picture(of: mel, PictureOperation(columns: 32, strips: 2))
    #expect(picture.shape == [32, 4])
    for column in 0..<64 {
      let row = picture[row: column % 32]
      #expect(abs(row[column / 32 * 2 + 1] - 3) < 1e-5)
      // Cubic convolution with a = −0.75 leaves a straight line within a fiftieth of a step.
      let straight = Float(column) * 49 / 63
      #expect(abs(row[column / 32 * 2] - straight) < 0.15, "column \(column)")
    }
    #expect(picture[row: 0][0] == 0 && abs(picture[row: 31][2] - 49) < 1e-4)
  }

  @Test("windows cover the grid once; shifted ones keep apart what the roll brought together")
  func windows() {
    for shift in [0, 2] {
      let windows = TokenWindows(height: 8, width: 12, side: 4, shift: shift)
      #expect((0..<windows.count).flatMap(windows.tokens).sorted() == Array(0..<96))
      for index in 0..<windows.count {
        let (tokens, regions) = (windows.tokens(of: index), windows.regions(of: index))
        for (a, first) in zip(tokens, regions) {
          for (b, second) in zip(tokens, regions) {
            let isNear = abs(a / 12 - b / 12) < 4 && abs(a % 12 - b % 12) < 4
            #expect((first == second) == isNear)
          }
        }
      }
    }
  }

  // MARK: Time

  @Test("a stage's frames share ten seconds evenly, and those behind the sound are dropped")
  func timing() throws {
    let model = try SpeechModel.load(resource(name))
    let strides = ["hidden.0": 1875, "block.2": 1875, "hidden.1": 3750, "hidden.2": 7500, "block.5": 7500]
      .merging(["hidden.3": 15_000, "hidden.4": 15_000, "final_norm": 15_000]) { first, _ in first }
    let found = try values(of: model, noise(99_000), Set(model.taps.map(\.name)))
    for (tap, stride) in strides {
      let timing = try #require(model.taps.first { $0.name == tap }?.timing)
      #expect(timing.strideSamples == stride && timing.firstCentreSample == Double(stride - 1) / 2)
      #expect(found[tap]?.rows == 99_000 / stride, "\(tap)")
    }
    for tap in model.taps { #expect(found[tap.name]?.width == tap.width, "\(tap.name)") }
    // The declared centres are the patches' true ones, within 5 ms.
    for column in 0..<256 {
      let stretched = 4 * Double(column) + 1.5
      let centre = stretched * 1000 / 1023 * 0.01
      #expect(abs(centre - model.taps[0].timing!.centre(of: column)) < 0.005, "column \(column)")
    }
    #expect(throws: ModelError.tooShort(samples: 14_999, minimum: 15_000, samplingRate: 48_000)) {
      try model.forward(noise(14_999), taps: ["hidden.0"]) { _, _ in }
    }
  }

  /// The test of a timing: which frames a click moves, with a sound that fills the window so that it comes once.
  @Test("a click moves the frames around it", arguments: [123_456, 470_000])
  func click(sample: Int) throws {
    let model = try SpeechModel.load(resource(name))
    var samples = noise(480_000).samples
    let before = try #require(
      try values(of: model, Waveform(samples: samples, samplingRate: 48_000), ["hidden.0"])["hidden.0"])
    samples[sample] += 5
    let after = try #require(
      try values(of: model, Waveform(samples: samples, samplingRate: 48_000), ["hidden.0"])["hidden.0"])
    let timing = try #require(model.taps[0].timing)
    let moved = (0..<before.rows).filter { frame in
      zip(before[row: frame], after[row: frame]).contains { abs($0 - $1) > 1e-3 }
    }
    #expect(!moved.isEmpty && moved.count <= 3)
    for frame in moved {
      #expect(abs(timing.centre(of: frame) - Double(sample) / 48_000) < 0.055, "frame \(frame)")
    }
  }

  @Test("longer sounds are read window by window, a short rest too")
  func windowed() throws {
    let model = try SpeechModel.load(resource(name))
    let sound = noise(480_000 + 40_000)
    let whole = try values(of: model, sound, ["hidden.3", "pooled"])
    #expect(whole["hidden.3"]?.rows == 32 + 2 && whole["pooled"]?.rows == 2)
    let rest = Waveform(samples: Array(sound.samples.suffix(40_000)), samplingRate: 48_000)
    let part = try values(of: model, rest, ["hidden.3", "pooled"])
    #expect(
      whole["hidden.3"]?.rows(32..<34) == part["hidden.3"] && whole["pooled"]?.rows(1..<2) == part["pooled"]
    )
  }

  @Test("the same bits for any number of threads and whatever else is asked for")
  func determinism() throws {
    let model = try SpeechModel.load(resource(name))
    let all = Set(model.taps.map(\.name))
    let one = try values(of: model, noise(60_000), all)
    #expect(try values(of: model, noise(60_000), all, threads: 3) == one)
    for tap in ["hidden.1", "block.4", "embeds"] {
      #expect(try values(of: model, noise(60_000), [tap])[tap] == one[tap], "\(tap)")
    }
  }

  // MARK: Untrained

  @Test("an untrained twin starts as transformers' does")
  func twin() throws {
    let model = try SpeechModel.load(resource(name))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps && twin.inputNormalisation == model.inputNormalisation)
    let found = try values(of: twin, noise(30_000), ["hidden.4", "embeds"])
    #expect(try values(of: model.randomTwin(seed: 7), noise(30_000), ["hidden.4", "embeds"]) == found)
    let clap = try architecture(twin)
    func deviation(_ tensor: Tensor) -> Double {
      (tensor.values.reduce(0) { $0 + Double($1) * Double($1) } / Double(tensor.count)).squareRoot()
    }
    // 1/√(width · 2 · layers): 64 and 4 stages for the tower, 48 and 7 of both towers for the projection.
    let merging = try #require(clap.network.stages[2].merging)
    #expect(abs(deviation(merging.reduction.weight) - 1 / (64.0 * 8).squareRoot()) < 0.002)
    let shared = try #require(clap.shared)
    #expect(abs(deviation(shared.first.weight) - 1 / (48.0 * 14).squareRoot()) < 0.002)
    #expect(clap.network.stages[0].blocks[0].attention.bias.values.allSatisfy { $0 == 0 })
  }

  // MARK: Loading

  @Test("without a configuration, a feature extractor, the text tower or the projection")
  func bare() throws {
    let expected = try values(of: .load(resource(name)), noise(20_000), ["hidden.4"])
    let bare = try loadChanged(name, configuration: nil, keepsPreprocessor: false) {
      $0 = $0.filter { $0.name.hasPrefix("audio_model.") }
    }
    #expect(bare.taps.last?.name == "pooled")
    #expect(bare.tensorReport.notes.contains { $0.contains("0 to 14000 Hz") })
    #expect(try values(of: bare, noise(20_000), ["hidden.4"]) == expected)
  }

  @Test(
    "hostile and impossible configurations",
    arguments: [
      ("spec_size", "1e300", "spec_size"), ("spec_size", "192", "halve into whole windows"),
      ("spec_size", "250", "a multiple of num_mel_bins"), ("num_mel_bins", "128", "the model needs [128]"),
      ("patch_stride", "[2, 2]", "patch_stride"), ("patch_size", "0", "patch_size"),
      ("depths", "[2, 2, 2]", "num_attention_heads"), ("depths", "[2, 2, 2, 3]", "missing: "),
      ("depths", "[2, 2, 2, 1]", "without a place"), ("num_attention_heads", "[3, 2, 4, 8]", "divisor"),
      ("window_size", "4", "the model needs [49, 1]"), ("window_size", "7", "whole windows of 7"),
      ("mlp_ratio", "4.0", "the model needs [32, 8]"), ("qkv_bias", "false", "without a place"),
      ("enable_patch_layer_norm", "false", "without a place"),
      ("hidden_act", "\"gelu_x\"", "gelu_new, gelu_python"),
    ])
  func hostile(key: String, json: String, expected: String) throws {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    let data = try Data(contentsOf: URL(fileURLWithPath: resource("\(name)/config.json")))
    let settings = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    var tower = try #require(settings["audio_config"] as? [String: Any])
    tower[key] = value
    let words = message { _ = try loadChanged(name, configuration: ["audio_config": tower]) }
    #expect(words.contains(expected), "\(key) = \(json): \(words)")
  }
}
