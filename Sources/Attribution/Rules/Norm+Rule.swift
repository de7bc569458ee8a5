import Models
import Tensors

extension LayerNorm {
  /// What arrives before the norm of each row for `g` behind it. A norm of relevance has its variance for a
  /// constant: it is linear then, and only its shift absorbs (AttnLRP, eq. 15).
  func propagate(_ g: Tensor, x: Tensor, by rules: PropagationRules) -> Propagation {
    let (rows, width) = (x.rows, x.width)
    let scales = weight?.values ?? []
    let gradient = x.withUnsafeBuffer { x in
      g.withUnsafeBuffer { g in
        Tensor(shape: [rows, width]) { output in
          for row in 0..<rows {
            let range = (row * width)..<((row + 1) * width)
            Self.propagate(
              UnsafeBufferPointer(rebasing: g[range]), UnsafeBufferPointer(rebasing: x[range]),
              scales: scales, epsilon: epsilon, varianceIsConstant: rules.conservesRelevance,
              into: UnsafeMutableBufferPointer(rebasing: output[range]))
          }
        }
      }
    }
    let absorbed = rules.conservesRelevance ? bias.map { g.dot(row: $0) } ?? 0 : 0
    return Propagation(gradients: [gradient], absorbed: absorbed)
  }

  /// One row, or one channel's values over time (`scales` of one value then).
  private static func propagate(
    _ g: UnsafeBufferPointer<Float>, _ x: UnsafeBufferPointer<Float>, scales: [Float], epsilon: Float,
    varianceIsConstant: Bool, into output: UnsafeMutableBufferPointer<Float>
  ) {
    let count = Double(x.count)
    var mean = 0.0
    for value in x { mean += Double(value) }
    mean /= count
    var variance = 0.0
    for value in x { variance += (Double(value) - mean) * (Double(value) - mean) }
    let inverse = 1 / (variance / count + Double(epsilon)).squareRoot()
    func scaled(_ index: Int) -> Double {
      Double(g[index]) * (scales.isEmpty ? 1 : Double(scales[scales.count == 1 ? 0 : index]))
    }
    var (sum, product) = (0.0, 0.0)
    for index in x.indices {
      sum += scaled(index)
      product += scaled(index) * (Double(x[index]) - mean) * inverse
    }
    sum /= count
    product = varianceIsConstant ? 0 : product / count
    for index in x.indices {
      output[index] = Float(inverse * (scaled(index) - sum - (Double(x[index]) - mean) * inverse * product))
    }
  }

  /// The norm of each channel over its first `validFrames` frames; the others' statistics are theirs too.
  func overTime(_ x: Tensor, validFrames: Int) -> Tensor {
    let (moments, width) = (columnMoments(x, validFrames: validFrames), x.width)
    let (scales, shifts) = (weight?.values, bias?.values)
    return x.withUnsafeBuffer { x in
      Tensor(shape: [x.count / width, width]) { y in
        for index in y.indices {
          let column = index % width
          let (mean, inverse) = moments[column]
          y[index] =
            Float((Double(x[index]) - mean) * inverse) * (scales?[column] ?? 1) + (shifts?[column] ?? 0)
        }
      }
    }
  }

  /// `propagate` for `overTime`; frames of padding mean nothing, and what arrives at them ends there.
  func propagateOverTime(
    _ g: Tensor, x: Tensor, validFrames: Int, by rules: PropagationRules
  ) -> Propagation {
    let (valid, width) = (x.rows(0..<validFrames).transposed(), x.width)
    let arriving = g.rows(0..<validFrames).transposed()
    let scales = weight?.values
    let columns = valid.withUnsafeBuffer { x in
      arriving.withUnsafeBuffer { g in
        Tensor(shape: [width, validFrames]) { output in
          for column in 0..<width {
            let range = (column * validFrames)..<((column + 1) * validFrames)
            Self.propagate(
              UnsafeBufferPointer(rebasing: g[range]), UnsafeBufferPointer(rebasing: x[range]),
              scales: scales.map { [$0[column]] } ?? [], epsilon: epsilon,
              varianceIsConstant: rules.conservesRelevance,
              into: UnsafeMutableBufferPointer(rebasing: output[range]))
          }
        }
      }
    }.transposed()
    let gradient = columns.withUnsafeBuffer { columns in
      Tensor(shape: x.shape) { output in
        output.update(repeating: 0)
        _ = output.update(from: columns)
      }
    }
    let absorbed =
      rules.conservesRelevance ? bias.map { g.rows(0..<validFrames).dot(row: $0) } ?? 0 : 0
    return Propagation(gradients: [gradient], absorbed: absorbed)
  }

  private func columnMoments(_ x: Tensor, validFrames: Int) -> [(mean: Double, inverse: Double)] {
    let width = x.width
    var (means, squares) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
    x.withUnsafeBuffer { x in
      for index in 0..<(validFrames * width) { means[index % width] += Double(x[index]) }
      for column in 0..<width { means[column] /= Double(validFrames) }
      for index in 0..<(validFrames * width) {
        let difference = Double(x[index]) - means[index % width]
        squares[index % width] += difference * difference
      }
    }
    return zip(means, squares).map {
      ($0, 1 / ($1 / Double(validFrames) + Double(epsilon)).squareRoot())
    }
  }
}
