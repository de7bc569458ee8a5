import Tensors

/// One convolution over time of the feature encoder, with what follows it.
package struct Convolution: Sendable {
  package enum Norm: Sendable {
    case none
    /// Each channel over all time (group norm with as many groups as channels).
    case time(LayerNorm)
    /// Each frame over its channels.
    case channels(LayerNorm)

    package var layer: LayerNorm? {
      switch self {
      case .none: nil
      case .time(let norm), .channels(let norm): norm
      }
    }
  }

  package let weight: Tensor  // [outputs × kernel · inputs]: the taps one after the other
  package let bias: Tensor  // [outputs]
  package let norm: Norm
  package let activation: Activation
  package let inputs: Int
  package let kernel: Int
  package let stride: Int
  /// The weight of a layer of single samples the other way round, `[kernel × outputs]`.
  private let sampleTaps: Tensor?
  /// The sum of the first and third tap, `[outputs × inputs]`, where the fast way of three taps is taken.
  private let outerTaps: Tensor?

  init(
    weight: Tensor, bias: Tensor, norm: Norm, activation: Activation, inputs: Int, kernel: Int, stride: Int
  ) {
    self.weight = weight
    self.bias = bias
    self.norm = norm
    self.activation = activation
    self.inputs = inputs
    self.kernel = kernel
    self.stride = stride
    let isFast = kernel == 3 && stride == 2 && inputs > 1 && weight.width == 3 * inputs
    sampleTaps = inputs == 1 && weight.shape.count == 2 ? weight.transposed() : nil
    outerTaps = isFast ? weight.sumOfOuterTaps(inputs) : nil
  }

  package var outputs: Int { weight.rows }

  package func frames(of samples: Int) -> Int { samples < kernel ? 0 : (samples - kernel) / stride + 1 }
}

// MARK: - The product

extension Convolution {
  /// `frames` frames, from consecutive rows of `x` (`[(frames − 1) · stride + kernel × inputs]`), into `y`
  /// (`[frames × outputs]`).
  func apply(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, frames: Int, _ pool: MemoryPool
  ) {
    if let sampleTaps {
      sampleTaps.withUnsafeBuffer { taps in
        bias.withUnsafeBuffer { bias in
          Elementwise.convolveSamples(
            x, step: stride, into: y, rows: frames, taps: taps, kernel: kernel, bias: bias)
        }
      }
    } else {
      products(x, into: y, frames: frames, pool)
    }
    if case .channels(let norm) = norm { norm.apply(y, into: y, rows: frames, width: outputs) }
    activation.apply(to: UnsafeMutableBufferPointer(start: y, count: frames * outputs))
  }

  private func products(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, frames: Int, _ pool: MemoryPool
  ) {
    weight.withPointer { weight in
      if let outerTaps {
        outerTaps.withPointer { addThreeTaps(x, into: y, frames: frames, weight: weight, outer: $0, pool) }
      } else {
        bias.withUnsafeBuffer { Elementwise.fillRows(y, stride: outputs, rows: frames, with: $0) }
        addTaps(0..<kernel, x, into: y, frames: frames, weight: weight)
      }
    }
  }

  /// The sum over `taps`, added to `y`, whose first row's window starts at `x`.
  ///
  /// Time-major input makes `stride` consecutive rows one long row, so the convolution is a product for each such
  /// piece of the kernel, over the input as it lies.
  private func addTaps(
    _ taps: Range<Int>, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, frames: Int,
    weight: UnsafePointer<Float>
  ) {
    for tap in Swift.stride(from: taps.lowerBound, to: taps.upperBound, by: stride) {
      let count = min(stride, taps.upperBound - tap)
      BLAS.gemm(
        m: frames, n: outputs, k: count * inputs, x + tap * inputs, lda: stride * inputs, .none,
        weight + tap * inputs, ldb: kernel * inputs, .transposed, beta: 1, y, ldc: outputs)
    }
  }

