import Tensors

/// What tells the transformer where a frame is: a wide convolution over neighbouring frames, in groups of channels,
/// padded with zeros to keep their number.
package struct PositionalConvolution: Sendable {
  /// Where HuBERT's batch norm stands before it: a fixed factor and summand for each channel.
  package var inputScale: (factor: Tensor, summand: Tensor)?
  /// A norm of the output's frames (data2vec).
  package var norm: LayerNorm?
  package var activation: Activation
  package let groups: Int
  package let kernel: Int
  package let bias: Tensor  // [width]
  /// `[width × inputs of a group × kernel]`, kept in a model that is trained.
  package let weight: Tensor?
  /// The even taps, the odd taps and their sums, each `[groups · outputs × half the kernel · inputs]`, tap by tap;
  /// an odd kernel has a zero behind its last tap.
  fileprivate let even, odd, sum: Tensor

  /// `weight` is `[width × inputs of a group × kernel]`.
  init(
    weight: Tensor, bias: Tensor, groups: Int, inputScale: (factor: Tensor, summand: Tensor)?,
    norm: LayerNorm?, activation: Activation, keepsWeight: Bool = false
  ) {
    self.weight = keepsWeight ? weight : nil
    self.bias = bias
    self.groups = groups
    self.inputScale = inputScale
    self.norm = norm
    self.activation = activation
    kernel = weight.shape.count == 3 ? weight.shape[2] : 0
    even = weight.everySecondTap { first, _ in first }
    odd = weight.everySecondTap { _, second in second }
    sum = weight.everySecondTap { $0 + $1 }
  }

  /// `[frames × width]` to the same; frames from `validFrames` on are padding and count as zero.
  func callAsFunction(_ x: Tensor, validFrames: Int, _ run: Evaluation) -> Tensor {
    var y = run.groupedConvolution(x, self, validFrames: validFrames)
    y.withUnsafeMutableBuffer { y in
      guard let base = y.baseAddress else { return }
      norm?.apply(base, into: base, rows: x.rows, width: x.width)
      activation.apply(to: y)
    }
    run.note(PositionalConvolutionOperation(layer: self, validFrames: validFrames), [x], y)
    return y
  }

  /// The weights tap by tap, `[width × kernel · inputs of a group]`.
  package var taps: Tensor {
    let inputs = bias.count / groups
    return even.withUnsafeBuffer { even in
      odd.withUnsafeBuffer { odd in
        Tensor(shape: [bias.count, kernel * inputs]) { taps in
          for row in 0..<bias.count {
            for tap in 0..<kernel {
              let from = (row * ((kernel + 1) / 2) + tap / 2) * inputs
              for input in 0..<inputs {
                taps[(row * kernel + tap) * inputs + input] = (tap % 2 == 0 ? even : odd)[from + input]
              }
            }
          }
        }
      }
    }
  }
}

extension Evaluation {
  /// `Σₖ W[g, k]·x[t + k − ⌊kernel/2⌋, g] + b`, `[frames × width]` to the same.
  ///
  /// Two frames at a time, in three quarters of the products (a "fast FIR", as `Convolution` has it): with even and
  /// odd taps h₀, h₁ and even and odd frames x₀, x₁,
  ///
  ///     y[2n]     = h₀·x₀[n] + h₁·x₁[n]     = h₀·(x₀[n] − x₁[n])     + (h₀ + h₁)·x₁[n]
  ///     y[2n + 1] = h₀·x₁[n] + h₁·x₀[n + 1] = h₁·(x₀[n + 1] − x₁[n]) + (h₀ + h₁)·x₁[n]
  ///
  /// where · is a convolution of half the kernel and the last one is computed once.
  func groupedConvolution(_ x: Tensor, _ layer: PositionalConvolution, validFrames: Int) -> Tensor {
    let (frames, width) = (x.rows, x.width)
    let channels = width / layer.groups
    let half = (layer.kernel + 1) / 2
    let pairs = (frames + 1) / 2
    let length = (pairs + half) * channels  // one frame more than windows reach, for x₀[n + 1]
    return Tensor(shape: [frames, width], from: pool) { output in
      let output = Shared(output.baseAddress)
      parallelFor(layer.groups, threads: threads) { group in
        guard let output = output.pointer else { return }
        pool.withScratch(5 * length + 2 * pairs * channels) { scratch in
          guard let base = scratch.baseAddress else { return }
          let signals = (0..<5).map { base + $0 * length }
          let (x0, x1) = (signals[0], signals[1])
          layer.split(x.rows(0..<validFrames), group: group, even: x0, odd: x1, count: pairs + half)
          let (d0, d1) = (signals[2], signals[3])
          let (y0, y1) = (base + 5 * length, base + 5 * length + pairs * channels)
          for index in 0..<((pairs + half - 1) * channels) {
            d0[index] = x0[index] - x1[index]
            d1[index] = x0[index + channels] - x1[index]
          }
          let rows = (group * channels)..<((group + 1) * channels)
          layer.bias.withUnsafeBuffer { bias in
            Elementwise.fillRows(
              y0, stride: channels, rows: pairs, with: UnsafeBufferPointer(rebasing: bias[rows]))
          }
          addWindows(of: x1, layer.sum.rows(rows), into: y0, rows: pairs, channels)
          y1.update(from: y0, count: pairs * channels)
          addWindows(of: d0, layer.even.rows(rows), into: y0, rows: pairs, channels)
          addWindows(of: d1, layer.odd.rows(rows), into: y1, rows: pairs, channels)
          for frame in 0..<frames {
            (output + frame * width + group * channels)
              .update(from: (frame % 2 == 0 ? y0 : y1) + frame / 2 * channels, count: channels)
          }
        }
      }
    }
  }

