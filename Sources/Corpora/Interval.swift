/// A labelled stretch of time, `[start, end)` in seconds.
public struct Interval: Sendable, Equatable, Codable {
  /// Where it begins, in seconds from the start of the recording; of a text in characters.
  public var start: Double
  /// Where it ends, in the same unit; the end itself is outside.
  public var end: Double
  /// What is said there, as the label file has it.
  public var label: String

  public init(start: Double, end: Double, label: String) {
    self.start = start
    self.end = end
    self.label = label
  }

  /// Its length in seconds; of a text in characters.
  public var seconds: Double { end - start }
}
