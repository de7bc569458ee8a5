import Checkpoints
import Tensors

/// How a configuration says that conformer blocks tell positions.
enum ConformerPositions: Sendable, Equatable {
  case none, relative
  case rotary(base: Double)
  /// A vector for each distance from `left` frames back to `right` frames on.
  case keys(left: Int, right: Int)
}

extension ConfigurationReader {
  /// `position_embeddings_type`; `fallback` where it is left out.
  func conformerPositions(
    width: Int, heads: Int, withKeys: Bool, default fallback: String
  ) throws -> ConformerPositions {
    let key = "position_embeddings_type"
    let far = 1...65_536
    var known: [String: ConformerPositions] = [
      "relative": .relative,
      "rotary": .rotary(base: try number("rotary_embedding_base", 1...1e9, default: 10_000)),
    ]
    if withKeys {
      known["relative_key"] = .keys(
        left: try integer("left_max_position_embeddings", far, default: 64),
        right: try integer("right_max_position_embeddings", far, default: 8))
    }
    let words = known.keys.sorted().joined(separator: ", ") + " or null"
    let positions = values[key] == .null ? .none : try choice(key, default: fallback, words) { known[$0] }
    guard positions == .none || width / heads % 2 == 0 else {
      throw ModelError.configuration(
        path: path, key: "hidden_size", found: "\(width)",
        expected: "an even number of values for each of num_attention_heads, \(heads)")
    }
    return positions
  }
}

extension ParameterReader {
  /// What the attention called `name` has for its positions, under transformers' names.
  mutating func conformerPositions(
    _ positions: ConformerPositions, _ name: String, width: Int, heads: Int, weight: Initialisation
  ) throws -> ConformerAttention.Positions {
    let size = width / heads
    switch positions {
    case .none: return .none
    case .rotary(let base): return .rotary(base: base)
    case .keys(let left, let right):
      let table = try tensor("\(name).distance_embedding.weight", [left + right + 1, size], weight)
      return .keys(RelativeKeys(table: table, first: -left))
    case .relative:
      // Xavier's bound (Glorot 2010) of a matrix of this shape.
      let drawn = Initialisation.uniform(bound: (6 / Double(heads + size)).squareRoot())
      return .sinusoids(
        projection: try linear("\(name).linear_pos", width, width, weight: weight, bias: nil),
        content: try tensor("\(name).pos_bias_u", [heads, size], drawn),
        distance: try tensor("\(name).pos_bias_v", [heads, size], drawn))
    }
  }
}
