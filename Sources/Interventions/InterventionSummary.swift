import Probing
import Results
import Tensors

/// From what each utterance gave to effects, intervals and verdicts.
struct InterventionSummary {
  let setting: InterventionSetting
  let outcomes: [LayerOutcome]
  private let untrained: InterventionSetting?
  let statistics: [EffectStatistics]

  init(
    _ setting: InterventionSetting, _ outcomes: [LayerOutcome], untrained: InterventionSetting? = nil
  ) {
    (self.setting, self.untrained) = (setting, untrained)
    let order = setting.changed
    self.outcomes = outcomes.sorted {
      (order.firstIndex(of: $0.layer) ?? 0) < (order.firstIndex(of: $1.layer) ?? 0)
    }
    let study = setting.study
    statistics = setting.plans.map {
      EffectStatistics(
        $0, clusters: setting.run($0), draws: study.controls, resamples: study.resamples, seed: study.seed)
    }
  }

  func result() throws -> InterventionResult {
    let (study, cost) = (setting.study, setting.cost)
    var rows: [InterventionResult.Row] = []
    for level in setting.plans.indices { rows += try self.rows(of: level) }
    var result = InterventionResult(
      seed: study.seed, model: study.model.name, fingerprint: study.model.fingerprint,
      corpus: study.corpus.name,
      quantity: quantity, intervalUnit: statistics.first?.unit ?? "utterances",
      controls: study.controls,
      erased: setting.plans.map { plan in
        InterventionResult.Erased(
          name: plan.name, classes: plan.classes.count,
          spans: setting.run(plan).reduce(0) { $0 + plan.testedSpans($1).count }, majority: plan.majority,
          utterances: setting.run(plan).count, hasControl: plan.hasControl,
          simpler: plan.baseline?.features ?? [])
      }, layers: setting.changed, readLayers: setting.read.map(\.name), rows: rows, wholePasses: cost.whole,
      partialPasses: cost.partial)
    (result.headUnit, result.frameLevel) = (setting.head?.unit, setting.head?.frameLevel)
    result.headObstacle = setting.head?.obstacle
    result.leftOut = study.corpus.utterances.count - setting.utterances.count
    result.rows.sort { a, b in
      (setting.changed.firstIndex(of: a.layer) ?? 0) < (setting.changed.firstIndex(of: b.layer) ?? 0)
    }
    result.lesions = outcomes.flatMap(lesions)
    result.steerings = outcomes.flatMap(steerings)
    result.overlaps = outcomes.flatMap { outcome in
      outcome.overlaps.map { pair in
        InterventionResult.Overlap(
          layer: outcome.layer, first: setting.plans[pair.first].name,
          second: setting.plans[pair.second].name,
          cosines: pair.angles.cosines, overlap: pair.angles.overlap, chance: pair.angles.chance)
      }
    }
    return result
  }

  private func lesions(_ outcome: LayerOutcome) -> [InterventionResult.Lesion] {
    outcome.lesions.map { lesion in
      let own = LevelOutcome(tested: lesion.tested)
      let readers = setting.plans.indices.compactMap { reads -> InterventionResult.Reader? in
        guard let last = setting.read.indices.last, setting.isRead(reads, at: last),
          let effect = readerDraws(own, reads, reader: last, reads: reads)?.effect
        else { return nil }
        return InterventionResult.Reader(
          layer: setting.read[last].name, level: setting.plans[reads].name, effect: effect)
      }
      let (change, number): (InterventionResult.Lesion.Change, Int?) =
        switch lesion.change {
        case .leftOut: (.leftOut, nil)
        case .mean: (.mean, nil)
        case .head(let number): (.head, number)
        }
      return InterventionResult.Lesion(
        layer: outcome.layer, change: change, number: number, head: headEffects(own, 0), readers: readers)
    }
  }

  /// What verdicts are about.
  var quantity: InterventionResult.Quantity {
    setting.head?.quantities(setting.study.effect).first ?? .accuracy
  }

