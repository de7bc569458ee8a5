import Tensors

/// A loss as a sum and what it is divided by, so that means over batches are exact.
struct LossSum: Sendable, Equatable {
  var sum = 0.0
  var weight = 0.0

  var mean: Double { weight > 0 ? sum / weight : .nan }

  static func + (a: LossSum, b: LossSum) -> LossSum {
    LossSum(sum: a.sum + b.sum, weight: a.weight + b.weight)
  }
}

/// What a task's output is held against.
///
/// Of CTC each utterance's loss is divided by the length of its target, and utterances count alike (PyTorch's
/// `reduction="mean"`).
struct TaskLoss: Sendable {
  var blank = 0
  var entropy = CrossEntropy()

  /// What `callAsFunction` would divide by.
  func weight(of target: TrainingTarget) -> Double {
    switch target {
    case .symbols: 1
    case .frames(let labels): entropy.weight(of: labels)
    case .utterance(let label): entropy.weight(of: [label])
    }
  }

  /// - Returns: The loss and the gradient of its sum by the logits.
  /// - Throws: `FineTuningError.tooFewFrames`.
  func callAsFunction(
    _ logits: Tensor, _ target: TrainingTarget, of utterance: String
  ) throws -> (loss: LossSum, gradient: Tensor) {
    switch target {
    case .symbols(let symbols):
      guard var result = CTCLoss(blank: blank)(logits, target: symbols).map({ ($0.loss, $0.gradient) })
      else {
        throw FineTuningError.tooFewFrames(
          utterance: utterance, frames: logits.rows, needed: CTCLoss.neededFrames(symbols))
      }
      let length = Float(max(1, symbols.count))
      result.1.withUnsafeMutableBuffer { for index in $0.indices { $0[index] /= length } }
      return (LossSum(sum: result.0 / Double(length), weight: 1), result.1)
    case .frames(let labels):
      let result = entropy(logits, labels: labels.fitted(to: logits.rows))
      return (LossSum(sum: result.loss, weight: result.weight), result.gradient)
    case .utterance(let label):
      let result = entropy(logits, labels: [label])
      return (LossSum(sum: result.loss, weight: result.weight), result.gradient)
    }
  }
}

extension [Int?] {
  /// As many as there are frames: none beyond the labels, none beyond the frames.
  func fitted(to count: Int) -> [Int?] {
    self.count >= count ? Array(prefix(count)) : self + Array(repeating: nil, count: count - self.count)
  }
}
