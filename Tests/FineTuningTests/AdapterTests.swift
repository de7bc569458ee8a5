import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

@Suite("Low-rank adapters") struct AdapterTests {
  @Test("change nothing at first, and merged weights are W + α/r·B·A")
  func merging() throws {
    let adapter = LowRankAdapter(rank: 2, alpha: 6, targets: ["q_proj"])
    let body = [
      "a.q_proj.weight": Tensor((0..<12).map { Float($0) }, shape: [3, 4]),
      "a.v_proj.weight": Tensor(shape: [3, 4]),
      "a.q_proj.bias": Tensor(shape: [3]),
    ]
    var factors = try adapter.factors(for: body, seed: 1)
    #expect(Set(factors.keys) == ["a.q_proj.lora_A.weight", "a.q_proj.lora_B.weight"])
    #expect(adapter.merged(body, factors)["a.q_proj.weight"] == body["a.q_proj.weight"])
    factors["a.q_proj.lora_A.weight"] = Tensor(repeating: 1, shape: [2, 4])
    factors["a.q_proj.lora_B.weight"] = Tensor([1, 0, 0, 1, 0, 0], shape: [3, 2])
    let merged = try #require(adapter.merged(body, factors)["a.q_proj.weight"]).values
    #expect(merged == [3, 4, 5, 6, 7, 8, 9, 10, 8, 9, 10, 11])
  }

  @Test("a target that there is not, and a rank beyond the weight's, are refused")
  func refusals() throws {
    let body = ["a.q_proj.weight": Tensor(shape: [3, 4])]
    #expect(throws: FineTuningError.self) {
      try LowRankAdapter(targets: ["none"]).factors(for: body, seed: 1)
    }
    #expect(throws: FineTuningError.self) {
      try LowRankAdapter(rank: 4, targets: ["q_proj"]).factors(for: body, seed: 1)
    }
  }

  @Test("train few parameters, and only these")
  func counts() throws {
    let (base, _) = try tinyModel("wav2vec2_base")
    let head = TaskHead(task: .ctc, classes: 5, width: 48)
    let model = try TrainedModel(base, head: head, loss: TaskLoss(), adapter: LowRankAdapter(rank: 4))
    // Three blocks, two layers each, of two factors of 4 · 48.
    #expect(model.counts.trained == 3 * 2 * 2 * 4 * 48 + 5 * 48 + 5)
    let whole = try TrainedModel(base, head: head, loss: TaskLoss(), freezing: "none")
    #expect(whole.counts.trained == whole.counts.all)
    let alone = try TrainedModel(base, head: head, loss: TaskLoss(), freezing: "all")
    #expect(alone.counts.trained == 5 * 48 + 5)
  }
}
