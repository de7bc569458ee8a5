/// One row of labels of a recording, as its label file has it: silences in, stress digits on.
public struct Tier: Sendable, Equatable {
  /// What a tier holds: stretches of time, or points (pitch marks, tones), which no span can be made of.
  public enum Kind: String, Sendable { case intervals, points }

  /// The name in the label file, or what it was derived from.
  public var name: String
  /// The level of the hierarchy that it holds; nil where nobody said and the name does not tell.
  public var level: Level?
  /// Whether labels have a stretch of time or one moment.
  public var kind: Kind
  /// What is said of an interval besides its label.
  public enum Tag: String, Sendable, CaseIterable {
    /// The unit that a control task gives a random class: the word that a phrase, clause or sentence hangs on.
    case unit
    case partOfSpeech = "part-of-speech"
    case features
    /// To the word above it in the tree.
    case relation
  }

  /// In the order of time; a point has `start == end`.
  public var intervals: [Interval]
  /// Whether we made it from other tiers (syllables from phones and words, phrases from pauses).
  public var isDerived: Bool
  /// The line of the label file where each interval begins, counted from 1; empty where there are no lines.
  public var lines: [Int]
  /// What the label file says that the tier covers, in seconds, where it says so.
  public var extent: ClosedRange<Double>?
  /// One for each interval, empty where it has none.
  public var tags: [Tag: [String]]
  /// Who speaks in it, where the label file says so besides by the tier's name (ELAN's participant).
  public var speaker: String?
  /// The channel of the recording that it labels, counted from 0, where the label file says so (CTM's second column).
  public var channel: Int?
  /// The label file as messages name it, where a corpus was read.
  var path = ""

  public init(
    name: String, level: Level? = nil, kind: Kind = .intervals, intervals: [Interval],
    isDerived: Bool = false, lines: [Int] = [], extent: ClosedRange<Double>? = nil,
    tags: [Tag: [String]] = [:]
  ) {
    self.name = name
    self.level = level
    self.kind = kind
    self.intervals = intervals
    self.isDerived = isDerived
    self.lines = lines
    self.extent = extent
    self.tags = tags
  }
}
