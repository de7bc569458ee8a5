/// Divides the phones of a word into syllables by maximal onset: between two vowels, as many consonants as
/// can begin a syllable belong to the second.
///
/// ```swift
/// Syllabifier(.arpabet).syllables(of: ["M", "AW1", "N", "T", "AH0", "N"])   // [0..<3, 3..<6]
/// ```
///
/// ARPAbet and TIMIT phones are taken for English, whose onsets are a list (Kahn 1976; Harris 1994). For any
/// other alphabet the language is not known, and the onset is the longest run in which sonority rises up to
/// the vowel (Clements 1990).
public struct Syllabifier: Sendable {
  public let phoneSet: PhoneSet

  public init(_ phoneSet: PhoneSet) {
    self.phoneSet = phoneSet
  }

  /// The syllables of a word as ranges of its phones; together they are the whole word. A word without a
  /// vowel is one syllable.
  public func syllables(of phones: [String]) -> [Range<Int>] {
    let nuclei = phones.indices.filter { phoneSet.isVowel(phones[$0]) }
    guard nuclei.count > 1 else { return phones.isEmpty ? [] : [0..<phones.count] }
    var starts = [0]
    for (nucleus, next) in zip(nuclei, nuclei.dropFirst()) {
      starts.append(onset(of: next, after: nucleus, phones))
    }
    return zip(starts, starts.dropFirst() + [phones.count]).map { $0..<$1 }
  }

  /// Where the syllable whose vowel is at `nucleus` begins.
  private func onset(of nucleus: Int, after previous: Int, _ phones: [String]) -> Int {
    var start = nucleus
    while start - 1 > previous, canBegin(phones[(start - 1)..<nucleus]) { start -= 1 }
    // A cluster such as `S T R` is legal though sonority does not rise in it; longer ones are tried too.
    for longer in stride(from: start - 1, through: previous + 1, by: -1)
    where canBegin(phones[longer..<nucleus]) {
      start = longer
    }
    return start
  }

  private func canBegin(_ cluster: ArraySlice<String>) -> Bool {
    switch phoneSet {
    case .arpabet, .timit, .timit39:
      // A closure and its release are one consonant: `s tcl t r` begins as `s t r` does.
      let phones = cluster.map { $0.lowercased() }.filter { !Timit.closures.contains($0) }
      return EnglishOnsets.contains(phones.map { $0.uppercased() })
    case .sampa:
      return rises(cluster.map(Sampa.sonority))
    case .ipa, .none:
      return rises(cluster.map { IPA.sonority($0.lowercased()) })
    }
  }

  private func rises(_ sonority: [Sonority]) -> Bool {
    zip(sonority, sonority.dropFirst()).allSatisfy { $0 < $1 }
  }
}

/// What an English syllable can begin with.
enum EnglishOnsets {
  /// Every consonant but NG; of TIMIT's, also the flap, the voiced h and the nasal flap.
  private static let single = Arpabet.consonants.subtracting(["NG"]).union(["DX", "HV", "NX", "Q"])

  private static let clusters: Set<String> = [
    "P L", "P R", "P Y", "B L", "B R", "B Y", "T R", "T W", "D R", "D W", "K L", "K R", "K W", "K Y", "G L",
    "G R",
    "G W", "G Y", "F L", "F R", "F Y", "V Y", "TH R", "TH W", "S P", "S T", "S K", "S F", "S M", "S N",
    "S L",
    "S W", "SH R", "HH Y", "HH W", "M Y", "N Y",
    "S P L", "S P R", "S P Y", "S T R", "S K L", "S K R", "S K W", "S K Y",
  ]

  static func contains(_ cluster: [String]) -> Bool {
    cluster.count == 1 ? single.contains(cluster[0]) : clusters.contains(cluster.joined(separator: " "))
  }
}
