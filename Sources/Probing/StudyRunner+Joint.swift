import Activations
import Results
import Tensors

/// The joint baseline, and a layer beside it.
extension StudyRunner {
  struct JointPredictions: Sendable {
    let layer: String
    let baseline: LayerPredictions
    let withLayer: LayerPredictions
  }

  /// The probe on the joint baseline r and on [r, layer], each block of features with a penalty of its own: that of r is
  /// the one that is best for r alone. Nil where there is no joint baseline.
  ///
  /// Only the layer that a verdict hangs on is measured so: it costs as much as another layer.
  func jointPredictions(of layer: String) throws -> JointPredictions? {
    guard let joint else { return nil }
    let both = joint.with(try study.examples.states(of: layer))
    let extras = Extras(hasRefits: true)
    let pairs = try parallelMap(design.folds.count, threads: threads) { index in
      try requireGoingOn()
      let fold = design.folds[index]
      let rows = FoldRows(train: fold.train, development: fold.development, outer: fold.outer)
      let pair: (FoldOutcome, FoldOutcome)
      if let targets = study.targeted.numbers {
        let first = try regression.fit(joint.states, targets: targets, rows)
        let second = try regression.fit(
          both, targets: targets, rows, blockFrom: joint.states.width, firstPenalty: first.penalty)
        pair = (
          try outcome(first, joint.states, fold, extras), try outcome(second, both, fold, extras)
        )
      } else {
        func data(_ states: Tensor) -> ProbeInput {
          ProbeInput(states: states, labels: design.labels, classCount: design.classes.count)
        }
        let first = try probe.fit(data(joint.states), rows)
        let second = try probe.fit(
          data(both), rows, blockFrom: joint.states.width, firstPenalty: first.probe.penalty)
        pair = (
          try outcome(first, joint.states, fold, extras), try outcome(second, both, fold, extras)
        )
      }
      counter.advance()
      counter.advance()
      return pair
    }
    return JointPredictions(
      layer: layer, baseline: gather(pairs.map(\.0)), withLayer: gather(pairs.map(\.1)))
  }
}
