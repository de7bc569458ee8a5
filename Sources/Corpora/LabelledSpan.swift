/// One labelled example of a level: what a probe is asked to read off a layer.
public struct LabelledSpan: Sendable, Equatable {
  /// Where it begins, in seconds; of a text in characters.
  public let start: Double
  /// Where it ends, in the same unit; the end itself is outside.
  public let end: Double
  /// The class: a phone without stress (unless the corpus keeps it), a syllable, a word, a sentence.
  public let label: String
  /// What the control task of Hewitt & Liang (2019) gives a random class to: the triphone for a phone
  /// (`previous-this-next`, `#` at a silence), else the label itself.
  public let type: String

  public init(start: Double, end: Double, label: String, type: String) {
    self.start = start
    self.end = end
    self.label = label
    self.type = type
  }

  /// Its length in seconds; of a text in characters.
  public var seconds: Double { end - start }
}
