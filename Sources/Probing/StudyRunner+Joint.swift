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

  /// The probe on what is simpler, r, and on [r, layer], each block of features with a penalty of its own: that of r is
  /// the one that is best for r alone. `name` tells r from others: all of the joint baseline, or a part of it.
  ///
  /// Only the layer that a verdict hangs on is measured so: it costs as much as several others.
  func jointPredictions(of layer: String, beside simpler: Tensor, name: String) throws -> JointPredictions {
    let own = try study.examples.states(of: layer)
    let (joint, both) = (input(simpler), input(JointBaseline.joined([simpler, own])))
    let pairs = try parallelMap(design.folds.count, threads: threads) { index in
      let fold = design.folds[index]
      let rows = FoldRows(train: fold.train, development: fold.development, outer: fold.outer)
      // Where the baseline's outcome was kept, its fit is made again for a layer that is not.
      var ofBaseline: JointFit?
      let first = try kept("\(name) fold \(index)", testing: fold.test.count) {
        let fit = try baselineFit(joint, rows)
        ofBaseline = fit
        return try outcome(of: fit, joint.states, fold)
      }
      counter.advance()
      let second = try kept("\(name) \(layer) fold \(index)", testing: fold.test.count) {
        let fit = try withLayer(
          both, rows, from: joint.states.width,
          after: ofBaseline ?? baselineFit(joint, rows))
        return try outcome(of: fit, both.states, fold)
      }
      counter.advance()
      return (first, second)
    }
    return JointPredictions(
      layer: layer, baseline: gather(pairs.map(\.0)), withLayer: gather(pairs.map(\.1)))
  }

  private enum JointFit {
    case classes(any FoldFit)
    case numbers(TunedRegression.Fold)
  }

  private func input(_ states: Tensor) -> ProbeInput {
    ProbeInput(
      states: states, labels: design.labels, classCount: design.classes.count, axes: axes(of: states))
  }

  private func baselineFit(_ data: ProbeInput, _ rows: FoldRows) throws -> JointFit {
    try requireGoingOn()
    if let targets = study.targeted.numbers {
      return .numbers(try regression.fit(data.states, targets: targets, rows))
    }
    return .classes(try probe.fit(data, rows))
  }

  private func withLayer(
    _ data: ProbeInput, _ rows: FoldRows, from column: Int, after first: JointFit
  ) throws -> JointFit {
    try requireGoingOn()
    switch first {
    case .classes(let first):
      return .classes(try probe.fit(data, rows, blockFrom: column, after: first))
    case .numbers(let first):
      guard let targets = study.targeted.numbers else {
        preconditionFailure("a regression without numbers")
      }
      return .numbers(
        try regression.fit(
          data.states, targets: targets, rows, blockFrom: column, firstPenalty: first.penalty))
    }
  }

  private func outcome(
    of fit: JointFit, _ states: Tensor, _ fold: StudyDesign.Rows
  ) throws -> FoldOutcome {
    switch fit {
    case .classes(let fit): try outcome(fit, states, fold, Extras(hasRefits: true))
    case .numbers(let fit): try outcome(fit, states, fold, Extras(hasRefits: true))
    }
  }
}
