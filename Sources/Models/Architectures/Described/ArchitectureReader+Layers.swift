import Yams

extension ArchitectureReader {
  private static let extent = 1...65_536
  private static let maximumLayers = 1024

  /// A list of layers, each a mapping one of whose keys is its kind.
  func layers(_ node: Node, depth: Int) throws -> [LayerEntry] {
    guard case .sequence(let list) = node, !list.isEmpty, list.count <= Self.maximumLayers else {
      throw error(node, node.inWords, "a list of 1 to \(Self.maximumLayers) layers")
    }
    guard depth < 4 else { throw error(node, "residuals in residuals in residuals", "fewer") }
    return try list.map { try layer($0, depth: depth) }
  }

  private func layer(_ node: Node, depth: Int) throws -> LayerEntry {
    let kinds = LayerEntry.Kind.allCases.map(\.rawValue).joined(separator: ", ")
    let pairs = try pairs(of: node, "a layer: one of \(kinds)")
    let found = pairs.compactMap { key, value in
      key.string.flatMap(LayerEntry.Kind.init(rawValue:)).map { (kind: $0, key: key, value: value) }
    }
    // An activation is a layer and, of a transformer, a setting.
    let candidates = found.count > 1 ? found.filter { $0.kind != .activation } : found
    guard let (kind, key, value) = candidates.first, candidates.count == 1 else {
      throw error(
        node, candidates.isEmpty ? "a layer of no known kind" : "a layer of \(candidates.count) kinds",
        "one of \(kinds)")
    }
    var entry = LayerEntry(kind: kind, line: key.mark?.line ?? 1)
    try read(value, of: &entry, depth: depth)
    for (other, setting) in pairs where other != key {
      switch other.string ?? "" {
      case "name": entry.name = try name(setting)
      case "tap": entry.isTapped = try flag(setting)
      case let name where kind.settings.contains(name): try set(name, setting, of: &entry, depth: depth)
      default:
        throw error(
          other, "\(other.inWords) of a \(kind.rawValue)",
          "name, tap" + kind.settings.map { ", \($0)" }.joined())
      }
    }
    if kind == .activation { entry.function = try function(value, pairs) }
    return entry
  }

  /// What stands behind the kind.
  private func read(_ value: Node, of entry: inout LayerEntry, depth: Int) throws {
    switch entry.kind {
    case .activation: break
    case .flatten, .glu: _ = try text(value)
    case .maxPool, .meanPool: entry.kernel = try integers(value, Self.extent)
    case .stretch: entry.kernel = [try integer(value, 1...4096)]
    case .residual, .product: entry.inner = try layers(value, depth: depth + 1)
    default: entry.weights = try text(value)
    }
  }

  private func set(_ name: String, _ node: Node, of entry: inout LayerEntry, depth: Int) throws {
    switch name {
    case "channels", "outputs", "units": entry.outputs = try integer(node, Self.extent)
    case "kernel": entry.kernel = try integers(node, Self.extent)
    case "stride": entry.stride = try integers(node, Self.extent)
    case "dilation": entry.dilation = try integers(node, Self.extent)
    case "padding":
      entry.padding = node.string == "same" ? .same : .each(try integers(node, 0...65_536))
    case "groups": entry.groups = try integer(node, Self.extent)
    case "epsilon": entry.epsilon = Float(try number(node, 0...1))
    case "heads": entry.heads = try integer(node, 1...1024)
    case "norm":
      guard let word = node.string, ["first", "last"].contains(word) else {
        throw error(node, node.inWords, "first or last")
      }
      entry.normalisesFirst = word == "first"
    case "activation":
      guard let activation = Activation(named: try text(node)) else {
        throw error(node, node.inWords, Activation.knownNames)
      }
      entry.activation = activation
    case "causal": entry.isCausal = try flag(node)
    case "pad": entry.filling = try choice(node, of: PaddingOperation.Filling.self)
    case "window": entry.window = try integers(node, 0...65_536)
    case "rotary": entry.rotary = try choice(node, of: LayerEntry.Rotary.self)
    case "rotary_share": entry.rotaryShare = try number(node, 0.001...1)
    case "rotary_base": entry.rotaryBase = try number(node, 1...1e12)
    case "trim": entry.isTrimmed = try flag(node)
    case "shortcut", "gate": entry.shortcut = try layers(node, depth: depth + 1)
    default: break  // An activation's own: see `function`.
    }
  }

  private func function(
    _ node: Node, _ pairs: [(key: Node, value: Node)]
  ) throws -> PointwiseOperation.Function {
    func setting(_ name: String, _ fallback: Double) throws -> Float {
      Float(try pairs.first { $0.key.string == name }.map { try number($0.value, -1e6...1e6) } ?? fallback)
    }
    let word = try text(node)
    switch word {
    case "tanh": return .tanh
    case "sigmoid": return .sigmoid
    case "elu": return .elu
    case "leaky_relu": return .leakyRelu(slope: try setting("slope", 0.01))
    case "clamp":
      let (low, high) = (try setting("low", 0), try setting("high", 20))
      guard low <= high else { throw error(node, "a clamp from \(low) to \(high)", "low below high") }
      return .clamp(low...high)
    default:
      if let activation = Activation(named: word) { return .activation(activation) }
      throw error(node, node.inWords, "\(Activation.knownNames), tanh, sigmoid, elu, leaky_relu or clamp")
    }
  }
}
