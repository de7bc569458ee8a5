import Tensors

// Layers over frames alone: convolutions with ends of their own, attention, and what goes with them.

extension LayerEntry.Padding {
  /// Whether one number is for the frames before and one for those behind.
  var isTwoSided: Bool { if case .each(let values) = self { values.count == 2 } else { false } }
}

extension LayerBuilder {
  /// Under which names PyTorch keeps a weight as its direction and its length.
  private static let normedNames = [
    ("weight_v", "weight_g"), ("parametrizations.weight.original1", "parametrizations.weight.original0"),
  ]

  func isWeightNormed(_ entry: LayerEntry) -> Bool {
    Self.normedNames.contains { shapes["\(entry.weights).\($0.0)"] != nil }
  }

  /// A convolution over time with padding before and behind, or with so much that no frame sees a later one; its weight
  /// may be normed.
  mutating func timeConvolution(_ entry: LayerEntry) throws -> DescribedLayer {
    let names = Self.normedNames.first { shapes["\(entry.weights).\($0.0)"] != nil }
    let found = try shape("\(entry.weights).\(names?.0 ?? "weight")", 3, entry)
    try agree(entry.outputs.map { [$0] }, [found[0]], "channels", entry)
    try agree(entry.kernel, [found[2]], "kernel", entry)
    guard channels % entry.groups == 0, found[0] % entry.groups == 0, found[1] == channels / entry.groups
    else {
      throw error(
        entry, "weights of shape \(found) in \(entry.groups) group\(entry.groups == 1 ? "" : "s")",
        "\(channels) inputs, which are what the layer before gives")
    }
    let axis = GridWalk.Axis(kernel: found[2], stride: entry.stride?[0] ?? 1, dilation: entry.dilation[0])
    let span = (axis.kernel - 1) * axis.dilation
    let ends: TimeConvolution.Ends
    switch entry.padding {
    case .each(let sides) where !entry.isCausal:
      ends = .fixed(left: sides[0], right: sides[sides.count - 1])
    case .same where axis.stride == 1 && !entry.isCausal:
      ends = .fixed(left: span / 2, right: span - span / 2)
    default:
      guard entry.isCausal, entry.padding == .each([0]) else {
        throw error(entry, "padding of a causal convolution, or `same` with a stride", "one of the two")
      }
      ends = .whole(isCausal: true)
    }
    let drawn = Initialisation.uniform(inputs: found[1] * found[2])
    var weight = Tensor(shape: [0])
    if let names {
      let lengths = try shape("\(entry.weights).\(names.1)", 3, entry)
      weight = try reader.weightNormed(
        entry.weights, found, drawn, axis: lengths[2] == found[2] && lengths[0] == 1 ? 2 : 0)
    } else {
      weight = try tensor("\(entry.weights).weight", found, drawn, entry)
    }
    let layer = TimeConvolution(
      grid: GridConvolution(
        weight: weight.placeByPlace(), bias: try bias("\(entry.weights).bias", found[0], drawn, entry),
        groups: entry.groups, walk: GridWalk(time: axis)),
      ends: ends, filling: entry.filling)
    let pace = FramePace(axis: axis, ends: ends)
    channels = found[0]
    try walk(pace, entry)
    return DescribedLayer(step: .timeConvolution(layer), tap: try tap(entry), walk: pace)
  }

  mutating func glu(_ entry: LayerEntry) throws -> DescribedLayer {
    guard channels % 2 == 0 else { throw error(entry, "\(channels) values a frame", "an even number") }
    channels /= 2
    return DescribedLayer(step: .glu, tap: try tap(entry))
  }

  mutating func snake(_ entry: LayerEntry) throws -> DescribedLayer {
    let name = shapes[entry.weights] == nil ? "\(entry.weights).alpha" : entry.weights
    guard let found = shapes[name],
      found.filter({ $0 != 1 }) == [channels] || found.reduce(1, *) == channels
    else {
      throw error(entry, "no tensor \(name) of \(channels) values", "one for each channel")
    }
    let alpha = try tensor(name, found, .ones, entry)
    return DescribedLayer(
      step: .snake(SnakeOperation(alpha: alpha.count == 0 ? alpha : alpha.reshaped([channels]))),
      tap: try tap(entry))
  }

