import Tensors

extension LayerBuilder {
  /// The layers of `entries` in order; a stack of recurrent layers is one each, and so is a flattening in between.
  mutating func layers(_ entries: [LayerEntry]) throws -> [DescribedLayer] {
    var layers: [DescribedLayer] = []
    for entry in entries { layers += try self.layers(of: entry) }
    return layers
  }

  private mutating func layers(of entry: LayerEntry) throws -> [DescribedLayer] {
    switch entry.kind {
    case .conv2d:
      if !isGrid { (channels, frequencies, isGrid) = (1, width, true) }
      return [try convolution(entry, rank: 4)]
    case .conv1d:
      let hasEnds = entry.isCausal || entry.filling != .zeros || entry.padding.isTwoSided
      return try flattened(entry)
        + [hasEnds || isWeightNormed(entry) ? try timeConvolution(entry) : try convolution(entry, rank: 3)]
    case .batchNorm: return [try batchNorm(entry)]
    case .groupNorm: return [try groupNorm(entry)]
    case .activation: return [DescribedLayer(step: .pointwise(entry.function), tap: try tap(entry))]
    case .maxPool, .meanPool: return [try pooling(entry)]
    case .flatten: return try flattened(entry)
    case .rmsNorm:
      let before = try flattened(entry)
      return before + [
        DescribedLayer(
          step: .norm(try norm(entry.weights, width, centres: false, entry)), tap: try tap(entry))
      ]
    case .glu: return try flattened(entry) + [try glu(entry)]
    case .snake: return try flattened(entry) + [try snake(entry)]
    case .stretch: return try flattened(entry) + [try stretch(entry)]
    case .attention: return try flattened(entry) + [try attention(entry)]
    case .layerNorm:
      let before = try flattened(entry)
      return before + [
        DescribedLayer(step: .norm(try norm(entry.weights, width, entry)), tap: try tap(entry))
      ]
    case .linear: return try flattened(entry) + [try linear(entry)]
    case .lstm, .gru: return try flattened(entry) + recurrent(entry)
    case .transformer: return try flattened(entry) + [try transformer(entry)]
    case .positions: return try flattened(entry) + [try positions(entry)]
    case .residual, .product: return [try ways(entry)]
    }
  }

  /// From channels and frequencies to one width, in PyTorch's order.
  mutating func flattened(_ entry: LayerEntry) throws -> [DescribedLayer] {
    guard isGrid else { return [] }
    let operation = FlattenOperation(frequencies: frequencies, channels: channels)
    (channels, frequencies, isGrid) = (width, 1, false)
    guard channels <= 262_144 else { throw error(entry, "\(channels) values a frame", "fewer") }
    return operation.frequencies == 1 || operation.channels == 1
      ? [] : [DescribedLayer(step: .flatten(operation))]
  }

  // MARK: Convolutions and what goes with them

  private mutating func convolution(_ entry: LayerEntry, rank: Int) throws -> DescribedLayer {
    let name = "\(entry.weights).weight"
    let found = try shape(name, rank, entry)
    let kernel = Array(found[2...])
    try agree(entry.outputs.map { [$0] }, [found[0]], "channels", entry)
    try agree(entry.kernel, kernel, "kernel", entry)
    let groups = entry.groups
    guard channels % groups == 0, found[0] % groups == 0, found[1] == channels / groups else {
      throw error(
        entry, "\(name) of shape \(found) in \(groups) group\(groups == 1 ? "" : "s")",
        "\(channels) inputs, which are what the layer before gives")
    }
    let walk = try walk(entry, kernel: kernel)
    let fanIn = found[1...].reduce(1, *)
    let weight = try tensor(name, found, .uniform(inputs: fanIn), entry)
      .placeByPlace(isFrequencyFirst: isFrequencyFirst && rank == 4)
    let layer = GridConvolution(
      weight: weight, bias: try bias("\(entry.weights).bias", found[0], .uniform(inputs: fanIn), entry),
      groups: groups, walk: walk)
    let step = DescribedLayer.Step.convolution(layer, frequencies: frequencies)
    channels = found[0]
    try move(walk, entry)
    return DescribedLayer(step: step, tap: try tap(entry), walk: FramePace(axis: walk.time))
  }

  private mutating func pooling(_ entry: LayerEntry) throws -> DescribedLayer {
    let kernel = entry.kernel ?? [1]
    var spread = entry
    spread.stride = entry.stride ?? kernel
    let walk = try walk(spread, kernel: isGrid && kernel.count == 1 ? [kernel[0], kernel[0]] : kernel)
    for axis in [walk.time, walk.frequency] where axis.padding > axis.kernel / 2 {
      throw error(entry, "a padding of \(axis.padding)", "no more than half the kernel, \(axis.kernel)")
    }
    let operation = GridPoolingOperation(
      isMaximum: entry.kind == .maxPool, walk: walk, frequencies: frequencies, channels: channels)
    try move(walk, entry)
    return DescribedLayer(
      step: .pooling(operation), tap: try tap(entry), walk: FramePace(axis: walk.time))
  }

