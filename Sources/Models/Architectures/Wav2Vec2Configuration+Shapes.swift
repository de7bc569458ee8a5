import Checkpoints

extension Wav2Vec2Configuration {
  /// The settings that a checkpoint without a configuration shows in its tensors' names and shapes; for what leaves
  /// no trace there, what every published model of the family has, with a note that says so.
  ///
  /// Throws `ModelError.unstated` where even that gives no answer.
  init(
    shapesIn reader: ParameterReader, _ description: ModelDescription, _ notes: inout [String]
  ) throws {
    let path = description.path
    let options = description.options
    func shape(_ name: String, rank: Int) throws -> [Int] { try reader.knownShape(of: name, rank: rank) }
    func count(_ name: (Int) -> String) -> Int { (0..<512).prefix { reader.has(name($0)) }.count }

    let embedding = reader.shape(of: "encoder.layers.0.attention.rel_attn_embed.weight")
    let isData2Vec = reader.has("encoder.pos_conv_embed.layers.0.conv.weight")
    let stated = description.modelType.flatMap(Family.init(modelType:))
    self.init(family: stated ?? (isData2Vec ? .data2vec : embedding != nil ? .wavlm : .wav2vec2))
    if stated == nil, family == .wav2vec2 {
      notes.append("taken for wav2vec2; HuBERT's arithmetic is the same")
    }

    // Feature encoder
    let convolution = "feature_extractor.conv_layers"
    let convolutions = max(1, count { "\(convolution).\($0).conv.weight" })
    let shapes = try (0..<convolutions).map { try shape("\(convolution).\($0).conv.weight", rank: 3) }
    channels = shapes.map { $0[0] }
    kernels = shapes.map { $0[2] }
    convolutionBias = reader.has("\(convolution).0.conv.bias")
    featureNorm =
      reader.has("\(convolution).\(max(1, convolutions - 1)).layer_norm.weight") ? .layer : .group
    projectionNorm = reader.has("feature_projection.layer_norm.weight")
    if let given = options.strides, given.count == convolutions,
      given.allSatisfy({ (1...1024).contains($0) })
    {
      strides = given
    } else if options.strides == nil, kernels == Wav2Vec2Configuration(family: family).kernels {
      notes.append("strides \(strides), as in every published model with kernels \(kernels)")
    } else {
      throw ModelError.unstated(
        path: path, what: "the strides of its \(convolutions) convolutions (kernels \(kernels))",
        option: "LoadOptions.strides, or a config.json with --config")
    }

    // Positions
    width = try shape("feature_projection.projection.weight", rank: 2)[0]
    let position = "encoder.pos_conv_embed" + (isData2Vec ? ".layers.0.conv" : ".conv")
    let spelling = ["weight_v", "parametrizations.weight.original1", "weight"].first {
      reader.has("\(position).\($0)")
    }
    let positional = try shape("\(position).\(spelling ?? "weight")", rank: 3)
    positionalKernel = positional[2]
    positionalGroups = max(1, width / positional[1])
    positionalLayers = isData2Vec ? count { "encoder.pos_conv_embed.layers.\($0).conv.weight" } : 1
    positionalBatchNorm = reader.has("encoder.pos_conv_embed.batch_norm.weight")

    // Transformer
    let block = "encoder.layers"
    layers = max(1, count { "\(block).\($0).layer_norm.weight" })
    innerWidth = try shape("\(block).0.feed_forward.intermediate_dense.weight", rank: 2)[0]
    if reader.has("\(block).0.adapter_layer.linear_1.weight") {
      adapterWidth = try shape("\(block).0.adapter_layer.linear_1.weight", rank: 2)[0]
    }
    if let embedding, embedding.count == 2 {
      (buckets, heads) = (embedding[0], max(1, embedding[1]))
      notes.append("relative positions end at distance \(maximumDistance), as in every published WavLM")
    } else {
      heads = try description.heads(ofWidth: width, &notes)
    }
    if let given = options.normalisesFirst {
      normalisesFirst = given
    } else if family != .data2vec {
      let likely = featureNorm == .layer ? "first" : "last"
      throw ModelError.unstated(
        path: path, what: "whether its blocks normalise first or last, and no tensor shows it",
        option:
          "LoadOptions.normalisesFirst, --norm first or --norm last (\(likely) in published models with "
          + "\(featureNorm == .layer ? "layer" : "group") norm in their convolutions), or give its config.json with "
          + "--config")
    }
    notes.append("no configuration came with \(path): it was read off the tensors")
    guard (1...1024).contains(heads) else {
      throw ModelError.configuration(path: path, key: "heads", found: "\(heads)", expected: "1 to 1024")
    }
    try check(path: path)
  }
}
