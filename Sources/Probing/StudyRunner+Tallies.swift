import Results
import Tensors

/// Puts together what the folds gave.
extension StudyRunner {
  /// What a tally of this study holds.
  var layout: ClusterCounts.Layout {
    if let numbers = study.targeted.numbers { return .outputs(numbers.columns) }
    return study.targeted.boundaries == nil || design.classes.count != 2
      ? .classes(design.classes.count) : .boundaries
  }

  func gather(_ outcomes: [FoldOutcome], isLeftOut: [Bool]? = nil) -> LayerPredictions {
    let examples = study.examples.items.count
    var guesses = [Prediction?](repeating: nil, count: design.isRegression ? 0 : examples)
    var deviations = [DeviationAnalyser.Deviation?](
      repeating: nil, count: design.isRegression ? examples : 0)
    for (fold, outcome) in zip(design.folds, outcomes) {
      for (place, row) in fold.test.enumerated() where isLeftOut?[row] != true {
        switch outcome.answers {
        case .classes(let answers): guesses[row] = answers[place]
        case .numbers(let numbers):
          deviations[row] = deviationAnalyser?.deviation(
            row: row, guess: (0..<numbers.columns).map { numbers[place, $0] })
        }
      }
    }
    let groups = outcomes.map(\.refits.count).min() ?? 0
    return LayerPredictions(
      tally: tally(outcomes.map(\.answers), isLeftOut: isLeftOut),
      refits: (0..<groups).map { group in tally(outcomes.map { $0.refits[group] }) },
      control: controlCounts(outcomes), penalties: outcomes.map(\.penalty),
      trials: outcomes.map(\.trials), unconverged: outcomes.count { !$0.isConverged }, guesses: guesses,
      deviations: deviations)
  }

  private func tally(_ answers: [Answers], isLeftOut: [Bool]? = nil) -> ClusterCounts {
    var tally = ClusterCounts(clusters: clusters.count, layout)
    for (fold, answers) in zip(design.folds, answers) {
      switch answers {
      case .numbers(let numbers): add(numbers, fold, to: &tally, isLeftOut: isLeftOut)
      case .classes(let guesses):
        for (row, guess) in zip(fold.test, guesses) where isLeftOut?[row] != true {
          tally.add(
            cluster: clusters.ofRow[row], truth: design.labels[row], prediction: guess.label,
            logProbability: guess.logProbability)
        }
        addBoundaries(guesses.map { $0.label == 0 }, fold, to: &tally)
      }
    }
    return tally
  }

  /// Nil where no fold has a control task.
  private func controlCounts(_ outcomes: [FoldOutcome]) -> ControlCounts? {
    guard outcomes.contains(where: { $0.controlHits != nil }) else { return nil }
    var counts = ControlCounts(
      clusters: clusters.count, folds: design.folds.count, draws: controlDraws)
    for (index, outcome) in outcomes.enumerated() {
      guard let hits = outcome.controlHits, case .classes(let guesses) = outcome.answers else { continue }
      for (place, row) in design.folds[index].test.enumerated() {
        let own = hits.compactMap { $0[place] }
        guard own.count == hits.count else { continue }
        let cluster = clusters.ofRow[row]
        counts.seen[cluster, index] += 1
        if guesses[place].label == design.labels[row] { counts.right[cluster, index] += 1 }
        for (draw, isHit) in own.enumerated() where isHit {
          counts.hits[cluster, index * controlDraws + draw] += 1
        }
      }
    }
    return counts
  }

  /// Outputs around their mean, so that their squares lose no digits.
  func add(
    _ numbers: Matrix, _ fold: StudyDesign.Rows, to tally: inout ClusterCounts, isLeftOut: [Bool]? = nil
  ) {
    guard let truth = study.targeted.numbers else { return }
    for (place, row) in fold.test.enumerated() where isLeftOut?[row] != true {
      tally.add(
        cluster: clusters.ofRow[row],
        truth: targetMeans.indices.map { truth[row, $0] - targetMeans[$0] },
        prediction: targetMeans.indices.map { numbers[place, $0] - targetMeans[$0] })
    }
  }

  /// Of a boundary probe, the boundaries that the test rows' frames detect and those that there are, utterance by
  /// utterance.
  func addBoundaries(_ isBoundary: [Bool], _ fold: StudyDesign.Rows, to tally: inout ClusterCounts) {
    guard layout == .boundaries, let boundaries = study.targeted.boundaries else { return }
    let items = study.examples.items
    let places = Dictionary(grouping: fold.test.indices) { items[fold.test[$0]].utterance }
    for (utterance, places) in places.sorted(by: { $0.key < $1.key }) {
      let frames = places.map { place in
        let item = items[fold.test[place]]
        return (time: (item.start + item.end) / 2, isBoundary: isBoundary[place])
      }.sorted { $0.time < $1.time }
      guard let first = frames.first, let last = frames.last else { continue }
      let covered = (first.time - FrameSpans.tolerance)...(last.time + FrameSpans.tolerance)
      tally.add(
        cluster: clusters.ofRow[fold.test[places[0]]],
        boundaries: BoundaryCounts(
          true: boundaries[utterance].filter(covered.contains), detected: FrameSpans.detected(frames),
          tolerance: FrameSpans.tolerance + 1e-9))
    }
  }
}
