/// Tiers that a label file does not have but that follow from those it has.
enum DerivedTiers {
  /// A silence of this many seconds between words ends a phrase.
  static let pause = 0.15

  /// Syllables, by maximal onset from the phones of each word.
  ///
  /// A phone belongs to the word that holds its middle; phones outside words and silences make no syllable.
  static func syllables(
    phones: Tier, words: Tier, labelling: Labelling, syllabifier: Syllabifier? = nil
  ) -> Tier {
    let syllabifier = syllabifier ?? labelling.syllabifier()
    var syllables: [Interval] = []
    for inside in Self.phones(phones, inWords: words, labelling) {
      for range in syllabifier.syllables(of: inside.map { labelling.phone($0.label) }) {
        let members = inside[
          (inside.startIndex + range.lowerBound)..<(inside.startIndex + range.upperBound)]
        guard let start = members.first?.start, let end = members.last?.end else { continue }
        let label = members.map { $0.label.trimmed }.joined(separator: " ")
        syllables.append(Interval(start: start, end: end, label: label))
      }
    }
    return Tier(name: "maximal onset", level: .syllable, intervals: syllables, isDerived: true)
  }

  /// Moras of Japanese, from the phones of each word.
  static func moras(
    phones: Tier, words: Tier, labelling: Labelling, syllabifier: Syllabifier? = nil
  ) -> Tier {
    let divider = MoraDivider(syllabifier: syllabifier ?? labelling.syllabifier())
    let moras = Self.phones(phones, inWords: words, labelling).flatMap { inside in
      divider.moras(of: inside).map { Interval(start: $0.start, end: $0.end, label: $0.label) }
    }
    return Tier(name: "moras of the phones", level: .mora, intervals: moras, isDerived: true)
  }

  /// The phones of each word, silences left out.
  private static func phones(
    _ phones: Tier, inWords words: Tier, _ labelling: Labelling
  ) -> [ArraySlice<Interval>] {
    let phones = phones.intervals.filter { !labelling.isSilence($0.label, at: .phoneme) }
    var next = 0
    return words.intervals.filter { !labelling.isSilence($0.label, at: .word) }.map { word in
      while next < phones.count, phones[next].middle < word.start { next += 1 }
      let first = next
      while next < phones.count, phones[next].middle < word.end { next += 1 }
      return phones[first..<next]
    }
  }

  /// Phrases: runs of words with less than 150 ms of silence between them.
  static func phrases(words: Tier, labelling: Labelling) -> Tier {
    var phrases: [Interval] = []
    for word in words.intervals where !labelling.isSilence(word.label, at: .word) {
      let label = word.label.trimmed
      if let last = phrases.last, word.start - last.end < pause - 1e-6 {
        phrases[phrases.count - 1].end = max(last.end, word.end)
        phrases[phrases.count - 1].label += " " + label
      } else {
        phrases.append(Interval(start: word.start, end: word.end, label: label))
      }
    }
    return Tier(name: "words between pauses", level: .phrase, intervals: phrases, isDerived: true)
  }
}

extension Interval {
  fileprivate var middle: Double { (start + end) / 2 }
}
