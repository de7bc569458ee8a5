import Activations
import Attribution
import Corpora
import Foundations
import LinearAlgebra
import Models
import Probing
import Tensors

/// The changes of one layer that take one level away, of one fold.
private struct FoldErasures: Sendable {
  var erased: LinearErasure
  var control: LinearErasure?
  var random: [(draw: Int, erasure: LinearErasure)]
  /// By the number of the request; nil where a class is not in training.
  var directions: [Int: SteeringDirections] = [:]
}

/// What one utterance's changed passes gave.
private struct ChangedUtterance: Sendable {
  /// By level; nil where it is not tested.
  var levels: [LevelOutcome.Tested?]
  /// Of the erased variant, by level: the tested spans' vectors at each layer from the changed one on.
  var vectors: [[Tensor?]]
  /// With the block, or a part of it, out of work.
  var lesions: [LayerOutcome.Lesion] = []
  var steered: [SteeredUtterance] = []
}

extension InterventionSetting {
  /// Erases each level at `layer` and measures what comes of it; `sums` are those of its frames, level → cell, and
  /// `means` what takes the place of a block that is put out of work.
  func outcome(
    of layer: String, _ sums: [[ClassSums?]], means: BlockMeans? = nil
  ) throws -> LayerOutcome {
    guard let place = read.firstIndex(where: { $0.name == layer }) else {
      throw InterventionError.noLayers(model: study.model.name)
    }
    var levels = plans.map { _ in LevelOutcome() }
    var erasures: [[FoldErasures?]] = []
    for (index, plan) in plans.enumerated() {
      do {
        guard readers[place][index] != nil else {
          throw InterventionError.tooFewSpans(
            level: plan.name, reason: plan.examples.reasons[layer] ?? "\(layer) has no vectors of it")
        }
        erasures.append(try self.erasures(of: plan, index, layer, sums[index]))
      } catch let error as InterventionError {
        if case .interrupted = error { throw error }
        levels[index].reason = error.description
        erasures.append(Array(repeating: nil, count: plan.foldCount))
      }
    }
    if study.readsBaseline {
      let beside = try parallelMap(plans.count, threads: threads) { try rightBesideBaseline(of: $0, layer) }
      for index in plans.indices { levels[index].besideBaseline = beside[index] }
    }
    let fitted = erasures
    let counter = DoneCounter()
    let found = try parallelMap(utterances.count, threads: threads) { index in
      try study.requireGoingOn()
      defer { study.onProgress("Changing \(layer)\(ofWhat)", counter.next(), utterances.count) }
      return try changed(utterances[index], place, fitted, means)
    }
    for index in plans.indices where levels[index].reason == nil {
      let known = fitted[index].compactMap(\.self)
      levels[index].rank = known.map(\.erased.rank).max() ?? 0
      levels[index].width = read[place].width
      levels[index].share = Self.mean(known.map(\.erased.share)) ?? 0
      levels[index].randomShare = Self.mean(known.flatMap { $0.random.map(\.erasure.share) })
      levels[index].controlShare = Self.mean(known.compactMap { $0.control?.share })
      if !study.isUntrained {
        levels[index].ranks = try ranks(of: index, layer, fitted[index].map { $0?.erased })
      }
      levels[index].tested =
        study.isUntrained
        ? found.compactMap { $0.levels[index] } : try withReturned(found, level: index, from: place)
    }
    var lesions: [LayerOutcome.Lesion] = []
    for lesion in found.flatMap(\.lesions) {
      if let place = lesions.firstIndex(where: { $0.change == lesion.change }) {
        lesions[place].tested += lesion.tested
      } else {
        lesions.append(lesion)
      }
    }
    return LayerOutcome(
      layer: layer, levels: levels, lesions: lesions, steered: found.flatMap(\.steered),
      overlaps: study.isUntrained ? [] : try overlaps(of: layer, sums))
  }

  /// What progress says of whose layer is changed.
  private var ofWhat: String { study.isUntrained ? " of the untrained model" : "" }