  /// Three taps with stride 2 in five products a pair of frames instead of six (a "fast FIR" of two outputs and two
  /// taps; Winograd 1980).
  ///
  /// With even rows e and odd rows o of the input, frames 2p and 2p + 1 are
  ///
  ///     w₀·e₀ + w₁·o₀ + w₂·e₁ = w₀·(e₀ − e₁) + (w₀ + w₂)·e₁ + w₁·o₀
  ///     w₀·e₁ + w₁·o₁ + w₂·e₂ = w₂·(e₂ − e₁) + (w₀ + w₂)·e₁ + w₁·o₁
  ///
  /// and (w₀ + w₂)·e₁ is computed once.
  private func addThreeTaps(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, frames: Int,
    weight: UnsafePointer<Float>,
    outer: UnsafePointer<Float>, _ pool: MemoryPool
  ) {
    let pairs = frames / 2
    let (even, odd) = (y, y + outputs)
    bias.withUnsafeBuffer { bias in
      Elementwise.fillRows(even, stride: 2 * outputs, rows: frames - pairs, with: bias)
    }
    BLAS.gemm(
      m: pairs, n: outputs, k: inputs, x + 2 * inputs, lda: 4 * inputs, .none, outer, ldb: inputs,
      .transposed,
      beta: 1, even, ldc: 2 * outputs)
    for pair in 0..<pairs {
      (odd + 2 * pair * outputs).update(from: even + 2 * pair * outputs, count: outputs)
    }
    pool.withScratch(pairs * inputs) { differences in
      guard let differences = differences.baseAddress else { return }
      for (row, tap, y) in [(0, 0, even), (4, 2, odd)] {
        Elementwise.subtractRows(
          x + row * inputs, x + 2 * inputs, stride: 4 * inputs, rows: pairs, width: inputs,
          into: differences)
        BLAS.gemm(
          m: pairs, n: outputs, k: inputs, differences, lda: inputs, .none, weight + tap * inputs,
          ldb: 3 * inputs, .transposed, beta: 1, y, ldc: 2 * outputs)
      }
    }
    BLAS.gemm(
      m: frames, n: outputs, k: inputs, x + inputs, lda: 2 * inputs, .none, weight + inputs,
      ldb: 3 * inputs,
      .transposed, beta: 1, y, ldc: outputs)
    if frames > 2 * pairs {
      let (last, window) = (y + 2 * pairs * outputs, x + 4 * pairs * inputs)
      addTaps(0..<1, window, into: last, frames: 1, weight: weight)
      addTaps(2..<3, window, into: last, frames: 1, weight: weight)
    }
  }
}

extension Tensor {
  /// The sum of the first and third tap of `[outputs × 3 · inputs]`.
  fileprivate func sumOfOuterTaps(_ inputs: Int) -> Tensor {
    withUnsafeBuffer { taps in
      Tensor(shape: [rows, inputs]) { sum in
        for output in 0..<rows {
          for input in 0..<inputs {
            let first = output * 3 * inputs + input
            sum[output * inputs + input] = taps[first] + taps[first + 2 * inputs]
          }
        }
      }
    }
  }
}

// MARK: - The norm over time

extension Convolution {
  /// A first layer with its norm over time worked into weights and bias.
  ///
  /// A channel is a linear function of a window of samples, so its mean and variance over time follow from the
  /// windows' mean and covariance: no pass over the output is needed, which is a thousand times larger.
  func folding(_ norm: LayerNorm, over samples: ArraySlice<Float>) -> Convolution {
    precondition(inputs == 1, "only a convolution of one channel can take its norm in")
    let (means, covariance) = windowMoments(of: samples)
    let (scales, shifts) = (norm.weight?.values, norm.bias?.values)
    var (taps, biases) = (weight.values, bias.values)
    for channel in 0..<outputs {
      let row = taps[(channel * kernel)..<((channel + 1) * kernel)].map(Double.init)
      var (mean, variance) = (0.0, 0.0)
      for i in 0..<kernel {
        mean += row[i] * means[i]
        for j in 0..<kernel { variance += row[i] * row[j] * covariance[min(i, j), max(i, j)] }
      }
      // The convolution's own bias moves the mean alike and goes with it.
      let scale = Double(scales?[channel] ?? 1) / (max(0, variance) + Double(norm.epsilon)).squareRoot()
      for i in 0..<kernel { taps[channel * kernel + i] = Float(row[i] * scale) }
      biases[channel] = Float(Double(shifts?[channel] ?? 0) - mean * scale)
    }
    return Convolution(
      weight: Tensor(taps, shape: weight.shape), bias: Tensor(biases, shape: bias.shape), norm: .none,
      activation: activation, inputs: inputs, kernel: kernel, stride: stride)
  }

