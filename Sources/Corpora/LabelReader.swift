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
