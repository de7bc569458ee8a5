import OrderedCollections

/// The initialisers of an ONNX graph as weights under the names of the PyTorch modules that they were exported from.
///
/// An exporter keeps most names. A linear layer's weight it stores transposed and without a name, and of tensors with
/// the same values it stores one; then the node that reads the tensor says whose it is: by its own name
/// (`/encoder/layers.0/q_proj/MatMul`, PyTorch's exporter by tracing) or by the scopes among its metadata (`torch.export`'s). What
/// neither shows is a constant of the graph and no weight. A graph with quantised weights is refused.
enum ONNXReader {
  /// A protocol buffer that begins with a small `ir_version`, and in whose first fields a producer or a graph is.
  static func recognises(_ file: FileBytes) -> Bool {
    let bytes = file.bytes
    guard bytes.count > 8, bytes[0] == 0x08, (1..<0x20).contains(bytes[1]),
      [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42].contains(bytes[2])
    else { return false }
    let start = String(decoding: bytes.prefix(64), as: UTF8.self)
    return file.path.hasSuffix(".onnx") || ["pytorch", "onnx", "torch"].contains { start.contains($0) }
  }

  static func read(_ file: FileBytes) throws -> CheckpointContent {
    var graph: ONNXGraph?
    try file.forEachField(0..<file.count) { field in
      if field.number == 7, case .bytes(let range) = field.value { graph = try ONNXGraph(file, range) }
    }
    guard let graph else {
      throw CheckpointError.malformed(path: file.path, place: "model", found: "no graph", expected: "one")
    }
    if let node = graph.nodes.first(where: { quantised.contains($0.kind) }) {
      throw CheckpointError.unsupported(
        path: file.path, place: "node \(shown(node.name))", found: "a quantised graph (\(node.kind))",
        advice: "Take the graph before quantisation, or the checkpoint that it was exported from.")
    }
    var content = CheckpointContent()
    content.files = graph.externalFiles
    for (name, entry) in graph.initialisers where isModuleName(name) { content.tensors[name] = entry }
    for (name, entry) in modules(of: graph) {
      // The file's own name goes before what a node shows.
      if content.tensors[name] == nil { content.tensors[name] = entry }
    }
    guard !content.tensors.isEmpty else {
      throw CheckpointError.noTensors(
        path: file.path, keys: graph.initialisers.keys.prefix(20).map { shown($0) })
    }
    let used = Set(content.tensors.values.map { ObjectIdentifier($0.storage) })
    let rest = graph.initialisers.values.filter { !used.contains(ObjectIdentifier($0.storage)) }
    if !rest.isEmpty { content.skipped.append("constants of the graph (\(rest.count) tensors)") }
    return content
  }

  private static let quantised: Set<String> = [
    "DequantizeLinear", "DynamicQuantizeLinear", "QLinearMatMul", "QLinearConv", "MatMulInteger",
    "ConvInteger", "MatMulNBits", "MatMulBnb4", "GatherBlockQuantized",
  ]

  /// Whether an exporter took the name from a module's: with a dot, and none of its own.
  static func isModuleName(_ name: String) -> Bool {
    name.contains(".") && !name.contains("::") && !name.hasPrefix("/")
  }

  /// The parameters that nodes show, under the names that their modules give them.
  private static func modules(of graph: ONNXGraph) -> [(String, TensorEntry)] {
    let joint = graph.jointAttention()
    var found = joint.parameters
    /// The module that made a value by a product with its weight, or by a norm over time.
    var products: [String: String] = [:]
    var timeNorms: Set<String> = []
    for node in graph.nodes {
      // Where the tracing exporter keeps one of equal tensors, the others are its copies by name.
      if node.kind == "Identity", let name = node.outputs.first, isModuleName(name),
        let entry = node.inputs.first.flatMap({ graph.initialisers[$0] })
      {
        found.append((name, entry.renamed(name)))
      }
      guard let module = node.module, !joint.products.contains(node.outputs.first ?? "") else { continue }
      let inputs = node.inputs.map { graph.initialisers[$0] }
      func take(_ input: Int, _ part: String, _ change: (TensorEntry) -> TensorEntry? = { $0 }) {
        guard inputs.indices.contains(input), let entry = inputs[input].flatMap(change) else { return }
        // A parameter of a module within this one has its name already.
        guard !node.inputs[input].hasPrefix(module + ".") else { return }
        found.append(("\(module).\(part)", entry.renamed("\(module).\(part)")))
      }
      switch node.kind {
      case "MatMul":
        guard inputs.count == 2, inputs[1]?.shape.count == 2 else { continue }
        if !isModuleName(node.inputs[1]) { take(1, "weight") { $0.transposed } }
        products[node.outputs.first ?? ""] = module
      case "Gemm":
        if !isModuleName(node.inputs[1]) {
          take(1, "weight") { node.transposesSecond ? $0 : $0.transposed }
        }
        take(2, "bias")
      case "Conv":
        take(1, "weight")
        take(2, "bias")
      case "LayerNormalization":
        take(1, "weight")
        take(2, "bias")
      case "BatchNormalization":
        for (place, part) in ["weight", "bias", "running_mean", "running_var"].enumerated() {
          take(place + 1, part)
        }
      case "InstanceNormalization", "GroupNormalization": timeNorms.insert(module)
      case "Add", "Mul":
        let isBias = node.kind == "Add" && node.inputs.contains { products[$0] == module }
        guard let place = inputs.firstIndex(where: { $0 != nil }), isBias || timeNorms.contains(module)
        else { continue }
        // A group norm's scale and shift stand in a column.
        take(place, node.kind == "Add" ? "bias" : "weight") { isBias ? $0 : $0.flattenedColumn }
      default: continue
      }
    }
    return found
  }
}

