/// Divides the phones of a Japanese word into moras: a vowel with what is before it; the moraic nasal, the first half of a
/// long consonant and the second half of a long vowel each by themselves (Vance 2008).
struct MoraDivider {
  let syllabifier: Syllabifier

  /// A mora: where it begins and ends, and its phones.
  struct Mora: Equatable {
    var start: Double
    var end: Double
    var label: String
  }

  /// Nothing where the language is not Japanese. A long vowel or consonant in one label (`oː`, `kː`) is two halves, for
  /// the labels do not say where the first mora ends.
  func moras(of phones: ArraySlice<Interval>) -> [Mora] {
    guard syllabifier.language == .japanese else { return [] }
    var moras: [Mora] = []
    var onset: Mora?
    for phone in phones {
      let label = phone.label.trimmed
      let reading = syllabifier.reading(of: label)
      let middle = (phone.start + phone.end) / 2
      let isLong = reading?.signs.last?.marks.contains("ː") ?? false
      let short = label.replacing("ː", with: "").replacing(":", with: "")
      if reading?.isNucleus ?? false {
        let begun = onset.map { Mora(start: $0.start, end: phone.end, label: "\($0.label) \(short)") }
        var mora = begun ?? Mora(start: phone.start, end: phone.end, label: short)
        if isLong {
          mora.end = middle
          moras += [mora, Mora(start: middle, end: phone.end, label: short)]
        } else {
          moras.append(mora)
        }
        onset = nil
      } else if reading?.isMoraic ?? false {
        if let begun = onset { moras.append(begun) }
        onset = nil
        moras.append(Mora(start: phone.start, end: phone.end, label: label))
      } else {
        var consonant = Mora(start: phone.start, end: phone.end, label: short)
        if isLong, onset == nil {
          moras.append(Mora(start: phone.start, end: middle, label: "Q"))
          consonant.start = middle
        }
        onset =
          onset.map { Mora(start: $0.start, end: consonant.end, label: "\($0.label) \(short)") }
          ?? consonant
      }
    }
    if let begun = onset { moras.append(begun) }
    return moras
  }
}
