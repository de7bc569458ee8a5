import Foundations

/// One division of a corpus: indices of utterances.
public struct Fold: Sendable, Equatable, Codable {
  /// What probes are fitted on.
  public let train: [Int]
  /// What penalties are chosen on; empty where there was too little to have any.
  public let development: [Int]
  /// What numbers are read on.
  public let test: [Int]
  /// All that may be trained on: `train`, `development`, and the utterances that had to stay out of both
  /// because they share a speaker with one and a sentence with the other. Once a penalty is chosen, a probe
  /// can be fitted again on all of it.
  public let outer: [Int]

  public init(train: [Int], development: [Int], test: [Int], outer: [Int]? = nil) {
    self.train = train
    self.development = development
    self.test = test
    self.outer = outer ?? (train + development).sorted()
  }
}

/// How a corpus is divided into training, development and test, so that no speaker and no sentence is on two
/// sides wherever the corpus allows it.
///
/// Where several speakers read the same sentences, speakers and sentences are crossed: speakers are put into
/// groups and sentences into blocks, each fold tests one group on one block and trains on the other speakers
/// reading other sentences. Where each speaker has sentences of their own, folds are of speakers. A corpus of
/// one speaker is divided by sentences, and the plan says that it leaks.
///
/// ```swift
/// let plan = try SplitPlan.make(for: corpus, seed: 1)
/// print(plan.description)
/// ```
public struct SplitPlan: Sendable, Equatable {
  /// The folds; over all of them every utterance is tested at most once.
  public let folds: [Fold]
  /// In a sentence or two, for the report.
  public let description: String
  /// Whether any fold has the same speaker or the same sentence in its test part and in what it is trained or
  /// tuned on.
  public let leaks: Bool
  /// What a reader must know of it.
  public let findings: [SplitFinding]
  /// What the corpus calls its parts.
  public let terms: CorpusTerms

  /// The findings, each in a sentence.
  public var warnings: [String] { findings.map { $0.words(terms) } }

  init(
    folds: [Fold], description: String, leaks: Bool, findings: [SplitFinding] = [],
    terms: CorpusTerms = .speech
  ) {
    (self.folds, self.description, self.leaks) = (folds, description, leaks)
    (self.findings, self.terms) = (findings, terms)
  }

  /// Which cells of a crossed design are tested.
  public enum Cells: String, Sendable, Codable {
    /// Every group on every block: each utterance is tested once.
    case all
    /// Each group and each block once: fewer folds, each cell of a Latin diagonal.
    case diagonal
  }

  /// Above this many utterances a diagonal is enough, and all cells are dear.
  public static let allCellsLimit = 400

  /// Groups of speakers, blocks of sentences, and folds are at most this many.
  static let groupLimit = 5

  /// The folds for utterances given by their speakers, sentences and lengths.
  ///
  /// The parts are balanced by length; the same seed gives the same folds. `cells` are those of a crossed design that
  /// are used, all by default for at most `allCellsLimit` utterances.
  /// - Throws: `CorpusError.tooFewUtterances` for fewer than two.
  public static func make(
    for utterances: [(speaker: String, sentence: String, seconds: Double)], cells: Cells? = nil,
    seed: UInt64, terms: CorpusTerms = .speech
  ) throws(CorpusError) -> SplitPlan {
    guard utterances.count > 1 else { throw .tooFewUtterances(count: utterances.count) }
    var divider = FoldBuilder(SplitTable(utterances), seed: seed, terms: terms)
    let cells = cells ?? (utterances.count <= allCellsLimit ? .all : .diagonal)
    let (folds, words) = divider.folds(cells)
    let leaks = verify(folds, for: utterances)
    return SplitPlan(
      folds: folds, description: words, leaks: leaks.contains { $0.isSerious },
      findings: findings(folds, leaks), terms: terms)
  }

