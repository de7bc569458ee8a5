import Models
import Tensors

extension Linear {
  /// `gᵀ·x` and `Σ g`, for `g` at the layer's output before its nonlinearity.
  func parameterGradients(_ g: Tensor, x: Tensor, threads: Int) -> [ParameterGradient] {
    let (rows, outputs, inputs) = (x.rows, outputs, inputs)
    let block = 256
    let toWeight = Tensor(shape: [outputs, inputs]) { result in
      let result = Shared(result.baseAddress)
      parallelFor((outputs + block - 1) / block, threads: threads) { index in
        guard let result = result.pointer else { return }
        let start = index * block
        g.withPointer { g in
          x.withPointer { x in
            BLAS.gemm(
              m: min(block, outputs - start), n: inputs, k: rows, g + start, lda: outputs, .transposed, x,
              ldb: inputs, .none, result + start * inputs, ldc: inputs)
          }
        }
      }
    }
    return [
      ParameterGradient(parameter: weight, gradient: toWeight),
      ParameterGradient(parameter: bias, gradient: g.reshaped([rows, outputs]).rowSum),
    ]
  }
}

extension LayerNorm {
  /// Of a norm of each row: `Σ g·x̂` and `Σ g`, x̂ what the scale is taken of.
  func parameterGradients(_ g: Tensor, x: Tensor) -> [ParameterGradient] {
    let (rows, width) = (x.rows, x.width)
    var plain = self
    (plain.weight, plain.bias) = (nil, nil)
    return gradients(g.reshaped([rows, width]), normalised: plain.rows(of: x.reshaped([rows, width])))
  }

  /// The same of a norm over the first `validFrames` of each channel.
  func parameterGradientsOverTime(_ g: Tensor, x: Tensor, validFrames: Int) -> [ParameterGradient] {
    var plain = self
    (plain.weight, plain.bias) = (nil, nil)
    let normalised = plain.overTime(x, validFrames: validFrames, threads: 1)
    return gradients(g.rows(0..<validFrames), normalised: normalised.rows(0..<validFrames))
  }

  private func gradients(_ g: Tensor, normalised: Tensor) -> [ParameterGradient] {
    var found: [ParameterGradient] = []
    if let weight {
      found.append(ParameterGradient(parameter: weight, gradient: g.zipped(with: normalised, *).rowSum))
    }
    if let bias { found.append(ParameterGradient(parameter: bias, gradient: g.rowSum)) }
    return found
  }
}

extension TapConvolution {
  /// What arrives at the weights for `g` at the output: of each tap `gᵀ·x` over the frames that see true ones through
  /// it. `[outputs × kernel · inputs of a group]`.
  func weightGradient(_ g: Tensor, x: Tensor, threads: Int) -> Tensor {
    let (outputs, width) = (bias.count, x.width)
    let (rows, columns) = (outputs / groups, weight.width / kernel)
    // Taps that lie behind each other in every window are one product.
    let together = groups == 1 && padding == 0 ? stride : 1
    let pieces = (kernel + together - 1) / together
    return Tensor(shape: weight.shape) { result in
      result.update(repeating: 0)
      let result = Shared(result.baseAddress)
      parallelFor(groups * pieces, threads: threads) { index in
        guard let result = result.pointer else { return }
        let (group, tap) = (index / pieces, index % pieces * together)
        let count = min(together, kernel - tap)
        let seen = frames(seenThrough: tap).clamped(to: frames(seenThrough: tap + count - 1))
        guard !seen.isEmpty else { return }
        let frame = seen.lowerBound * stride - padding + tap
        g.withPointer { g in
          x.withPointer { x in
            BLAS.gemm(
              m: rows, n: count * columns, k: seen.count, g + seen.lowerBound * outputs + group * rows,
              lda: outputs, .transposed, x + frame * width + group * columns, ldb: stride * width, .none,
              result + (group * rows * kernel + tap) * columns, ldc: kernel * columns)
          }
        }
      }
    }
  }
}

extension Tensor {
  /// The sum of all rows, `[width]`.
  var rowSum: Tensor {
    let width = width
    var sums = [Double](repeating: 0, count: width)
    withUnsafeBuffer { x in
      sums.withUnsafeMutableBufferPointer { sums in
        for start in stride(from: 0, to: x.count, by: Swift.max(1, width)) {
          for column in 0..<width { sums[column] += Double(x[start + column]) }
        }
      }
    }
    return Tensor(sums.map { Float($0) }, shape: [width])
  }

  /// Rows of taps `[outputs × kernel · inputs]` as `[outputs × inputs × kernel]`.
  func tapsLast(kernel: Int) -> Tensor {
    let (outputs, inputs) = (rows, width / kernel)
    return withUnsafeBuffer { source in
      Tensor(shape: [outputs, inputs, kernel]) { target in
        for output in 0..<outputs {
          for tap in 0..<kernel {
            for input in 0..<inputs {
              target[(output * inputs + input) * kernel + tap] =
                source[(output * kernel + tap) * inputs + input]
            }
          }
        }
      }
    }
  }
}
