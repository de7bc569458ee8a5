import Foundations

/// One utterance that is learned from or tested on.
public struct TrainingExample: Sendable {
  /// The utterance's name in the corpus.
  public let id: String
  /// Who speaks.
  public let speaker: String
  /// The length of the recording, in seconds.
  public let seconds: Double
  /// What the model is to give.
  public let target: TrainingTarget
  /// Its sound as the model takes it in, changed as a draw says, with what it is to give then; read when it is needed.
  private let read: @Sendable (Draw?) throws -> (samples: [Float], target: TrainingTarget)

  /// How a recording is changed: by what, and with which seed.
  struct Draw: Sendable {
    let augmenter: SoundAugmenter
    let seed: UInt64
  }

  /// An example of somebody else's data; `samples` gives its sound as the model takes it in, when it is needed.
  public init(
    id: String, speaker: String, seconds: Double = 0, target: TrainingTarget,
    samples: @escaping @Sendable () throws -> [Float]
  ) {
    self.id = id
    self.speaker = speaker
    self.seconds = seconds
    self.target = target
    read = { _ in (try samples(), target) }
  }

  init(
    id: String, speaker: String, seconds: Double, target: TrainingTarget,
    read: @escaping @Sendable (Draw?) throws -> (samples: [Float], target: TrainingTarget)
  ) {
    (self.id, self.speaker, self.seconds, self.target, self.read) = (id, speaker, seconds, target, read)
  }

  /// The sound as it was recorded.
  func samples() throws -> [Float] { try read(nil).samples }

  func drawn(_ draw: Draw?) throws -> (samples: [Float], target: TrainingTarget) { try read(draw) }
}

/// Which utterances each step learns from: every one once in each pass over all, in an order that the seed and the number
/// of the pass decide; or, where their `classes` are given, each class as often as any other.
struct BatchOrder: Sendable {
  let count: Int
  let batch: Int
  let seed: UInt64
  var classes: [Int]?

  private var batches: Int { (count + batch - 1) / batch }

  /// The utterances of batch `number`, counted over all passes.
  subscript(number: Int) -> [Int] {
    var random = RandomNumbers(seed: seed, stream: "pass \(number / batches)")
    let start = number % batches * batch
    let order = classes.map { Self.balanced($0, &random) } ?? random.permutation(count)
    return Array(order[start..<min(count, start + batch)])
  }

  /// As many places as there are, the classes in turn, each time in another order; of a class each place once before one
  /// comes again.
  private static func balanced(_ classes: [Int], _ random: inout RandomNumbers) -> [Int] {
    let groups = Dictionary(grouping: classes.indices, by: { classes[$0] })
    var waiting = [[Int]](repeating: [], count: groups.count)
    let members = groups.keys.sorted().compactMap { groups[$0] }
    var (order, turn) = ([Int](), [Int]())
    while order.count < classes.count {
      if turn.isEmpty { turn = random.permutation(members.count) }
      let group = turn.removeLast()
      if waiting[group].isEmpty { waiting[group] = random.shuffled(members[group]) }
      order.append(waiting[group].removeLast())
    }
    return order
  }

  /// Passes over all utterances that so many batches are.
  func passes(_ number: Int) -> Double { Double(number) / Double(batches) }
}
