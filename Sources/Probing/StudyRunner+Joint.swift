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

  /// A gain of so much accuracy is no artefact of where fits end.
  private static let clearGain = 0.1

  /// The probe on what is simpler, r, and on [r, layer], each block of features with a penalty of its own: that of r is
  /// the one that is best for r alone. `name` tells r from others: all of the joint baseline, or a part of it.
  ///
  /// Only the layer that a verdict hangs on is measured so: it costs as much as another layer. Fits that end early hide
  /// what a layer adds; where they show less than `clearGain`, all are made again and taken closer to their minimum.
  func jointPredictions(of layer: String, beside simpler: Tensor, name: String) throws -> JointPredictions {
    let own = try study.examples.states(of: layer)
    let (first, second) = (input(simpler), input(JointBaseline.joined([simpler, own])))
    let early = try jointPredictions(of: layer, first, second, by: probe, name: name)
    guard let converged = probe.converged, study.targeted.numbers == nil, gain(of: early) < Self.clearGain
    else { return early }
    counter.expect(2 * design.folds.count)
    return try jointPredictions(of: layer, first, second, by: converged, name: "converged \(name)")
  }

  /// In accuracy.
  private func gain(of predictions: JointPredictions) -> Double {
    func right(_ guesses: [Prediction?]) -> Int {
      zip(guesses, design.labels).count { $0.0?.label == $0.1 }
    }
    let tested = predictions.baseline.guesses.count { $0 != nil }
    let gained = right(predictions.withLayer.guesses) - right(predictions.baseline.guesses)
    return Double(gained) / Double(max(1, tested))
  }

  private func jointPredictions(
    of layer: String, _ joint: ProbeInput, _ both: ProbeInput, by probe: any TunedProbe, name: String
  ) throws -> JointPredictions {
    let pairs = try parallelMap(design.folds.count, threads: threads) { index in
      let fold = design.folds[index]
      let rows = FoldRows(train: fold.train, development: fold.development, outer: fold.outer)
      // Where the baseline's outcome was kept, its fit is made again for a layer that is not.
      var ofBaseline: JointFit?
      let first = try kept("\(name) fold \(index)", testing: fold.test.count) {
        let fit = try baselineFit(joint, rows, by: probe)
        ofBaseline = fit
        return try outcome(of: fit, joint.states, fold)
      }
      counter.advance()
      let second = try kept("\(name) \(layer) fold \(index)", testing: fold.test.count) {
        let fit = try withLayer(
          both, rows, from: joint.states.width,
          after: ofBaseline ?? baselineFit(joint, rows, by: probe), by: probe)
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

  private func baselineFit(
    _ data: ProbeInput, _ rows: FoldRows, by probe: any TunedProbe
  ) throws -> JointFit {
    try requireGoingOn()
    if let targets = study.targeted.numbers {
      return .numbers(try regression.fit(data.states, targets: targets, rows))
    }
    return .classes(try probe.fit(data, rows))
  }

  private func withLayer(
    _ data: ProbeInput, _ rows: FoldRows, from column: Int, after first: JointFit, by probe: any TunedProbe
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
