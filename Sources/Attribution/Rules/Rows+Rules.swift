import Models
import Tensors

extension JoinOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    var start = 0
    let parts = inputs.map { input in
      defer { start += input.rows }
      return gradient.rows(start..<(start + input.rows))
    }
    return Propagation(gradients: parts)
  }
}

extension MeanOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (width, arriving) = (gradient.width, gradient.values)
    let spread = Tensor(shape: inputs[0].shape) { spread in
      spread.update(repeating: 0)
      for row in rows {
        for column in 0..<width { spread[row * width + column] += arriving[column] / Float(rows.count) }
      }
    }
    return Propagation(gradients: [spread])
  }
}

extension PatchOperation: PropagatingOperation {
  /// A value of the spectrogram gets what arrives at all patches that it is in.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let bands = inputs[0].width
    let gathered = gradient.withUnsafeBuffer { gradient in
      Tensor(shape: inputs[0].shape) { mel in
        mel.update(repeating: 0)
        forEachValue(bands: bands) { mel[$1] += gradient[$0] }
      }
    }
    return Propagation(gradients: [gathered])
  }
}

extension FrameOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let width = gradient.width
    let spread = gradient.withUnsafeBuffer { gradient in
      Tensor(shape: inputs[0].shape) { tokens in
        tokens.update(repeating: 0)
        forEachRow { frame, token, count in
          for index in 0..<(count * width) {
            tokens[token * width + index] = gradient[frame * width + index] / Float(rows)
          }
        }
      }
    }
    return Propagation(gradients: [spread])
  }
}
