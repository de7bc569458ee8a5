import Models
import Tensors

extension DropoutOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    Propagation(gradients: [self(gradient)])
  }
}

extension MaskOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let width = gradient.width
    var arriving = gradient
    arriving.withUnsafeMutableBuffer { g in
      for start in stride(from: 0, to: g.count, by: width) {
        for column in columns { g[start + column] = 0 }
      }
    }
    var sums = [Float](repeating: 0, count: width)
    arriving.withUnsafeMutableBuffer { g in
      for row in rows {
        for column in 0..<width {
          sums[column] += g[row * width + column]
          g[row * width + column] = 0
        }
      }
    }
    return Propagation(
      gradients: [arriving],
      parameters: rules.findsParameters
        ? [ParameterGradient(parameter: vector, gradient: Tensor(sums, shape: [width]))] : [])
  }
}
