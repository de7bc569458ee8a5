import Models
import Tensors

/// A linear map with a bias: what linear layers and convolutions have in common.
protocol AffineMap {
  var weight: Tensor { get }
  var bias: Tensor { get }  // [outputs]
  /// The map of `x` by `weight` in the place of its own, without a bias: `[rows × outputs]`.
  func apply(_ x: Tensor, _ weight: Tensor, threads: Int) -> Tensor
  /// What that map's transpose makes of `g`, in the shape of x.
  func transposed(_ g: Tensor, _ weight: Tensor, threads: Int) -> Tensor
}

extension AffineMap {
  /// `W·x + b`.
  func callAsFunction(_ x: Tensor, threads: Int) -> Tensor {
    var z = apply(x, weight, threads: threads)
    z.addToRows(bias)
    return z
  }

  /// What arrives at x for `g` at z, the map's output.
  func propagate(
    _ g: Tensor, x: Tensor, z: @autoclosure () -> Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    switch rules.affine {
    case .derivative:
      return Propagation(
        gradients: [transposed(g, weight, threads: threads)],
        absorbed: rules.conservesRelevance ? g.dot(row: bias) : 0)
    case .epsilon(let epsilon):
      let z = z()
      let step = epsilon * z.rootMeanSquare
      let shares = g.zipped(with: z) { g, z in
        let stabilised = z + (z < 0 ? -step : step)
        return stabilised == 0 ? 0 : g * z / stabilised
      }
      let absorbed = g.dot(z) - shares.dot(z) + shares.dot(row: bias)
      return Propagation(gradients: [transposed(shares, weight, threads: threads)], absorbed: absorbed)
    case .gamma(let gamma): return boosted(g, x: x, z: z(), own: 1 + gamma, other: 1, threads: threads)
    case .positive: return boosted(g, x: x, z: z(), own: 1, other: 0, threads: threads)
    }
  }

  /// Shares among contributions of which those with the output's sign count `own` times, the others `other` times.
  /// With `other` 0 it is positive contributions that count, whatever the output's sign.
  private func boosted(
    _ g: Tensor, x: Tensor, z: Tensor, own: Float, other: Float, threads: Int
  ) -> Propagation {
    let (xPositive, xNegative) = (x.mapped { max($0, 0) }, x.mapped { min($0, 0) })
    let (wPositive, wNegative) = (weight.mapped { max($0, 0) }, weight.mapped { min($0, 0) })
    var positive = apply(xPositive, wPositive, threads: threads)
    positive.add(apply(xNegative, wNegative, threads: threads))
    var negative = apply(xPositive, wNegative, threads: threads)
    negative.add(apply(xNegative, wPositive, threads: threads))
    positive.addToRows(bias.mapped { max($0, 0) })
    negative.addToRows(bias.mapped { min($0, 0) })

    // Each output's relevance over what its contributions come to, for outputs of either sign.
    let relevance = g.zipped(with: z, *)
    func factor(_ isUp: Bool) -> Tensor {  // for positive contributions of positive outputs and so on
      let sums = positive.zipped(with: negative) { isUp ? own * $0 + other * $1 : other * $0 + own * $1 }
      let applies = z.mapped { other == 0 || ($0 >= 0) == isUp ? 1 : 0 }
      return relevance.zipped(with: sums) { abs($1) < 1e-12 ? 0 : $0 / $1 }.zipped(with: applies, *)
    }
    let up = factor(true)
    // Where positive contributions alone count, outputs are treated alike.
    let down = other == 0 ? up.mapped { _ in 0 } : factor(false)
    let forPositive = up.zipped(with: down) { own * $0 + other * $1 }
    let forNegative = up.zipped(with: down) { other * $0 + own * $1 }
    func back(_ first: Tensor, _ second: Tensor) -> Tensor {
      var sum = transposed(forPositive, first, threads: threads)
      sum.add(transposed(forNegative, second, threads: threads))
      return sum
    }
    let gradient = x.zipped(with: back(wPositive, wNegative)) { $0 >= 0 ? $1 : 0 }
    let belowZero = x.zipped(with: back(wNegative, wPositive)) { $0 < 0 ? $1 : 0 }
    let biasShare =
      forPositive.dot(row: bias.mapped { max($0, 0) }) + forNegative.dot(row: bias.mapped { min($0, 0) })
    let lost = relevance.zipped(with: up.zipped(with: down, +)) { $1 == 0 ? $0 : 0 }.sum
    return Propagation(gradients: [gradient.zipped(with: belowZero, +)], absorbed: biasShare + lost)
  }
}

extension Tensor {
  mutating func addToRows(_ row: Tensor) {
    let width = width
    withUnsafeMutableBuffer { x in
      row.withUnsafeBuffer { row in
        for start in stride(from: 0, to: x.count, by: max(1, width)) {
          for column in 0..<width { x[start + column] += row[column] }
        }
      }
    }
  }

  var rootMeanSquare: Float { count == 0 ? 0 : Float((dot(self) / Double(count)).squareRoot()) }
}