/// What of a graph tells of weights.
struct ONNXGraph {
  struct Node {
    var kind = ""
    var name = ""
    var inputs: [String] = []
    var outputs: [String] = []
    /// `Gemm`'s `transB`.
    var transposesSecond = false
    /// The scopes around it, the innermost last; a module's, but for the last, which is an operation's.
    var scopes: [String] = []

    /// The module whose operation this is.
    var module: String? {
      if scopes.count > 1 { return scopes[scopes.count - 2].isEmpty ? nil : scopes[scopes.count - 2] }
      guard name.hasPrefix("/") else { return nil }
      let parts = name.split(separator: "/").dropLast()
      return parts.isEmpty ? nil : parts.joined(separator: ".")
    }
  }

  private(set) var nodes: [Node] = []
  private(set) var initialisers: OrderedDictionary<String, TensorEntry> = [:]
  private(set) var externalFiles: [FileBytes] = []

  init(_ file: FileBytes, _ range: Range<Int>) throws {
    var external: [String: FileBytes] = [:]
    try file.forEachField(range) { field in
      guard case .bytes(let range) = field.value else { return }
      switch field.number {
      case 1: nodes.append(try Node(file, range))
      case 5:
        guard let entry = try ONNXTensor(file, range).entry(file, &external) else { return }
        guard initialisers.updateValue(entry, forKey: entry.name) == nil else {
          throw CheckpointError.malformed(
            path: file.path, place: "initialiser \(shown(entry.name))", found: "it twice",
            expected: "each name once")
        }
      default: return
      }
    }
    externalFiles = external.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension ONNXGraph.Node {
  fileprivate init(_ file: FileBytes, _ range: Range<Int>) throws {
    try file.forEachField(range) { field in
      guard case .bytes(let range) = field.value else { return }
      switch field.number {
      case 1: inputs.append(file.text(range))
      case 2: outputs.append(file.text(range))
      case 3: name = file.text(range)
      case 4: kind = file.text(range)
      case 5:
        var (key, number) = ("", UInt64(0))
        try file.forEachField(range) { field in
          if field.number == 1, case .bytes(let range) = field.value { key = file.text(range) }
          if field.number == 3, case .number(let value) = field.value { number = value }
        }
        if key == "transB" { transposesSecond = number == 1 }
      case 9:
        let (key, value) = try file.pair(range)
        // A list as Python writes it: ['', 'encoder', 'encoder.layers.0', 'linear'].
        guard key == "pkg.torch.onnx.name_scopes" else { return }
        scopes = value.dropFirst().dropLast().split(separator: ",").map { part in
          String(part.drop { " '\"".contains($0) }.reversed().drop { " '\"".contains($0) }.reversed())
        }
      default: return
      }
    }
    guard kind != "Gemm" || inputs.count > 1 else {
      throw CheckpointError.malformed(
        path: file.path, place: "node \(shown(name))", found: "\(inputs.count) inputs", expected: "2 or 3")
    }
  }
}

extension FileBytes {
  /// A message of two texts, a key and its value.
  func pair(_ range: Range<Int>) throws -> (key: String, value: String) {
    var (key, value) = ("", "")
    try forEachField(range) { field in
      guard case .bytes(let range) = field.value else { return }
      if field.number == 1 { key = text(range) } else if field.number == 2 { value = text(range) }
    }
    return (key, value)
  }
}
