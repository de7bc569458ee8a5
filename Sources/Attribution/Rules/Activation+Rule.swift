import Models
import Tensors

extension Activation {
  /// What arrives before the nonlinearity for `g` behind it; `z` is its input.
  func propagate(
    _ g: Tensor, z: Tensor, by rule: PropagationRules.Activation, threads: Int
  ) -> Tensor {
    precondition(g.count == z.count, "\(g.shape) behind a nonlinearity of \(z.shape)")
    let block = 16_384
    return Tensor(shape: [z.count]) { output in
      let result = Shared(output)
      parallelFor((output.count + block - 1) / block, threads: threads) { index in
        let range = (index * block)..<min(z.count, (index + 1) * block)
        let result = UnsafeMutableBufferPointer(rebasing: result.pointer[range])
        z.withUnsafeBuffer { _ = result.update(from: $0[range]) }
        rule == .ratio ? share(result) : slope(result)
        g.withUnsafeBuffer { g in
          for (place, index) in range.enumerated() {
            // Without the clause on z that a rectifier has, which its derivative is already.
            let arriving = rule == .guided ? max(g[index], 0) : g[index]
            result[place] *= arriving
          }
        }
      }
    }.reshaped(z.shape)
  }

  func callAsFunction(_ z: Tensor) -> Tensor {
    var y = z
    y.withUnsafeMutableBuffer(apply)
    return y
  }

  /// z ← the derivative there.
  private func slope(_ z: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .relu: Self.step(z)
    case .gelu: Elementwise.geluSlope(z)
    case .geluTanh: Elementwise.geluTanhSlope(z)
    case .silu: Elementwise.siluSlope(z)
    case .gelu10:
      let beyond = z.indices.filter { z[$0] > 10 }
      Elementwise.geluSlope(z)
      for index in beyond { z[index] = 0 }
    default: for index in z.indices { z[index] = slope(z[index]) }
    }
  }

  /// z ← y / z, by its limit near zero: of the gelus Φ(z), of silu the sigmoid.
  private func share(_ z: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .relu: Self.step(z)
    case .gelu: Elementwise.normalCDF(z)
    case .geluTanh: Elementwise.geluTanhShare(z)
    case .silu: Elementwise.sigmoid(z)
    case .gelu10:
      let beyond = z.indices.filter { z[$0] > 10 }.map { (index: $0, share: 10 / z[$0]) }
      Elementwise.normalCDF(z)
      for (index, share) in beyond { z[index] = share }
    default: for index in z.indices { z[index] = share(z[index]) }
    }
  }

  private static func step(_ z: UnsafeMutableBufferPointer<Float>) {
    for index in z.indices { z[index] = z[index] > 0 ? 1 : 0 }
  }
}
