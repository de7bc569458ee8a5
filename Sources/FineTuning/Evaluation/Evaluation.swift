import Models
import Tensors

/// What a model's head gives for utterances, held against their targets.
struct Evaluation: Sendable {
  let model: TrainedModel
  /// Classes of a CTC head that stand for silence, left out of what it has found.
  let fillers: Set<Int>

  init(of model: TrainedModel, fillers: Set<Int> = []) {
    self.model = model
    self.fillers = fillers
  }

  /// Runs every utterance; their order, not the number of threads, decides the sums.
  func run(_ examples: [TrainingExample], threads: Int) throws -> EvaluationOutcome {
    let ready = try model.ready()
    let outcomes = try parallelMap(examples.count, threads: threads) { index in
      let example = examples[index]
      let logits = try ready.logits(example.samples())
      return try outcome(of: logits, example)
    }
    return EvaluationOutcome(task: model.head.task, classes: model.head.classes, utterances: outcomes)
  }

  /// Seconds by which a boundary may be off: 20 ms, or one frame where frames are longer.
  static func tolerance(of model: SpeechModel) -> Double {
    guard let timing = model.topTap?.timing else { return 0.02 }
    return max(0.02, Double(timing.strideSamples) / Double(timing.samplingRate))
  }

  private var toleranceFrames: Int {
    guard let timing = model.base.topTap?.timing else { return 1 }
    let stride = Double(timing.strideSamples) / Double(timing.samplingRate)
    return Int((Self.tolerance(of: model.base) / stride).rounded())
  }

  private func outcome(of logits: Tensor, _ example: TrainingExample) throws -> UtteranceOutcome {
    var outcome = UtteranceOutcome(id: example.id, speaker: example.speaker)
    switch example.target {
    case .symbols(let symbols):
      let ctc = CTCLoss(blank: model.loss.blank)
      outcome.found = ctc.decode(logits).filter { !fillers.contains($0) }
      outcome.reference = symbols
      outcome.alignment = Alignment(of: outcome.found, with: symbols)
      // A target that cannot be spelt in so few frames has no finite loss, and counts for none.
      if let result = ctc(logits, target: symbols) {
        outcome.loss = LossSum(sum: result.loss / Double(max(1, symbols.count)), weight: 1)
      }
    case .frames(let labels):
      let labels = labels.fitted(to: logits.rows)
      outcome.loss = try model.loss(logits, example.target, of: example.id).loss
      outcome.boundaries = BoundaryScores(
        labels: labels, found: bestClasses(logits), tolerance: toleranceFrames)
      outcome.pairs = zip(labels, bestClasses(logits)).compactMap { label, best in label.map { ($0, best) }
      }
    case .utterance(let label):
      outcome.loss = try model.loss(logits, example.target, of: example.id).loss
      outcome.pairs = [(label, bestClasses(logits)[0])]
    }
    return outcome
  }
}

/// One utterance's share.
struct UtteranceOutcome: Sendable {
  let id: String
  let speaker: String
  var loss = LossSum()
  /// What CTC's head has found.
  var found: [Int] = []
  var alignment = Alignment()
  /// What it should have found.
  var reference: [Int] = []
  var boundaries = BoundaryScores()
  /// True and found classes.
  var pairs: [(label: Int, found: Int)] = []

  /// Errors, and what they are divided by.
  var errors: (errors: Double, of: Double) {
    pairs.isEmpty
      ? (Double(alignment.errors), Double(alignment.reference))
      : (Double(pairs.count { $0.label != $0.found }), Double(pairs.count))
  }
}

struct EvaluationOutcome: Sendable {
  let task: TrainingTask
  let classes: Int
  let utterances: [UtteranceOutcome]

  /// The mean loss.
  var loss: Double { utterances.reduce(LossSum()) { $0 + $1.loss }.mean }

  /// Errors over the reference's symbols, or the share of wrong classes.
  var errors: Double {
    let sums = utterances.map(\.errors).reduce((0.0, 0.0)) { ($0.0 + $1.errors, $0.1 + $1.of) }
    return sums.1 > 0 ? sums.0 / sums.1 : .nan
  }

  var alignment: Alignment { utterances.map(\.alignment).reduce(Alignment(), +) }

  var boundaries: BoundaryScores { utterances.map(\.boundaries).reduce(BoundaryScores(), +) }

  /// How often each class was taken for each: `[true][found]`.
  var confusion: [[Int]] {
    var counts = Array(repeating: Array(repeating: 0, count: classes), count: classes)
    for pair in utterances.flatMap(\.pairs) { counts[pair.label][pair.found] += 1 }
    return counts
  }
}
