import Foundations
import Probing
import Results
import Tensors

/// Effects of one level's changes with their intervals: utterances (or speakers, where there are ten or more) are
/// resampled, and with them the draws of random subspaces.
struct EffectStatistics: Sendable {
  /// One utterance's share in an effect: the sums before and after the change, and what they are divided by.
  struct Part: Sendable {
    var intact, changed, weight: Double
  }

  let bootstrap: Bootstrap
  /// The cluster of each utterance of the corpus.
  private let cluster: [Int: Int]
  let clusters: Int
  let unit: String
  /// How much each draw counts in each resample, `[1 + resamples × draws]`.
  private let drawWeights: Matrix

  /// Over the utterances that a level tests, or over `clusters`.
  init(_ plan: ConceptPlan, clusters: [Int]? = nil, draws: Int, resamples: Int, seed: UInt64) {
    let tested = clusters ?? plan.tested
    let speakers = Set(tested.map { plan.speakers[$0] }).sorted()
    let bySpeaker = speakers.count >= SimultaneousInference.leastClusters
    var numbers: [Int: Int] = [:]
    for (number, id) in (bySpeaker ? speakers : tested).enumerated() { numbers[id] = number }
    cluster = Dictionary(
      uniqueKeysWithValues: tested.map { ($0, numbers[bySpeaker ? plan.speakers[$0] : $0] ?? 0) })
    self.clusters = numbers.count
    unit = bySpeaker ? "speakers" : "utterances"
    bootstrap = Bootstrap(clusters: max(1, numbers.count), resamples: resamples, seed: seed)
    var weights = Matrix(rows: resamples + 1, columns: draws, repeating: 0)
    var random = RandomNumbers(seed: seed, stream: "bootstrap of random subspaces")
    // Of m draws a resample of them spreads too little by √((m − 1)/m).
    let spread = draws > 1 ? (Double(draws) / Double(draws - 1)).squareRoot() : 1
    for row in 0...resamples {
      for draw in 0..<draws { weights[row, draw] = row == 0 ? 1 : 1 - spread }
      guard row > 0, draws > 0 else { continue }
      for _ in 0..<draws { weights[row, random.index(below: draws)] += spread }
    }
    drawWeights = weights
  }

  var isEnough: Bool { clusters >= SimultaneousInference.leastClusters }

  /// Σ changed − Σ intact over Σ weights.
  func cost(_ parts: [(utterance: Int, part: Part)]) -> Draws {
    var counts = Matrix(rows: max(1, clusters), columns: 2)
    for (utterance, part) in parts {
      guard let place = cluster[utterance] else { continue }
      counts[place, 0] += part.changed - part.intact
      counts[place, 1] += part.weight
    }
    let sums = bootstrap.sums(of: counts)
    return Draws(values: (0..<sums.rows).map { sums[$0, 0] / sums[$0, 1] }, clusters: clusters)
  }

  /// The same over draws of random subspaces; nil of none.
  func costAtRandom(_ parts: [(utterance: Int, draw: Int, part: Part)]) -> Draws? {
    guard !parts.isEmpty else { return nil }
    let draws = drawWeights.columns
    var counts = Matrix(rows: max(1, clusters), columns: 2 * draws)
    for (utterance, draw, part) in parts {
      guard let place = cluster[utterance] else { continue }
      counts[place, draw] += part.changed - part.intact
      counts[place, draws + draw] += part.weight
    }
    let sums = bootstrap.sums(of: counts)
    return Draws(
      values: (0..<sums.rows).map { row in
        var (cost, weight) = (0.0, 0.0)
        for draw in 0..<draws {
          cost += drawWeights[row, draw] * sums[row, draw]
          weight += drawWeights[row, draw] * sums[row, draws + draw]
        }
        return cost / weight
      }, clusters: clusters)
  }
}

/// The draws behind an effect, from which it is told what is more than chance.
struct EffectDraws: Sendable {
  var quantity: InterventionResult.Quantity
  var intact: Double
  var cost: Draws
  var atRandom: Draws?
  var control: Draws?
  var untrained: Draws?

  var beyondRandom: Draws? { atRandom.map { cost - $0 } }
  var beyondControl: Draws? { control.map { cost - $0 } }
  var beyondUntrained: Draws? { untrained.map { cost - $0 } }

  var effect: InterventionResult.Effect {
    var effect = InterventionResult.Effect(quantity: quantity, intact: intact, cost: cost.estimate())
    effect.atRandom = atRandom?.estimate()
    effect.beyondRandom = beyondRandom?.estimate()
    effect.beyondControl = beyondControl?.estimate()
    effect.beyondUntrained = beyondUntrained?.estimate()
    return effect
  }
}

/// Whether an effect is more than those of its controls; nil where there is no such control.
struct BeyondControls: Sendable, Equatable {
  var random = false
  var task: Bool?
  var untrained: Bool?

  func mark(_ effect: inout InterventionResult.Effect) {
    (effect.isBeyondRandom, effect.isBeyondControl, effect.isBeyondUntrained) = (random, task, untrained)
  }
}

extension [EffectDraws?] {
  /// Which of them are more than each control's, at level 0.05 all together.
  func beyondChance() -> [BeyondControls] {
    let (random, task, untrained) = (
      beyond { $0.beyondRandom }, beyond { $0.beyondControl }, beyond { $0.beyondUntrained }
    )
    return indices.map {
      BeyondControls(random: random[$0] ?? false, task: task[$0], untrained: untrained[$0])
    }
  }

  private func beyond(_ difference: (EffectDraws) -> Draws?) -> [Bool?] {
    let differences = map { $0.flatMap(difference) }
    let isBeyond = SimultaneousInference.beyondChance(differences.compactMap(\.self))
    var next = 0
    return differences.map { draws in
      guard let draws else { return nil }
      defer { next += 1 }
      return isBeyond[next] && (draws.values.first ?? 0) > 0
    }
  }
}

extension InterventionResult.Quantity {
  /// One utterance's share in an effect on the head; nil where it has none.
  func part(_ intact: HeadTally, _ changed: HeadTally) -> EffectStatistics.Part? {
    if self == .divergence { return .init(intact: 0, changed: changed.divergence, weight: changed.frames) }
    guard intact.symbols > 0, changed.symbols > 0 else { return nil }
    return switch self {
    case .symbol: .init(intact: intact.symbolLoss, changed: changed.symbolLoss, weight: intact.symbols)
    case .errors: .init(intact: intact.edits, changed: changed.edits, weight: intact.symbols)
    case .wordErrors:
      intact.words > 0
        ? .init(intact: intact.wordEdits, changed: changed.wordEdits, weight: intact.words) : nil
    default: .init(intact: intact.loss, changed: changed.loss, weight: intact.symbols)
    }
  }
}