  /// A kernel's walk, time first.
  private func walk(_ entry: LayerEntry, kernel: [Int]) throws -> GridWalk {
    let isPlanar = kernel.count == 2
    guard isGrid || !isPlanar else {
      throw error(entry, "a kernel of two dimensions", "one, behind layers without frequencies")
    }
    func pair(_ values: [Int], _ what: String) throws -> [Int] {
      guard values.count == 1 || isPlanar else { throw error(entry, "two numbers for \(what)", "one") }
      return values.count == 1 ? [values[0], values[0]] : values
    }
    let dilation = try pair(entry.dilation, "dilation")
    let kernels = try pair(kernel, "kernel")
    let strides = try pair(entry.stride ?? [1], "stride")
    let padding: [Int]
    switch entry.padding {
    case .each(let values): padding = try pair(values, "padding")
    case .same:
      guard kernel.allSatisfy({ $0 % 2 == 1 }), strides.allSatisfy({ $0 == 1 }) else {
        throw error(
          entry, "`same` with a kernel of \(kernel) and a stride of \(strides)", "odd kernels, stride 1")
      }
      padding = zip(kernels, dilation).map { ($0 - 1) / 2 * $1 }
    }
    let axes = [0, 1].map {
      GridWalk.Axis(kernel: kernels[$0], stride: strides[$0], padding: padding[$0], dilation: dilation[$0])
    }
    guard isPlanar else { return GridWalk(time: axes[0]) }
    return isFrequencyFirst
      ? GridWalk(time: axes[1], frequency: axes[0]) : GridWalk(time: axes[0], frequency: axes[1])
  }

  private mutating func move(_ walk: GridWalk, _ entry: LayerEntry) throws {
    let left = walk.frequency.outputs(of: frequencies)
    guard left > 0 else {
      throw error(
        entry, "a kernel over \(walk.frequency.kernel) frequencies",
        "no more than the \(frequencies) that are left")
    }
    frequencies = left
    try self.walk(walk.time, entry)
  }

  private mutating func batchNorm(_ entry: LayerEntry) throws -> DescribedLayer {
    for part in ["weight", "bias", "running_mean", "running_var"] {
      let name = "\(entry.weights).\(part)"
      let found = try shape(name, 1, entry)
      guard found == [channels] else { throw error(entry, "\(name) of shape \(found)", "[\(channels)]") }
    }
    let scale = try reader.batchNorm(entry.weights, channels, epsilon: entry.epsilon)
    let operation = ChannelScaleOperation(factor: scale.factor, summand: scale.summand)
    return DescribedLayer(step: .scale(operation), tap: try tap(entry))
  }

  private mutating func groupNorm(_ entry: LayerEntry) throws -> DescribedLayer {
    guard channels % entry.groups == 0 else {
      throw error(entry, "\(entry.groups) groups", "a divisor of the \(channels) channels")
    }
    let norm = try norm(entry.weights, channels, entry)
    let operation = GroupNormOperation(
      groups: entry.groups, weight: norm.weight ?? Tensor(shape: [0]),
      bias: norm.bias ?? Tensor(shape: [0]),
      epsilon: entry.epsilon)
    return DescribedLayer(step: .groupNorm(operation), tap: try tap(entry))
  }

  // MARK: Layers of frames

  private mutating func linear(_ entry: LayerEntry) throws -> DescribedLayer {
    let weight = "\(entry.weights).weight"
    try agree(entry.outputs.map { [$0] }, [try shape(weight, 2, entry)[0]], "outputs", entry)
    let layer = try linear(
      weight: weight, bias: "\(entry.weights).bias", inputs: width, .uniform(inputs: width), entry)
    channels = layer.outputs
    return DescribedLayer(step: .linear(layer), tap: try tap(entry))
  }

  /// As many layers as the checkpoint has weights for, in the directions that it has them for.
  private mutating func recurrent(_ entry: LayerEntry) throws -> [DescribedLayer] {
    let cell: RecurrentLayer.Cell = entry.kind == .lstm ? .lstm : .gru
    func name(_ part: String, _ layer: Int, _ suffix: String) -> String {
      (entry.weights.isEmpty ? "" : entry.weights + ".") + "\(part)_l\(layer)\(suffix)"
    }
    let units = try shape(name("weight_hh", 0, ""), 2, entry)[1]
    try agree(entry.outputs.map { [$0] }, [units], "units", entry)
    let count = (0..<64).prefix { shapes[name("weight_ih", $0, "")] != nil }.count
    let suffixes = shapes[name("weight_ih", 0, "_reverse")] == nil ? [""] : ["", "_reverse"]
    var layers: [DescribedLayer] = []
    for layer in 0..<count {
      let drawn = Initialisation.uniform(inputs: units)
      let directions = try suffixes.map { suffix in
        func part(_ part: String, _ inputs: Int, _ builder: inout LayerBuilder) throws -> Linear {
          try builder.linear(
            weight: name("weight_\(part)", layer, suffix), bias: name("bias_\(part)", layer, suffix),
            inputs: inputs, outputs: cell.gates * units, drawn, entry)
        }
        return RecurrentLayer.Direction(
          input: try part("ih", width, &self), recurrent: try part("hh", units, &self))
      }
      channels = units * directions.count
      layers.append(
        DescribedLayer(
          step: .recurrent(RecurrentLayer(cell: cell, directions: directions)),
          tap: try tap(entry, part: count > 1 ? layer + 1 : nil)))
    }
    return layers
  }

