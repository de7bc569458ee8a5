import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `x + sin²(α·x) / α` with an α for each channel (Ziyin 2020); input: `[frames × channels]`.
package struct SnakeOperation: LayerOperation {
  package let alpha: Tensor  // [channels]
  package var name: String { "snake" }

  /// What is added to α where it divides.
  package static let epsilon: Float = 1e-9

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.snake(inputs[0], self)
  }
}

extension Evaluation {
  func snake(_ x: Tensor, _ operation: SnakeOperation) -> Tensor {
    let (rows, width) = (x.rows, x.width)
    precondition(operation.alpha.count == width, "\(x.shape) into a snake of \(operation.alpha.shape)")
    let block = 512
    let result = Tensor(shape: x.shape, from: pool) { result in
      let result = Shared(result)
      parallelFor((rows + block - 1) / block, threads: threads) { index in
        x.withUnsafeBuffer { x in
          operation.alpha.withUnsafeBuffer { alpha in
            for row in (index * block)..<min(rows, (index + 1) * block) {
              for channel in 0..<width {
                let place = row * width + channel
                let wave = sin(alpha[channel] * x[place])
                result.pointer[place] = x[place] + wave * wave / (alpha[channel] + SnakeOperation.epsilon)
              }
            }
          }
        }
      }
    }
    note(operation, [x], result)
    return result
  }
}
