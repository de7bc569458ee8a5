import Activations
import Probing
import Tensors

/// Whether a level can be read off a layer, and whether the layer adds to what is simpler: what a study's verdicts ask,
/// by the readers of interventions.
extension InterventionSetting {
  /// What readers of everything simpler and of a layer together get right, by utterance of the corpus; nil where the layer
  /// has no vectors of the level or nothing simpler is read.
  func rightBesideBaseline(of index: Int, _ layer: String) throws -> [Double]? {
    let plan = plans[index]
    guard let baseline = plan.baseline, plan.examples.layers.contains(layer) else { return nil }
    try study.requireGoingOn()
    return try plan.right(
      readingOff: JointBaseline.joined([baseline.states, plan.examples.states(of: layer)]), threads: threads
    )
  }
}

extension ConceptPlan {
  /// The tested spans of each utterance that readers of `states` `[examples × width]` get right, each by a reader that has
  /// not seen it.
  func right(readingOff states: Tensor, threads: Int = 1) throws -> [Double] {
    let sums = sums(width: states.width) { utterance in
      (states.selectingRows(spans[utterance].map(\.row)), spans[utterance])
    }
    let readers = try LayerReaders(self, sums: sums, threads: threads)
    return try spans.indices.map { utterance in
      let tested = testedSpans(utterance)
      return try readers.right(
        states.selectingRows(tested.map(\.row)), tested, fold: testFold[utterance])
    }
  }

  /// The tested spans of each utterance that have the class that is commonest where their fold learns.
  var rightByMajority: [Double] {
    let commonest = (0..<foldCount).map { fold -> Int in
      let learned = Set(trainingCells[fold])
      var counts = [Int](repeating: 0, count: classes.count)
      for (utterance, own) in spans.enumerated() where learned.contains(cell[utterance]) {
        for span in own { counts[span.label] += 1 }
      }
      return counts.indices.max { (counts[$0], $1) < (counts[$1], $0) } ?? 0
    }
    return spans.indices.map { utterance in
      let fold = testFold[utterance]
      return fold < 0 ? 0 : Double(testedSpans(utterance).count { $0.label == commonest[fold] })
    }
  }
}
