import Foundation
import Results
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

/// Means of parameters along a training.
@Suite("Averages of parameters") struct AverageTests {
  private func mean(_ average: WeightAverage, of values: [Float], looks: Set<Int> = []) -> Float? {
    var mean = ParameterMean()
    for (index, value) in values.enumerated() {
      let share = average.share(
        step: index + 1, of: values.count, isLook: looks.contains(index + 1), count: mean.count)
      if let share { mean.add(["p": Tensor([value, 2 * value], shape: [2])], share: share) }
    }
    #expect(mean.values["p"].map { abs($0.values[1] - 2 * $0.values[0]) < 1e-6 } ?? true)
    return mean.values["p"]?.values[0]
  }

  @Test("the exponential one is PyTorch's: begun with the first parameters")
  func exponential() throws {
    // torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn(0.9) over 1, 2, 4, 8.
    let found = try #require(mean(.exponential(decay: 0.9), of: [1, 2, 4, 8]))
    #expect(abs(found - (0.9 * (0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 4) + 0.1 * 8)) < 1e-6)
  }

  @Test("the checkpoints' is that of all looks from half of the steps on")
  func checkpoints() throws {
    let found = try #require(mean(.checkpoints, of: [1, 2, 4, 8, 16, 32], looks: [1, 3, 4, 6]))
    #expect(abs(found - (4 + 8 + 32) / 3) < 1e-5)
    #expect(mean(.checkpoints, of: [1, 2], looks: []) == nil)
  }

  @Test("a run says what its average changed, and goes on after an interruption to the same bytes")
  func run() throws {
    let folder = try TemporaryFolder()
    func make() throws -> FineTuningRun {
      var run = try RunTests().run { $0.settings.average = .exponential(decay: 0.5) }
      (run.settings.frozen, run.settings.steps) = ("conv,projection,hidden.0-5", 3)
      run.settings.rate = LearningRate(peak: 1e-2)
      return run
    }
    let whole = try make().finished(in: folder.path + "/a")
    let averaging = try #require(whole.averaging)
    #expect(averaging.method.contains("0.5"))
    let difference = try #require(averaging.difference)
    #expect(abs(whole.after.errors.value - averaging.without.value - difference.value) < 1e-9)
    var stopped = try make()
    stopped.settings.seed = 0
    let steps = Steps()
    stopped.onStep = { _, entry, _ in steps.add(entry.step) }
    stopped.isCancelled = { steps.last >= 2 }
    #expect(throws: FineTuningError.interrupted(step: 2)) { try stopped.finished(in: folder.path + "/b") }
    #expect(try make().finished(in: folder.path + "/b") == whole)
    func bytes(_ name: String) throws -> Data {
      try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)/model/model.safetensors"))
    }
    #expect(try bytes("a") == bytes("b"))
  }

  @Test("a decay that is none is refused")
  func refused() {
    for decay in [0, 1, -1, Double.nan] {
      var settings = TrainingSettings()
      settings.average = .exponential(decay: decay)
      #expect(throws: FineTuningError.self) { try settings.check() }
    }
  }
}

/// The steps that were seen, told from one thread to another.
private final class Steps: @unchecked Sendable {
  private let lock = NSLock()
  private var value = 0
  var last: Int { lock.withLock { value } }
  func add(_ step: Int) { lock.withLock { value = step } }
}