  /// Each frame's values become several frames, the first values the first.
  mutating func stretch(_ entry: LayerEntry) throws -> DescribedLayer {
    let factor = entry.kernel?[0] ?? 1
    guard channels % factor == 0, hop % factor == 0 else {
      throw error(
        entry, "\(channels) values every \(hop) samples in \(factor) frames", "a divisor of both")
    }
    channels /= factor
    hop /= factor
    centre -= Double((factor - 1) * hop) / 2
    return DescribedLayer(
      step: .stretch(factor), tap: try tap(entry),
      walk: FramePace(axis: GridWalk.Axis(kernel: 1), factor: factor))
  }

  /// Attention by itself: under the names that libraries give its parts, or with one matrix for queries, keys and values.
  mutating func attention(_ entry: LayerEntry) throws -> DescribedLayer {
    let (name, width) = (entry.weights, width)
    let drawn = Initialisation.uniform(inputs: width)
    func part(_ names: [String], _ builder: inout LayerBuilder, inputs: Int) throws -> Linear {
      let shapes = builder.shapes
      let own = names.first { shapes["\(name).\($0).weight"] != nil } ?? names[0]
      return try builder.linear(
        weight: "\(name).\(own).weight", bias: "\(name).\(own).bias", inputs: inputs, drawn, entry)
    }
    var parts: [Linear]
    if shapes["\(name).in_proj_weight"] != nil {
      let joint = try tensor("\(name).in_proj_weight", [3 * width, width], drawn, entry)
      let bias = try bias("\(name).in_proj_bias", 3 * width, .zeros, entry)
      parts = (0..<3).map { part in
        let rows = (part * width)..<((part + 1) * width)
        return Linear(weight: joint.rows(rows), bias: bias.rows(rows))
      }
    } else {
      parts = try ["q", "k", "v"].enumerated().map { index, letter in
        let word = ["query", "key", "value"][index]
        return try part(["\(letter)_proj", word, "\(word)_proj", letter], &self, inputs: width)
      }
    }
    let attended = parts[0].outputs
    guard attended % entry.heads == 0 else {
      throw error(entry, "\(entry.heads) heads", "a divisor of the queries' width, \(attended)")
    }
    let headSize = attended / entry.heads
    guard parts[1].outputs == parts[2].outputs, parts[1].outputs % headSize == 0,
      attended % parts[1].outputs == 0
    else {
      throw error(
        entry, "keys of \(parts[1].outputs) and values of \(parts[2].outputs)",
        "as many, and a whole number of heads of \(headSize)")
    }
    let times = attended / parts[1].outputs
    let output = try part(["o_proj", "out_proj", "output", "out", "o"], &self, inputs: attended)
    guard output.outputs == width else {
      throw error(entry, "an output of \(output.outputs)", "the width of the input, \(width)")
    }
    var rotary: RotaryPositions?
    if let kind = entry.rotary {
      rotary = RotaryPositions(
        headSize: headSize, share: entry.rotaryShare, base: entry.rotaryBase,
        isInterleaved: kind == .interleaved)
      guard rotary != nil else {
        throw error(
          entry, "rotary positions on \(entry.rotaryShare) of heads of \(headSize)",
          "an even number of turned values")
      }
    }
    let window = entry.window
    let reach: AttentionReach =
      window.map { .near(back: $0[0], ahead: entry.isCausal ? 0 : $0[$0.count - 1]) }
      ?? (entry.isCausal ? .causal : .all)
    let layer = SelfAttention(
      query: parts[0], key: parts[1].repeatingHeads(of: headSize, times),
      value: parts[2].repeatingHeads(of: headSize, times), output: output, heads: entry.heads)
    return DescribedLayer(
      step: .attention(layer, rotary, reach, name: numbered("attention")), tap: try tap(entry))
  }
}
