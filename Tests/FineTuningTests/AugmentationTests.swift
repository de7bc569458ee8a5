import Audio
import Checkpoints
import Corpora
import Foundation
import Foundations
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

/// What is drawn at random in training: against autograd with the same draws, against closed forms, and the same again
/// with any number of threads and after an interruption.
@Suite("Changes at random") struct AugmentationTests {
  struct Facts: Decodable {
    struct Case: Decodable {
      var name: String
      var loss: Double
      var skipped: [Int]
      var frames: [Int]
      var channels: [Int]
    }
    var cases: [Case]
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var model: String
    var noise: PassNoise
    var testDescription: String { name }

    static func make(_ name: String, _ model: String, _ seed: UInt64, _ change: (inout PassNoise) -> Void)
      -> Case
    {
      var noise = PassNoise(seed: seed)
      change(&noise)
      return Case(name: name, model: model, noise: noise)
    }

    static let all = [
      make("dropout", "wav2vec2_base", 3) { $0.dropout = 0.1 },
      make("everything", "wav2vec2_large", 11) {
        ($0.dropout, $0.layerDrop) = (0.2, 0.3)
        ($0.frames, $0.channels) = (.init(share: 0.5, length: 4), .init(share: 0.2, length: 3))
      },
      make("masks", "hubert_base", 5) {
        ($0.frames, $0.channels) = (.init(share: 0.4, length: 5), .init(share: 0.3, length: 2))
      },
      make("layers", "wavlm_base", 1) { ($0.dropout, $0.layerDrop) = (0.05, 0.4) },
    ]
  }

