/// Divides the phones of a word into syllables by maximal onset: between two vowels, as many consonants as
/// can begin a syllable belong to the second.
///
/// ```swift
/// Syllabifier(.arpabet).syllables(of: ["M", "AW1", "N", "T", "AH0", "N"])   // [0..<3, 3..<6]
/// Syllabifier(.ipa, language: .german).syllables(of: ["v", "a", "s", "ɐ"])  // [0..<2, 2..<4]
/// ```
///
/// What can begin one is the language's table, the same in every alphabet; ARPAbet, TIMIT and Buckeye are English, pinyin is
/// Mandarin, OpenJTalk's romanisation Japanese. Where the language is not known, the onset is the longest run in which
/// sonority rises up to the vowel (Clements 1990). Where the alphabet is not known, there are no syllables.
public struct Syllabifier: Sendable {
  /// The alphabet that the phones are written in.
  public let phoneSet: PhoneSet
  /// The language whose onsets are used; nil where it is not known.
  public let language: SpokenLanguage?
  private let onsets: Onsets
  private let readings: [String: PhoneReading]

  /// `onsets` are clusters beyond the language's table, written in the alphabet with blanks between the phones; of a
  /// language without a table they are the table, with every single consonant.
  public init(_ phoneSet: PhoneSet, language: SpokenLanguage? = nil, onsets: [String] = []) {
    self.init(phoneSet, language: language, onsets: onsets, known: [])
  }

  /// `known` are labels that will come again and again.
  init(_ phoneSet: PhoneSet, language: SpokenLanguage?, onsets: [String], known: Set<String>) {
    self.phoneSet = phoneSet
    self.language = language ?? SpokenLanguage(of: phoneSet)
    self.onsets = Onsets(self.language, more: onsets, in: phoneSet)
    readings = known.reduce(into: [:]) { $0[$1] = phoneSet.reading(of: $1) }
  }

  func reading(of label: String) -> PhoneReading? { readings[label] ?? phoneSet.reading(of: label) }

  /// The syllables of a word as ranges of its phones; together they are the whole word. A word without a
  /// vowel is one syllable. Empty where the alphabet is not known.
  public func syllables(of phones: [String]) -> [Range<Int>] {
    guard phoneSet != .none else { return [] }
    let readings = phones.map(reading)
    let nuclei = self.nuclei(of: readings)
    guard nuclei.count > 1 else { return phones.isEmpty ? [] : [0..<phones.count] }
    var starts = [0]
    for (nucleus, next) in zip(nuclei, nuclei.dropFirst()) {
      starts.append(onset(of: next, after: nucleus, readings))
    }
    return zip(starts, starts.dropFirst() + [phones.count]).map { $0..<$1 }
  }

  /// The vowels and syllabic consonants; in Japanese a vowel that only lengthens the one before it, or is its glide (`ai`),
  /// begins no syllable.
  private func nuclei(of readings: [PhoneReading?]) -> [Int] {
    readings.indices.reduce(into: []) { nuclei, index in
      guard let reading = readings[index], reading.isNucleus else { return }
      if language == .japanese, nuclei.last == index - 1, index > 0,
        let letter = reading.signs.first?.letter,
        letter == "i" || readings[index - 1]?.signs.last?.letter == letter
      {
        return
      }
      nuclei.append(index)
    }
  }

  /// Where the syllable whose vowel is at `nucleus` begins.
  private func onset(of nucleus: Int, after previous: Int, _ phones: [PhoneReading?]) -> Int {
    var first = previous + 1
    while first < nucleus, phones[first]?.isNucleus ?? false { first += 1 }
    switch language {
    case .mandarin: return mandarinOnset(first..<nucleus, phones)
    case .japanese: return japaneseOnset(first..<nucleus, phones)
    default: return (first..<nucleus).first { onsets.contains(Array(phones[$0..<nucleus])) } ?? nucleus
    }
  }

  /// Only n, ŋ and the r of er close a syllable, and ŋ begins none. A single n between vowels closes the first one, as
  /// in 恩爱, unless what is left could be no syllable (eng, ei); the alphabets that write finals whole leave no doubt.
  private func mandarinOnset(_ between: Range<Int>, _ phones: [PhoneReading?]) -> Int {
    guard let first = between.first, let letter = phones[first]?.signs.first?.letter else {
      return between.lowerBound
    }
    guard phoneSet != .pinyin, "nŋɻ".unicodeScalars.contains(letter), phones[first]?.signs.count == 1 else {
      return first
    }
    if letter == "n", between.count == 1, !canBeginMandarin(Array(phones[between.upperBound...].prefix(2)))
    {
      return first
    }
    return first + 1
  }

  /// Whether there are syllables that begin with this vowel, with the phone behind it.
  private func canBeginMandarin(_ phones: [PhoneReading?]) -> Bool {
    let letters = phones.map { $0?.signs.map(\.letter) ?? [] }
    if letters[0] == ["e", "j"] { return false }
    return !(letters[0] == ["ə"] && letters.count > 1 && letters[1] == ["ŋ"])
  }

  /// The moraic nasal and the first half of a long consonant close their syllable; what is left begins with one consonant
  /// and maybe a glide.
  private func japaneseOnset(_ between: Range<Int>, _ phones: [PhoneReading?]) -> Int {
    var start = between.upperBound
    while start > between.lowerBound, let phone = phones[start - 1], !phone.isMoraic,
      start == between.upperBound || onsets.contains(Array(phones[(start - 1)..<between.upperBound]))
    {
      start -= 1
    }
    return start
  }
}

extension PhoneReading {
  /// A mora of its own in Japanese: the nasal that closes a syllable, the first half of a long consonant.
  var isMoraic: Bool {
    guard let sign = signs.first else { return true }
    if signs.count > 1 { return false }
    return sign.letter == "ɴ" || (sign.letter == "ɰ" && sign.marks.contains("\u{303}"))
  }
}
