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
  let isCancelled: @Sendable () -> Bool
  let counter: ProgressCounter
  let probe: any TunedProbe
  let regression: TunedRegression
  let control: ControlTask?
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
    joint = study.hasJointBaseline ? try JointBaseline(study.targeted, study.spec) : nil
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
    /// Of each of `states`.
    let axes: [PrincipalAxes]
    var extras = Extras()
  }

  private func set(_ name: String, _ states: [Tensor], _ extras: Extras = Extras()) -> StateSet {
    StateSet(name: name, states: states, axes: states.map(axes), extras: extras)
  }

  func axes(of states: Tensor) -> PrincipalAxes { PrincipalAxes(of: states, rows: design.probedRows) }

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
      return zip(twins, states).map { set("twin \($0) \(layer)", [$1]) }
    }
    return states.isEmpty ? [] : [set("twins \(layer)", states)]
  }

  func measure(_ layers: [Layer]) throws -> FitResults {
    let names = layers.map(\.name).filter(study.examples.layers.contains)
    let baseline = study.examples.baseline
    let twinSetCount = names.map(twins).reduce(0) { $0 + (takeTurns($1) ? min(1, $1.count) : $1.count) }
    let sets =
      names.count + twinSetCount + (baseline == nil ? 0 : 1) + spanStatistics.count
      + (joint == nil ? 0 : 2) + (names.isEmpty ? 0 : 1)  // the peak with exchanged labels
    counter.expect(sets * design.folds.count)

    var everything = FitResults(twins: study.twins.map { _ in [:] })
    everything.statistics = try measure(
      spanStatistics.enumerated().map { set("plain \($0)", [$1.states], Extras(hasRefits: true)) })
    if let baseline {
      everything.mel = try measure([
        set("layer \(baseline)", [study.examples.states(of: baseline)], Extras(hasRefits: true))
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
        [set("layer \(name)", [own], extras)] + twinSets(of: name))
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
    let without = set("without outliers \(name)", [states], Extras(isLeftOut: found.isOutlier))
    let sets = try measure([without], isCounted: false)
    return (found.rows(of: study.examples), sets[0])
  }

  /// The probe on a layer with every label in training exchanged at random for another's, whose penalty is
  /// chosen on labels as random.
  func shuffledNull(of layer: String) throws -> LayerPredictions {
    let states = try study.examples.states(of: layer)
    let axes = axes(of: states)
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
      let outcome = try kept("shuffled \(layer) fold \(index)", testing: fold.test.count) {
        try fitAndPredict(states, on: axes, labels: labels, targets: targets, index, Extras())
      }
      counter.advance()
      return outcome
    }
    return gather(outcomes)
  }

  /// Each set of states `[items × width]` through all folds.
  private func measure(_ sets: [StateSet], isCounted: Bool = true) throws -> [LayerPredictions] {
    let folds = design.folds.count
    let outcomes = try parallelMap(sets.count * folds, threads: threads) { job in
      let (set, place) = (sets[job / folds], job % folds)
      let outcome = try kept("\(set.name) fold \(place)", testing: design.folds[place].test.count) {
        let own = place % set.states.count
        return try fitAndPredict(
          set.states[own], on: set.axes[own], labels: design.labels, targets: study.targeted.numbers, place,
          set.extras)
      }
      if isCounted { counter.advance() }
      return outcome
    }
    return sets.enumerated().map { index, set in
      gather(
        Array(outcomes[(index * folds)..<((index + 1) * folds)]), isLeftOut: set.extras.isLeftOut)
    }
  }
}

/// Counts finished fits and reports them one at a time.
final class ProgressCounter: Sendable {
  private let state = Mutex((done: 0, total: 0))
  private let report: @Sendable (Int, Int) -> Void

  init(report: @escaping @Sendable (Int, Int) -> Void) { self.report = report }

  func expect(_ more: Int) { state.withLock { $0.total += more } }

  func advance() {
    state.withLock {
      $0.done += 1
      report($0.done, $0.total)
    }
  }
}
