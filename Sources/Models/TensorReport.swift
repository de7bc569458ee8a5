/// What became of a checkpoint's tensors, and what was assumed that the checkpoint does not say.
public struct TensorReport: Sendable, Equatable {
  /// Tensors that are the model's.
  public let used: Int
  /// Heads for other tasks and what only training needs, by name: recognised, and left out.
  public internal(set) var leftOut: [String]
  /// Tensors that the caller asked to ignore.
  public let ignored: [String]
  /// Assumptions and remarks, in words.
  public internal(set) var notes: [String]
  /// What a user must know to trust the numbers, in words: adapters that were merged, input settings that nothing says.
  public internal(set) var warnings: [String] = []
  /// The model's parameters, in the order in which its architecture takes them.
  public internal(set) var parameters: [Parameter] = []

  /// From the architecture's names to the checkpoint's, of all its tensors.
  var stored: [String: String] = [:]

  /// A parameter under its architecture's name, which is transformers'.
  public struct Parameter: Sendable, Equatable, Codable {
    /// The architecture's name of the parameter.
    public let name: String
    /// The sizes of its dimensions, the slowest first.
    public let shape: [Int]
  }
}
