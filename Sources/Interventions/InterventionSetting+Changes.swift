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
}

/// What one utterance's changed passes gave.
private struct ChangedUtterance: Sendable {
  /// By level; nil where it is not tested.
  var levels: [LevelOutcome.Tested?]
  /// Of the erased variant, by level: the tested spans' vectors at each layer from the changed one on.
  var vectors: [[Tensor?]]
  /// With the block left out.
  var skipped: LevelOutcome.Tested?
}

extension InterventionSetting {
  /// Erases each level at `layer` and measures what comes of it; `sums` are those of its frames, level → cell.
  func outcome(of layer: String, _ sums: [[ClassSums?]]) throws -> LayerOutcome {
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
    let fitted = erasures
    let counter = DoneCounter()
    let found = try parallelMap(utterances.count, threads: threads) { index in
      try study.requireGoingOn()
      defer { study.onProgress("Changing \(layer)", counter.next(), utterances.count) }
      return try changed(utterances[index], place, fitted)
    }
    for index in plans.indices where levels[index].reason == nil {
      let known = fitted[index].compactMap(\.self)
      levels[index].rank = known.map(\.erased.rank).max() ?? 0
      levels[index].width = read[place].width
      levels[index].share = Self.mean(known.map(\.erased.share)) ?? 0
      levels[index].randomShare = Self.mean(known.flatMap { $0.random.map(\.erasure.share) })
      levels[index].controlShare = Self.mean(known.compactMap { $0.control?.share })
      levels[index].tested = try withReturned(found, level: index, from: place)
    }
    return LayerOutcome(
      layer: layer, levels: levels, skipped: found.compactMap(\.skipped),
      overlaps: try overlaps(of: layer, sums))
  }

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

  /// The layer whose values take the place of those of a block that is left out: the block's input.
  func input(ofBlock place: Int) -> String? {
    guard study.skips, place > 0, read[place].kind.isHidden, read[place - 1].kind.isHidden,
      read[place - 1].width == read[place].width, read[place - 1].timing == read[place].timing
    else { return nil }
    return read[place - 1].name
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
      if plan.hasControl, let moments = training.moments(ofLabelling: 1) {
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
      return FoldErasures(erased: erased, control: control, random: random)
    }
  }

  // MARK: - Passes

  /// One recorded pass over an utterance, and one from the changed layer on for each change.
  private func changed(
    _ utterance: Int, _ place: Int, _ erasures: [[FoldErasures?]]
  ) throws -> ChangedUtterance {
    var result = ChangedUtterance(
      levels: plans.map { _ in nil }, vectors: plans.map { _ in read.map { _ in nil } })
    let folds = plans.indices.map { index in
      plans[index].testFold[utterance] >= 0 ? erasures[index][plans[index].testFold[utterance]] : nil
    }
    guard folds.contains(where: { $0 != nil }) else { return result }
    let samples = try study.model.inputValues(of: study.corpus.utterances[utterance].sound())
    let layer = read[place].name
    let pass = try RecordedPass(study.model, samples, upTo: deepest)
    let states = try pass.values(of: layer)
    let intact = hasHead ? HeadOutput(logits: try pass.values(of: InterventionStudy.head)) : nil
    let reachable = pass.places(after: layer)
    let later = read[(place + 1)...].map(\.name) + (hasHead ? [InterventionStudy.head] : [])
    // What is made beside the changed layer, not of it, stays as it is.
    let (moved, still) = (later.filter(reachable.contains), later.filter { !reachable.contains($0) })
    var unmoved: [String: Tensor] = [:]
    for name in still { unmoved[name] = try pass.values(of: name) }

    func reading(_ erasure: LinearErasure, _ index: Int, keeps: Bool) throws -> LevelOutcome.Reading {
      try study.requireGoingOn()
      let changes =
        study.changesUnlabelled
        ? nil
        : read[place].timing.map { timing in
          plans[index].labels(ofFrames: states.rows, timing, in: utterance)[0].map { $0 >= 0 }
        }
      return try reading(erasure(states, changes: changes), keeps: keeps ? index : nil)
    }

    func reading(_ changed: Tensor, keeps index: Int?) throws -> LevelOutcome.Reading {
      var values = try pass.values(of: moved, replacing: layer, with: changed)
      values.merge(unmoved) { changed, _ in changed }
      values[layer] = changed
      var reading = LevelOutcome.Reading(
        head: nil, right: read.map { _ in [Double](repeating: 0, count: plans.count) })
      if let intact, let logits = values[InterventionStudy.head] {
        reading.head = HeadOutput(logits: logits).tally(of: utterance, intact: intact, spelling)
      }
      for reader in place..<read.count {
        guard let frames = values[read[reader].name], let timing = read[reader].timing else { continue }
        for (level, plan) in plans.enumerated() {
          guard let readers = readers[reader][level] else { continue }
          let spans = plan.testedSpans(utterance)
          guard !spans.isEmpty else { continue }
          let vectors = FramePooling().pool(frames, timing: timing, spans: spans.map(\.labelled))
          reading.right[reader][level] = try readers.right(vectors, spans, fold: plan.testFold[utterance])
          if let index, level == index { result.vectors[index][reader] = vectors }
        }
      }
      return reading
    }

    if let input = input(ofBlock: place) {
      result.skipped = LevelOutcome.Tested(
        utterance: utterance, intact: intact.map { $0.tally(of: utterance, intact: $0, spelling) },
        erased: try reading(try pass.values(of: input), keeps: nil), control: nil, random: [], returned: [])
    }
    for (index, fold) in folds.enumerated() {
      guard let fold else { continue }
      result.levels[index] = LevelOutcome.Tested(
        utterance: utterance, intact: intact.map { $0.tally(of: utterance, intact: $0, spelling) },
        erased: try reading(fold.erased, index, keeps: true),
        control: try fold.control.map { try reading($0, index, keeps: false) },
        random: try fold.random.map { draw, erasure in
          LevelOutcome.RandomReading(draw: draw, reading: try reading(erasure, index, keeps: false))
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
