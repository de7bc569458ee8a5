import Probing
import Results

extension InterventionSummary {
  /// Of each layer that was changed whether a level can be read there, and beyond what is simpler; all layers together.
  /// Nil where the layer has no vectors of the level.
  func encodings(of level: Int) -> [InterventionResult.Encoded?] {
    let (plan, statistics) = (setting.plans[level], statistics[level])
    let (majority, baseline) = (plan.rightByMajority, setting.baselineRight[level])
    func difference(_ right: [Double], _ other: [Double]?) -> Draws {
      statistics.cost(
        setting.run(plan).map { utterance in
          (
            utterance,
            .init(
              intact: other?[utterance] ?? 0, changed: right[utterance],
              weight: Double(plan.testedSpans(utterance).count))
          )
        })
    }
    let right = outcomes.map { outcome -> [Double]? in
      guard let place = setting.read.firstIndex(where: { $0.name == outcome.layer }),
        setting.isRead(level, at: place)
      else { return nil }
      return setting.intactRight[place][level]
    }
    let overMajority = right.map { $0.map { difference($0, majority) } }
    let beyond = zip(right, outcomes).map { right, outcome -> Draws? in
      guard right != nil, let baseline, let beside = outcome.levels[level].besideBaseline else {
        return nil
      }
      return difference(beside, baseline)
    }
    let (isReadable, isBeyond) = (areMoreThanChance(overMajority), areMoreThanChance(beyond))
    let simpler = baseline.flatMap { difference($0, nil).values.first }
    return outcomes.indices.map { place in
      guard let right = right[place], let over = overMajority[place] else { return nil }
      var encoded = InterventionResult.Encoded(
        accuracy: difference(right, nil).estimate(within: 0...1), overMajority: over.estimate(),
        isReadable: statistics.isEnough && isReadable[place] == true)
      if let beyond = beyond[place], let simpler {
        encoded.baseline = simpler
        encoded.beyondBaseline = beyond.estimate()
        encoded.isBeyondBaseline = statistics.isEnough && isBeyond[place] == true
      }
      return encoded
    }
  }

  /// Which differences are above zero by more than chance, at level 0.05 all together; nil where there is none.
  private func areMoreThanChance(_ differences: [Draws?]) -> [Bool?] {
    var found = SimultaneousInference.beyondChance(differences.compactMap(\.self)).makeIterator()
    return differences.map { own in
      own.map { draws in (found.next() ?? false) && (draws.values.first ?? 0) > 0 }
    }
  }
}