  // MARK: - Rows

  private func rows(of level: Int) throws -> [InterventionResult.Row] {
    let decisive = outcomes.map { outcome -> EffectDraws? in
      outcome.levels[level].reason == nil ? self.decisive(outcome, level) : nil
    }
    let (beyond, encoded) = (decisive.beyondChance(), encodings(of: level))
    return outcomes.enumerated().map { place, outcome in
      row(outcome, level, decisive[place], beyond[place], encoded[place])
    }
  }

  private func row(
    _ outcome: LayerOutcome, _ level: Int, _ decisive: EffectDraws?, _ beyond: BeyondControls,
    _ encoded: InterventionResult.Encoded?
  ) -> InterventionResult.Row {
    let (plan, own) = (setting.plans[level], outcome.levels[level])
    var row = InterventionResult.Row(
      level: plan.name, layer: outcome.layer,
      verdict: InterventionResult.Verdict(kind: .undecided, reason: .cannotBeErased, obstacle: own.reason))
    row.encoded = encoded
    guard own.reason == nil, !own.tested.isEmpty else { return row }
    (row.rank, row.width, row.share) = (own.rank, own.width, own.share)
    (row.randomShare, row.controlShare) = (own.randomShare, own.controlShare)
    row.head = headEffects(own, level)
    if let decisive, let place = row.head.firstIndex(where: { $0.quantity == decisive.quantity }) {
      beyond.mark(&row.head[place])
    }
    row.readers = readers(outcome, level)
    row.returned = returned(outcome, level)
    row.ranks = ranks(own, level)
    row.neededRank = row.ranks.first { !$0.isLess }?.rank
    row.verdict =
      VerdictReading(
        isEnough: statistics[level].isEnough, beyond: beyond, decisive: decisive?.effect, row: row
      ).verdict
    return row
  }

  private func decisive(_ outcome: LayerOutcome, _ level: Int) -> EffectDraws? {
    let own = outcome.levels[level]
    guard quantity == .accuracy else { return headDraws(quantity, own, level) }
    guard let last = setting.read.indices.last, setting.read[last].name != outcome.layer else { return nil }
    return readerDraws(own, level, reader: last, reads: level)
  }

  // MARK: - The head

  private func headEffects(_ own: LevelOutcome, _ level: Int) -> [InterventionResult.Effect] {
    (setting.head?.quantities(setting.study.effect) ?? []).compactMap { headDraws($0, own, level)?.effect }
  }

  private func headDraws(
    _ quantity: InterventionResult.Quantity, _ own: LevelOutcome, _ level: Int
  ) -> EffectDraws? {
    draws(own, quantity, level) { reading in
      guard let intact = reading.intact, let changed = reading.changed.head else { return nil }
      return quantity.part(intact, changed)
    }
  }

  // MARK: - Readers

  private func readers(_ outcome: LayerOutcome, _ level: Int) -> [InterventionResult.Reader] {
    guard let first = setting.read.firstIndex(where: { $0.name == outcome.layer }) else { return [] }
    return setting.plans.indices.flatMap { reads -> [InterventionResult.Reader] in
      let places = setting.read.indices.filter { $0 >= first && setting.isRead(reads, at: $0) }
      let draws = places.map { readerDraws(outcome.levels[level], level, reader: $0, reads: reads) }
      let beyond = draws.beyondChance()
      return zip(places, draws).enumerated().compactMap { index, found in
        guard var effect = found.1?.effect else { return nil }
        beyond[index].mark(&effect)
        return InterventionResult.Reader(
          layer: setting.read[found.0].name, level: setting.plans[reads].name, effect: effect)
      }
    }
  }

  private func readerDraws(_ own: LevelOutcome, _ level: Int, reader: Int, reads: Int) -> EffectDraws? {
    let right = setting.intactRight[reader][reads]
    guard !right.isEmpty else { return nil }
    return draws(own, .accuracy, level) { reading in
      let spans = Double(setting.plans[reads].testedSpans(reading.utterance).count)
      let own = reading.isUntrained ? untrained?.intactRight[reader][reads] ?? [] : right
      guard spans > 0, !own.isEmpty else { return nil }
      // A loss is a cost: what is right no more.
      return .init(
        intact: -own[reading.utterance], changed: -reading.changed.right[reader][reads], weight: spans)
    }
  }

