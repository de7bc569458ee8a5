import Activations
import Foundations
import Results
import Tensors

/// One fold of one set of states: the fit, its answers, and those of its control task and refits.
extension StudyRunner {
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

  func fitAndPredict(
    _ states: Tensor, on axes: PrincipalAxes, labels: [Int], targets: Matrix?, _ place: Int,
    _ extras: Extras
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
    let data = ProbeInput(
      states: states, labels: labels, classCount: design.classes.count, axes: axes)
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
