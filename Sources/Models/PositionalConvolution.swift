import Tensors

/// What tells the transformer where a frame is: a wide convolution over neighbouring frames, in groups of channels,
/// padded with zeros to keep their number.
struct PositionalConvolution: Sendable {
  var weight: Tensor  // [groups × outputs of a group × kernel · inputs of a group]: tap by tap
  var bias: Tensor  // [width]
  /// A norm of the input over time with fixed statistics, as a factor and a summand (HuBERT's batch norm).
  var inputScale: (factor: Tensor, summand: Tensor)?
  /// A norm of the output's frames (data2vec).
  var norm: LayerNorm?
  var activation: Activation
  var groups: Int
  var kernel: Int

  /// `[frames × width]` to the same.
  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
    var y = run.groupedConvolution(x, self)
    y.withUnsafeMutableBuffer { y in
      guard let base = y.baseAddress else { return }
      norm?.apply(base, into: base, rows: x.rows, width: x.width)
      activation.apply(to: y)
    }
    return y
  }
}

extension Evaluation {
  /// Frames whose windows are gathered at a time.
  private static let windowFrames = 128

  /// `Σₖ W[g, k]·x[t + k − ⌊kernel/2⌋, g] + b`, `[frames × width]` to the same.
  func groupedConvolution(_ x: Tensor, _ layer: PositionalConvolution) -> Tensor {
    let (frames, width, kernel) = (x.rows, x.width, layer.kernel)
    let channels = width / layer.groups
    let depth = kernel * channels
    let left = kernel / 2
    return Tensor(shape: [frames, width], from: pool) { output in
      let output = Shared(output.baseAddress)
      parallelFor(layer.groups, threads: threads) { group in
        guard let output = output.pointer else { return }
        let column = group * channels
        // The group's channels with zeros at both ends: a window of taps is then contiguous.
        pool.withScratch((frames + kernel - 1) * channels) { padded in
          padded.update(repeating: 0)
          layer.gather(x, column: column, into: padded, from: left)
          guard let padded = padded.baseAddress else { return }
          pool.withScratch(Self.windowFrames * depth) { windows in
            guard let windows = windows.baseAddress else { return }
            for start in Swift.stride(from: 0, to: frames, by: Self.windowFrames) {
              let rows = min(Self.windowFrames, frames - start)
              for row in 0..<rows {
                (windows + row * depth).update(from: padded + (start + row) * channels, count: depth)
              }
              let block = output + start * width + column
              layer.bias.withUnsafeBuffer { bias in
                Elementwise.fillRows(
                  block, stride: width, rows: rows,
                  with: UnsafeBufferPointer(rebasing: bias[column..<(column + channels)]))
              }
              layer.weight.withPointer { weight in
                BLAS.gemm(
                  m: rows, n: channels, k: depth, windows, lda: depth, .none, weight + column * depth,
                  ldb: depth, .transposed, beta: 1, block, ldc: width)
              }
            }
          }
        }
      }
    }
  }
}

extension PositionalConvolution {
  /// A group's columns of `x`, scaled where the layer does so, from row `start` of `padded` on.
  fileprivate func gather(
    _ x: Tensor, column: Int, into padded: UnsafeMutableBufferPointer<Float>, from start: Int
  ) {
    let channels = x.width / groups
    x.withUnsafeBuffer { x in
      for frame in 0..<(x.count / (groups * channels)) {
        let from = frame * groups * channels + column
        let to = (start + frame) * channels
        for channel in 0..<channels { padded[to + channel] = x[from + channel] }
      }
    }
    guard let inputScale else { return }
    inputScale.factor.withUnsafeBuffer { factor in
      inputScale.summand.withUnsafeBuffer { summand in
        for frame in 0..<x.rows {
          let to = (start + frame) * channels
          for channel in 0..<channels {
            padded[to + channel] =
              padded[to + channel] * factor[column + channel] + summand[column + channel]
          }
        }
      }
    }
  }
}
