import Models

/// A model's parameters as the tree that their names make, with like neighbours drawn together:
/// `encoder.layers.0.fc.weight` and its eleven sisters are one branch that stands for twelve.
public struct ParameterTree: Sendable, Equatable, Codable {
  /// One part of a name; for like neighbours the first and the last of them, `0…11`.
  public var name: String
  /// How many neighbours it stands for.
  public var repeats = 1
  /// Of a parameter; nil for a branch.
  public var shape: [Int]?
  /// Values of all parameters below it, in all that it stands for.
  public var parameters: Int
  /// The tap points whose values it makes, the first and the last.
  public var taps: [String] = []
  /// The branches below this one, in the order of the model; empty of a parameter.
  public var children: [ParameterTree] = []

  /// The tree of parameters by the dots in their names, with the tap points that each branch makes.
  public init(_ parameters: [TensorReport.Parameter], taps: [TapPoint]) {
    self = Self.tree(
      "", [], parameters.map { ($0.name.split(separator: ".").map(String.init)[...], $0.shape) }, taps)
  }

  private init(name: String, shape: [Int]?, parameters: Int) {
    self.name = name
    self.shape = shape
    self.parameters = parameters
  }

  private static func tree(
    _ name: String, _ path: [String], _ leaves: [(rest: ArraySlice<String>, shape: [Int])],
    _ taps: [TapPoint]
  ) -> ParameterTree {
    if leaves.count == 1, let leaf = leaves.first, leaf.rest.isEmpty {
      return ParameterTree(name: name, shape: leaf.shape, parameters: leaf.shape.reduce(1, *))
    }
    var order: [String] = []
    var below: [String: [(rest: ArraySlice<String>, shape: [Int])]] = [:]
    for leaf in leaves {
      let part = leaf.rest.first ?? ""
      if below[part] == nil { order.append(part) }
      below[part, default: []].append((leaf.rest.dropFirst(), leaf.shape))
    }
    var node = ParameterTree(name: name, shape: nil, parameters: 0)
    var children = order.map { tree($0, path + [$0], below[$0] ?? [], taps) }
    node.parameters = children.reduce(0) { $0 + $1.parameters }
    for index in children.indices where children[index].shape == nil {
      children[index].taps = Self.taps(path + [children[index].name], siblings: children.count, among: taps)
    }
    node.children = joined(children)
    return node
  }

  /// What a part of the model makes: numbered parts by their number, others by their name.
  private static func taps(_ path: [String], siblings: Int, among taps: [TapPoint]) -> [String] {
    guard let last = path.last else { return [] }
    let known = Set(taps.map(\.name))
    let inDecoder = path.contains("decoder")
    func found(_ names: [String]) -> [String] { names.filter(known.contains).prefix(1).map(\.self) }
    if let number = Int(last) {
      let isConvolution = path.contains { $0.hasPrefix("conv") }
      let names =
        isConvolution
        ? ["conv.\(number + 1)"]
        : inDecoder
          ? ["decoder.hidden.\(number + 1)"] : ["hidden.\(number + 1)", "text.hidden.\(number + 1)"]
      // Only the outermost numbers count layers, and only where there are as many as layers: in a sequence of
      // convolutions and norms they count modules.
      let counted = names.contains { name in
        let base = name.prefix { !$0.isNumber }
        return siblings == known.count { $0.hasPrefix(base) && $0 != "\(base)0" }
      }
      return !counted || path.dropLast().contains { Int($0) != nil } ? [] : found(names)
    }
    switch last {
    case "conv1": return found(["conv.1"])
    case "conv2": return found(["conv.2"])
    case "feature_projection", "patch_embeddings": return found(["projection"])
    case "lm_head", "classifier": return found(["logits"])
    case "word_embeddings": return found(["embedding", "text.embedding"])
    case "embed_tokens": return found(["decoder.hidden.0"])
    case "layer_norm", "layernorm", "norm":
      // A norm inside a block, or of what enters the first one, is no final one.
      let inner: Set<String> = ["feature_projection", "embeddings", "patch_embed"]
      return path.contains { Int($0) != nil || inner.contains($0) }
        ? [] : found([inDecoder ? "decoder.final_norm" : "final_norm"])
    default: return []
    }
  }

  /// Neighbours that are numbered and of one build are drawn together.
  private static func joined(_ children: [ParameterTree]) -> [ParameterTree] {
    var result: [ParameterTree] = []
    for child in children {
      if Int(child.name) != nil, let last = result.last, last.isLike(child) {
        let first = last.name.split(separator: "…").first.map(String.init) ?? last.name
        result[result.count - 1].name = "\(first)…\(child.name)"
        result[result.count - 1].repeats += 1
        result[result.count - 1].parameters += child.parameters
        if let first = last.taps.first, let end = child.taps.last {
          result[result.count - 1].taps = [first, end]
        }
      } else {
        result.append(child)
      }
    }
    return result
  }

  private func isLike(_ other: ParameterTree) -> Bool {
    guard Int(other.name) != nil, name.first?.isNumber == true else { return false }
    return shape == other.shape && children == other.children
  }

  /// The branches as lines of text, each with what stands right of it.
  func lines(indent: String = "") -> [(branch: String, shape: String, parameters: String, taps: String)] {
    children.enumerated().flatMap { index, child in
      let isLast = index == children.count - 1
      let each = child.repeats > 1 ? " × \(child.repeats)" : ""
      let shape = child.shape.map { "[" + $0.map(String.init).joined(separator: " × ") + "]" } ?? ""
      let line = (
        branch: indent + (isLast ? "└─ " : "├─ ") + child.name + each, shape: shape,
        parameters: "\(child.parameters)", taps: child.taps.joined(separator: " … ")
      )
      return [line] + child.lines(indent: indent + (isLast ? "   " : "│  "))
    }
  }
}
