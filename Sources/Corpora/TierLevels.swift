/// Finds out which tiers of a label file hold which levels, and whose they are.
struct TierLevels {
  /// What `corpus.yaml` says: then names that it does not mention hold nothing.
  let mapping: [String: Level]?

  /// The tiers of one speaker that hold a level.
  struct Found {
    var tiers: [Level: Tier] = [:]
    /// That the label file names.
    var speaker: String?
    var channel: Int?
  }

  /// One for each speaker or channel that the tiers name; also the tiers that hold nothing.
  func find(in tiers: [Tier], issues: inout IssueList) -> (speakers: [Found], unused: [Tier]) {
    let tight = TierNames.haveTightSpeakers(tiers.map(\.name), isKnown: isKnown)
    var owned: [(tier: Tier, name: String, owner: Owner)] = []
    for tier in tiers {
      let parts = TierNames.parts(tier.name, tight: tight, isKnown: isKnown)
      let owner = Owner(speaker: tier.speaker ?? parts.speaker, channel: tier.channel)
      owned.append((tier, parts.name, owner))
    }
    let withLevel = owned.filter { level(of: $0.tier, named: $0.name) != nil }.map(\.owner)
    let speakers = Set(withLevel.compactMap(\.speaker))
    let channels = Set(withLevel.compactMap(\.channel))
    guard speakers.count > 1 || channels.count > 1 else {
      var unused: [Tier] = []
      var found = levels(owned.map { ($0.tier, $0.name) }, &unused, &issues)
      (found.speaker, found.channel) = (speakers.first, channels.first)
      return ([found], unused)
    }
    var unused: [Tier] = []
    var groups: [Owner: [(Tier, String)]] = [:]
    var order: [Owner] = []
    for (tier, name, owner) in owned {
      guard owner != Owner(speaker: nil, channel: nil) else {
        unused.append(tier)
        continue
      }
      if groups[owner] == nil { order.append(owner) }
      groups[owner, default: []].append((tier, name))
    }
    let found = order.sorted().map { owner in
      var found = levels(groups[owner] ?? [], &unused, &issues)
      (found.speaker, found.channel) = (owner.speaker, owner.channel)
      return found
    }
    return (found.filter { !$0.tiers.isEmpty }, unused)
  }

  private struct Owner: Hashable, Comparable {
    let speaker: String?
    let channel: Int?

    static func < (a: Owner, b: Owner) -> Bool {
      (a.channel ?? -1, a.speaker ?? "") < (b.channel ?? -1, b.speaker ?? "")
    }
  }

  private func levels(
    _ tiers: [(tier: Tier, name: String)], _ unused: inout [Tier], _ issues: inout IssueList
  ) -> Found {
    var found = Found()
    var ranks: [Level: Int] = [:]
    for (tier, name) in tiers {
      guard let (level, rank) = level(of: tier, named: name) else {
        unused.append(tier)
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
    return found
  }

  private func isKnown(_ name: String) -> Bool { level(of: name) != nil }

  /// By the name without its speaker, else by what the reader found.
  private func level(of tier: Tier, named name: String) -> (level: Level, rank: Int)? {
    if let found = level(of: tier.name) ?? level(of: name) { return found }
    return mapping == nil ? tier.level.map { ($0, 0) } : nil
  }

  private func level(of name: String) -> (level: Level, rank: Int)? {
    guard let mapping else { return TierNames.level(of: name) }
    if let level = mapping[name] { return (level, 0) }
    let key = name.lowercased()
    return mapping.first { $0.key.lowercased() == key }.map { ($0.value, 0) }
  }
}
