/// Finds speakers in the beginnings of file names that are not in folders of their own.
enum SpeakerPrefixes {
  /// Taken where every name has such a beginning, there are several, and each has at least two files; `utt_1, utt_2`
  /// tells nothing.
  static func find(_ ids: [String]) -> SpeakerNames.Found? {
    let names = ids.map { parts(SpeakerNames.stem($0)) }
    guard let width = names.map(\.count).min(), width > 1 else { return nil }
    // Dates, and words that all names begin with, stand before the speaker.
    let first = (0..<(width - 1)).first { place in
      let values = Set(names.map { $0[place] })
      return values.count > 1 && !values.allSatisfy(isDate)
    }
    guard var last = first else { return nil }
    let start = last
    // After a word that all share, a number counts recordings.
    let mayCount = names.allSatisfy { $0[..<start].allSatisfy(isDate) }
    guard mayCount || names.allSatisfy({ $0[start].contains(where: \.isLetter) }) else { return nil }
    // `00-M-f05`: further parts, as long as each has letters and belongs to one beginning alone.
    while last + 1 < width - 1, isNested(names, start, last + 1) { last += 1 }
    let speakers = names.map { $0[start...last].joined(separator: "-") }
    let groups = Dictionary(speakers.map { ($0, 1) }, uniquingKeysWith: +)
    guard groups.count > 1, groups.values.allSatisfy({ $0 > 1 }),
      !groups.keys.allSatisfy(FolderWords.isOccasion)
    else { return nil }
    let place = start == last ? "part \(start + 1)" : "parts \(start + 1) to \(last + 1)"
    return .init(names: speakers, explanation: "\(place) of the file names")
  }

  /// What stands between `_` and `-`; dates in one piece.
  private static func parts(_ stem: String) -> [String] {
    var parts = stem.split { $0 == "_" || $0 == "-" }.map(String.init)
    if parts.count > 3, isYear(parts[0]), parts[1...2].allSatisfy({ $0.count == 2 && Int($0) != nil }) {
      parts.replaceSubrange(0..<3, with: [parts[0..<3].joined()])
    }
    return parts
  }

  private static func isNested(_ names: [[String]], _ start: Int, _ place: Int) -> Bool {
    guard names.allSatisfy({ $0[place].contains(where: \.isLetter) }) else { return false }
    var holders: [String: Set<String>] = [:]
    for name in names {
      holders[name[place], default: []].insert(name[start..<place].joined(separator: "-"))
    }
    return holders.values.allSatisfy { $0.count == 1 }
  }

  /// `20210103`, `210103`.
  private static func isDate(_ part: String) -> Bool {
    guard Int(part) != nil, part.count == 8 || part.count == 6 else { return false }
    let digits = part.suffix(4)
    guard let month = Int(digits.prefix(2)), let day = Int(digits.suffix(2)) else { return false }
    return (1...12).contains(month) && (1...31).contains(day)
      && (part.count == 6 || isYear(String(part.prefix(4))))
  }

  private static func isYear(_ part: String) -> Bool {
    part.count == 4 && Int(part).map { (1900...2100).contains($0) } ?? false
  }
}

/// Speakers for messages: how many, and the first.
struct SpeakerList {
  let names: [String]

  init(_ names: [String]) { self.names = Set(names).sorted() }

  func words(_ limit: Int = 10) -> String {
    let more = names.count > limit ? ", …" : ""
    return "\(names.count) (\(names.prefix(limit).joined(separator: ", "))\(more))"
  }
}
