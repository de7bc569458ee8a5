import Checkpoints
import Foundation
import Models
import StrataTestSupport
import Synchronization
import Tensors
import Testing

@testable import FineTuning

/// The loop: the same bytes with any number of threads and after any interruption, and what stops it.
@Suite("Training") struct TrainerTests {
  private func trainer(_ folder: TemporaryFolder, _ change: (inout TrainingSettings) -> Void = { _ in })
    throws -> Trainer
  {
    let (base, utterances) = try tinyModel("wav2vec2_base")
    let width = try #require(base.topTap).width
    let model = try TrainedModel(
      base, head: TaskHead(task: .ctc, classes: 9, width: width), loss: TaskLoss(), freezing: "conv",
      seed: 4)
    var settings = TrainingSettings()
    (settings.steps, settings.batch, settings.evaluation, settings.seed) = (6, 2, 2, 5)
    settings.rate = LearningRate(peak: 1e-3, warmUp: 1)
    change(&settings)
    let examples = zip(utterances, targets).enumerated().map { number, pair in
      TrainingExample(id: "u\(number)", speaker: "s\(number)", target: .symbols(pair.1)) { pair.0 }
    }
    return Trainer(
      model: model, settings: settings, train: examples, development: [examples[2]],
      identity: "settings one",
      folder: folder.path + "/work")
  }

  private func bytes(_ folder: TemporaryFolder) throws -> [Data] {
    try ["training.safetensors", "training.jsonl"].map {
      try Data(contentsOf: URL(filePath: "\(folder.path)/work/\($0)"))
    }
  }

  @Test("gives the same bytes with one thread and with three, and the loss falls")
  func threads() throws {
    let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
    var one = try trainer(a) { $0.batch = 3 }
    var three = try trainer(b) { $0.batch = 3 }
    three.threads = 3
    let log = try one.run().log
    _ = try three.run()
    #expect(try bytes(a) == bytes(b))
    #expect(log.count == 6)
    #expect(log[5].loss < 0.9 * log[0].loss)
    #expect(log.compactMap(\.development).count == 3)
  }

  @Test("goes on after an interruption to the same bytes", arguments: [1, 3, 4])
  func interruption(after steps: Int) throws {
    let (whole, broken) = (try TemporaryFolder(), try TemporaryFolder())
    var straight = try trainer(whole)
    _ = try straight.run()
    var stopped = try trainer(broken)
    let done = Mutex(0)
    stopped.onStep = { entry, _ in done.withLock { $0 = entry.step } }
    stopped.isCancelled = { done.withLock { $0 } >= steps }
    #expect(throws: FineTuningError.interrupted(step: steps)) { try stopped.run() }
    var resumed = try trainer(broken)
    let first = Mutex<Int?>(nil)
    resumed.onStep = { entry, _ in first.withLock { $0 = $0 ?? entry.step } }
    _ = try resumed.run()
    #expect(first.withLock { $0 } == steps + 1)
    #expect(try bytes(whole) == bytes(broken))
  }

  @Test("does not go on with the state of other settings, or with a file that is none")
  func otherTraining() throws {
    let folder = try TemporaryFolder()
    var first = try trainer(folder)
    _ = try first.run()
    let model = first.model
    let other = Trainer(
      model: model, settings: first.settings, train: first.train, development: [], identity: "settings two",
      folder: first.folder)
    #expect(
      throws: FineTuningError.otherTraining(
        folder: first.folder, difference: "settings one there, settings two now")
    ) {
      var other = other
      _ = try other.run()
    }
    let path = "\(first.folder)/training.safetensors"
    try Data("not a checkpoint".utf8).write(to: URL(filePath: path))
    #expect(throws: (any Error).self) {
      var again = first
      _ = try again.run()
    }
  }

  @Test("a loss that is no number stops it, names the batch and keeps what was before")
  func notFinite() throws {
    let folder = try TemporaryFolder()
    // So large a step leaves no number finite.
    var trainer = try trainer(folder) { settings in
      settings.rate = LearningRate(peak: 9, warmUp: 0)
      (settings.clip, settings.steps) = (nil, 400)
    }
    do {
      for name in trainer.model.trained.keys where name.hasSuffix("lm_head.weight") {
        trainer.model.trained[name]?.scaleForTest(by: 3e38)
      }
      _ = try trainer.run()
      Issue.record("it ended")
    } catch FineTuningError.lossNotFinite(let step, let utterances, let kept) {
      #expect(step >= 1)
      #expect(!utterances.isEmpty && utterances.allSatisfy { ["u0", "u1", "u2"].contains($0) })
      let state = try Checkpoint.open(kept)
      for entry in state.tensors.values where entry.name.hasPrefix("parameter/encoder") {
        #expect(try state.tensor(entry.name).firstNonFinite() == nil)
      }
    }
  }

  @Test("ends early where the development part has seen no new best")
  func earlyStopping() throws {
    let folder = try TemporaryFolder()
    var trainer = try trainer(folder) { settings in
      (settings.steps, settings.evaluation, settings.patience) = (40, 1, 2)
      settings.rate = LearningRate(peak: 1e-12)
    }
    let (model, _, log, best) = try trainer.run()
    let found = try #require(best)
    #expect(log.count == found + 2)
    #expect(model.trained.count == trainer.model.trained.count)
  }

  @Test("the order of utterances takes each once a pass, and differs between passes and seeds")
  func order() {
    let order = BatchOrder(count: 7, batch: 3, seed: 1)
    #expect(Set((0..<3).flatMap { order[$0] }) == Set(0..<7))
    #expect((0..<3).map { order[$0].count } == [3, 3, 1])
    #expect((0..<3).flatMap { order[$0] } != (3..<6).flatMap { order[$0] })
    #expect(
      (0..<3).flatMap { order[$0] } != (0..<3).flatMap { BatchOrder(count: 7, batch: 3, seed: 2)[$0] })
  }

  @Test("settings that cannot be are refused by name")
  func settings() {
    func refuses(_ change: (inout TrainingSettings) -> Void) {
      var settings = TrainingSettings()
      change(&settings)
      #expect(throws: FineTuningError.self) { try settings.check() }
    }
    refuses { $0.steps = 0 }
    refuses { $0.rate.peak = .nan }
    refuses { $0.rate.layerDecay = 0 }
    refuses { $0.smoothing = 0.1 }
    refuses { $0.balancesClasses = true }
    refuses { $0.patience = 0 }
    refuses { $0.rate.warmUp = 5000 }
  }
}

extension Tensor {
  fileprivate mutating func scaleForTest(by factor: Float) {
    withUnsafeMutableBuffer { for index in $0.indices { $0[index] *= factor } }
  }
}
