import Probing
import Results

extension InterventionSetting {
  /// How well sounds and texts find each other with nothing changed; none of a model without a space that they share.
  func retrievals() throws -> [InterventionResult.Retrieval] {
    guard let head, head.isRetrieval, case .rows(let targets) = head.reading, let plan = plans.first else {
      return []
    }
    let statistics = EffectStatistics(
      plan, clusters: utterances, draws: 0, resamples: study.resamples, seed: study.seed)
    let outputs = try headOutputs()
    return InterventionResult.Retrieval.Direction.allCases.enumerated().map { row, direction in
      let found = utterances.compactMap { utterance in
        outputs[utterance].map { output in
          (
            utterance: utterance, rank: output.rank(of: targets[utterance][row], at: row),
            among: output.candidates(at: row)
          )
        }
      }
      func share(_ most: Int) -> Draws {
        statistics.cost(
          found.map {
            ($0.utterance, .init(intact: 0, changed: $0.rank <= Double(most) ? 1 : 0, weight: 1))
          })
      }
      func chance(_ most: Int) -> Double {
        found.reduce(0) { $0 + min(1, Double(most) / Double($1.among)) } / Double(max(1, found.count))
      }
      let ranks = found.map(\.rank).sorted()
      return InterventionResult.Retrieval(
        direction: direction, queries: found.count,
        candidates: found.reduce(0) { $0 + Double($1.among) } / Double(max(1, found.count)),
        first: share(1).estimate(within: 0...1), firstFive: share(5).estimate(within: 0...1),
        firstByChance: chance(1),
        firstFiveByChance: chance(5), medianRank: ranks.isEmpty ? .nan : ranks[ranks.count / 2])
    }
  }
}

extension HeadOutput {
  /// Below this a class has been left out.
  private static let never = -1e20

  /// Classes of a row that were not left out.
  func candidates(at row: Int) -> Int { (0..<classes).count { self[row, $0] > Self.never } }

  /// The place of a class among a row's, the likeliest first; classes that are as likely share theirs.
  func rank(of target: Int, at row: Int) -> Double {
    var (before, same) = (0, 0)
    for k in 0..<classes where k != target {
      if self[row, k] > self[row, target] {
        before += 1
      } else if self[row, k] == self[row, target] {
        same += 1
      }
    }
    return 1 + Double(before) + Double(same) / 2
  }
}