  @Test(
    "gradients with dropout, layer drop and masks are autograd's with the same draws", arguments: Case.all)
  func parity(of drawn: Case) throws {
    let reference = try Checkpoint.open(resource("noise.safetensors"))
    let facts = try #require(json(Facts.self, "noise.json").cases.first { $0.name == drawn.name })
    let (base, utterances) = try tinyModel(drawn.model)
    let weight = try reference.tensor("\(drawn.name).head")
    var model = try TrainedModel(
      base, head: TaskHead(task: .ctc, classes: weight.rows, width: weight.width), loss: TaskLoss(),
      existingHead: ["lm_head.weight": weight, "lm_head.bias": Tensor(shape: [weight.rows])],
      freezing: "none", masksFrames: true)
    let width = weight.width
    model.trained[TrainedModel.maskVector] = Tensor(
      (0..<width).map { -1 + 2 * Float($0) / Float(width - 1) }, shape: [width])
    let blocks = base.taps.count { $0.name.hasPrefix("hidden.") } - 1
    #expect((1...blocks).filter { drawn.noise.leavesOut("block.\($0)") } == facts.skipped)
    let frames = try model.ready().states(utterances[0], threads: 1).rows
    #expect(
      drawn.noise.frames.places(of: frames, seed: drawn.noise.seed(of: "masked frames")) == facts.frames)
    #expect(
      drawn.noise.channels.places(of: width, seed: drawn.noise.seed(of: "masked channels"))
        == facts.channels)
    let (loss, gradients) = try model.ready().gradients(
      utterances[0], .symbols(targets[0]), of: "u", noise: drawn.noise)
    #expect(abs(loss.mean - facts.loss) < 1e-4 * facts.loss)
    let known = reference.tensors.keys.filter { $0.hasPrefix("\(drawn.name).gradient.") }
    let largest = try known.map { try reference.tensor($0).values.map(abs).max() ?? 0 }.max() ?? 0
    for (key, gradient) in gradients {
      let name = "\(drawn.name).gradient.\(torchName(key))"
      guard known.contains(name) else {
        #expect(gradient.values.allSatisfy { abs($0) < 1e-6 * largest }, "\(key) has none in PyTorch")
        continue
      }
      let expected = try reference.tensor(name).values
      let scale = expected.map(abs).max() ?? 0
      let difference = zip(thinned(gradient).values, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(difference < 1e-4 * max(scale, 1e-3 * largest), "\(key): \(difference) of \(scale)")
    }
    #expect(
      known.allSatisfy { name in gradients.keys.contains { name.hasSuffix(".gradient.\(torchName($0))") } })
  }

  @Test("dropout keeps the mean, and drops the share that was asked for")
  func dropout() {
    let ones = Tensor(repeating: 1, shape: [200, 500])
    for probability in [0.05, 0.3, 0.9] {
      let values = DropoutOperation(probability: probability, seed: 8)(ones).values
      let share = Double(values.count { $0 == 0 }) / 100_000
      #expect(abs(share - probability) < 4 * (probability * (1 - probability) / 100_000).squareRoot())
      #expect(values.allSatisfy { $0 == 0 || abs($0 - Float(1 / (1 - probability))) < 1e-6 })
    }
    #expect(
      DropoutOperation(probability: 0.5, seed: 1)(ones) != DropoutOperation(probability: 0.5, seed: 2)(ones)
    )
  }

  @Test("masks are spans of their length, and as many as were asked for on average")
  func masks() {
    let masking = PassNoise.Masking(share: 0.2, length: 10)
    var spans = 0
    for seed in 0..<400 as Range<UInt64> {
      let places = masking.places(of: 173, seed: seed)
      #expect(places.allSatisfy { (0..<173).contains($0) } && places == Set(places).sorted())
      // Runs are unions of spans, so at least as long as one.
      var run = 0
      for (index, place) in places.enumerated() {
        run = index > 0 && places[index - 1] == place - 1 ? run + 1 : 1
        let ends = index + 1 == places.count || places[index + 1] != place + 1
        if ends { #expect(run >= 10) }
      }
      var random = RandomNumbers(seed: seed)
      spans += Int(0.2 * 173 / 10 + random.uniform())
    }
    #expect(abs(Double(spans) / 400 - 3.46) < 0.1)
    #expect(masking.places(of: 9, seed: 1).isEmpty)
    #expect(PassNoise.Masking().places(of: 100, seed: 1).isEmpty)
  }

  @Test(
    "noise is as many decibels weaker as was drawn", arguments: [NoiseSource.white, .pink, .folder("")])
  func noise(source: NoiseSource) throws {
    let folder = try TemporaryFolder()
    var settings = Augmentation()
    settings.noise = source
    if case .folder = source {
      let recording = repository("fixtures/human/cards")
      let audio = try #require(
        FileManager.default.contentsOfDirectory(atPath: recording).first {
          $0.hasSuffix(".flac") || $0.hasSuffix(".wav")
        })
      try FileManager.default.copyItem(atPath: "\(recording)/\(audio)", toPath: "\(folder.path)/\(audio)")
      settings.noise = .folder(folder.path)
    }
    settings.signalToNoise = 3...17
    let sound = Waveform(
      samples: (0..<16_000).map { 0.3 * Float(sin(Double($0) * 0.05)) }, samplingRate: 16_000)
    let augmenter = try SoundAugmenter(settings)
    func power(_ samples: [Float]) -> Double { samples.reduce(0.0) { $0 + Double($1) * Double($1) } }
    var seen: [Double] = []
    for seed in 1...20 as ClosedRange<UInt64> {
      let changed = try augmenter.changed(sound, speed: 1, seed: seed)
      #expect(changed == (try augmenter.changed(sound, speed: 1, seed: seed)))
      let added = zip(changed.samples, sound.samples).map { $0 - $1 }
      seen.append(10 * log10(power(sound.samples) / power(added)))
    }
    #expect(seen.allSatisfy { (2.99...17.01).contains($0) })
    #expect((seen.max() ?? 0) - (seen.min() ?? 0) > 5)
    let silent = Waveform(samples: [Float](repeating: 0, count: 800), samplingRate: 16_000)
    #expect(try augmenter.changed(silent, speed: 1, seed: 1) == silent)
    let empty = try TemporaryFolder()
    settings.noise = .folder(empty.path)
    #expect(throws: FineTuningError.self) { try SoundAugmenter(settings) }
  }

  @Test("pink noise loses three decibels an octave")
  func pink() {
    var random = RandomNumbers(seed: 4)
    let samples = SoundAugmenter.pink(1 << 16, &random)
    // The variance of what averages over 2ᵏ samples leaves falls by little from octave to octave; white noise halves.
    func variance(_ width: Int) -> Double {
      let means = stride(from: 0, to: samples.count, by: width).map { start in
        samples[start..<(start + width)].reduce(0.0) { $0 + Double($1) } / Double(width)
      }
      let mean = means.reduce(0, +) / Double(means.count)
      return means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count)
    }
    let octaves = (0..<7).map { variance(1 << $0) - variance(2 << $0) }
    let mean = octaves.reduce(0, +) / 7
    #expect(octaves.allSatisfy { abs($0 / mean - 1) < 0.25 }, "\(octaves)")
  }

  @Test("a recording that is played faster is shorter, and its tone higher, by as much")
  func speed() throws {
    var settings = Augmentation()
    settings.speeds = [0.8, 1, 1.25]
    let augmenter = try SoundAugmenter(settings)
    let sound = Waveform(
      samples: (0..<16_000).map { Float(sin(2 * .pi * 400 * Double($0) / 16_000)) }, samplingRate: 16_000)
    #expect(Set((0..<50).map { augmenter.speed(seed: $0) }) == [0.8, 1, 1.25])
    for speed in settings.speeds {
      let changed = try augmenter.changed(sound, speed: speed, seed: 0)
      #expect(abs(Double(changed.samples.count) - 16_000 / speed) <= 1)
      let crossings = zip(changed.samples, changed.samples.dropFirst()).count { $0 < 0 && $1 >= 0 }
      #expect(abs(Double(crossings) / changed.seconds - 400 * speed) < 3)
    }
  }

  @Test("labels of frames go with the speed, and a recording too short for its labels keeps its own")
  func labels() throws {
    let corpus = try Corpus.load(repository("fixtures/human")) { try Waveform.header($0).seconds }
    let model = try SpeechModel.load(repository("fixtures/w2v2-tiny-phones/model.ckpt"))
    let data = try TrainingData(corpus, for: model, task: .frames, labels: .level(.phoneme), seed: 0)
    var settings = Augmentation()
    settings.speeds = [2]
    let draw = TrainingExample.Draw(augmenter: try SoundAugmenter(settings), seed: 1)
    let example = data.train[0]
    let (plain, fast) = (try example.drawn(nil), try example.drawn(draw))
    guard case .frames(let slow) = plain.target, case .frames(let quick) = fast.target else {
      Issue.record("no frames")
      return
    }
    #expect(abs(Double(fast.samples.count) - Double(plain.samples.count) / 2) <= 1)
    #expect(abs(2 * quick.count - slow.count) <= 2)
    // The centre of a frame lies between those of two of twice as many.
    let agree = quick.indices.count { index in
      slow[min(2 * index, slow.count - 1)...].prefix(2).contains(quick[index])
    }
    #expect(Double(agree) > 0.98 * Double(quick.count))
  }

  @Test("classes of utterances come equally often where sampling is balanced")
  func balanced() {
    let classes = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2]
    let order = BatchOrder(count: 11, batch: 11, seed: 3, classes: classes)
    let drawn = (0..<30).flatMap { order[$0] }
    let counts = (0..<3).map { k in drawn.count { classes[$0] == k } }
    #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 30)
    #expect(Set(drawn) == Set(0..<11))
    #expect(order[0] != order[1])
  }

  @Test("give the same bytes with any number of threads and after an interruption")
  func deterministic() throws {
    func run(_ folder: String, threads: Int, stopping: Bool) throws -> Data {
      var run = FineTuningRun(
        model: try SpeechModel.load(repository("fixtures/w2v2-tiny-phones/model.ckpt")),
        corpus: try Corpus.load(repository("fixtures/human")) { try Waveform.header($0).seconds },
        labels: .level(.phoneme))
      (run.settings.steps, run.settings.batch, run.settings.evaluation, run.longest) = (2, 3, 1, 4)
      run.settings.frozen = "conv"
      run.settings.augmentation.dropout = 0.1
      (run.settings.augmentation.layerDrop, run.settings.augmentation.maskedFrames) = (0.3, 0.2)
      (run.settings.augmentation.noise, run.settings.augmentation.speeds) = (.pink, [0.9, 1, 1.1])
      run.threads = threads
      if stopping {
        let stopped = Stop()
        run.onStep = { _, entry, _ in if entry.step == 1 { stopped.now() } }
        run.isCancelled = { stopped.isNow }
        #expect(throws: FineTuningError.interrupted(step: 1)) { try run.finished(in: folder) }
        run.isCancelled = { false }
      }
      _ = try run.finished(in: folder)
      return try Data(contentsOf: URL(filePath: folder + "/model/model.safetensors"))
        + Data(contentsOf: URL(filePath: folder + "/training.jsonl"))
    }
    let folder = try TemporaryFolder()
    let one = try run(folder.path + "/a", threads: 1, stopping: false)
    #expect(try run(folder.path + "/b", threads: 3, stopping: true) == one)
  }

  @Test("what cannot be is refused by name")
  func refusals() {
    for change: (inout Augmentation) -> Void in [
      { $0.dropout = 1 }, { $0.layerDrop = -0.1 }, { $0.maskedFrames = .nan },
      { $0.maskedFramesLength = 0 },
      { $0.speeds = [0.1] }, { $0.signalToNoise = 5...500 },
    ] {
      var settings = TrainingSettings()
      change(&settings.augmentation)
      #expect(throws: FineTuningError.self) { try settings.check() }
    }
    var settings = TrainingSettings()
    settings.balancesSampling = true
    #expect(throws: FineTuningError.self) { try settings.check() }
  }
}

/// Whether something is to end, told from one thread to another.
private final class Stop: @unchecked Sendable {
  private let lock = NSLock()
  private var value = false
  var isNow: Bool { lock.withLock { value } }
  func now() { lock.withLock { value = true } }
}
