import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Activation {
  /// What arrives before the nonlinearity for `g` behind it; `z` is its input.
  func propagate(_ g: Tensor, z: Tensor, by rule: PropagationRules.Activation) -> Tensor {
    switch rule {
    case .derivative: return g.zipped(with: derivative(at: z), *)
    // Without the clause on z that a rectifier has, which its derivative is already.
    case .guided: return g.zipped(with: derivative(at: z)) { $0 > 0 ? $0 * $1 : 0 }
    case .ratio: return g.zipped(with: ratio(at: z), *)
    }
  }

  func callAsFunction(_ z: Tensor) -> Tensor {
    var y = z
    y.withUnsafeMutableBuffer(apply)
    return y
  }

  private func derivative(at z: Tensor) -> Tensor {
    switch self {
    case .relu: return z.mapped { $0 > 0 ? 1 : 0 }
    case .gelu:
      // Φ(z) + z·φ(z)
      var density = z.mapped { -$0 * $0 / 2 }
      density.withUnsafeMutableBuffer(Elementwise.exp)
      let slope = z.zipped(with: density) { $0 * $1 * Self.densityAtZero }
      return ratio(at: z).zipped(with: slope, +)
    case .geluTanh:
      return z.mapped { z in
        let (scale, cubic): (Float, Float) = (0.797_884_56, 0.044715)
        let t = tanh(scale * (z + cubic * z * z * z))
        return (1 + t) / 2 + z / 2 * (1 - t * t) * scale * (1 + 3 * cubic * z * z)
      }
    case .silu:
      return z.mapped { z in
        let gate = 1 / (1 + exp(-z))
        return gate * (1 + z * (1 - gate))
      }
    }
  }

  /// y / z, by its limit near zero: of the gelus Φ(z), of silu the sigmoid.
  private func ratio(at z: Tensor) -> Tensor {
    switch self {
    case .relu: return z.mapped { $0 > 0 ? 1 : 0 }
    case .gelu:
      return z.zipped(with: self(z)) { z, y in
        guard abs(z) < 0.5 else { return y / z }
        let square = z * z
        // Φ around zero: its Taylor series is exact to the last bit here, where y / z is not.
        let series = 1 - square * (1 / 6 - square * (1 / 40 - square * (1 / 336 - square / 3456)))
        return 0.5 + Self.densityAtZero * z * series
      }
    case .geluTanh:
      return z.mapped { (1 + tanh(0.797_884_56 * ($0 + 0.044715 * $0 * $0 * $0))) / 2 }
    case .silu: return z.mapped { 1 / (1 + exp(-$0)) }
    }
  }

  /// 1/√(2π)
  private static let densityAtZero: Float = 0.398_942_28
}
