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
                scales: scales, epsilon: epsilon, centres: centres,
                varianceIsConstant: rules.conservesRelevance,
                into: UnsafeMutableBufferPointer(rebasing: output.pointer[range]))
            }
          }
        }
      }
    }
    let absorbed = rules.conservesRelevance && centres ? bias.map { g.dot(row: $0) } ?? 0 : 0
    return Propagation(gradients: [gradient], absorbed: absorbed)
  }

  /// One row.
  private static func propagate(
    _ g: UnsafeBufferPointer<Float>, _ x: UnsafeBufferPointer<Float>, scales: [Float], epsilon: Float,
    centres: Bool, varianceIsConstant: Bool, into output: UnsafeMutableBufferPointer<Float>
  ) {
    let count = Double(x.count)
    var mean = 0.0
    if centres {
      for value in x { mean += Double(value) }
      mean /= count
    }
    var variance = 0.0
    for value in x { variance += (Double(value) - mean) * (Double(value) - mean) }
    let inverse = 1 / (variance / count + Double(epsilon)).squareRoot()
    func scaled(_ index: Int) -> Double { Double(g[index]) * (scales.isEmpty ? 1 : Double(scales[index])) }
    var (sum, product) = (0.0, 0.0)
    for index in x.indices {
      sum += scaled(index)
      product += scaled(index) * (Double(x[index]) - mean) * inverse
    }
    sum = centres ? sum / count : 0
    product = varianceIsConstant ? 0 : product / count
    for index in x.indices {
      output[index] = Float(inverse * (scaled(index) - sum - (Double(x[index]) - mean) * inverse * product))
    }
  }
}

// MARK: - Over time

extension LayerNorm {
  /// Channels that are gone through side by side: their sums stay in registers and the nearest cache.
  private static let channels = 64

  /// The norm of each channel over its first `validFrames` frames; the others' statistics are theirs too.
  func overTime(_ x: Tensor, validFrames: Int, threads: Int) -> Tensor {
    let (width, rows) = (x.width, x.count / x.width)
    let (scales, shifts) = (weight?.values, bias?.values)
    return Tensor(shape: [rows, width]) { y in
      let y = Shared(y.baseAddress)
      eachBlock(of: x, validFrames, threads) { x, first, moments in
        guard let y = y.pointer else { return }
        let count = moments.means.count
        let factors = (0..<count).map { moments.inverses[$0] * Double(scales?[first + $0] ?? 1) }
        let summands = (0..<count).map { Double(shifts?[first + $0] ?? 0) }
        moments.means.withUnsafeBufferPointer { means in
          factors.withUnsafeBufferPointer { factors in
            summands.withUnsafeBufferPointer { summands in
              for row in 0..<rows {
                let (from, to) = (x + row * width + first, y + row * width + first)
                for place in 0..<count {
                  to[place] = Float((Double(from[place]) - means[place]) * factors[place] + summands[place])
                }
              }
            }
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
      let output = Shared(output.baseAddress)
      eachBlock(of: x, validFrames, threads) { x, first, moments in
        guard let output = output.pointer else { return }
        g.withPointer { g in
          let sums = TimeSums(
            of: g + first, beside: x + first, moments, width: width, frames: validFrames)
          let count = moments.means.count
          let factors = (0..<count).map { moments.inverses[$0] * Double(scales?[first + $0] ?? 1) }
          // What a channel's own spread takes back, per unit of its value; its mean's part goes with it.
          let slopes = (0..<count).map { place in
            rules.conservesRelevance
              ? 0
              : sums.products[place] * moments.inverses[place] * moments.inverses[place]
                / Double(validFrames)
          }
          let summands = (0..<count).map { place in
            slopes[place] * moments.means[place] - sums.plain[place] / Double(validFrames)
          }
          factors.withUnsafeBufferPointer { factors in
            slopes.withUnsafeBufferPointer { slopes in
              summands.withUnsafeBufferPointer { summands in
                for row in 0..<validFrames {
                  let start = row * width + first
                  let (g, x, output) = (g + start, x + start, output + start)
                  for place in 0..<count {
                    output[place] = Float(
                      factors[place]
                        * (Double(g[place]) + summands[place] - Double(x[place]) * slopes[place]))
                  }
                }
              }
            }
          }
        }
      }
    }
    let absorbed =
      rules.conservesRelevance ? bias.map { g.rows(0..<validFrames).dot(row: $0) } ?? 0 : 0
    return Propagation(gradients: [gradient], absorbed: absorbed)
  }

  /// Calls `body` with blocks of channels: all values, the block's first channel, and its moments.
  private func eachBlock(
    of x: Tensor, _ validFrames: Int, _ threads: Int,
    _ body: @Sendable (_ x: UnsafePointer<Float>, _ first: Int, _ moments: TimeMoments) -> Void
  ) {
    let (width, block) = (x.width, Self.channels)
    parallelFor((width + block - 1) / block, threads: threads) { index in
      let first = index * block
      x.withPointer { x in
        body(
          x, first,
          TimeMoments(
            of: x + first, channels: min(block, width - first), width: width, frames: validFrames,
            epsilon: Double(epsilon)))
      }
    }
  }
}

/// Means and one over deviations of some channels over time.
private struct TimeMoments {
  var means, inverses: [Double]

  /// `x` is the first frame's first channel; frames are `width` values apart.
  init(of x: UnsafePointer<Float>, channels: Int, width: Int, frames: Int, epsilon: Double) {
    means = [Double](repeating: 0, count: channels)
    inverses = means
    means.withUnsafeMutableBufferPointer { means in
      for row in 0..<frames {
        let x = x + row * width
        for place in 0..<channels { means[place] += Double(x[place]) }
      }
      for place in 0..<channels { means[place] /= Double(frames) }
      inverses.withUnsafeMutableBufferPointer { squares in
        for row in 0..<frames {
          let x = x + row * width
          for place in 0..<channels {
            let difference = Double(x[place]) - means[place]
            squares[place] += difference * difference
          }
        }
        for place in 0..<channels {
          squares[place] = 1 / (squares[place] / Double(frames) + epsilon).squareRoot()
        }
      }
    }
  }
}

/// Sums over time of what arrives at some channels, and of its products with their centred values.
private struct TimeSums {
  var plain, products: [Double]

  init(
    of g: UnsafePointer<Float>, beside x: UnsafePointer<Float>, _ moments: TimeMoments, width: Int,
    frames: Int
  ) {
    let channels = moments.means.count
    plain = [Double](repeating: 0, count: channels)
    products = plain
    moments.means.withUnsafeBufferPointer { means in
      plain.withUnsafeMutableBufferPointer { plain in
        products.withUnsafeMutableBufferPointer { products in
          for row in 0..<frames {
            let (g, x) = (g + row * width, x + row * width)
            for place in 0..<channels {
              plain[place] += Double(g[place])
              products[place] += Double(g[place]) * (Double(x[place]) - means[place])
            }
          }
        }
      }
    }
  }
}
