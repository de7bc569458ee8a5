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
  /// Of the erased variant, by level: the tested spans' vectors at each layer that is read, from the changed one on; none
  /// where it is not tested.
  var vectors: [[Tensor?]]
  /// With the block, or a part of it, out of work.
  var lesions: [LayerOutcome.Lesion] = []
  var steered: [SteeredUtterance] = []

  init(_ levelCount: Int) {
    levels = Array(repeating: nil, count: levelCount)
    vectors = Array(repeating: [], count: levelCount)
  }
}

/// One layer with its changes, fitted.
private struct FittedLayer: Sendable {
  let place: Int
  /// `[levels][folds]`
  var erasures: [[FoldErasures?]]
  var levels: [LevelOutcome]
  var overlaps: [LayerOutcome.Overlap] = []
  var means: BlockMeans?
}

extension InterventionSetting {
  /// What changes of each of `layers` did; those that are finished and kept are not made again.
  func outcomes(of layers: [String]) throws -> [LayerOutcome] {
    var outcomes: [LayerOutcome] = []
    let missing = try layers.filter { layer in
      let name = LayerOutcome.name(layer, ofUntrained: study.isUntrained)
      guard let kept = try study.store?.kept(name, as: LayerOutcome.self) else { return true }
      outcomes.append(kept)
      return false
    }
    for group in groups(of: missing, ofUntrained: study.isUntrained) {
      for outcome in try changed(group) {
        try study.store?.keep(outcome, as: LayerOutcome.name(outcome.layer, ofUntrained: study.isUntrained))
        outcomes.append(outcome)
      }
    }
    return outcomes
  }

  /// Erases each level at each of `layers`, which fit into memory together, and measures what comes of it: one pass sums
  /// frames, another goes on from the layers.
  private func changed(_ layers: [String]) throws -> [LayerOutcome] {
    let means = try blockMeans(of: layers)
    var sums = try frameSums(of: layers)
    let fitted = try layers.map { layer in
      try self.fitted(layer, sums.removeValue(forKey: layer) ?? [], means[layer])
    }
    let counter = DoneCounter()
    let found = try parallelMap(utterances.count, threads: threads) { index in
      try study.requireGoingOn()
      defer { study.onProgress("Changing \(words(layers))\(ofWhat)", counter.next(), utterances.count) }
      return try changed(utterances[index], fitted)
    }
    return try fitted.enumerated().map { place, layer in
      try outcome(of: layer, found.map { $0[place] })
    }
  }

  private func fitted(_ layer: String, _ sums: [[ClassSums?]], _ means: BlockMeans?) throws -> FittedLayer {
    guard let place = read.firstIndex(where: { $0.name == layer }) else {
      throw InterventionError.noLayers(model: study.model.name)
    }
    var fitted = FittedLayer(
      place: place, erasures: [], levels: plans.map { _ in LevelOutcome() }, means: means)
    for (index, plan) in plans.enumerated() {
      do {
        guard readers[place][index] != nil else {
          throw InterventionError.tooFewSpans(
            level: plan.name, reason: plan.examples.reasons[layer] ?? "\(layer) has no vectors of it")
        }
        fitted.erasures.append(try erasures(of: plan, index, layer, sums[index]))
      } catch let error as InterventionError {
        if case .interrupted = error { throw error }
        fitted.levels[index].reason = error.description
        fitted.erasures.append(Array(repeating: nil, count: plan.foldCount))
      }
    }
    if !study.isUntrained { fitted.overlaps = try overlaps(of: layer, sums) }
    if study.readsBaseline {
      for index in plans.indices {
        fitted.levels[index].besideBaseline = try rightBesideBaseline(of: index, layer)
      }
    }
    return fitted
  }

  /// `found` has what each utterance's passes gave.
  private func outcome(of fitted: FittedLayer, _ found: [ChangedUtterance]) throws -> LayerOutcome {
    let (layer, place) = (read[fitted.place].name, fitted.place)
    var levels = fitted.levels
    for index in plans.indices where levels[index].reason == nil {
      let known = fitted.erasures[index].compactMap(\.self)
      levels[index].rank = known.map(\.erased.rank).max() ?? 0
      levels[index].width = read[place].width
      levels[index].share = Self.mean(known.map(\.erased.share)) ?? 0
      levels[index].randomShare = Self.mean(known.flatMap { $0.random.map(\.erasure.share) })
      levels[index].controlShare = Self.mean(known.compactMap { $0.control?.share })
      if !study.isUntrained {
        levels[index].ranks = try ranks(of: index, layer, fitted.erasures[index].map { $0?.erased })
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
      overlaps: fitted.overlaps)
  }

  /// Layers that are changed in one pass, for progress.
  private func words(_ layers: [String]) -> String {
    layers.count < 3 ? layers.joined(separator: ", ") : "\(layers[0]) … \(layers[layers.count - 1])"
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

  /// One recorded pass over an utterance, and one from each layer on for each of its changes.
  private func changed(_ utterance: Int, _ layers: [FittedLayer]) throws -> [ChangedUtterance] {
    let erasures = layers.map { layer in
      plans.indices.map { index in
        plans[index].testFold[utterance] >= 0
          ? layer.erasures[index][plans[index].testFold[utterance]] : nil
      }
    }
    var recorded: IntactPass?
    return try zip(layers, erasures).map { layer, folds in
      guard layer.means != nil || folds.contains(where: { $0 != nil }) else {
        return ChangedUtterance(plans.count)
      }
      let intact = try recorded ?? IntactPass(self, utterance)
      recorded = intact
      return try changed(try ChangedPass(intact, at: layer.place), folds, layer.means)
    }
  }

  private func changed(
    _ pass: ChangedPass, _ folds: [FoldErasures?], _ means: BlockMeans?
  ) throws -> ChangedUtterance {
    var result = ChangedUtterance(plans.count)
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
        utterance: pass.utterance, intact: pass.intactTally, erased: try pass.reading(erased),
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
    let places = Dictionary(uniqueKeysWithValues: utterances.enumerated().map { ($0.element, $0.offset) })
    @Sendable func vectors(_ utterance: Int, _ reader: Int) -> Tensor? {
      let own = places[utterance].map { found[$0].vectors[index] } ?? []
      return own.isEmpty ? nil : own[reader]
    }
    let counts = try parallelMap(read.count, threads: threads) { reader -> [Int: Double] in
      try study.requireGoingOn()
      guard reader >= place, readers[reader][index] != nil else { return [:] }
      let sums = plan.sums(width: read[reader].width) { utterance in
        vectors(utterance, reader).map { ($0, plan.testedSpans(utterance)) }
      }
      let refitted = try LayerReaders(plan, sums: sums, cells: plan.testedCells)
      var right: [Int: Double] = [:]
      for utterance in plan.tested {
        guard let own = vectors(utterance, reader) else { continue }
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
