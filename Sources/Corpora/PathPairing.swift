/// Says which label file belongs to which audio file, by their paths without kind folders and endings (`kal/001`).
///
/// Equal paths first; then those that agree in their last folders, the longest agreement first
/// (`my_corpus/kal/001`, `my_corpus_aligned/kal/001`); then the file name alone, where only one audio and one label
/// file have it and nothing says that their folders are different people's. What is left over with candidates is refused.
struct PathPairing {
  /// Audio to labels.
  private(set) var pairs: [String: String] = [:]
  /// Audio that may have labels, with the candidates.
  private(set) var refused: [String: [String]] = [:]

  init(audio: [String], labels: [String]) {
    let known = Set(labels)
    for id in audio where known.contains(id) { pairs[id] = id }
    let longest = (audio + labels).map { Self.parts($0).count }.max() ?? 0
    for count in stride(from: longest, through: 2, by: -1) { pairTails(audio, labels, count) }
    pairNames(audio, labels)
    pairEndings(audio, labels)
    refuse(audio, labels)
  }

  /// Pairs what agrees in so many of its last parts and with nothing else.
  private mutating func pairTails(_ audio: [String], _ labels: [String], _ count: Int) {
    let (own, other) = free(audio, labels) { Self.tail($0, count) }
    for (tail, ids) in own where ids.count == 1 {
      if let candidates = other[tail], candidates.count == 1 { pairs[ids[0]] = candidates[0] }
    }
  }

  private mutating func pairNames(_ audio: [String], _ labels: [String]) {
    let named = Set(pairs.map { Self.folder($0.key) })
    let served = Set(pairs.map { Self.folder($0.value) })
    let audioNames = Dictionary(grouping: audio) { Self.tail($0, 1) ?? "" }
    let labelNames = Dictionary(grouping: labels) { Self.tail($0, 1) ?? "" }
    let (own, other) = free(audio, labels) { Self.tail($0, 1) }
    for (name, ids) in own {
      guard ids.count == 1, let candidates = other[name], candidates.count == 1,
        audioNames[name]?.count == 1, labelNames[name]?.count == 1
      else { continue }
      let (from, to) = (Self.folder(ids[0]), Self.folder(candidates[0]))
      // A folder whose other files have found their partners elsewhere is somebody else's.
      guard !named.contains(from), !served.contains(to) else { continue }
      // `001` says nothing of who speaks; the folders must then be kinds of files.
      guard name.contains(where: { !$0.isNumber }) || FolderWords.isKind(from) || FolderWords.isKind(to)
      else { continue }
      pairs[ids[0]] = candidates[0]
    }
  }

  /// Names of which all on one side have one more ending: `kal_s096_mic1` and `kal_s096`.
  private mutating func pairEndings(_ audio: [String], _ labels: [String]) {
    let taken = Set(pairs.values)
    let (own, other) = (audio.filter { pairs[$0] == nil }, labels.filter { !taken.contains($0) })
    if let short = Self.withoutEnding(own), Set(short).isSubset(of: other) {
      for (id, label) in zip(own, short) { pairs[id] = label }
    } else if let short = Self.withoutEnding(other) {
      let labels = Dictionary(zip(short, other).map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
      for id in own { if let label = labels[id] { pairs[id] = label } }
    }
  }

  private mutating func refuse(_ audio: [String], _ labels: [String]) {
    let (own, other) = free(audio, labels) { Self.tail($0, 1) }
    for (name, ids) in own {
      guard let candidates = other[name] else { continue }
      for id in ids { refused[id] = candidates.sorted() }
    }
  }

  /// What has no partner yet, by a key.
  private func free(
    _ audio: [String], _ labels: [String], _ key: (String) -> String?
  ) -> (audio: [String: [String]], labels: [String: [String]]) {
    let taken = Set(pairs.values)
    func grouped(_ ids: [String]) -> [String: [String]] {
      ids.reduce(into: [:]) { groups, id in if let key = key(id) { groups[key, default: []].append(id) } }
    }
    return (grouped(audio.filter { pairs[$0] == nil }), grouped(labels.filter { !taken.contains($0) }))
  }

  private static func parts(_ id: String) -> [Substring] { id.split(separator: "/") }

  /// The last parts of an id, whatever their case; nil where it has fewer.
  private static func tail(_ id: String, _ count: Int) -> String? {
    let parts = parts(id)
    return parts.count < count ? nil : parts.suffix(count).joined(separator: "/").lowercased()
  }

  private static func folder(_ id: String) -> String { parts(id).dropLast().joined(separator: "/") }

  /// Each without the ending that all of them have behind `_`, `-` or `.`; nil where they have none.
  private static func withoutEnding(_ ids: [String]) -> [String]? {
    guard let first = ids.first, let place = first.lastIndex(where: { "_-.".contains($0) }) else {
      return nil
    }
    let ending = first[place...]
    guard ids.count > 1, !ending.contains("/"),
      ids.allSatisfy({ $0.hasSuffix(ending) && $0.count > ending.count })
    else { return nil }
    return ids.map { String($0.dropLast(ending.count)) }
  }
}