  /// Adds to each row n of `y` the product of `weight` with the window of `x` that starts at row n.
  ///
  /// BLAS takes no overlapping rows, so windows are copied out, a piece of the kernel at a time that stays in cache.
  private func addWindows(
    of x: UnsafePointer<Float>, _ weight: Tensor, into y: UnsafeMutablePointer<Float>, rows: Int,
    _ channels: Int
  ) {
    let (blockRows, blockDepth) = (128, max(1, 768 / channels) * channels)
    let depth = weight.width
    pool.withScratch(blockRows * blockDepth) { windows in
      guard let windows = windows.baseAddress else { return }
      for start in Swift.stride(from: 0, to: rows, by: blockRows) {
        let rows = min(blockRows, rows - start)
        for column in Swift.stride(from: 0, to: depth, by: blockDepth) {
          let columns = min(blockDepth, depth - column)
          for row in 0..<rows {
            (windows + row * columns).update(from: x + (start + row) * channels + column, count: columns)
          }
          weight.withPointer { weight in
            BLAS.gemm(
              m: rows, n: channels, k: columns, windows, lda: columns, .none, weight + column, ldb: depth,
              .transposed, beta: 1, y + start * channels, ldc: channels)
          }
        }
      }
    }
  }
}

extension PositionalConvolution {
  /// A group's channels of `x` with the zeros before and after, its even and its odd frames apart, `count` of each.
  fileprivate func split(
    _ x: Tensor, group: Int, even: UnsafeMutablePointer<Float>, odd: UnsafeMutablePointer<Float>, count: Int
  ) {
    let width = x.width
    let channels = width / groups
    let columns = (group * channels)..<((group + 1) * channels)
    let left = kernel / 2
    x.withUnsafeBuffer { x in
      for index in 0..<(2 * count) {
        let row = (index % 2 == 0 ? even : odd) + index / 2 * channels
        let frame = index - left
        guard frame >= 0, frame * width < x.count else {
          row.update(repeating: 0, count: channels)
          continue
        }
        for (channel, column) in columns.enumerated() { row[channel] = x[frame * width + column] }
        guard let inputScale else { continue }
        inputScale.factor.withUnsafeBuffer { factor in
          inputScale.summand.withUnsafeBuffer { summand in
            for (channel, column) in columns.enumerated() {
              row[channel] = row[channel] * factor[column] + summand[column]
            }
          }
        }
      }
    }
  }
}

extension Tensor {
  /// Of a weight `[outputs × inputs × kernel]` what `choose` makes of taps 0 and 1, 2 and 3 …, as rows of taps.
  fileprivate func everySecondTap(_ choose: (Float, Float) -> Float) -> Tensor {
    guard shape.count == 3, count > 0 else { return self }
    let (outputs, inputs, kernel) = (shape[0], shape[1], shape[2])
    let half = (kernel + 1) / 2
    return withUnsafeBuffer { taps in
      Tensor(shape: [outputs, half * inputs]) { chosen in
        for output in 0..<outputs {
          for input in 0..<inputs {
            let row = (output * inputs + input) * kernel
            for pair in 0..<half {
              let second = 2 * pair + 1 < kernel ? taps[row + 2 * pair + 1] : 0
              chosen[(output * half + pair) * inputs + input] = choose(taps[row + 2 * pair], second)
            }
          }
        }
      }
    }
  }
}
