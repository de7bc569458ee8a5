import Tensors

extension [ConformerBlock] {
  /// All blocks, with `attention.k` and `hidden.k` of each offered to `visit`; the last one's output, or nil where the
  /// pass has ended.
  func forward(
    _ x: Tensor, validFrames: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    var hidden = x
    let signal = first?.attention.signal(frames: x.rows, width: x.width, run)
    for (number, block) in zip(1..., self) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, signal: signal, validFrames: validFrames, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return nil }
      guard try visit("hidden.\(number)", hidden) else { return nil }
    }
    return hidden
  }
}

extension ParameterReader {
  /// A block under the names of transformers' wav2vec2-conformer and w2v-BERT.
  mutating func conformerBlock(
    _ name: String, width: Int, inner: Int, heads: Int, activation: Activation,
    epsilon: Float, depthwise: DepthwiseConvolution, positions: ConformerAttention.Positions,
    weight: Initialisation
  ) throws -> ConformerBlock {
    func norm(_ part: String) throws -> LayerNorm {
      try layerNorm("\(name).\(part)layer_norm", width, epsilon: epsilon)
    }
    func feedForward(_ part: String) throws -> FeedForward {
      FeedForward(
        up: try linear("\(name).\(part).intermediate_dense", width, inner, weight: weight),
        down: try linear("\(name).\(part).output_dense", inner, width, weight: weight),
        activation: activation)
    }
    func projection(_ part: String) throws -> Linear {
      try linear("\(name).self_attn.linear_\(part)", width, width, weight: weight)
    }
    return ConformerBlock(
      firstNorm: try norm("ffn1_"), first: try feedForward("ffn1"),
      attentionNorm: try norm("self_attn_"),
      attention: ConformerAttention(
        query: try projection("q"), key: try projection("k"), value: try projection("v"),
        output: try projection("out"), heads: heads, positions: positions),
      convolution: ConvolutionModule(
        norm: try norm("conv_module."),
        gate: try pointwise("\(name).conv_module.pointwise_conv1", width, 2 * width),
        depthwise: depthwise,
        output: try pointwise("\(name).conv_module.pointwise_conv2", width, width)),
      secondNorm: try norm("ffn2_"), second: try feedForward("ffn2"), norm: try norm("final_"))
  }

  /// A convolution of one place along `dimensions` axes, which is a linear layer; its weight as He draws it (2015)
  /// unless told.
  mutating func pointwise(
    _ name: String, _ inputs: Int, _ outputs: Int, dimensions: Int = 1, weight: Initialisation? = nil,
    bias: Initialisation? = nil
  ) throws -> Linear {
    let shape = [outputs, inputs] + Array(repeating: 1, count: dimensions)
    let kernel = try tensor("\(name).weight", shape, weight ?? .kaiming(inputs: inputs))
    return Linear(
      weight: kernel.count == 0 ? kernel : kernel.reshaped([outputs, inputs]),
      bias: try bias.map { try tensor("\(name).bias", [outputs], $0) } ?? Tensor(shape: [outputs]))
  }

  /// The outputs of a CTC head on states of `width`, where there is one and no adapter stands before it.
  func symbols(of width: Int, _ names: TensorNames) -> Int? {
    guard names.under(["adapter"]).isEmpty, has("lm_head.bias"), let shape = shape(of: "lm_head.weight"),
      shape.count == 2, shape[1] == width
    else { return nil }
    return shape[0]
  }
}
