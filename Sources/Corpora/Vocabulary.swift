/// The classes of a level that have enough examples to be learned and tested.
///
/// ```swift
/// let words = Vocabulary(of: .word, in: corpus.utterances, limits: .init(minimumCount: 20))
/// print(words.summary)
/// // word: 5 classes with 295 of 1095 spans; 145 labels left out: 145 with too few examples
/// ```
public struct Vocabulary: Sendable, Equatable {
  /// What a class needs.
  public struct Limits: Sendable, Equatable, Codable {
    /// Examples at least.
    public var minimumCount: Int
    /// Different speakers at least, so that it can be learned from one and tested on another; a corpus with fewer
    /// speakers asks for as many as it has.
    public var minimumSpeakers: Int
    /// Different sentences at least, likewise.
    public var minimumSentences: Int
    /// Classes at most, the most frequent ones; nil for all.
    public var maximumClasses: Int?

    public init(
      minimumCount: Int = 10, minimumSpeakers: Int = 2, minimumSentences: Int = 2,
      maximumClasses: Int? = nil
    ) {
      self.minimumCount = minimumCount
      self.minimumSpeakers = minimumSpeakers
      self.minimumSentences = minimumSentences
      self.maximumClasses = maximumClasses
    }
  }

  /// A label that is no class, and why.
  public struct LeftOut: Sendable, Equatable {
    /// Why a label is no class.
    public enum Reason: String, Sendable, CaseIterable {
      case tooRare = "with too few examples"
      case tooFewSpeakers = "of too few speakers"
      case tooFewSentences = "in too few sentences"
      case beyondMaximum = "beyond the most classes"
    }

    /// The label.
    public let label: String
    /// Its spans in the corpus.
    public let count: Int
    /// Why it is no class.
    public let reason: Reason
  }

  /// The level whose labels they are.
  public let level: Level
  /// Sorted.
  public let classes: [String]
  /// How many examples each class has.
  public let counts: [Int]
  /// The most frequent first.
  public let leftOut: [LeftOut]
  private let indices: [String: Int]

  /// Counts the spans of a level.
  public init(of level: Level, in utterances: [Utterance], limits: Limits = Limits()) {
    var counts: [String: Int] = [:]
    var speakers: [String: Set<String>] = [:]
    var sentences: [String: Set<String>] = [:]
    for utterance in utterances {
      for span in utterance.spans(at: level) {
        counts[span.label, default: 0] += 1
        speakers[span.label, default: []].insert(utterance.speaker)
        sentences[span.label, default: []].insert(utterance.sentence)
      }
    }
    let speakersNeeded = min(limits.minimumSpeakers, Set(utterances.map(\.speaker)).count)
    let sentencesNeeded = min(limits.minimumSentences, Set(utterances.map(\.sentence)).count)
    var kept: [String] = []
    var leftOut: [LeftOut] = []
    for (label, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      let reason: LeftOut.Reason? =
        if count < limits.minimumCount {
          .tooRare
        } else if (speakers[label]?.count ?? 0) < speakersNeeded {
          .tooFewSpeakers
        } else if (sentences[label]?.count ?? 0) < sentencesNeeded {
          .tooFewSentences
        } else if let most = limits.maximumClasses, kept.count >= most {
          .beyondMaximum
        } else {
          nil
        }
      if let reason {
        leftOut.append(LeftOut(label: label, count: count, reason: reason))
      } else {
        kept.append(label)
      }
    }
    let classes = kept.sorted()
    self.level = level
    self.classes = classes
    self.counts = classes.map { counts[$0] ?? 0 }
    self.leftOut = leftOut
    indices = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
  }

  /// The place of a label among the classes, nil if it is none.
  public func index(of label: String) -> Int? { indices[label] }

  /// In a line, for the report.
  public var summary: String {
    let inside = counts.reduce(0, +)
    let total = leftOut.reduce(inside) { $0 + $1.count }
    var line = "\(level.rawValue): \(classes.count) classes with \(inside) of \(total) spans"
    if !leftOut.isEmpty {
      let reasons = LeftOut.Reason.allCases.compactMap { reason -> String? in
        let count = leftOut.count { $0.reason == reason }
        return count == 0 ? nil : "\(count) \(reason.rawValue)"
      }
      line += "; \(leftOut.count) labels left out: \(reasons.joined(separator: ", "))"
    }
    return line
  }
}
