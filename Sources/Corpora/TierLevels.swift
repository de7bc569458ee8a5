/// Finds out which tiers of a label file hold which levels.
struct TierLevels {
  /// What `corpus.yaml` says: then names that it does not mention hold nothing.
  let mapping: [String: Level]?

  /// The tiers that hold a level.
  struct Found {
    var tiers: [Level: Tier] = [:]
    /// Those that MFA names in front of tiers.
    var speakers: Set<String> = []
    /// The others, by name.
    var unused: [Tier] = []
  }

  func find(in tiers: [Tier], issues: inout IssueList) -> Found {
    var found = Found()
    var ranks: [Level: Int] = [:]
    for tier in tiers {
      guard let (level, rank) = level(of: tier.name) else {
        found.unused.append(tier)
        continue
      }
      guard tier.kind == .intervals else {
        issues.add(
          .pointTier, tier.path, severity: .warning,
          "“\(tier.name)” is a point tier, of which no spans can be made; \(level.rawValue)s need an interval tier"
        )
        continue
      }
      if tier.intervals.allSatisfy({ $0.label.allSatisfy(\.isWhitespace) }) {
        issues.add(.emptyTier, tier.path, "tier “\(tier.name)” has no label; not used")
        continue
      }
      if let other = ranks[level], let taken = found.tiers[level] {
        let (kept, dropped) = rank < other ? (tier.name, taken.name) : (taken.name, tier.name)
        issues.add(
          .sameLevel, tier.path,
          "“\(kept)” and “\(dropped)” both hold \(level.rawValue)s; the first is taken")
        if rank >= other { continue }
      }
      ranks[level] = rank
      found.tiers[level] = tier
      found.tiers[level]?.level = level
    }
    found.speakers = Set(found.tiers.values.compactMap { TierNames.split($0.name).speaker })
    return found
  }

  private func level(of name: String) -> (level: Level, rank: Int)? {
    guard let mapping else { return TierNames.level(of: name) }
    if let level = mapping[name] ?? mapping[TierNames.split(name).name] { return (level, 0) }
    let key = name.lowercased()
    return mapping.first { $0.key.lowercased() == key }.map { ($0.value, 0) }
  }
}
