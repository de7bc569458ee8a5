/// A full-context label of HTS (“An example of context-dependent label format for HMM-based speech synthesis in English”):
/// `xx^xx-pau+DH=EY1@1_2/A:0_0_0/B:1-0-2@…`. The phone is the one between `-` and `+`.
struct FullContextLabel {
  let phone: String
  /// Of the syllable, where the label is the English form.
  let stress: Stress?
  /// The phone's place in its syllable, from 1, and how many phones that has; where the label says both alike.
  let place: (number: Int, count: Int)?

  /// Nil for what is no such label.
  init?(_ label: some StringProtocol) {
    guard let slash = label.range(of: "/A:") else { return nil }
    let context = label[..<slash.lowerBound]
    guard let caret = context.firstIndex(of: "^"), let dash = context[caret...].firstIndex(of: "-"),
      let plus = context[dash...].firstIndex(of: "+")
    else { return nil }
    phone = String(context[dash...].dropFirst().prefix(upTo: plus))
    guard !phone.isEmpty else { return nil }
    let syllable = label.range(of: "/B:").map { label[$0.upperBound...].prefix { $0 != "@" && $0 != "/" } }
    let parts = (syllable ?? "").split(separator: "-", omittingEmptySubsequences: false)
    let isEnglish = parts.count == 3 && parts[0].count == 1
    stress = isEnglish ? parts[0] == "1" ? .primary : parts[0] == "0" ? .unstressed : nil : nil
    let position =
      context[plus...].firstIndex(of: "@").map { context[$0...].dropFirst().split(separator: "_") } ?? []
    if isEnglish, position.count == 2, let forward = Int(position[0]), let backward = Int(position[1]),
      let count = Int(parts[2]), (1...64).contains(count), (1...count).contains(forward),
      (1...count).contains(backward), forward + backward - 1 == count
    {
      place = (forward, count)
    } else {
      place = nil
    }
  }

  /// The phone with the stress of its syllable as ARPAbet's digit, where it is a vowel without one.
  var label: String {
    guard let stress, Arpabet.vowels.contains(phone.uppercased()) else { return phone }
    return phone + (stress == .primary ? "1" : "0")
  }

  /// The phones as a tier, and the syllables where every label that has any agrees on them.
  static func tiers(_ labels: [FullContextLabel], _ tier: Tier) -> [Tier] {
    var phones = tier
    for (index, label) in labels.enumerated() { phones.intervals[index].label = label.label }
    var syllables = Tier(name: "syllables", intervals: [])
    for (index, label) in labels.enumerated() {
      guard let place = label.place else {
        if SilenceLabels.usual.contains(SilenceLabels.key(label.phone)) { continue }
        return [phones]
      }
      let interval = phones.intervals[index]
      if place.number == 1 {
        syllables.intervals.append(interval)
      } else if let last = syllables.intervals.last, abs(last.end - interval.start) < 0.001 {
        syllables.intervals[syllables.intervals.count - 1].end = interval.end
        syllables.intervals[syllables.intervals.count - 1].label += " " + interval.label
      } else {
        return [phones]
      }
    }
    return syllables.intervals.isEmpty ? [phones] : [phones, syllables]
  }
}
