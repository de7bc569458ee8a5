import Models
import Tensors

extension Linear: AffineMap {
  func apply(_ x: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    rowProduct(x, weight, .transposed, columns: outputs, threads: threads)
  }

  func transposed(_ g: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    rowProduct(g, weight, .none, columns: inputs, threads: threads)
  }
}

/// `x·op(weight)`, its rows cut into blocks by the shapes alone.
private func rowProduct(
  _ x: Tensor, _ weight: Tensor, _ transposition: Transposition, columns: Int, threads: Int
) -> Tensor {
  let (rows, depth, ld) = (x.rows, x.width, weight.width)
  let block = 256
  return Tensor(shape: [rows, columns]) { output in
    let output = Shared(output.baseAddress)
    parallelFor((rows + block - 1) / block, threads: threads) { index in
      guard let output = output.pointer else { return }
      let start = index * block
      x.withPointer { x in
        weight.withPointer { weight in
          BLAS.gemm(
            m: min(block, rows - start), n: columns, k: depth, x + start * depth, lda: depth, .none, weight,
            ldb: ld, transposition, output + start * columns, ldc: columns)
        }
      }
    }
  }
}

/// A convolution over time, in groups of channels, a product for each tap: `weight` is
/// `[outputs × kernel · inputs of a group]`.
///
/// Frame f takes in frames `f · stride − padding + tap` of `[frames × inputs]`; those from `validFrames` on, and
/// those outside, are zeros.
struct TapConvolution: AffineMap {
  let weight: Tensor
  let bias: Tensor
  let groups: Int
  let kernel: Int
  let stride: Int
  let padding: Int
  let frames: Int
  let validFrames: Int
  let outputFrames: Int

  private var outputs: Int { bias.count }
  private var groupOutputs: Int { outputs / groups }
  private var groupInputs: Int { weight.width / kernel }
  private var inputs: Int { groupInputs * groups }

  /// Output frames that see a true frame through `tap`.
  func frames(seenThrough tap: Int) -> Range<Int> {
    let first = max(0, (padding - tap + stride - 1) / stride)
    let last = validFrames - 1 + padding - tap
    let end = last < 0 ? 0 : min(outputFrames, last / stride + 1)
    return first..<max(first, end)
  }

  /// Output frames that see true frames through all taps: those lie behind each other, where there is one group.
  private var wholeRange: Range<Int> {
    guard groups == 1, kernel > 1 else { return 0..<0 }
    let ranges = (0..<kernel).map(frames(seenThrough:))
    let first = ranges.map(\.lowerBound).max() ?? 0
    return first..<max(first, ranges.map(\.upperBound).min() ?? 0)
  }

  func apply(_ x: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    // What neighbours take in overlaps, which rows of a matrix must not: only every so many frames are one product.
    let phases = (kernel + stride - 1) / stride
    let (whole, block) = (wholeRange, 1024 * phases)
    return Tensor(shape: [outputFrames, outputs]) { output in
      output.update(repeating: 0)
      let output = Shared(output.baseAddress)
      parallelFor((whole.count + block - 1) / block, threads: threads) { index in
        guard let output = output.pointer else { return }
        let end = min(whole.upperBound, whole.lowerBound + (index + 1) * block)
        x.withPointer { x in
          weight.withPointer { weight in
            for phase in 0..<phases {
              let first = whole.lowerBound + index * block + phase
              guard first < end else { return }
              BLAS.gemm(
                m: (end - first + phases - 1) / phases, n: outputs, k: kernel * inputs,
                x + (first * stride - padding) * inputs, lda: phases * stride * inputs, .none, weight,
                ldb: kernel * inputs, .transposed, output + first * outputs, ldc: phases * outputs)
            }
          }
        }
      }
      parallelFor(groups, threads: threads) { group in
        guard let output = output.pointer else { return }
        let first = group * groupOutputs
        x.withPointer { x in
          weight.withPointer { weight in
            for tap in 0..<kernel {
              let range = frames(seenThrough: tap)
              for part in whole.isEmpty
                ? [range]
                : [range.lowerBound..<whole.lowerBound, whole.upperBound..<range.upperBound]
              where !part.isEmpty {
                let frame = part.lowerBound * stride - padding + tap
                BLAS.gemm(
                  m: part.count, n: groupOutputs, k: groupInputs,
                  x + frame * inputs + group * groupInputs, lda: stride * inputs, .none,
                  weight + (first * kernel + tap) * groupInputs, ldb: kernel * groupInputs, .transposed,
                  beta: 1, output + part.lowerBound * outputs + first, ldc: outputs)
              }
            }
          }
        }
      }
    }
  }

  func transposed(_ g: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    Tensor(shape: [frames, inputs]) { output in
      output.update(repeating: 0)
      let output = Shared(output.baseAddress)
      let parts = groups == 1 ? max(1, groupInputs / 128) : 1
      parallelFor(groups * parts, threads: threads) { index in
        guard let output = output.pointer else { return }
        let (group, part) = (index / parts, index % parts)
        let columns = (part * groupInputs / parts)..<((part + 1) * groupInputs / parts)
        g.withPointer { g in
          weight.withPointer { weight in
            for tap in 0..<kernel {
              let range = frames(seenThrough: tap)
              let frame = range.lowerBound * stride - padding + tap
              guard !range.isEmpty else { continue }
              BLAS.gemm(
                m: range.count, n: columns.count, k: groupOutputs,
                g + range.lowerBound * outputs + group * groupOutputs, lda: outputs, .none,
                weight + (group * groupOutputs * kernel + tap) * groupInputs + columns.lowerBound,
                ldb: kernel * groupInputs, .none, beta: 1,
                output + frame * inputs + group * groupInputs + columns.lowerBound, ldc: stride * inputs)
            }
          }
        }
      }
    }
  }
}