  /// How a probe's definition may ask for folds other than the plan's own.
  public enum Division: String, Sendable, CaseIterable, Codable {
    /// `make(for:cells:seed:)`: no speaker and no sentence on two sides, where the corpus allows it.
    case auto
    /// Each fold tests one speaker (leave one speaker out); sentences that several read are on both sides.
    case speakers
    /// Folds of sentences; the speakers are the same on both sides, as a probe of speakers needs.
    case sentences
    /// k-fold over utterances, whoever speaks and whatever is said.
    case utterances
  }

  /// The folds of one division. Each fold's development part is the next fold's test part.
  ///
  /// - Throws: `CorpusError.tooFewUtterances` for fewer than two, or where all have one speaker or sentence that
  ///   cannot be divided.
  public static func make(
    for utterances: [(speaker: String, sentence: String, seconds: Double)], by division: Division,
    seed: UInt64, terms: CorpusTerms = .speech
  ) throws(CorpusError) -> SplitPlan {
    guard division != .auto else { return try make(for: utterances, seed: seed, terms: terms) }
    let table = SplitTable(utterances)
    let (key, most, words): ([Int], Int, String) =
      switch division {
      case .speakers:
        (
          table.speaker, table.speakers(Array(utterances.indices)).count,
          "one \(terms.speaker) is tested at a time, learned from the others"
        )
      case .sentences:
        (table.sentence, groupLimit, "folds of sentences; every \(terms.speaker) is on both sides")
      default: (Array(utterances.indices), groupLimit, "folds of \(terms.utterances)")
      }
    var numbers = SplitMix64(seed: seed)
    let groups = table.groups(Array(utterances.indices), by: key, count: most, using: &numbers)
    guard groups.count > 1 else { throw .tooFewUtterances(count: groups.count) }
    let members = groups.map { group in utterances.indices.filter { group.contains(key[$0]) } }
    let folds = members.indices.map { index in
      let next = (index + 1) % members.count
      let outer = utterances.indices.filter { !groups[index].contains(key[$0]) }
      let development = members.count > 2 ? members[next] : []
      return Fold(
        train: outer.filter { !development.contains($0) }, development: development, test: members[index],
        outer: outer)
    }
    let leaks = verify(folds, for: utterances)
    // What the division was asked to share is no fault of it.
    let serious = leaks.filter { $0.isSerious && !(division == .sentences && $0.kind == .speaker) }
    return SplitPlan(
      folds: folds, description: "\(folds.count) folds: \(words)", leaks: !serious.isEmpty,
      findings: findings(folds, serious), terms: terms)
  }

  /// The folds of a corpus.
  public static func make(for corpus: Corpus, cells: Cells? = nil, seed: UInt64) throws(CorpusError)
    -> SplitPlan
  {
    try make(
      for: corpus.utterances.map { ($0.speaker, $0.sentence, $0.seconds) }, cells: cells, seed: seed,
      terms: corpus.terms)
  }

  private static func findings(_ folds: [Fold], _ leaks: [Leak]) -> [SplitFinding] {
    var findings: [SplitFinding] = []
    func names(_ kind: Leak.Kind, _ sides: [Leak.Sides]) -> [String] {
      Set(leaks.filter { $0.kind == kind && sides.contains($0.sides) }.map(\.name)).sorted()
    }
    let test: [Leak.Sides] = [.trainingAndTest, .developmentAndTest]
    let (speakers, sentences) = (names(.speaker, test), names(.sentence, test))
    if !speakers.isEmpty { findings.append(.sharedSpeakers(names: speakers)) }
    if !sentences.isEmpty { findings.append(.sharedSentences(names: sentences)) }
    if !names(.speaker, [.trainingAndDevelopment]).isEmpty, speakers.isEmpty {
      findings.append(.developmentSharesSpeakers)
    }
    if !names(.sentence, [.trainingAndDevelopment]).isEmpty, sentences.isEmpty {
      findings.append(.developmentSharesSentences)
    }
    let withoutDevelopment = folds.count { $0.development.isEmpty }
    if withoutDevelopment > 0 {
      findings.append(.withoutDevelopment(folds: withoutDevelopment, of: folds.count))
    }
    return findings
  }
}
