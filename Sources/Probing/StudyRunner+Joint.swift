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
    let pairs = try parallelMap(design.folds.count, threads: threads) { index in
      let fold = design.folds[index]
      let first = try kept("joint fold \(index)", testing: fold.test.count) {
        try jointOutcome(joint.states, fold, firstPenalty: nil)
      }
      counter.advance()
      let second = try kept("joint \(layer) fold \(index)", testing: fold.test.count) {
        try jointOutcome(both, fold, firstPenalty: first.penalty)
      }
      counter.advance()
      return (first, second)
    }
    return JointPredictions(
      layer: layer, baseline: gather(pairs.map(\.0)), withLayer: gather(pairs.map(\.1)))
  }

  /// Of the joint baseline alone, or of it and a layer where its penalty is known.
  private func jointOutcome(
    _ states: Tensor, _ fold: StudyDesign.Rows, firstPenalty: Double?
  ) throws -> FoldOutcome {
    try requireGoingOn()
    let rows = FoldRows(train: fold.train, development: fold.development, outer: fold.outer)
    let extras = Extras(hasRefits: true)
    let start = joint?.states.width ?? 0
    if let targets = study.targeted.numbers {
      let fit =
        try firstPenalty.map {
          try regression.fit(states, targets: targets, rows, blockFrom: start, firstPenalty: $0)
        } ?? regression.fit(states, targets: targets, rows)
      return try outcome(fit, states, fold, extras)
    }
    let data = ProbeInput(states: states, labels: design.labels, classCount: design.classes.count)
    let fit =
      try firstPenalty.map {
        try probe.fit(data, rows, blockFrom: start, firstPenalty: $0)
      } ?? probe.fit(data, rows)
    return try outcome(fit, states, fold, extras)
  }
}
