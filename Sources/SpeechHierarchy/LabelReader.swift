/// A reader of one label format.
public protocol LabelReader: Sendable {
  /// The recordings that a file labels: one without a name for formats that label the file of their own
  /// name, and one per named recording where a file can hold many (CTM, MLF).
  ///
  /// Throws `CorpusError` with the file and the line for anything that is not the format.
  func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording]
}

/// The tiers of one recording in a label file.
public struct LabelledRecording: Sendable, Equatable {
  /// The recording's name, where the file gives one.
  public var name: String?
  public var tiers: [Tier]

  public init(name: String? = nil, tiers: [Tier]) {
    self.name = name
    self.tiers = tiers
  }
}

/// The label formats that are read.
public enum LabelFormat: String, Sendable, CaseIterable {
  case textGrid = "textgrid"

  /// The name in messages.
  public var title: String {
    switch self {
    case .textGrid: "Praat TextGrid"
    }
  }

  /// The endings of its files, lower-cased, longer ones first.
  private var endings: [String] {
    switch self {
    case .textGrid: [".textgrid"]
    }
  }

  /// How many characters of a file's name are the format's ending, or nil if it has another.
  func ending(of name: String) -> Int? {
    let name = name.lowercased()
    return endings.first { name.hasSuffix($0) && !name.hasSuffix("/" + $0) }?.count
  }

  /// Whether a file with such an ending can be nothing else.
  var isUnmistakable: Bool {
    switch self {
    case .textGrid: true
    }
  }

  /// Whether the tiers of a recording may be in several files.
  var isDivided: Bool {
    switch self {
    case .textGrid: false
    }
  }

  /// Whether these files of one recording hold labels at all.
  func suffices(_ files: [CorpusFile]) -> Bool { !files.isEmpty }

  public var reader: any LabelReader {
    switch self {
    case .textGrid: TextGridReader()
    }
  }
}

extension LabelFormat {
  /// The format by the name's ending, and by the content where a name says little.
  static func recognise(_ text: LabelText) throws(CorpusError) -> LabelFormat {
    .textGrid
  }
}
