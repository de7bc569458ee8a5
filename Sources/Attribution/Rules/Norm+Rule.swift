import Models
import Tensors

extension LayerNorm {
  /// What arrives before the norm of each row for `g` behind it. A norm of relevance has its variance for a
  /// constant: it is linear then, and only its shift absorbs (AttnLRP, eq. 15).
  func propagate(_ g: Tensor, x: Tensor, by rules: PropagationRules, threads: Int) -> Propagation {
    let (rows, width) = (x.rows, x.width)
    let scales = weight?.values ?? []
    let block = 64
    let gradient = Tensor(shape: [rows, width]) { output in
      let output = Shared(output)
      parallelFor((rows + block - 1) / block, threads: threads) { index in
        x.withUnsafeBuffer { x in
          g.withUnsafeBuffer { g in
            for row in (index * block)..<min(rows, (index + 1) * block) {
              let range = (row * width)..<((row + 1) * width)
              Self.propagate(
                UnsafeBufferPointer(rebasing: g[range]), UnsafeBufferPointer(rebasing: x[range]),
                scales: scales, epsilon: epsilon, varianceIsConstant: rules.conservesRelevance,
                into: UnsafeMutableBufferPointer(rebasing: output.pointer[range]))
            }
          }
        }
      }
    }
    let absorbed = rules.conservesRelevance ? bias.map { g.dot(row: $0) } ?? 0 : 0
    return Propagation(gradients: [gradient], absorbed: absorbed)
  }

  /// One row.
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
    func scaled(_ index: Int) -> Double { Double(g[index]) * (scales.isEmpty ? 1 : Double(scales[index])) }
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
}

// MARK: - Over time

extension LayerNorm {
  /// Channels that are gone through side by side.
  private static let channels = 64

  /// The norm of each channel over its first `validFrames` frames; the others' statistics are theirs too.
  func overTime(_ x: Tensor, validFrames: Int, threads: Int) -> Tensor {
    let (width, rows) = (x.width, x.count / x.width)
    let (scales, shifts) = (weight?.values, bias?.values)
    return Tensor(shape: [rows, width]) { y in
      let y = Shared(y)
      eachBlock(of: x, validFrames, threads) { x, columns, means, inverses in
        for row in 0..<rows {
          for (place, column) in columns.enumerated() {
            y.pointer[row * width + column] =
              Float((Double(x[row * width + column]) - means[place]) * inverses[place])
              * (scales?[column] ?? 1) + (shifts?[column] ?? 0)
          }
        }
      }
    }
  }

  /// `propagate` for `overTime`; frames of padding mean nothing, and what arrives at them ends there.
  func propagateOverTime(
    _ g: Tensor, x: Tensor, validFrames: Int, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (width, scales) = (x.width, weight?.values)
    let gradient = Tensor(shape: x.shape) { output in
      output[(validFrames * width)...].update(repeating: 0)
      let output = Shared(output)
      eachBlock(of: x, validFrames, threads) { x, columns, means, inverses in
        g.withUnsafeBuffer { g in
          var sums = [Double](repeating: 0, count: columns.count)
          var products = sums
          for row in 0..<validFrames {
            let start = row * width + columns.lowerBound
            for place in 0..<columns.count {
              let arriving = Double(g[start + place])
              sums[place] += arriving
              products[place] += arriving * (Double(x[start + place]) - means[place])
            }
          }
          for place in 0..<columns.count {
            sums[place] /= Double(validFrames)
            products[place] *= inverses[place] * inverses[place] / Double(validFrames)
            if rules.conservesRelevance { products[place] = 0 }
          }
          let factors = columns.enumerated().map { inverses[$0] * Double(scales?[$1] ?? 1) }
          for row in 0..<validFrames {
            let start = row * width + columns.lowerBound
            for place in 0..<columns.count {
              let centred = Double(x[start + place]) - means[place]
              output.pointer[start + place] = Float(
                factors[place] * (Double(g[start + place]) - sums[place] - centred * products[place]))
            }
          }
        }
      }
    }
    let absorbed =
      rules.conservesRelevance ? bias.map { g.rows(0..<validFrames).dot(row: $0) } ?? 0 : 0
    return Propagation(gradients: [gradient], absorbed: absorbed)
  }

  /// Calls `body` with some channels, their means and one over their deviations.
  private func eachBlock(
    of x: Tensor, _ validFrames: Int, _ threads: Int,
    _ body:
      @Sendable (
        _ x: UnsafeBufferPointer<Float>, _ columns: Range<Int>, _ means: [Double], _ inverses: [Double]
      ) -> Void
  ) {
    let (width, block) = (x.width, Self.channels)
    parallelFor((width + block - 1) / block, threads: threads) { index in
      let columns = (index * block)..<min(width, (index + 1) * block)
      x.withUnsafeBuffer { x in
        var means = [Double](repeating: 0, count: columns.count)
        var squares = means
        for row in 0..<validFrames {
          let start = row * width + columns.lowerBound
          for place in 0..<columns.count { means[place] += Double(x[start + place]) }
        }
        for place in means.indices { means[place] /= Double(validFrames) }
        for row in 0..<validFrames {
          let start = row * width + columns.lowerBound
          for place in 0..<columns.count {
            let difference = Double(x[start + place]) - means[place]
            squares[place] += difference * difference
          }
        }
        body(
          x, columns, means,
          squares.map { 1 / ($0 / Double(validFrames) + Double(epsilon)).squareRoot() })
      }
    }
  }
}
