/// What stands inside and around a span of an utterance: the phones of a syllable, a word's place in its phrase.
///
/// ```swift
/// let structure = UtteranceStructure(utterance)
/// structure.shape(from: syllable.start, to: syllable.end)     // "CVC"
/// ```
/// A smaller unit belongs to the larger one that holds its middle. Silences and labels that the alphabet leaves out
/// belong to nothing.
public struct UtteranceStructure: Sendable {
  /// Where a unit stands in a larger one.
  public enum Position: String, Sendable { case initial, medial, final, only }

  private let rows: [Level: Row]
  private let labelling: Labelling
  /// Whether any phone bears a mark of stress, or of tone, where the alphabet puts them anywhere.
  private let marksStress: Bool
  private let marksTone: Bool

  /// The structure of an utterance by its interval tiers.
  public init(_ utterance: Utterance) {
    labelling = utterance.labelling
    let labelling = utterance.labelling
    let rows = utterance.tiers.filter { $0.value.kind == .intervals }.mapValues { tier in
      Row(
        tier.intervals.filter { interval in
          guard let level = tier.level, !labelling.isSilence(interval.label, at: level) else {
            return false
          }
          return labelling.label(interval.label, at: level) != nil
        })
    }
    let set = labelling.phoneSet
    let readings =
      set.marksTone
      ? (rows[.phoneme]?.intervals ?? []).compactMap { set.reading(of: labelling.phone($0.label)) } : []
    marksStress = readings.contains { $0.stress != nil }
    marksTone = readings.contains { $0.tone != nil }
    self.rows = rows
  }

  /// Whether the utterance has this level at all.
  public func has(_ level: Level) -> Bool { rows[level].map { !$0.intervals.isEmpty } ?? false }

  /// The phones inside a stretch, without stress.
  public func phones(from start: Double, to end: Double) -> [String] {
    labels(.phoneme, start, end).compactMap { labelling.phoneClass($0, keepingStress: false) }
  }

  /// How many units of a level lie inside a stretch.
  public func count(of level: Level, from start: Double, to end: Double) -> Int {
    rows[level]?.inside(start, end).count ?? 0
  }

  /// Consonants and vowels: “CVC”; nil where no phone lies inside, or the alphabet is not known.
  public func shape(from start: Double, to end: Double) -> String? {
    let phones = labels(.phoneme, start, end)
    guard !phones.isEmpty, labelling.phoneSet != .none else { return nil }
    return phones.filter { !isClosure($0) }
      .map { labelling.isVowel($0) ? "V" : "C" }.joined()
  }

  /// The stress of a syllable: primary, secondary or unstressed; nil where the labels mark no stress.
  ///
  /// A digit on the vowel in ARPAbet; in IPA and SAMPA a mark on any of its phones, which mostly stands on the first.
  public func stress(from start: Double, to end: Double) -> String? {
    let phones = labels(.phoneme, start, end)
    guard phones.contains(where: labelling.isVowel) else { return nil }
    let marks = phones.compactMap { reading($0)?.stress }
    if let mark = marks.first(where: { $0 != .unstressed }) ?? marks.first { return mark.rawValue }
    return marksStress ? Stress.unstressed.rawValue : nil
  }

  /// The tone of the first phone inside that bears one, by `PhoneSet.tone(of:)`; of a vowel without a mark where others
  /// have one, “none”. Nil where the labels mark no tone.
  public func tone(from start: Double, to end: Double) -> String? {
    guard marksTone else { return nil }
    let phones = labels(.phoneme, start, end)
    if let tone = phones.lazy.compactMap({ reading($0)?.tone }).first { return tone }
    return phones.contains(where: labelling.isVowel) ? "none" : nil
  }

  /// The phone's label with its stress.
  public func phoneWithStress(from start: Double, to end: Double) -> String? {
    labels(.phoneme, start, end).first.flatMap { labelling.phoneClass($0, keepingStress: true) }
  }

  /// Whether a phone is its syllable's onset, nucleus or coda; nil outside syllables.
  public func partOfSyllable(from start: Double, to end: Double) -> String? {
    guard let syllables = rows[.syllable], let phones = rows[.phoneme],
      let syllable = syllables.holding((start + end) / 2),
      let own = phones.holding((start + end) / 2)
    else { return nil }
    let interval = syllables.intervals[syllable]
    let members = phones.inside(interval.start, interval.end)
    guard let nucleus = members.first(where: { labelling.isVowel(phones.intervals[$0].label) })
    else { return nil }
    return own < nucleus ? "onset" : own == nucleus ? "nucleus" : "coda"
  }

  /// Where a unit of `level` stands in the unit of `larger` that holds it; nil outside of any.
  public func position(of level: Level, from start: Double, to end: Double, in larger: Level) -> Position? {
    guard let outer = rows[larger], let units = rows[level], let place = outer.holding((start + end) / 2),
      let own = units.holding((start + end) / 2)
    else { return nil }
    let members = units.inside(outer.intervals[place].start, outer.intervals[place].end)
    guard members.contains(own) else { return nil }
    if members.count == 1 { return .only }
    return own == members.lowerBound ? .initial : own == members.upperBound - 1 ? .final : .medial
  }

  /// The times where a unit of a level begins or ends, ascending, each once.
  public func boundaries(of level: Level) -> [Double] {
    let times = (rows[level]?.intervals ?? []).flatMap { [$0.start, $0.end] }.sorted()
    return times.reduce(into: []) { kept, time in
      if let last = kept.last, time - last < Utterance.contact { return }
      kept.append(time)
    }
  }

  private func labels(_ level: Level, _ start: Double, _ end: Double) -> [String] {
    guard let row = rows[level] else { return [] }
    return row.inside(start, end).map { row.intervals[$0].label.trimmed }
  }

  private func isClosure(_ label: String) -> Bool {
    [.timit, .timit39].contains(labelling.phoneSet) && Timit.closures.contains(label.lowercased())
  }

  private func reading(_ label: String) -> PhoneReading? {
    labelling.phoneSet.reading(of: labelling.phone(label))
  }

  /// Units in the order of time.
  private struct Row {
    let intervals: [Interval]
    private let middles: [Double]

    init(_ intervals: [Interval]) {
      self.intervals = intervals
      middles = intervals.map { ($0.start + $0.end) / 2 }
    }

    /// Those whose middle lies in [start, end).
    func inside(_ start: Double, _ end: Double) -> Range<Int> {
      let (low, high) = (place(of: start), place(of: end))
      return low..<max(low, high)
    }

    /// The one that holds a time.
    func holding(_ time: Double) -> Int? {
      let next = place(of: time)
      return [next - 1, next].first {
        intervals.indices.contains($0) && intervals[$0].start <= time && time < intervals[$0].end
      }
    }

    /// How many middles lie before a time.
    private func place(of time: Double) -> Int {
      var (low, high) = (0, middles.count)
      while low < high {
        let middle = (low + high) / 2
        if middles[middle] < time { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }
}
