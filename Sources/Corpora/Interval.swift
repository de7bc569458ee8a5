/// A labelled stretch of time, `[start, end)` in seconds.
public struct Interval: Sendable, Equatable, Codable {
  public var start: Double
  public var end: Double
  public var label: String

  public init(start: Double, end: Double, label: String) {
    self.start = start
    self.end = end
    self.label = label
  }

  public var seconds: Double { end - start }
}
