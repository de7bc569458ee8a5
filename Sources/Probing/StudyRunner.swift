import Activations
import Foundations
import Results
import Synchronization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs the fits of a study: every set of states in every fold, shared out over threads.
struct StudyRunner: Sendable {
  let design: StudyDesign
  let clusters: ResamplingUnits
  let study: ProbeStudy
  private let threads: Int
  private let isCancelled: @Sendable () -> Bool
  private let counter: ProgressCounter
  private let probe: any TunedProbe
  private let regression: TunedRegression
  private let control: ControlTask?
  /// Of a regression's outputs, over all examples that have them.
  let targetMeans: [Double]
  /// Of a regression.
  let deviationAnalyser: DeviationAnalyser?
  /// What a probe can read off spans without hearing anything: durations first.
  let plainFeatures: [SpanStatistics]

  init(
    study: ProbeStudy, design: StudyDesign, clusters: ResamplingUnits, threads: Int,
    progress: @escaping @Sendable (Int, Int) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    self.study = study
    self.design = design
    self.clusters = clusters
    self.threads = max(1, threads)
    self.isCancelled = isCancelled
    counter = ProgressCounter(report: progress)
    let spec = study.spec
    let search = PenaltySearch(
      spec.search, penalties: spec.penalties, trials: spec.trials, seed: study.seed)
    var softmax = try TunedSoftmaxProbe(penalties: spec.penalties)
    softmax.isBalanced = spec.isBalanced
    (softmax.method, softmax.trialCount, softmax.seed) = (spec.search, spec.trials, study.seed)
    probe =
      switch study.spec.kind {
      case .softmax: softmax
      case .ridge: TunedLinearProbe(.ridge, search: search)
      case .lda: TunedLinearProbe(.lda, search: search)
      }
    regression = TunedRegression(search: search)
    deviationAnalyser = DeviationAnalyser(study.targeted, design: design)
    targetMeans =
      study.targeted.numbers.map { numbers in
        let rows = design.labels.indices.filter { design.labels[$0] >= 0 }
        return (0..<numbers.columns).map { k in
          rows.reduce(0.0) { $0 + numbers[$1, k] } / Double(max(1, rows.count))
        }
      } ?? []
    plainFeatures = [.durations(of: study.examples)] + study.targeted.contents
    control =
      study.spec.control && !study.spec.target.isOfFrames && design.hasMoreTypesThanClasses(study.examples)
      ? ControlTask(
        types: study.examples.types.count, counts: design.counts, seed: study.seed,
        stream: study.spec.name)
      : nil
  }

  /// What the folds gave for one set of states.
  struct LayerPredictions: Sendable {
    var tally: ClusterCounts
    /// A row for each cluster, of the examples whose type was seen in training: how many there are, how many
    /// were right, and how many of the control task were right. Nil without a control task.
    var selectivity: Matrix?
    /// The penalty chosen in each fold.
    var penalties: [Double]
    /// What was tried in each fold.
    var trials: [[PenaltySearch.Trial]]
    var unconverged: Int
    /// Of each example, nil for one that was not tested; none of a regression.
    var guesses: [Prediction?]
    /// Of each example, nil for one that was not tested; of a regression only.
    var deviations: [DeviationAnalyser.Deviation?]
  }

  /// Everything that was measured; nil where a layer has no states.
  struct FitResults: Sendable {
    var layers: [String: LayerPredictions] = [:]
    /// Of each twin, by layer.
    var twins: [[String: LayerPredictions]] = []
    var mel: LayerPredictions?
    /// In the order of `plainFeatures`.
    var plain: [LayerPredictions] = []
    /// Layers whose states cannot be used, and why.
    var refused: [String: String] = [:]
  }

  func measure(_ layers: [Layer]) throws -> FitResults {
    let names = layers.map(\.name).filter(study.examples.layers.contains)
    let baseline = study.examples.baseline
    let sets =
      names.count + (baseline == nil ? 0 : 1) + plainFeatures.count
      + study.twins.reduce(0) { sum, twin in sum + names.count(where: twin.layers.contains) }
    counter.expect(sets * design.folds.count)

    var everything = FitResults(twins: study.twins.map { _ in [:] })
    everything.plain = try measure(
      plainFeatures.map(\.states), hasControl: plainFeatures.map { _ in false })
    if let baseline {
      everything.mel = try measure([study.examples.states(of: baseline)], hasControl: [false]).first
    }
    // A layer at a time: its states, which may lie in files, are in memory only for so long.
    for name in names {
      let own = try study.examples.states(of: name)
      do {
        try own.requireFinite()
      } catch {
        everything.refused[name] = "\(error)"
        continue
      }
      let twins = study.twins.indices.filter { study.twins[$0].layers.contains(name) }
      let states = [own] + (try twins.map { try study.twins[$0].states(of: name) })
      let measured = try measure(states, hasControl: states.indices.map { $0 == 0 && control != nil })
      everything.layers[name] = measured[0]
      for (place, twin) in twins.enumerated() {
        everything.twins[twin][name] = measured[place + 1]
        // A twin's mistakes are not looked at.
        everything.twins[twin][name]?.guesses = []
        everything.twins[twin][name]?.deviations = []
      }
    }
    return everything
  }

