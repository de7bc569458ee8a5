import Models
import Tensors

extension InterventionSetting {
  /// Bytes that a layer takes while it is changed together with others.
  private struct Bytes {
    /// While its frames are summed.
    var sums = 0
    /// While the model goes on from it: what takes levels away and, of the trained model, what later layers then have of
    /// the spans.
    var changes = 0

    static func + (a: Bytes, b: Bytes) -> Bytes {
      Bytes(sums: a.sums + b.sums, changes: a.changes + b.changes)
    }
  }

  private func bytes(_ layer: String, ofUntrained isUntrained: Bool) -> Bytes {
    guard let place = read.firstIndex(where: { $0.name == layer }) else { return Bytes() }
    let width = read[place].width
    return plans.indices.reduce(Bytes()) { sum, index in
      let plan = plans[index]
      guard isRead(index, at: place) else { return sum }
      var own = Bytes(
        sums: plan.cellCount
          * ClassSums.bytes(
            width: width, classCount: plan.classes.count, labellings: plan.hasControl ? 2 : 1))
      let erasures =
        isUntrained ? 1 : 1 + (plan.hasControl ? 1 : 0) + (draws[index].map(\.count).max() ?? 0)
      own.changes = 16 * plan.foldCount * erasures * width * min(width, plan.classes.count)
      if !isUntrained {
        let later = read.indices.filter { $0 >= place && isRead(index, at: $0) }.reduce(0) {
          $0 + read[$1].width
        }
        own.changes += 4 * later * plan.tested.reduce(0) { $0 + plan.testedSpans($1).count }
      }
      return sum + own
    }
  }

  /// Of a group, so that what is finished is kept before long.
  private static let mostLayers = 5

  /// Layers in groups that fit into memory together, five at most, for each of which one pass sums frames and one goes on
  /// from the layers.
  func groups(of layers: [String], ofUntrained isUntrained: Bool) -> [[String]] {
    var groups: [[String]] = []
    var used = Bytes()
    for layer in layers {
      let own = bytes(layer, ofUntrained: isUntrained)
      let both = used + own
      let isFull = groups.last.map { $0.count == Self.mostLayers } ?? true
      if isFull || max(both.sums, both.changes) > study.memory {
        groups.append([])
        used = own
      } else {
        used = both
      }
      groups[groups.count - 1].append(layer)
    }
    return groups
  }

  var cost: InterventionCost {
    let variants = plans.indices.map { place in
      1 + (plans[place].hasControl ? 1 : 0) + (draws[place].map(\.count).max() ?? 0)
    }
    let groups = groups(of: changed, ofUntrained: false).count
    var whole = 1 + 2 * groups
    let steering = study.steers.count * (1 + Steer.doses.count * (1 + Steer.draws))
    var partial = changed.count * (variants.reduce(0, +) + steering) + lesionPasses
    if study.replacesByMeans || study.ablatesHeads { whole += groups }
    // Where recordings lie in a space that texts share, and what they find there.
    if head?.isRetrieval == true { whole += study.comparesUntrained ? 3 : 2 }
    if study.comparesUntrained {
      whole += 1 + 2 * self.groups(of: changed, ofUntrained: true).count
      partial += changed.count * plans.count
    }
    return InterventionCost(
      utterances: utterances.count,
      seconds: utterances.reduce(0) { $0 + study.corpus.utterances[$1].seconds }, layers: changed.count,
      levels: plans.count, whole: whole, partial: partial)
  }

  private var lesionPasses: Int {
    let blocks = read.indices.count { input(ofBlock: $0) != nil && changed.contains(read[$0].name) }
    let heads =
      study.ablatesHeads
      ? study.model.attentionTaps.filter {
        changed.contains("hidden.\($0.name.split(separator: ".").last ?? "")")
      }
      .reduce(0) { $0 + $1.width } : 0
    return (study.skips ? blocks : 0) + (study.replacesByMeans ? changed.count : 0) + heads
  }
}
