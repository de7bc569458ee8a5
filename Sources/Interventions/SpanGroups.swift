import Corpora

/// Spans of a level that are asked about apart from the others: homophones, reduced phones, and labels of one's choice.
struct SpanGroups: Sendable {
  static let all = "all spans"
  /// Words that sound as another word of the corpus does, phone by phone.
  static let homophones = "homophones"
  /// The shortest fifth of each phone's spans.
  static let reduced = "reduced phones"

  /// In the order of their numbers.
  let names: [String]
  /// Of each utterance and span of the level the numbers of its groups.
  let members: [[Set<Int>]]

  /// `labels` are compared with spans' labels whatever their case.
  ///
  /// - Throws: `InterventionError.noLabel` for one that no span has.
  init(_ corpus: Corpus, _ level: Level, labels: [String] = []) throws(InterventionError) {
    let spans = corpus.utterances.map { $0.spans(at: level) }
    var groups: [(name: String, members: [[Bool]])] = []
    if level == .word {
      groups.append((Self.homophones, Self.homophones(spans, corpus)))
    } else if level == .phoneme {
      groups.append((Self.reduced, Self.reduced(spans)))
    }
    if !labels.isEmpty {
      let known = Set(spans.joined().map { $0.label.lowercased() })
      for label in labels where !known.contains(label.lowercased()) {
        throw InterventionError.noLabel(
          name: label, level: level.rawValue, known: Array(Set(spans.joined().map(\.label))).sorted())
      }
      let wanted = Set(labels.map { $0.lowercased() })
      groups.append(
        (labels.joined(separator: ", "), spans.map { $0.map { wanted.contains($0.label.lowercased()) } }))
    }
    let found = groups.filter { $0.members.joined().contains(true) && $0.members.joined().contains(false) }
    names = found.map(\.name)
    members = spans.indices.map { utterance in
      spans[utterance].indices.map { span in
        Set(found.indices.filter { found[$0].members[utterance][span] })
      }
    }
  }

  private static func homophones(_ spans: [[LabelledSpan]], _ corpus: Corpus) -> [[Bool]] {
    let sounds = zip(spans, corpus.utterances).map { words, utterance in
      let phones = utterance.spans(at: .phoneme)
      return words.map { word in
        phones.filter { word.start <= ($0.start + $0.end) / 2 && ($0.start + $0.end) / 2 < word.end }
          .map(\.label).joined(separator: " ")
      }
    }
    var spelt: [String: Set<String>] = [:]
    for (words, sounds) in zip(spans, sounds) {
      for (word, sound) in zip(words, sounds) where !sound.isEmpty {
        spelt[sound, default: []].insert(word.label)
      }
    }
    return sounds.map { $0.map { (spelt[$0]?.count ?? 0) > 1 } }
  }

  /// The shortest fifth of a phone's spans, of phones that have five or more of different lengths.
  private static func reduced(_ spans: [[LabelledSpan]]) -> [[Bool]] {
    var limits: [String: Double] = [:]
    for (label, own) in Dictionary(grouping: spans.joined(), by: \.label) where own.count >= 5 {
      let seconds = own.map(\.seconds).sorted()
      let limit = seconds[seconds.count / 5 - 1]
      if limit < seconds[seconds.count / 2] { limits[label] = limit }
    }
    return spans.map { $0.map { span in limits[span.label].map { span.seconds <= $0 } ?? false } }
  }
}
