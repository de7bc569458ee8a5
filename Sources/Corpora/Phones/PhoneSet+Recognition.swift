extension PhoneSet {
  /// The set that fits these phones (with how often each occurs, silences left out) best.
  ///
  /// A set is taken if it knows at least four fifths of the tokens; the narrower is tried first.
  public static func recognise(_ counts: [String: Int]) -> PhoneSet {
    let phones = PhoneCounts(counts)
    guard phones.total > 0 else { return .none }
    return english(phones) ?? pinyin(phones) ?? ipa(phones) ?? romaji(phones) ?? sampa(phones) ?? .none
  }

  private static func english(_ phones: PhoneCounts) -> PhoneSet? {
    // Single consonants (`d`, `m`) are in every alphabet, so a vowel in two letters must be among them.
    guard phones.contains(where: { Arpabet.nuclei.contains(splitDigit($0).phone.uppercased()) }) else {
      return nil
    }
    // Upper case or lower, but not both: where `M` and `m` are two phones, it is another alphabet.
    let upper = phones.share { Arpabet.phones.contains(splitDigit($0).phone) }
    let lower = phones.share {
      $0 == $0.lowercased() && Arpabet.phones.contains(splitDigit($0.uppercased()).phone)
    }
    let arpabet = max(upper, lower)
    let timit = phones.share(Timit.phones.contains)
    let buckeye = phones.share(Buckeye.phones.contains)
    if arpabet >= 0.8, arpabet >= timit, arpabet >= buckeye { return .arpabet }
    if timit >= 0.8, timit >= buckeye { return .timit }
    return buckeye >= 0.8 ? .buckeye : nil
  }

  private static func pinyin(_ phones: PhoneCounts) -> PhoneSet? {
    let hasTone = phones.contains { Pinyin.split($0).tone != nil && Pinyin.knows($0) }
    let hasInitial = phones.contains { Pinyin.initials[$0] != nil }
    return hasTone && hasInitial && phones.share(Pinyin.knows) >= 0.8 ? .pinyin : nil
  }

  private static func ipa(_ phones: PhoneCounts) -> PhoneSet? {
    let hasTrigraph = phones.contains { $0.hasPrefix("\\") }
    let hasLetter = phones.contains { $0.utf8.contains { $0 > 127 } && IPALabel($0) != nil }
    return (hasTrigraph || hasLetter) && phones.share(PhoneSet.ipa.knows) >= 0.8 ? .ipa : nil
  }

  private static func romaji(_ phones: PhoneCounts) -> PhoneSet? {
    let isOwn = phones.contains(where: Romaji.distinctive.contains)
    let hasOpenVowels = phones.contains { ["a", "i", "u", "e", "o"].contains($0) }
    return isOwn && hasOpenVowels && phones.share(Romaji.knows) >= 0.95 ? .romaji : nil
  }

  private static func sampa(_ phones: PhoneCounts) -> PhoneSet? {
    phones.contains(where: Sampa.isDistinctive) && phones.share(PhoneSet.sampa.knows) >= 0.8 ? .sampa : nil
  }
}

/// How often each phone occurs, without Kaldi's position marks where nearly all have one.
struct PhoneCounts {
  private let counts: [String: Int]
  let total: Int
  /// Whether at least four fifths carry one of Kaldi's position marks.
  let hasPositionMarks: Bool

  init(_ counts: [String: Int]) {
    let total = counts.values.reduce(0, +)
    let marked = counts.reduce(0) { PositionMarks.isMarked($1.key) ? $0 + $1.value : $0 }
    let hasPositionMarks = total > 0 && Double(marked) >= 0.8 * Double(total)
    self.total = total
    self.hasPositionMarks = hasPositionMarks
    self.counts =
      hasPositionMarks
      ? Dictionary(counts.map { (PositionMarks.stripped($0.key), $0.value) }, uniquingKeysWith: +) : counts
  }

  func share(_ isKnown: (String) -> Bool) -> Double {
    total == 0 ? 0 : Double(counts.reduce(0) { isKnown($1.key) ? $0 + $1.value : $0 }) / Double(total)
  }

  func contains(where isMeant: (String) -> Bool) -> Bool { counts.keys.contains(where: isMeant) }
  var labels: [String] { counts.keys.sorted() }
}
