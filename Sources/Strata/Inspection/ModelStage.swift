import Models

/// A step of a model as it is drawn: one tap point, or a run of like ones such as all transformer blocks.
struct ModelStage: Sendable, Equatable, Codable {
  /// What it is, in words: "7 convolutions".
  var title: String
  /// The names of its tap points, the first and the last.
  var taps: [String]
  var width: Int
  /// From one of its last frames to the next, in seconds; nil for a row a token.
  var step: Double?
  var receptiveField: Double?
  /// How many layers it stands for.
  var count: Int
  /// The heads of its attention.
  var heads: Int?
  /// Values of its own parameters, where their names tell that they are its.
  var parameters: Int?
  var isDecoder: Bool
  var kind: Kind

  enum Kind: String, Sendable, Codable { case convolution, projection, states, blocks, norm, output }

  /// All stages in the order of the data.
  static func stages(
    taps: [TapPoint], heads: [Int: Int], decoderHeads: Int?, tree: ParameterTree
  ) -> [ModelStage] {
    var stages: [ModelStage] = []
    var bases: [String] = []
    for tap in taps {
      let parts = tap.name.split(separator: ".")
      let number = parts.last.flatMap { Int($0) }
      let base = parts.dropLast(number == nil ? 0 : 1).joined(separator: ".")
      let isEntry = number == 0
      // Models of stages name the blocks within one, and its end as a state.
      let isStageEnd = base == "hidden" && bases.last == "block"
      if !isEntry, number != nil, bases.last == base || isStageEnd, let last = stages.last,
        last.kind != .states
      {
        var joined = last
        joined.count += 1
        joined.taps = [last.taps[0], tap.name]
        (joined.width, joined.step) = (tap.width, tap.timing?.stride)
        joined.receptiveField = tap.timing?.receptiveField
        stages[stages.count - 1] = joined
        bases[bases.count - 1] = base
      } else {
        let kind = kind(of: tap.name, number)
        let isDecoder = tap.kind.isOfDecoder || stages.last?.isDecoder == true
        stages.append(
          ModelStage(
            title: "", taps: [tap.name], width: tap.width, step: tap.timing?.stride,
            receptiveField: tap.timing?.receptiveField, count: 1,
            heads: kind == .blocks ? (isDecoder ? decoderHeads : number.flatMap { heads[$0] }) : nil,
            parameters: nil, isDecoder: isDecoder, kind: kind))
        bases.append(isEntry ? "" : base)
        continue
      }
    }
    let owned = tree.parametersByTap
    return stages.map { stage in
      var stage = stage
      stage.title = stage.words
      let names = taps.map(\.name)
      if let first = names.firstIndex(of: stage.taps[0]),
        let last = names.firstIndex(of: stage.taps[stage.taps.count - 1])
      {
        let own = names[first...last].compactMap { owned[$0] }
        if !own.isEmpty { stage.parameters = own.reduce(0, +) }
      }
      return stage
    }
  }

  private static func kind(of name: String, _ number: Int?) -> Kind {
    let last = name.split(separator: ".").last(where: { Int($0) == nil }) ?? ""
    switch last {
    case "conv": return .convolution
    case "projection", "embedding": return .projection
    case "hidden", "block": return number == 0 ? .states : .blocks
    case "final_norm": return .norm
    default: return .output
    }
  }

  private var words: String {
    switch kind {
    case .convolution: return count == 1 ? "convolution" : "\(count) convolutions"
    case .projection: return taps[0].hasSuffix("embedding") ? "token embedding" : "projection"
    case .states: return "input of the blocks"
    case .blocks:
      if taps[0].hasPrefix("block") { return "stage \(taps[taps.count - 1].dropFirst(7))" }
      return count == 1 ? "transformer block" : "\(count) transformer blocks"
    case .norm: return "norm"
    case .output:
      return switch taps[0] {
      case "logits": "scores"
      case "pooled": "mean"
      default: taps[0]
      }
    }
  }
}

extension ParameterTree {
  /// The number of values behind each tap point that a branch makes.
  var parametersByTap: [String: Int] {
    var found: [String: Int] = [:]
    func look(_ node: ParameterTree) {
      if let first = node.taps.first {
        // Like branches share evenly.
        let each = node.parameters / max(1, node.repeats)
        let base = first.split(separator: ".").dropLast().joined(separator: ".")
        let start = first.split(separator: ".").last.flatMap { Int($0) }
        for index in 0..<node.repeats {
          let name = start.map { "\(base).\($0 + index)" } ?? first
          found[name, default: 0] += each
        }
      } else {
        node.children.forEach(look)
      }
    }
    look(self)
    return found
  }
}
