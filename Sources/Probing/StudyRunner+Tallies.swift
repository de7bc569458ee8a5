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

  func gather(_ outcomes: [FoldOutcome]) -> LayerPredictions {
    var tally = ClusterCounts(clusters: clusters.count, layout)
    var selectivity = Matrix(rows: clusters.count, columns: 3)
    var hasControl = false
    let examples = study.examples.items.count
    var guesses = [Prediction?](repeating: nil, count: design.isRegression ? 0 : examples)
    var deviations = [DeviationAnalyser.Deviation?](
      repeating: nil, count: design.isRegression ? examples : 0)
    for (fold, outcome) in zip(design.folds, outcomes) {
      if let numbers = outcome.numbers {
        add(numbers, fold, to: &tally)
        for (place, row) in fold.test.enumerated() {
          deviations[row] = deviationAnalyser?.deviation(
            row: row, guess: (0..<numbers.columns).map { numbers[place, $0] })
        }
        continue
      }
      for (place, row) in fold.test.enumerated() {
        let (cluster, truth, guess) = (clusters.ofRow[row], design.labels[row], outcome.guesses[place])
        guesses[row] = guess
        tally.add(
          cluster: cluster, truth: truth, prediction: guess.label, logProbability: guess.logProbability)
        guard let hit = outcome.controlHits?[place] else { continue }
        hasControl = true
        selectivity[cluster, 0] += 1
        if guess.label == truth { selectivity[cluster, 1] += 1 }
        if hit { selectivity[cluster, 2] += 1 }
      }
      addBoundaries(outcome.guesses.map { $0.label == 0 }, fold, to: &tally)
    }
    return LayerPredictions(
      tally: tally, selectivity: hasControl ? selectivity : nil, penalties: outcomes.map(\.penalty),
      trials: outcomes.map(\.trials),
      unconverged: outcomes.count { !$0.isConverged }, guesses: guesses, deviations: deviations)
  }

  /// Outputs around their mean, so that their squares lose no digits.
  func add(_ numbers: Matrix, _ fold: StudyDesign.Rows, to tally: inout ClusterCounts) {
    guard let truth = study.targeted.numbers else { return }
    for (place, row) in fold.test.enumerated() {
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
