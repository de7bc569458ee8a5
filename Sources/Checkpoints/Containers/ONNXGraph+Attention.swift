import OrderedCollections

extension ONNXGraph {
  /// The layers of queries, keys and values that an attention module computes in its own name, as PyTorch's function for
  /// attention does with separate weights (WavLM): one product for each, without the layer's scope. Which is which shows
  /// where their outputs meet: queries stand before keys, and values behind the softmax.
  struct JointAttention {
    /// The three products, by their outputs.
    var products: Set<String> = []
    var parameters: [(String, TensorEntry)] = []
  }

  func jointAttention() -> JointAttention {
    var made: [String: Int] = [:]
    var uses: [String: [Int]] = [:]
    var own: OrderedDictionary<String, [Int]> = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs { made[output] = index }
      for input in Set(node.inputs) { uses[input, default: []].append(index) }
      guard node.kind == "MatMul", node.inputs.count == 2, let module = node.module,
        let weight = initialisers[node.inputs[1]], weight.shape.count == 2,
        !ONNXReader.isModuleName(node.inputs[1]), initialisers["\(module).out_proj.weight"] != nil
      else { continue }
      own[module, default: []].append(index)
    }
    var found = JointAttention()
    for (module, products) in own where products.count == 3 {
      let layers = products.compactMap { layer($0, made, uses) }
      guard Set(layers.map(\.name)).count == 3 else { continue }
      found.products.formUnion(products.flatMap { nodes[$0].outputs })
      for layer in layers {
        let stem = "\(module).\(layer.name)"
        found.parameters.append(("\(stem).weight", layer.weight.renamed("\(stem).weight")))
        if let bias = layer.bias {
          found.parameters.append(("\(stem).bias", bias.renamed("\(stem).bias")))
        }
      }
    }
    return found
  }

  /// What leads a value on without another value's part in it.
  private static let carriers: Set<String> = ["Add", "Mul", "Reshape", "Transpose", "Unsqueeze", "Squeeze"]

  /// The product's layer by what becomes of its output; nil where that does not show.
  private func layer(_ product: Int, _ made: [String: Int], _ uses: [String: [Int]])
    -> (name: String, weight: TensorEntry, bias: TensorEntry?)?
  {
    guard let weight = initialisers[nodes[product].inputs[1]]?.transposed,
      var value = nodes[product].outputs.first
    else { return nil }
    var bias: TensorEntry?
    for _ in 0..<16 {
      let next = (uses[value] ?? []).filter {
        Self.carriers.contains(nodes[$0].kind) || nodes[$0].kind == "MatMul"
      }
      guard next.count == 1 else { return nil }
      let node = nodes[next[0]]
      if node.kind == "MatMul" {
        guard node.inputs.count == 2 else { return nil }
        if node.inputs[0] == value { return ("q_proj", weight, bias) }
        let isBehindSoftmax = made[node.inputs[0]].map { nodes[$0].kind == "Softmax" } ?? false
        return (isBehindSoftmax ? "v_proj" : "k_proj", weight, bias)
      }
      if node.kind == "Add", bias == nil, let other = node.inputs.first(where: { $0 != value }) {
        bias = vector(other, made)
      }
      guard let output = node.outputs.first else { return nil }
      value = output
    }
    return nil
  }

  /// A stored vector, or one of the equal parts into which a node has split it.
  private func vector(_ name: String, _ made: [String: Int]) -> TensorEntry? {
    if let entry = initialisers[name] { return entry.shape.count == 1 ? entry : nil }
    guard let node = made[name].map({ nodes[$0] }), node.kind == "Split",
      let whole = node.inputs.first.flatMap({ initialisers[$0] }), whole.shape.count == 1,
      whole.count % node.outputs.count == 0, let part = node.outputs.firstIndex(of: name)
    else { return nil }
    let count = whole.count / node.outputs.count
    return whole.slice(part * count..<(part + 1) * count)
  }
}

extension TensorEntry {
  /// A view of some values of a vector.
  fileprivate func slice(_ range: Range<Int>) -> TensorEntry {
    TensorEntry(
      name: name, shape: [range.count], type: type, strides: strides,
      offset: offset + range.lowerBound * (strides.first ?? 1) * type.size, storage: storage)
  }
}