  /// The probe on a layer with every label in training exchanged at random for another's, whose penalty is
  /// chosen on labels as random.
  func shuffledNull(of layer: String) throws -> LayerPredictions {
    let states = try study.examples.states(of: layer)
    let outcomes = try parallelMap(design.folds.count, threads: threads) { index in
      let fold = design.folds[index]
      var numbers = RandomNumbers(seed: study.seed, stream: "shuffled labels \(study.spec.name) \(index)")
      var labels = design.labels
      var targets = study.targeted.numbers
      for (row, other) in zip(fold.outer, numbers.shuffled(fold.outer)) {
        labels[row] = design.labels[other]
        if let own = study.targeted.numbers {
          for k in 0..<own.columns { targets?[row, k] = own[other, k] }
        }
      }
      return try fitAndPredict(states, labels: labels, targets: targets, fold, hasControl: false)
    }
    return gather(outcomes)
  }

  /// Each set of states `[items × width]` through all folds.
  private func measure(_ states: [Tensor], hasControl: [Bool]) throws -> [LayerPredictions] {
    let folds = design.folds.count
    let outcomes = try parallelMap(states.count * folds, threads: threads) { job in
      let outcome = try fitAndPredict(
        states[job / folds], labels: design.labels, targets: study.targeted.numbers,
        design.folds[job % folds],
        hasControl: hasControl[job / folds])
      counter.advance()
      return outcome
    }
    return states.indices.map { gather(Array(outcomes[($0 * folds)..<(($0 + 1) * folds)])) }
  }

  struct FoldOutcome: Sendable {
    var penalty: Double
    var trials: [PenaltySearch.Trial]
    var isConverged: Bool
    /// For the fold's test rows.
    var guesses: [Prediction] = []
    /// A regression's, `[test rows × outputs]`.
    var numbers: Matrix?
    /// Whether the control task's random class was recognised, of each test row whose type was in training.
    var controlHits: [Bool?]?
  }

  private func fitAndPredict(
    _ states: Tensor, labels: [Int], targets: Matrix?, _ fold: StudyDesign.Rows, hasControl: Bool
  ) throws -> FoldOutcome {
    guard !isCancelled() else { throw ProbeError.interrupted }
    if let targets {
      let (fitted, trials) = try regression.fit(
        states, targets: targets, train: fold.train, development: fold.development, outer: fold.outer)
      return FoldOutcome(
        penalty: fitted.penalty, trials: trials, isConverged: true,
        numbers: try fitted.predictions(states, rows: fold.test))
    }
    let data = ProbeInput(states: states, labels: labels, classCount: design.classes.count)
    let (fitted, trials) = try probe.fit(
      data, train: fold.train, development: fold.development, outer: fold.outer)
    return FoldOutcome(
      penalty: fitted.penalty, trials: trials, isConverged: fitted.isConverged,
      guesses: try fitted.guesses(
        states, rows: fold.test, labels: fold.test.map { design.labels[$0] }),
      controlHits: hasControl ? try controlHits(states, fold, penalty: fitted.penalty) : nil)
  }

  /// The control task at the penalty of the true one; nil where it has one class only.
  private func controlHits(
    _ states: Tensor, _ fold: StudyDesign.Rows, penalty: Double
  ) throws -> [Bool?]? {
    guard let control else { return nil }
    func label(_ row: Int) -> Int { control.classOfType[study.examples.items[row].type] }
    guard Set(fold.outer.map(label)).count > 1 else { return nil }
    let seen = Set(fold.outer.map { study.examples.items[$0].type })
    let data = ProbeInput(
      states: states, labels: states.rowIndices.map(label), classCount: design.classes.count)
    let fitted = try probe.fit(data, rows: fold.outer, penalty: penalty)
    let guesses = try fitted.guesses(states, rows: fold.test, labels: nil)
    return zip(fold.test, guesses).map { row, guess in
      seen.contains(study.examples.items[row].type) ? guess.label == label(row) : nil
    }
  }
}

extension Tensor {
  fileprivate var rowIndices: Range<Int> { 0..<rows }
}

/// Counts finished fits and reports them one at a time.
private final class ProgressCounter: Sendable {
  private let state = Mutex((done: 0, total: 0))
  private let report: @Sendable (Int, Int) -> Void

  init(report: @escaping @Sendable (Int, Int) -> Void) { self.report = report }

  func expect(_ total: Int) { state.withLock { $0.total = total } }

  func advance() {
    state.withLock {
      $0.done += 1
      report($0.done, $0.total)
    }
  }
}
