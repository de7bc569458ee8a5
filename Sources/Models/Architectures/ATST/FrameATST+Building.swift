import Checkpoints
import Tensors

extension FrameATST {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    guard let names = try names(description) else { return nil }
    var reader = ParameterReader(
      path: path, source: .checkpoint(description.checkpoint, names: names.stored))
    var notes = ["settings are read off the tensors; patches of 4 mel frames, as in every published model"]
    let shape = try Shape(in: reader, description, &notes)
    if let rate = description.samplingRate, rate != 16_000 {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(rate)", expected: "16000 Hz, as its bands are for")
    }
    let model = try FrameATST(shape, from: &reader)
    if names.stored.keys.contains(where: { $0.hasPrefix("student.") }) {
      notes.append("the teacher's encoder, which is what its authors use; the student's with --prefix")
    }
    let seconds = Double(model.window.length) / 16_000
    notes.append("sounds longer than \(seconds) s are read in consecutive windows of that length")
    let report = try description.report(
      of: reader, names, leavingOut: ["mask_embed", "student", "teacher", "pos_embed"], notes: notes)
    return BuiltModel(
      architecture: model, family: modelTypes[0], parameters: model.parameters, report: report,
      input: .features(
        "ATST's log-mel of \(shape.patch.bands) bands, in windows of \(seconds) s", samplingRate: 16_000))
  }

  /// Of a training file the teacher's; nil where there is no patch embedding of this kind.
  private static func names(_ description: ModelDescription) throws -> TensorNames? {
    let anchor = "patch_embed.patch_embed.weight"
    let teacher = "teacher.encoder."
    let (checkpoint, path) = (description.checkpoint, description.path)
    if let names = try TensorNames(checkpoint, anchor: teacher + anchor, path: path) {
      return names.renamed { $0.hasPrefix(teacher) ? String($0.dropFirst(teacher.count)) : $0 }
    }
    if let names = try TensorNames(checkpoint, anchor: anchor, path: path) { return names }
    return description.modelType.map(modelTypes.contains) == true ? TensorNames(checkpoint) : nil
  }

  func untrained(seed: UInt64) throws -> FrameATST {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try FrameATST(
      Shape(
        patch: patch, width: projection.outputs, innerWidth: blocks.first?.feedForward.up.outputs ?? 0,
        layers: blocks.count, heads: blocks.first?.attention.heads ?? 1, frames: positions.rows,
        queryBias: hasQueryBias),
      from: &reader)
  }
}

// MARK: - Parameters

extension FrameATST {
  /// What the tensors' shapes show.
  struct Shape {
    var patch: Patch
    var width, innerWidth, layers, heads: Int
    /// Positions that it has.
    var frames: Int
    /// Whether queries, keys and values have biases.
    var queryBias: Bool
  }
}

extension FrameATST.Shape {
  init(in reader: ParameterReader, _ description: ModelDescription, _ notes: inout [String]) throws {
    func refuse(_ name: String, _ found: String, _ expected: String) -> ModelError {
      .configuration(path: description.path, key: "tensor \(name)", found: found, expected: expected)
    }
    let embedding = try reader.knownShape(of: "patch_embed.patch_embed.weight", rank: 2)
    guard embedding[1] % 4 == 0, embedding[1] <= 4 * 1024 else {
      throw refuse("patch_embed.patch_embed.weight", "of shape \(embedding)", "4 mel frames a patch")
    }
    patch = FrameATST.Patch(bands: embedding[1] / 4, frames: 4)
    width = embedding[0]
    heads = try description.heads(ofWidth: width, &notes)
    guard heads > 0, width % heads == 0 else {
      throw ModelError.configuration(
        path: description.path, key: "heads", found: "\(heads)",
        expected: "a divisor of its width, \(width)")
    }
    layers = max(1, (0..<512).prefix { reader.has("blocks.\($0).mlp.fc1.weight") }.count)
    innerWidth = try reader.knownShape(of: "blocks.0.mlp.fc1.weight", rank: 2)[0]
    let positions = try reader.knownShape(of: "pos_embed", rank: 3)
    guard positions[0] == 1, (2...20_001).contains(positions[1]) else {
      throw refuse("pos_embed", "of shape \(positions)", "a class's and 1 to 20000 frames' positions")
    }
    // The first is a class token's, of which there is none.
    frames = positions[1] - 1
    queryBias = reader.has("blocks.0.attn.qkv.bias")
  }
}

extension FrameATST {
  init(_ shape: Shape, from reader: inout ParameterReader) throws {
    let width = shape.width
    let drawn = Initialisation.normal(deviation: 0.02)
    func norm(_ name: String) throws -> LayerNorm { try reader.layerNorm(name, width, epsilon: 1e-6) }
    patch = shape.patch
    hasQueryBias = shape.queryBias
    projection = try reader.linear(
      "patch_embed.patch_embed", patch.bands * patch.frames, width, weight: drawn)
    let table = try reader.tensor("pos_embed", [1, shape.frames + 1, width], drawn)
    positions =
      table.count == 0
      ? table : Tensor(Array(table.values.dropFirst(width)), shape: [shape.frames, width])
    blocks = try (0..<shape.layers).map { layer in
      let name = "blocks.\(layer)"
      let joint = try reader.linear(
        "\(name).attn.qkv", width, 3 * width, weight: drawn, bias: shape.queryBias ? .zeros : nil)
      return TransformerBlock(
        attention: SelfAttention(
          query: joint.part(0, of: 3), key: joint.part(1, of: 3), value: joint.part(2, of: 3),
          output: try reader.linear("\(name).attn.proj", width, width, weight: drawn), heads: shape.heads),
        attentionNorm: try norm("\(name).norm1"),
        feedForward: FeedForward(
          up: try reader.linear("\(name).mlp.fc1", width, shape.innerWidth, weight: drawn),
          down: try reader.linear("\(name).mlp.fc2", shape.innerWidth, width, weight: drawn),
          activation: .gelu),
        outputNorm: try norm("\(name).norm2"), normalisesFirst: true)
    }
    self.norm = try norm("norm_frame")
    parameters = reader.count
  }
}

extension Linear {
  /// A layer that gives the outputs of part `index` alone.
  fileprivate func part(_ index: Int, of parts: Int) -> Linear {
    guard weight.count > 0, bias.count > 0 else { return self }
    let count = outputs / parts
    let rows = (index * count)..<((index + 1) * count)
    return Linear(
      weight: Tensor(Array(weight.rows(rows).values), shape: [count, inputs]),
      bias: Tensor(Array(bias.values[rows]), shape: [count]))
  }
}
