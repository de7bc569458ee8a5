import Tensors

/// y = x·Wᵀ + b.
package struct Linear: Sendable {
  package var weight: Tensor  // [outputs × inputs]
  package var bias: Tensor  // [outputs]

  package var outputs: Int { weight.rows }
  package var inputs: Int { weight.width }

  func callAsFunction(
    _ x: Tensor, _ run: Evaluation, _ activation: Activation? = nil, adding residual: Tensor? = nil
  ) -> Tensor {
    run.linear(x, self, activation, adding: residual)
  }
}

/// Zero mean and unit variance over the width of each frame, then a scale and a shift where it has learned them.
package struct LayerNorm: Sendable {
  package var weight: Tensor?  // [width]
  package var bias: Tensor?  // [width]
  package var epsilon: Float

  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor { run.norm(x, self) }

  /// `rows` rows of raw memory; `output` may be `x`.
  package func apply(
    _ x: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, rows: Int, width: Int
  ) {
    guard let weight, let bias else {
      Elementwise.layerNormRows(
        x, into: output, rows: rows, width: width, weight: nil, bias: nil, epsilon: epsilon)
      return
    }
    weight.withUnsafeBuffer { weight in
      bias.withUnsafeBuffer { bias in
        Elementwise.layerNormRows(
          x, into: output, rows: rows, width: width, weight: weight, bias: bias, epsilon: epsilon)
      }
    }
  }
}