  /// PyTorch's `TransformerEncoderLayer`.
  private mutating func transformer(_ entry: LayerEntry) throws -> DescribedLayer {
    let (name, width) = (entry.weights, width)
    guard width % entry.heads == 0 else {
      throw error(entry, "\(entry.heads) heads", "a divisor of the width, \(width)")
    }
    // Its three projections are drawn as one matrix (Glorot 2010).
    let glorot = Initialisation.uniform(bound: (6 / Double(4 * width)).squareRoot())
    let drawn = Initialisation.uniform(inputs: width)
    let joint = try tensor("\(name).self_attn.in_proj_weight", [3 * width, width], glorot, entry)
    let jointBias = try bias("\(name).self_attn.in_proj_bias", 3 * width, .zeros, entry)
    let parts = (0..<3).map { part in
      let rows = (part * width)..<((part + 1) * width)
      return Linear(weight: joint.rows(rows), bias: jointBias.rows(rows))
    }
    let output = try linear(
      weight: "\(name).self_attn.out_proj.weight", bias: "\(name).self_attn.out_proj.bias", inputs: width,
      outputs: width, drawn, bias: .zeros, entry)
    let up = try linear(
      weight: "\(name).linear1.weight", bias: "\(name).linear1.bias", inputs: width, drawn, entry)
    let down = try linear(
      weight: "\(name).linear2.weight", bias: "\(name).linear2.bias", inputs: up.outputs, outputs: width,
      .uniform(inputs: up.outputs), entry)
    let block = TransformerBlock(
      attention: SelfAttention(
        query: parts[0], key: parts[1], value: parts[2], output: output, heads: entry.heads),
      attentionNorm: try norm("\(name).norm1", width, entry),
      feedForward: FeedForward(up: up, down: down, activation: entry.activation),
      outputNorm: try norm("\(name).norm2", width, entry), normalisesFirst: entry.normalisesFirst)
    return DescribedLayer(
      step: .transformer(block, attention: numbered("attention")), tap: try tap(entry))
  }

  private mutating func positions(_ entry: LayerEntry) throws -> DescribedLayer {
    guard entry.weights != "sinusoids" else {
      return DescribedLayer(step: .positions(nil), tap: try tap(entry))
    }
    let name = shapes[entry.weights] == nil ? "\(entry.weights).weight" : entry.weights
    let rows = try shape(name, 2, entry)[0]
    let table = try tensor(name, [rows, width], .normal(deviation: 1), entry)
    return DescribedLayer(step: .positions(table), tap: try tap(entry))
  }

  /// A residual or a product: two ways from one place.
  private mutating func ways(_ entry: LayerEntry) throws -> DescribedLayer {
    var other = self
    let inner = try layers(entry.inner)
    // Both ways start from the same place; names and weights are common.
    (other.reader, other.names, other.counts) = (reader, names, counts)
    let second = try other.layers(entry.shortcut)
    guard other.channels == channels, other.frequencies == frequencies, other.hop == hop else {
      throw error(
        entry, "\(width) values every \(hop) samples beside \(other.width) every \(other.hop)",
        "the same both ways")
    }
    // Both ways must have as many frames whatever the length; kernels and paddings repeat long before this many.
    let first = max(inner.inputs(for: 1), second.inputs(for: 1))
    if !entry.isTrimmed {
      for frames in first..<(first + 256) where inner.outputs(of: frames) != second.outputs(of: frames) {
        throw error(
          entry,
          "\(inner.outputs(of: frames)) frames beside \(second.outputs(of: frames)) of the same \(frames)",
          "as many both ways, which padding of half the kernel gives, or trim: true")
      }
    }
    (reader, names, counts) = (other.reader, other.names, other.counts)
    (isGrid, field) = (isGrid || other.isGrid, max(field, other.field))
    let step: DescribedLayer.Step =
      entry.kind == .product
      ? .product(inner, gate: second) : .residual(inner, shortcut: second, isTrimmed: entry.isTrimmed)
    return DescribedLayer(step: step, tap: try tap(entry))
  }

  /// Where the description says a size, it must be the weights'.
  func agree(_ said: [Int]?, _ found: [Int], _ what: String, _ entry: LayerEntry) throws {
    guard let said else { return }
    let spread = said.count == 1 ? Array(repeating: said[0], count: found.count) : said
    guard spread == found else {
      throw error(
        entry, "\(what) \(said)", "\(found), the shape of \(entry.weights)'s weights")
    }
  }
}
