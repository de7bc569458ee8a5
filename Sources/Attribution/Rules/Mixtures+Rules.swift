import Models
import Tensors

extension DispatchOperation: PropagatingOperation {
  /// With W the softmax of the logits over frames and m = W·x: `g_x = Wᵀ·g`, `g_W = g·xᵀ`, `g_L = W∘(g_W − Σ W∘g_W)`.
  /// Of relevance the weights are constants.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let weights = DispatchOperation.weights(inputs[1])
    let toX = matrixProduct(weights, .transposed, gradient, .none)
    guard !rules.conservesRelevance else {
      return Propagation(gradients: [toX, Tensor(shape: inputs[1].shape)])
    }
    let toWeights = matrixProduct(gradient, .none, inputs[0], .transposed)
    return Propagation(gradients: [toX, weights.throughSoftmax(toWeights).transposed()])
  }
}

extension CombineOperation: PropagatingOperation {
  /// With W the softmax of the logits over slots and z = W·y: `g_y = Wᵀ·g`, `g_W = g·yᵀ`, `g_L = W∘(g_W − Σ W∘g_W)`.
  /// Of relevance the weights are constants.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let weights = CombineOperation.weights(inputs[1])
    let toY = matrixProduct(weights, .transposed, gradient, .none)
    guard !rules.conservesRelevance else {
      return Propagation(gradients: [toY, Tensor(shape: inputs[1].shape)])
    }
    let toWeights = matrixProduct(gradient, .none, inputs[0], .transposed)
    return Propagation(gradients: [toY, weights.throughSoftmax(toWeights)])
  }
}

extension Tensor {
  /// What arrives before a softmax of each row, whose output this is, for `g` behind it.
  fileprivate func throughSoftmax(_ g: Tensor) -> Tensor {
    let width = width
    return withUnsafeBuffer { weights in
      g.withUnsafeBuffer { g in
        Tensor(shape: shape) { result in
          for start in stride(from: 0, to: weights.count, by: Swift.max(1, width)) {
            let sum = (start..<(start + width)).reduce(0.0) { $0 + Double(weights[$1]) * Double(g[$1]) }
            for index in start..<(start + width) {
              result[index] = weights[index] * (g[index] - Float(sum))
            }
          }
        }
      }
    }
  }
}
