import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

/// Losses and their gradients against PyTorch's (`scripts/finetune-fixtures.py`).
@Suite("Losses") struct LossTests {
  struct Case: Decodable {
    var kind: String
    var target: [Int]?
    var weights: [Double]?
    var smoothing: Double?
    var labels: [Int]?
    /// JSON has no infinity: Python writes it as one all the same.
    var loss: Double
  }

  private func cases(_ kind: String) throws -> [Case] {
    let text = try String(contentsOfFile: resource("losses.json"), encoding: .utf8)
      .replacingOccurrences(of: "Infinity", with: "-1")
    return try JSONDecoder().decode([Case].self, from: Data(text.utf8)).filter { $0.kind == kind }
  }

  @Test("CTC is PyTorch's, also of an empty target and of repeated symbols")
  func ctc() throws {
    let reference = try Checkpoint.open(resource("losses.safetensors"))
    let cases = try cases("ctc")
    #expect(cases.count == 7)
    for (number, known) in cases.enumerated() {
      let logits = try reference.tensor("ctc.\(number).logits")
      let result = CTCLoss()(logits, target: known.target ?? [])
      guard known.loss >= 0 else {
        #expect(result == nil, "case \(number) has too few frames")
        continue
      }
      let found = try #require(result)
      #expect(abs(found.loss - known.loss) < 1e-6 * max(1, known.loss))
      #expect(relativeError(found.gradient, try reference.tensor("ctc.\(number).gradient")) < 1e-5)
    }
  }

  @Test("CTC's probability of all targets of up to two symbols sums to one over two frames")
  func total() throws {
    let logits = Tensor([0.3, -1, 2, 0.1, 0.7, -0.2], shape: [2, 3])
    let targets = [[], [1], [2], [1, 2], [2, 1], [1, 1], [2, 2]]
    let sum = targets.compactMap { CTCLoss()(logits, target: $0) }.reduce(0) { $0 + exp(-$1.loss) }
    #expect(abs(sum - 1) < 1e-12)
  }

  @Test("CTC's gradient is that of finite differences, and sums to zero in each frame")
  func differences() throws {
    let logits = Tensor((0..<30).map { Float(sin(1.7 * Double($0))) }, shape: [6, 5])
    let ctc = CTCLoss(blank: 4)
    let target = [0, 0, 3]
    let result = try #require(ctc(logits, target: target))
    let step: Float = 1e-2
    for index in 0..<logits.count {
      var (up, down) = (logits, logits)
      up.withUnsafeMutableBuffer { $0[index] += step }
      down.withUnsafeMutableBuffer { $0[index] -= step }
      let slope =
        (try #require(ctc(up, target: target)).loss - (try #require(ctc(down, target: target)).loss))
        / Double(2 * step)
      #expect(abs(slope - Double(result.gradient.values[index])) < 1e-4)
    }
    for row in 0..<6 { #expect(abs(result.gradient[row: row].reduce(0, +)) < 1e-6) }
  }

  @Test("too few frames for a target are refused by name")
  func tooShort() throws {
    #expect(CTCLoss.neededFrames([1, 1, 2]) == 4)
    #expect(throws: FineTuningError.tooFewFrames(utterance: "anna_01", frames: 3, needed: 4)) {
      try TaskLoss()(Tensor(shape: [3, 4]), .symbols([1, 1, 2]), of: "anna_01")
    }
  }

  @Test("cross-entropy with weights and smoothing is PyTorch's")
  func entropy() throws {
    let reference = try Checkpoint.open(resource("losses.safetensors"))
    let cases = try cases("entropy")
    #expect(cases.count == 4)
    for (number, known) in cases.enumerated() {
      let logits = try reference.tensor("entropy.\(number).logits")
      let labels = (known.labels ?? []).map { $0 < 0 ? nil : $0 }
      let entropy = CrossEntropy(classWeights: known.weights, smoothing: known.smoothing ?? 0)
      let result = entropy(logits, labels: labels)
      #expect(abs(result.loss / result.weight - known.loss) < 1e-6)
      var mean = result.gradient
      mean.withUnsafeMutableBuffer { for index in $0.indices { $0[index] /= Float(result.weight) } }
      #expect(relativeError(mean, try reference.tensor("entropy.\(number).gradient")) < 1e-5)
    }
  }
}
