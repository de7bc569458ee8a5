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

  /// A layer of keys or values whose heads, of `size` outputs each, serve `times` heads of queries (grouped queries,
  /// Ainslie 2023): with each head so often that there is one for every query's. What could not be read stays empty.
  func repeatingHeads(of size: Int, _ times: Int) -> Linear {
    guard times > 1, weight.count > 0, bias.count > 0 else { return self }
    let rows = (0..<outputs * times).map { $0 / size / times * size + $0 % size }
    let values = bias.values
    return Linear(
      weight: weight.selectingRows(rows), bias: Tensor(rows.map { values[$0] }, shape: [rows.count]))
  }

  /// The layer whose outputs are `factor` times these.
  func scaled(by factor: Float) -> Linear {
    guard factor != 1, weight.count > 0 else { return self }
    return Linear(
      weight: Tensor(weight.values.map { $0 * factor }, shape: weight.shape),
      bias: Tensor(bias.values.map { $0 * factor }, shape: bias.shape))
  }
}

/// Zero mean and unit variance over the width of each frame, then a scale and a shift where it has learned them; or,
/// without `centres`, a root mean square of 1 and the scale alone (RMS norm, Zhang & Sennrich 2019).
package struct LayerNorm: Sendable {
  package var weight: Tensor?  // [width]
  /// There wherever there is a weight, zeros where the model has learned none.
  package var bias: Tensor?  // [width]
  package var epsilon: Float
  /// Whether the mean is taken off.
  package var centres = true

  /// The scale and the shift, where it has them.
  package var parameters: [Tensor] { [weight, bias].compactMap(\.self) }

  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor { run.norm(x, self) }

  /// `rows` rows of raw memory; `output` may be `x`.
  package func apply(
    _ x: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, rows: Int, width: Int
  ) {
    if !centres {
      let weight = weight ?? Tensor(repeating: 1, shape: [width])
      weight.withUnsafeBuffer {
        Elementwise.rmsNormRows(x, into: output, rows: rows, width: width, weight: $0, epsilon: epsilon)
      }
      return
    }
    precondition((weight == nil) == (bias == nil), "a norm with one of weight and bias")
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
