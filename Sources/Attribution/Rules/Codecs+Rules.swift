import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension PaddingOperation: PropagatingOperation {
  /// A frame gets what arrives at all places where it stands.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (frames, width) = (inputs[0].rows, inputs[0].width)
    let gathered = gradient.withUnsafeBuffer { gradient in
      Tensor(shape: inputs[0].shape) { result in
        result.update(repeating: 0)
        for place in 0..<(gradient.count / width) {
          guard let source = source(of: place, frames: frames) else { continue }
          for column in 0..<width { result[source * width + column] += gradient[place * width + column] }
        }
      }
    }
    return Propagation(gradients: [gathered])
  }
}

extension SnakeOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (x, y, g, alpha) = (inputs[0].values, output.values, gradient.values, alpha.values)
    /// The derivative, which is never below zero.
    func slope(_ index: Int) -> Float {
      let factor = alpha[index % alpha.count]
      return 1 + sin(2 * factor * x[index]) * factor / (factor + Self.epsilon)
    }
    let result = Tensor(shape: inputs[0].shape) { result in
      for index in result.indices {
        switch rules.activation {
        case .derivative: result[index] = g[index] * slope(index)
        case .guided: result[index] = max(g[index], 0) * slope(index)
        case .ratio: result[index] = g[index] * (abs(x[index]) > 1e-3 ? y[index] / x[index] : slope(index))
        }
      }
    }
    let absorbed = rules.activation == .ratio ? gradient.dot(output) - result.dot(inputs[0]) : 0
    return Propagation(gradients: [result], absorbed: absorbed)
  }
}

extension DifferenceOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    Propagation(gradients: [gradient, gradient.mapped { -$0 }])
  }
}

extension SoftmaxOperation: PropagatingOperation {
  /// `y·(g − Σ y·g)` of each row, of relevance too (Achtibat 2024, proposition 3.1): what is not the inputs' stays.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let width = output.width
    let result = gradient.withUnsafeBuffer { g in
      output.withUnsafeBuffer { y in
        Tensor(shape: output.shape) { result in
          for start in stride(from: 0, to: result.count, by: width) {
            let row = start..<(start + width)
            let sum = row.reduce(Float(0)) { $0 + y[$1] * g[$1] }
            for index in row { result[index] = y[index] * (g[index] - sum) }
          }
        }
      }
    }
    return Propagation(
      gradients: [result],
      absorbed: rules.conservesRelevance ? gradient.dot(output) - result.dot(inputs[0]) : 0)
  }
}
