import Corpora
import Foundation

/// What a corpus holds, for a reader who wants to know whether it was understood.
public struct CorpusOverview: CustomStringConvertible, Sendable {
  /// What a corpus holds at one level.
  public struct LevelCount: Sendable {
    /// The level.
    public let level: Level
    /// Labelled spans, silence left out.
    public let spans: Int
    /// Distinct labels among the spans.
    public let classes: Int
    /// Whether the spans follow from other tiers by rule, and not from a tier of their own.
    public let isDerived: Bool
  }

  /// The corpus's name: its folder's.
  public let name: String
  /// How many utterances were read.
  public let utterances: Int
  /// How many distinct speakers they have.
  public let speakers: Int
  /// In the order of the alphabet.
  public let speakerNames: [String]
  /// What kinds of audio files there are, with how many of each, the most frequent first.
  public let audio: [(kind: AudioKind, files: Int)]
  /// How many distinct sentences they have.
  public let sentences: Int
  /// The length of all utterances in seconds; of a text the number of its characters.
  public let seconds: Double
  /// Whether it holds texts and no recordings.
  public let isText: Bool
  /// The levels that have labels, in the order of the hierarchy.
  public let levels: [LevelCount]

  /// Counts what a corpus, as it was read, holds.
  public init(_ corpus: Corpus) {
    name = corpus.name
    utterances = corpus.utterances.count
    speakerNames = Set(corpus.utterances.map(\.speaker)).sorted()
    speakers = speakerNames.count
    audio = corpus.audioKinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    sentences = Set(corpus.utterances.map(\.sentence)).count
    seconds = corpus.utterances.reduce(0) { $0 + $1.seconds }
    isText = corpus.isText
    levels = Level.allCases.compactMap { level in
      // An utterance at a time: all of a long corpus's spans at once take more memory than its labels.
      var (spans, classes) = (0, Set<String>())
      for utterance in corpus.utterances {
        for span in utterance.spans(at: level) {
          spans += 1
          classes.insert(span.label)
        }
      }
      guard spans > 0 else { return nil }
      return LevelCount(
        level: level, spans: spans, classes: classes.count,
        isDerived: corpus.utterances.contains { $0.tiers[level]?.isDerived == true })
    }
  }

  public var description: String {
    let minutes = String(format: "%.1f", seconds / 60)
    let rows = levels.map { row in
      let name = row.level.rawValue.padding(
        toLength: max(9, row.level.rawValue.count), withPad: " ", startingAt: 0)
      return
        "  \(name) \(Self.count(row.spans, "span")) of \(row.classes) class\(row.classes == 1 ? "" : "es")"
        + (row.isDerived ? ", derived" : "")
    }
    if isText {
      return "\(name): \(Self.count(utterances, "sentence")) of \(Self.count(speakers, "source")), "
        + "\(Self.count(Int(seconds), "character"))\n"
        + rows.joined(separator: "\n")
    }
    let people = speakerNames.prefix(10).joined(separator: ", ") + (speakers > 10 ? ", …" : "")
    let files = audio.map { "\($0.files) \($0.kind)" }.joined(separator: "; ")
    return """
      \(name): \(Self.count(utterances, "utterance")), \(Self.count(speakers, "speaker")), \
      \(Self.count(sentences, "sentence")), \(minutes) minutes
        speakers: \(people)
        audio: \(files)
      \(rows.joined(separator: "\n"))
      """
  }

  /// `1 span`, `2 spans`.
  private static func count(_ number: Int, _ thing: String) -> String {
    "\(number) \(thing)\(number == 1 ? "" : "s")"
  }
}

extension CorpusOverview {
  /// What to do next, in one line: nothing, or what the first thing to see to is.
  ///
  /// `isUsable` is false where no utterance was left.
  public static func readiness(_ issues: [CorpusIssue], isUsable: Bool = true) -> String {
    let open = issues.filter { $0.severity > .note }
    guard let first = open.first(where: { $0.severity == .error }) ?? open.first else {
      return isUsable ? "Ready: nothing was left out, and nothing looks odd." : "Not usable."
    }
    let advice = first.fix.map { " (\($0))" } ?? ""
    let count = open.count == 1 ? "" : ", the first of \(open.count) things to see to"
    return
      "\(isUsable ? "Usable, but first" : "Not usable; first") see to \(first.path): \(first.message)\(advice)\(count)."
  }
}