  /// One utterance with a change, and what the head said without it.
  private struct ChangedReading {
    var utterance: Int
    var intact: HeadTally?
    var changed: LevelOutcome.Reading
    var isUntrained = false
  }

  private func draws(
    _ own: LevelOutcome, _ quantity: InterventionResult.Quantity, _ level: Int,
    _ part: (ChangedReading) -> EffectStatistics.Part?
  ) -> EffectDraws? {
    let statistics = statistics[level]
    func parts(_ reading: (LevelOutcome.Tested) -> ChangedReading?) -> [(Int, EffectStatistics.Part)] {
      own.tested.compactMap { tested in
        reading(tested).flatMap(part).map { (tested.utterance, $0) }
      }
    }
    let erased = parts { ChangedReading(utterance: $0.utterance, intact: $0.intact, changed: $0.erased) }
    guard !erased.isEmpty else { return nil }
    let control = parts { tested in
      tested.control.map {
        ChangedReading(utterance: tested.utterance, intact: tested.intact, changed: $0)
      }
    }
    let untrained = parts { tested in
      tested.untrained.map {
        ChangedReading(
          utterance: tested.utterance, intact: $0.intact, changed: $0.erased, isUntrained: true)
      }
    }
    let random = own.tested.flatMap { tested in
      tested.random.compactMap { draw in
        part(ChangedReading(utterance: tested.utterance, intact: tested.intact, changed: draw.reading))
          .map { (tested.utterance, draw.draw, $0) }
      }
    }
    let weight = erased.reduce(0) { $0 + $1.1.weight }
    return EffectDraws(
      quantity: quantity, intact: abs(erased.reduce(0) { $0 + $1.1.intact } / max(weight, 1)),
      cost: statistics.cost(erased), atRandom: statistics.costAtRandom(random),
      control: control.isEmpty ? nil : statistics.cost(control),
      untrained: untrained.isEmpty ? nil : statistics.cost(untrained))
  }

  // MARK: - What comes back

  private func returned(_ outcome: LayerOutcome, _ level: Int) -> [InterventionResult.Return] {
    guard let first = setting.read.firstIndex(where: { $0.name == outcome.layer }) else { return [] }
    let (plan, statistics, tested) = (setting.plans[level], statistics[level], outcome.levels[level].tested)
    func accuracy(_ right: (LevelOutcome.Tested) -> Double) -> Draws {
      statistics.cost(
        tested.map {
          (
            $0.utterance,
            .init(intact: 0, changed: right($0), weight: Double(plan.testedSpans($0.utterance).count))
          )
        })
    }
    let left = accuracy { $0.returned[first] }
    let places = setting.read.indices.filter { $0 >= first && setting.isRead(level, at: $0) }
    let found = places.map { place in accuracy { $0.returned[place] } }
    let intact = places.map { place in
      accuracy { setting.intactRight[place][level][$0.utterance] }.values.first ?? 0
    }
    let gains = found.map { $0 - left }
    let isMore = SimultaneousInference.beyondChance(Array(gains.dropFirst()))
    // At the changed layer: one that reads nothing of the level has nothing to give back.
    let lost = (intact.first ?? 0) - (left.values.first ?? 0)
    return places.indices.map { index in
      let gain = gains[index].values.first ?? 0
      let isBack =
        index > 0 && statistics.isEnough && isMore[index - 1] && gain > 0 && lost > 0 && gain >= lost / 2
      return InterventionResult.Return(
        layer: setting.read[places[index]].name, intact: intact[index],
        accuracy: found[index].estimate(within: 0...1), gain: gains[index].estimate(), isBack: isBack)
    }
  }
}
