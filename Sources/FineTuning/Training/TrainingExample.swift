import Foundations

/// One utterance that is learned from or tested on.
public struct TrainingExample: Sendable {
  public let id: String
  public let speaker: String
  public let seconds: Double
  public let target: TrainingTarget
  /// Its sound as the model takes it in; read when it is needed.
  let samples: @Sendable () throws -> [Float]

  public init(
    id: String, speaker: String, seconds: Double = 0, target: TrainingTarget,
    samples: @escaping @Sendable () throws -> [Float]
  ) {
    self.id = id
    self.speaker = speaker
    self.seconds = seconds
    self.target = target
    self.samples = samples
  }
}

/// Which utterances each step learns from: every one once in each pass over all, in an order that the seed and the number
/// of the pass decide.
struct BatchOrder: Sendable {
  let count: Int
  let batch: Int
  let seed: UInt64

  private var batches: Int { (count + batch - 1) / batch }

  /// The utterances of batch `number`, counted over all passes.
  subscript(number: Int) -> [Int] {
    var random = RandomNumbers(seed: seed, stream: "pass \(number / batches)")
    let start = number % batches * batch
    return Array(random.permutation(count)[start..<min(count, start + batch)])
  }

  /// Passes over all utterances that so many batches are.
  func passes(_ number: Int) -> Double { Double(number) / Double(batches) }
}
