import Tensors

/// The layer norm of a head (Ba 2016), with the gradients of its parameters.
struct TrainedNorm: Sendable {
  let weight: Tensor  // [width]
  let bias: Tensor  // [width]
  let epsilon: Float

  /// Each row of `x`, `[rows × width]`, without its mean and with unit variance, and one over the deviation of each.
  private func standardised(_ x: Tensor) -> (rows: Tensor, scales: [Double]) {
    let width = x.width
    var scales: [Double] = []
    let rows = x.withUnsafeBuffer { x in
      Tensor(shape: [x.count / width, width]) { y in
        for start in stride(from: 0, to: x.count, by: width) {
          let row = x[start..<(start + width)]
          let mean = row.reduce(0.0) { $0 + Double($1) } / Double(width)
          let variance =
            row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(width)
          let scale = 1 / (variance + Double(epsilon)).squareRoot()
          scales.append(scale)
          for index in row.indices { y[index] = Float((Double(x[index]) - mean) * scale) }
        }
      }
    }
    return (rows, scales)
  }

  func normalised(_ x: Tensor) -> Tensor {
    var y = standardised(x).rows
    let (weights, biases) = (weight.values, bias.values)
    y.withUnsafeMutableBuffer { y in
      for index in y.indices {
        y[index] = y[index] * weights[index % weights.count] + biases[index % biases.count]
      }
    }
    return y
  }

  /// What arrives at its input and at its parameters for `g` at its output.
  func gradients(_ g: Tensor, x: Tensor) -> (input: Tensor, weight: Tensor, bias: Tensor) {
    let (width, weights) = (x.width, weight.values)
    let (rows, scales) = standardised(x)
    let (g, y) = (g.values, rows.values)
    var (toWeight, toBias) = (
      [Double](repeating: 0, count: width), [Double](repeating: 0, count: width)
    )
    let toInput = Tensor(shape: x.shape) { result in
      for (row, scale) in scales.enumerated() {
        let range = (row * width)..<((row + 1) * width)
        var (mean, along) = (0.0, 0.0)
        for index in range {
          let (column, own) = (index % width, Double(g[index]) * Double(weights[index % width]))
          toWeight[column] += Double(g[index]) * Double(y[index])
          toBias[column] += Double(g[index])
          mean += own / Double(width)
          along += own * Double(y[index]) / Double(width)
        }
        for index in range {
          let own = Double(g[index]) * Double(weights[index % width])
          result[index] = Float(scale * (own - mean - Double(y[index]) * along))
        }
      }
    }
    return (
      toInput, Tensor(toWeight.map { Float($0) }, shape: [width]),
      Tensor(toBias.map { Float($0) }, shape: [width])
    )
  }
}
