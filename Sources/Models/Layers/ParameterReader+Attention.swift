import Tensors

extension ParameterReader {
  /// The projections of an attention layer.
  enum Projection { case query, key, value, output }

  /// Attention under transformers' present names (`q_proj`, `k_proj`, `v_proj`, `o_proj` as a rule), whose heads need not
  /// fill the width and of which several may share a key and a value.
  mutating func attention(
    _ name: String, inputs: Int, headSize: Int, heads: Int, keyHeads: Int, biases: Set<Projection>,
    output: String = "o_proj", weight: Initialisation
  ) throws -> SelfAttention {
    func bias(_ part: Projection) -> Initialisation? { biases.contains(part) ? .zeros : nil }
    let width = headSize * heads
    return SelfAttention(
      query: try linear("\(name).q_proj", inputs, width, weight: weight, bias: bias(.query)),
      key: try linear("\(name).k_proj", inputs, headSize * keyHeads, weight: weight, bias: bias(.key))
        .repeatingHeads(of: headSize, heads / keyHeads),
      value: try linear("\(name).v_proj", inputs, headSize * keyHeads, weight: weight, bias: bias(.value))
        .repeatingHeads(of: headSize, heads / keyHeads),
      output: try linear("\(name).\(output)", width, inputs, weight: weight, bias: bias(.output)),
      heads: heads)
  }

  /// A layer norm that has learned a scale and no shift.
  mutating func scaleNorm(_ name: String, _ width: Int, epsilon: Float) throws -> LayerNorm {
    LayerNorm(
      weight: try tensor("\(name).weight", [width], .ones), bias: Tensor(shape: [width]), epsilon: epsilon)
  }

  /// A norm by the root mean square; where the scale is stored less 1, it is `offset` by that.
  mutating func rootMeanSquareNorm(
    _ name: String, _ width: Int, epsilon: Float, offset: Float = 0
  ) throws -> LayerNorm {
    var weight = try tensor("\(name).weight", [width], offset == 0 ? .ones : .zeros)
    if offset != 0, weight.count > 0 {
      weight = Tensor(weight.values.map { $0 + offset }, shape: weight.shape)
    }
    return LayerNorm(weight: weight, bias: Tensor(shape: [width]), epsilon: epsilon, centres: false)
  }
}

extension ConfigurationReader {
  /// Throws where heads do not divide a width or each other.
  func checkHeads(width: Int, heads: Int, keyHeads: Int? = nil, key: String) throws {
    guard width % heads == 0 else {
      throw ModelError.configuration(
        path: path, key: key, found: "\(heads)", expected: "a divisor of hidden_size, \(width)")
    }
    guard heads % (keyHeads ?? heads) == 0 else {
      throw ModelError.configuration(
        path: path, key: key, found: "\(heads)",
        expected: "a multiple of the number of key and value heads, \(keyHeads ?? heads)")
    }
  }
}
