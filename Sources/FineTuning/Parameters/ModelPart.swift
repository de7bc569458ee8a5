import Foundation
import Models

/// A part of a model by which parameters are chosen: what `--freeze` names.
enum ModelPart: Hashable, Sendable, Comparable {
  /// The convolutions over the waveform.
  case convolutions
  /// From their features to the transformer's width.
  case projection
  /// What leads to `hidden.k`: of 0 the positions, of others a block.
  case hidden(Int)
  /// A norm behind the last block.
  case finalNorm

  /// The part that a parameter belongs to, by its name in transformers.
  init(parameter name: String, normalisesFirst: Bool) {
    let parts = name.split(separator: ".")
    if ["feature_extractor.", "encoder.conv"].contains(where: name.hasPrefix) {
      self = .convolutions
    } else if ["feature_projection.", "embeddings.patch_embeddings."].contains(
      where: name.hasPrefix)
    {
      self = .projection
    } else if name.hasPrefix("encoder.layer"), parts.count > 2, let number = Int(parts[2]),
      // The buckets of positions serve all blocks.
      !name.contains("rel_attn_embed")
    {
      self = .hidden(number + 1)
    } else if ["encoder.layer_norm.", "layernorm."].contains(where: name.hasPrefix), normalisesFirst {
      self = .finalNorm
    } else {
      self = .hidden(0)
    }
  }

  var name: String {
    switch self {
    case .convolutions: "conv"
    case .projection: "projection"
    case .hidden(let number): "hidden.\(number)"
    case .finalNorm: "final_norm"
    }
  }

  private var order: Int {
    switch self {
    case .convolutions: -2
    case .projection: -1
    case .hidden(let number): number
    case .finalNorm: .max
    }
  }

  static func < (a: ModelPart, b: ModelPart) -> Bool { a.order < b.order }

  /// The parts that words such as `conv,projection,hidden.0-3` name, of those that there are.
  ///
  /// Throws `FineTuningError.unknownPart`.
  static func named(_ words: String, among known: [ModelPart]) throws -> Set<ModelPart> {
    var chosen: Set<ModelPart> = []
    for word in words.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) })
    where word != "none" {
      let found: [ModelPart]
      if word == "all" {
        found = known
      } else if word.hasPrefix("hidden."),
        case let ends = word.dropFirst(7).split(separator: "-").map({ Int($0) }),
        ends.count == 2, let first = ends[0], let last = ends[1], first <= last
      {
        found = known.filter { part in (first...last).contains { part == .hidden($0) } }
        guard found.count == last - first + 1 else {
          throw FineTuningError.unknownPart(name: word, known: known.map(\.name))
        }
      } else {
        found = known.filter { $0.name == word }
      }
      guard !found.isEmpty else { throw FineTuningError.unknownPart(name: word, known: known.map(\.name)) }
      chosen.formUnion(found)
    }
    return chosen
  }
}
