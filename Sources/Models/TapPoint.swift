/// A place in a model whose values can be had, by its stable name, such as `conv.3` or `hidden.7`.
public struct TapPoint: Sendable, Equatable, Codable {
  /// The name, the same for every architecture: docs/Layers.md lists them.
  public let name: String
  /// Values a frame.
  public let width: Int
  /// Where its frames lie; nil where a row is no stretch of time but a token.
  public let timing: FrameTiming?

  public init(name: String, width: Int, timing: FrameTiming?) {
    self.name = name
    self.width = width
    self.timing = timing
  }
}
