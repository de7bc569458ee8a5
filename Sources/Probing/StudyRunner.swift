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
  let threads: Int
  private let isCancelled: @Sendable () -> Bool
  let counter: ProgressCounter
  let probe: any TunedProbe
  let regression: TunedRegression
  private let control: ControlTask?
  /// Of a softmax probe's last fit: against fits to 1e-8, accuracies move by less than a tenth of a point.
  static let tolerance = 3e-4
  /// Of each fold.
  let controlDraws: Int
  /// Of a regression's outputs, over all examples that have them.
  let targetMeans: [Double]
  /// Of a regression.
  let deviationAnalyser: DeviationAnalyser?
  /// What a probe can read off spans without hearing anything: durations first.
  let spanStatistics: [SpanStatistics]
  let joint: JointBaseline?

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
    softmax.tolerance = Self.tolerance
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
    spanStatistics = [.durations(of: study.examples)] + study.targeted.contents
    joint = try JointBaseline(study)
    controlDraws = ControlTask.draws(inEachOf: design.folds.count)
    control =
      study.spec.control && !study.spec.target.isOfFrames && design.hasMoreTypesThanClasses(study.examples)
      ? ControlTask(
        labels: design.labels, types: study.examples.items.map(\.type),
        typeCount: study.examples.types.count, classCount: design.classes.count)
      : nil
  }

  /// What the folds gave for one set of states.
  struct LayerPredictions: Sendable {
    var tally: ClusterCounts
    /// The same without each group of clusters in training (`Bootstrap.groups`); empty where that was not asked for.
    var refits: [ClusterCounts] = []
    /// Nil without a control task.
    var control: ControlCounts?
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
    /// Of each twin, by layer; of all together where they take turns.
    var twins: [[String: LayerPredictions]] = []
    var mel: LayerPredictions?
    /// In the order of `spanStatistics`.
    var statistics: [LayerPredictions] = []
    /// Layers whose states cannot be used, and why.
    var refused: [String: String] = [:]
    /// By layer, rows that own everything else, and the probe without them.
    var outliers: [String: (rows: OutlierRows, without: LayerPredictions)] = [:]
  }

  /// What is asked for beside a set's own predictions.
  struct Extras: Sendable {
    var hasControl = false
    var hasRefits = false
    /// Rows that neither teach nor are tested.
    var isLeftOut: [Bool]?
  }

  /// States that the probe is fitted to in every fold. Where there are several they take turns over the folds.
  private struct StateSet: Sendable {
    /// Tells it from others where fits are kept.
    let name: String
    let states: [Tensor]
    var extras = Extras()
  }

  /// The twins take turns where there are folds enough for each to have two: three seeds in a third of the fits,
  /// and a span is still answered once, as the layer answers it.
  private func takeTurns(_ twins: [Int]) -> Bool { design.folds.count >= 2 * twins.count }

  private func twins(of layer: String) -> [Int] {
    study.twins.indices.filter { study.twins[$0].layers.contains(layer) }
  }

  private func twinSets(of layer: String) throws -> [StateSet] {
    let twins = twins(of: layer)
    let states = try twins.map { try study.twins[$0].states(of: layer) }
    guard takeTurns(twins) else {
      return zip(twins, states).map { StateSet(name: "twin \($0) \(layer)", states: [$1]) }
    }
    return states.isEmpty ? [] : [StateSet(name: "twins \(layer)", states: states)]
  }

  func measure(_ layers: [Layer]) throws -> FitResults {
    let names = layers.map(\.name).filter(study.examples.layers.contains)
    let baseline = study.examples.baseline
    let twinSetCount = names.map(twins).reduce(0) { $0 + (takeTurns($1) ? min(1, $1.count) : $1.count) }
    let sets =
      names.count + twinSetCount + (baseline == nil ? 0 : 1) + spanStatistics.count
      + (joint == nil ? 0 : 2)
    counter.expect(sets * design.folds.count)

    var everything = FitResults(twins: study.twins.map { _ in [:] })
    everything.statistics = try measure(
      spanStatistics.enumerated().map {
        StateSet(name: "plain \($0)", states: [$1.states], extras: Extras(hasRefits: true))
      })
    if let baseline {
      everything.mel = try measure([
        StateSet(
          name: "layer \(baseline)", states: [study.examples.states(of: baseline)],
          extras: Extras(hasRefits: true))
      ]).first
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
      let extras = Extras(hasControl: control != nil, hasRefits: true)
      let measured = try measure(
        [StateSet(name: "layer \(name)", states: [own], extras: extras)] + twinSets(of: name))
      everything.layers[name] = measured[0]
      for (twin, var predictions) in zip(twins(of: name), measured.dropFirst()) {
        // A twin's mistakes are not looked at.
        (predictions.guesses, predictions.deviations) = ([], [])
        everything.twins[twin][name] = predictions
      }
      everything.outliers[name] = try withoutOutliers(own, name)
    }
    return everything
  }

  /// Nil where no row is one.
  private func withoutOutliers(
    _ states: Tensor, _ name: String
  ) throws -> (rows: OutlierRows, without: LayerPredictions)? {
    guard let found = OutlierFinder(states, rows: design.probedRows) else { return nil }
    let without = StateSet(
      name: "without outliers \(name)", states: [states], extras: Extras(isLeftOut: found.isOutlier))
    let sets = try measure([without], isCounted: false)
    return (found.rows(of: study.examples), sets[0])
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
      for (row, place) in zip(fold.outer, numbers.permutation(fold.outer.count)) {
        let other = fold.outer[place]
        labels[row] = design.labels[other]
        if let own = study.targeted.numbers {
          for k in 0..<own.columns { targets?[row, k] = own[other, k] }
        }
      }
      return try kept("shuffled \(layer) fold \(index)", testing: fold.test.count) {
        try fitAndPredict(states, labels: labels, targets: targets, index, Extras())
      }
    }
    return gather(outcomes)
  }

  /// Each set of states `[items × width]` through all folds.
  private func measure(_ sets: [StateSet], isCounted: Bool = true) throws -> [LayerPredictions] {
    let folds = design.folds.count
    let outcomes = try parallelMap(sets.count * folds, threads: threads) { job in
      let (set, place) = (sets[job / folds], job % folds)
      let outcome = try kept("\(set.name) fold \(place)", testing: design.folds[place].test.count) {
        try fitAndPredict(
          set.states[place % set.states.count], labels: design.labels, targets: study.targeted.numbers,
          place, set.extras)
      }
      if isCounted { counter.advance() }
      return outcome
    }
    return sets.enumerated().map { index, set in
      gather(
        Array(outcomes[(index * folds)..<((index + 1) * folds)]), isLeftOut: set.extras.isLeftOut)
    }
  }

  func requireGoingOn() throws(ProbeError) { if isCancelled() { throw .interrupted } }

  struct FoldOutcome: Sendable {
    var penalty: Double
    var trials: [PenaltySearch.Trial]
    var isConverged: Bool
    /// For the fold's test rows.
    var answers: Answers
    /// Of each draw whether the control task's class was recognised, of each test row whose type was in training.
    var controlHits: [[Bool?]]?
    /// For each group of clusters, the answers of a fit without it; empty where that was not asked for.
    var refits: [Answers] = []
  }

  /// Of the test rows of a fold.
  enum Answers: Sendable {
    case classes([Prediction])
    /// A regression's, `[test rows × outputs]`.
    case numbers(Matrix)
  }

  private func fitAndPredict(
    _ states: Tensor, labels: [Int], targets: Matrix?, _ place: Int, _ extras: Extras
  ) throws -> FoldOutcome {
    try requireGoingOn()
    let fold = design.folds[place]
    func kept(_ rows: [Int]) -> [Int] {
      extras.isLeftOut.map { isOut in rows.filter { !isOut[$0] } } ?? rows
    }
    let rows = FoldRows(
      train: kept(fold.train), development: kept(fold.development), outer: kept(fold.outer))
    if let targets {
      let fit = try regression.fit(states, targets: targets, rows)
      return try outcome(fit, states, fold, extras)
    }
    let data = ProbeInput(states: states, labels: labels, classCount: design.classes.count)
    let fit = try probe.fit(data, rows)
    var outcome = try outcome(fit, states, fold, extras)
    if extras.hasControl { outcome.controlHits = try controlHits(states, place, fit) }
    return outcome
  }

  func outcome(
    _ fit: TunedRegression.Fold, _ states: Tensor, _ fold: StudyDesign.Rows, _ extras: Extras
  ) throws -> FoldOutcome {
    let answers = try fit.fitted.predictions(states, rows: fold.test)
    return FoldOutcome(
      penalty: fit.penalty, trials: fit.trials, isConverged: true, answers: .numbers(answers),
      refits: try extras.hasRefits
        ? refits(fold, .numbers(answers)) { isLeftOut in
          try fit.without(isLeftOut).map { .numbers(try $0.predictions(states, rows: fold.test)) }
        } : [])
  }

  func outcome(
    _ fit: any FoldFit, _ states: Tensor, _ fold: StudyDesign.Rows, _ extras: Extras
  ) throws -> FoldOutcome {
    let truth = fold.test.map { design.labels[$0] }
    let answers = try fit.probe.guesses(states, rows: fold.test, labels: truth)
    return FoldOutcome(
      penalty: fit.probe.penalty, trials: fit.trials, isConverged: fit.probe.isConverged,
      answers: .classes(answers),
      refits: try extras.hasRefits
        ? refits(fold, .classes(answers)) { isLeftOut in
          try fit.without(isLeftOut).map {
            .classes(try $0.guesses(states, rows: fold.test, labels: truth))
          }
        } : [])
  }

  /// What fits without each group of clusters answer; the fit's own answers where the group has nothing to teach here.
  ///
  /// Classes that would be left without an example keep theirs: their absence is no chance of a training set's, but a
  /// matter of what is probed.
  private func refits(
    _ fold: StudyDesign.Rows, _ own: Answers, _ answers: ([Bool]) throws -> Answers?
  ) throws -> [Answers] {
    try (0..<Bootstrap.groups).map { group in
      var left = [Int](repeating: 0, count: design.classes.count)
      for row in fold.outer where clusters.groupOfRow[row] != group { left[design.labels[row]] += 1 }
      let isLeftOut = fold.outer.map { clusters.groupOfRow[$0] == group && left[design.labels[$0]] > 0 }
      guard isLeftOut.contains(true) else { return own }
      return try answers(isLeftOut) ?? own
    }
  }

  /// The control task at the penalty of the true one, in draws of the fold's own; nil where it has one class only.
  private func controlHits(_ states: Tensor, _ place: Int, _ fit: any FoldFit) throws -> [[Bool?]]? {
    guard let control else { return nil }
    let fold = design.folds[place]
    let seen = Set(fold.outer.map { study.examples.items[$0].type })
    func type(_ row: Int) -> Int { study.examples.items[row].type }
    var numbers = RandomNumbers(seed: study.seed, stream: "control task \(study.spec.name) \(place)")
    return try (0..<controlDraws).map { _ in
      let classOfType = control.classOfType(using: &numbers)
      let labels = fold.outer.map { classOfType[type($0)] }
      guard Set(labels).count > 1 else { return fold.test.map { _ in nil } }
      let guesses = try fit.relabelled(labels).guesses(states, rows: fold.test, labels: nil)
      return zip(fold.test, guesses).map { row, guess in
        seen.contains(type(row)) ? guess.label == classOfType[type(row)] : nil
      }
    }
  }
}

/// Counts finished fits and reports them one at a time.
final class ProgressCounter: Sendable {
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