  /// The mean `[kernel]` and the covariance `[kernel × kernel]` (its upper triangle) of all windows of `samples`.
  private func windowMoments(of samples: ArraySlice<Float>) -> (mean: [Double], covariance: Matrix) {
    let frames = frames(of: samples.count)
    precondition(frames > 0, "\(samples.count) samples have no window of \(kernel)")
    // Taken around the samples' mean, so that an offset costs no digits.
    let shift = samples.reduce(0.0) { $0 + Double($1) } / Double(samples.count)
    var sums = [Double](repeating: 0, count: kernel)
    var products = Matrix(rows: kernel, columns: kernel)
    let blockFrames = 2048
    var windows = [Double](repeating: 0, count: blockFrames * kernel)
    samples.withUnsafeBufferPointer { samples in
      for start in Swift.stride(from: 0, to: frames, by: blockFrames) {
        let rows = min(blockFrames, frames - start)
        for row in 0..<rows {
          for tap in 0..<kernel {
            let value = Double(samples[(start + row) * stride + tap]) - shift
            windows[row * kernel + tap] = value
            sums[tap] += value
          }
        }
        products.values.withUnsafeMutableBufferPointer { products in
          guard let products = products.baseAddress else { return }
          BLAS.syrk(n: kernel, k: rows, windows, lda: kernel, beta: 1, products, ldc: kernel)
        }
      }
    }
    let count = Double(frames)
    for i in 0..<kernel {
      for j in i..<kernel { products[i, j] = products[i, j] / count - sums[i] / count * (sums[j] / count) }
    }
    return (sums.map { $0 / count + shift }, products)
  }
}

// MARK: - One layer by itself

extension Evaluation {
  /// A convolution of `x`, `[frames × inputs]`, with `padding` frames of zeros at both ends:
  /// `[(frames + 2 · padding − kernel) / stride + 1 × outputs]`.
  func convolution(_ x: Tensor, _ layer: Convolution, padding: Int) -> Tensor {
    precondition(x.width == layer.inputs, "\(x.shape) into a convolution of \(layer.inputs) inputs")
    let edge = padding * x.width
    let padded = Tensor(shape: [x.rows + 2 * padding, x.width], from: pool) { padded in
      padded.prefix(edge).update(repeating: 0)
      padded.suffix(edge).update(repeating: 0)
      x.withUnsafeBuffer {
        _ = UnsafeMutableBufferPointer(rebasing: padded.dropFirst(edge)).update(from: $0)
      }
    }
    let frames = layer.frames(of: padded.rows)
    precondition(frames > 0, "\(x.rows) frames are too few for a kernel of \(layer.kernel)")
    let block = 256
    let result = Tensor(shape: [frames, layer.outputs], from: pool) { output in
      let output = Shared(output)
      parallelFor((frames + block - 1) / block, threads: threads) { index in
        guard let output = output.pointer.baseAddress else { return }
        let start = index * block
        padded.withPointer { padded in
          layer.apply(
            padded + start * layer.stride * layer.inputs, into: output + start * layer.outputs,
            frames: min(block, frames - start), pool)
        }
      }
    }
    note(ConvolutionOperation(layer: layer, padding: padding, validFrames: x.rows), [x], result)
    return result
  }
}