  /// Of each pair of levels that both can be erased, by erasures that are fitted to everything.
  private func overlaps(of layer: String, _ sums: [[ClassSums?]]) throws -> [LayerOutcome.Overlap] {
    let erasures = try plans.indices.map { index -> (LinearErasure, [Double])? in
      var total: ClassSums?
      for own in sums[index].compactMap(\.self) { if total == nil { total = own } else { total? += own } }
      guard let moments = total?.moments(), moments.count > 1 else { return nil }
      do {
        let units = (0..<moments.width).map {
          (max(0, moments.gram[$0, $0]) / Double(moments.count)).squareRoot()
        }
        return (try LEACE.erasure(of: moments, concept: plans[index].name, layer: layer), units)
      } catch is InterventionError { return nil }
    }
    return try plans.indices.flatMap { second in
      try (0..<second).compactMap { first in
        guard let a = erasures[first], let b = erasures[second] else { return nil }
        return LayerOutcome.Overlap(
          first: first, second: second, angles: try SubspaceAngles(a.0, b.0, units: a.1))
      }
    }
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  // MARK: - Fitting

  private func erasures(
    of plan: ConceptPlan, _ index: Int, _ layer: String, _ sums: [ClassSums?]
  ) throws -> [FoldErasures?] {
    try parallelMap(plan.foldCount, threads: threads) { fold in
      try study.requireGoingOn()
      guard let training = plan.training(fold, sums), let moments = training.moments() else { return nil }
      let erased = try LEACE.erasure(of: moments, concept: plan.name, layer: layer)
      var control: LinearErasure?
      if plan.hasControl, !study.isUntrained, let moments = training.moments(ofLabelling: 1) {
        control = try LEACE.erasure(of: moments, concept: "\(plan.name)'s control task", layer: layer)
      }
      let subspaces = try SubspaceErasure(like: erased, in: moments, layer: layer)
      var random: [(draw: Int, erasure: LinearErasure)] = []
      if subspaces.isPossible {
        for draw in draws[index][fold] {
          var numbers = RandomNumbers(
            seed: study.seed, stream: "random subspace \(plan.name) \(layer) \(fold) \(draw)")
          random.append((draw, try subspaces.draw(using: &numbers)))
        }
      }
      var directions: [Int: SteeringDirections] = [:]
      for (number, steer) in steers.enumerated() where steer.level == index {
        var numbers = RandomNumbers(seed: study.seed, stream: "steering \(number) \(layer) \(fold)")
        directions[number] = SteeringDirections(
          moments, from: steer.from, to: steer.to, draws: Steer.draws, using: &numbers)
      }
      return FoldErasures(erased: erased, control: control, random: random, directions: directions)
    }
  }

  // MARK: - Passes

  /// One recorded pass over an utterance, and one from the changed layer on for each change.
  private func changed(
    _ utterance: Int, _ place: Int, _ erasures: [[FoldErasures?]], _ means: BlockMeans?
  ) throws -> ChangedUtterance {
    var result = ChangedUtterance(
      levels: plans.map { _ in nil }, vectors: plans.map { _ in read.map { _ in nil } })
    let folds = plans.indices.map { index in
      plans[index].testFold[utterance] >= 0 ? erasures[index][plans[index].testFold[utterance]] : nil
    }
    guard folds.contains(where: { $0 != nil }) || means != nil else { return result }
    let pass = try ChangedPass(self, utterance, place)
    func reading(_ erasure: LinearErasure, _ index: Int) throws -> LevelOutcome.Reading {
      try pass.reading(pass.values(with: erasure(pass.states, changes: try pass.changes(plans[index]))))
    }
    if let means { result.lesions = try pass.lesions(means) }
    for (index, fold) in folds.enumerated() {
      guard let fold else { continue }
      for (number, directions) in fold.directions.sorted(by: { $0.key < $1.key }) {
        result.steered += try pass.steered(steers[number], number: number, directions)
      }
      let erased = try pass.values(
        with: fold.erased(pass.states, changes: try pass.changes(plans[index])))
      if !study.isUntrained { result.vectors[index] = pass.vectors(of: plans[index], level: index, erased) }
      result.levels[index] = LevelOutcome.Tested(
        utterance: utterance, intact: pass.intactTally, erased: try pass.reading(erased),
        control: try fold.control.map { try reading($0, index) },
        random: try fold.random.map { draw, erasure in
          LevelOutcome.RandomReading(draw: draw, reading: try reading(erasure, index))
        }, returned: [])
    }
    return result
  }

  // MARK: - What comes back

  /// Fits readers to the changed layers, on other utterances than they read, and counts what they find.
  private func withReturned(
    _ found: [ChangedUtterance], level index: Int, from place: Int
  ) throws -> [LevelOutcome.Tested] {
    let plan = plans[index]
    var vectors: [Int: [Tensor?]] = [:]
    for (utterance, own) in zip(utterances, found) { vectors[utterance] = own.vectors[index] }
    let states = vectors
    let counts = try parallelMap(read.count, threads: threads) { reader -> [Int: Double] in
      try study.requireGoingOn()
      guard reader >= place, readers[reader][index] != nil else { return [:] }
      let sums = plan.sums(width: read[reader].width) { utterance in
        states[utterance]?[reader].map { ($0, plan.testedSpans(utterance)) }
      }
      let refitted = try LayerReaders(plan, sums: sums, cells: plan.testedCells)
      var right: [Int: Double] = [:]
      for utterance in plan.tested {
        guard let own = states[utterance]?[reader] else { continue }
        right[utterance] = try refitted.right(
          own, plan.testedSpans(utterance), fold: plan.testFold[utterance])
      }
      return right
    }
    return found.compactMap { $0.levels[index] }.map { tested in
      var tested = tested
      tested.returned = counts.map { $0[tested.utterance] ?? 0 }
      return tested
    }
  }
}
