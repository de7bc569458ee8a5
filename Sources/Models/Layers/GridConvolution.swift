import Tensors

/// How a kernel walks over time and frequency: PyTorch's `kernel_size`, `stride`, `padding` and `dilation`, time
/// first.
package struct GridWalk: Sendable, Equatable {
  package struct Axis: Sendable, Equatable {
    package var kernel: Int
    package var stride = 1
    package var padding = 0
    package var dilation = 1

    /// How many places of `extent` the kernel finds; 0 where it does not fit.
    package func outputs(of extent: Int) -> Int {
      let span = (kernel - 1) * dilation + 1
      return extent + 2 * padding < span ? 0 : (extent + 2 * padding - span) / stride + 1
    }

    /// The fewest inputs that give `outputs`.
    package func inputs(for outputs: Int) -> Int {
      max(1, (outputs - 1) * stride + (kernel - 1) * dilation + 1 - 2 * padding)
    }

    /// Which input tap `tap` sees for output `output`; nil in the padding.
    package func input(of output: Int, tap: Int, extent: Int) -> Int? {
      let place = output * stride + tap * dilation - padding
      return place >= 0 && place < extent ? place : nil
    }
  }

  package var time: Axis
  package var frequency = Axis(kernel: 1)
}

/// A convolution over time, or over time and frequency, of channels that lie beside each other:
/// `[frames × frequencies × inputs]` to `[frames × frequencies × outputs]`.
package struct GridConvolution: Sendable {
  package let weight: Tensor  // [outputs × time · frequency · inputs of a group]
  package let bias: Tensor  // [outputs]
  package let groups: Int
  package let walk: GridWalk

  package var outputs: Int { bias.count }
  package var inputs: Int { weight.width / (walk.time.kernel * walk.frequency.kernel) * groups }
}

/// A convolution of a grid; input: `[frames × frequencies · inputs]`.
package struct GridConvolutionOperation: LayerOperation {
  package let layer: GridConvolution
  package let frequencies: Int
  package var name: String { "convolution" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.convolution(inputs[0], layer, frequencies: frequencies)
  }

  /// The same with other weights and no bias.
  package func plain(_ weight: Tensor) -> GridConvolutionOperation {
    GridConvolutionOperation(
      layer: GridConvolution(
        weight: weight, bias: Tensor(shape: [layer.outputs]), groups: layer.groups, walk: layer.walk),
      frequencies: frequencies)
  }
}

extension Evaluation {
  /// Values that are unrolled at once.
  private static let unrolledValues = 1 << 18

  /// Every place of the kernel is unrolled into a row, and rows are multiplied with the weights.
  func convolution(_ x: Tensor, _ layer: GridConvolution, frequencies: Int) -> Tensor {
    let walk = layer.walk
    precondition(
      x.width == frequencies * layer.inputs, "\(x.shape) into a convolution of \(layer.inputs) inputs")
    let (frames, rows) = (walk.time.outputs(of: x.rows), walk.frequency.outputs(of: frequencies))
    precondition(frames > 0 && rows > 0, "\(x.shape) is too small for \(walk)")
    let (outputs, depth) = (layer.outputs, layer.weight.width)
    let groupOutputs = outputs / layer.groups
    let block = max(1, min(frames, Self.unrolledValues / (rows * depth)))
    let result = Tensor(shape: [frames, rows * outputs], from: pool) { output in
      let output = Shared(output)
      parallelFor((frames + block - 1) / block, threads: threads) { index in
        guard let output = output.pointer.baseAddress else { return }
        let range = (index * block)..<min(frames, (index + 1) * block)
        let target = output + range.lowerBound * rows * outputs
        let places = range.count * rows
        layer.bias.withUnsafeBuffer {
          Elementwise.fillRows(target, stride: outputs, rows: places, with: $0)
        }
        pool.withScratch(places * depth) { unrolled in
          guard let base = unrolled.baseAddress else { return }
          for group in 0..<layer.groups {
            x.withPointer {
              layer.unroll($0, frames: x.rows, frequencies: frequencies, range, group: group, into: base)
            }
            layer.weight.withPointer { weight in
              BLAS.gemm(
                m: places, n: groupOutputs, k: depth, base, lda: depth, .none,
                weight + group * groupOutputs * depth, ldb: depth, .transposed, beta: 1,
                target + group * groupOutputs, ldc: outputs)
            }
          }
        }
      }
    }
    note(GridConvolutionOperation(layer: layer, frequencies: frequencies), [x], result)
    return result
  }
}

extension GridConvolution {
  /// The inputs of each output of `range`, `[frames · frequencies × time · frequency · inputs of a group]`.
  fileprivate func unroll(
    _ x: UnsafePointer<Float>, frames: Int, frequencies: Int, _ range: Range<Int>, group: Int,
    into unrolled: UnsafeMutablePointer<Float>
  ) {
    let count = inputs / groups
    let rows = walk.frequency.outputs(of: frequencies)
    var target = unrolled
    for frame in range {
      for row in 0..<rows {
        for tap in 0..<walk.time.kernel {
          let time = walk.time.input(of: frame, tap: tap, extent: frames)
          for step in 0..<walk.frequency.kernel {
            let frequency = walk.frequency.input(of: row, tap: step, extent: frequencies)
            if let time, let frequency {
              target.update(
                from: x + (time * frequencies + frequency) * inputs + group * count, count: count)
            } else {
              target.update(repeating: 0, count: count)
            }
            target += count
          }
        }
      }
    }
  }
}

extension Tensor {
  /// PyTorch's weight `[outputs × inputs × time × frequency]` with each place's inputs beside each other; frequency
  /// stands before time where `isFrequencyFirst`. What could not be read stays empty.
  func placeByPlace(isFrequencyFirst: Bool = false) -> Tensor {
    guard count > 0 else { return self }
    let (outputs, inputs) = (shape[0], shape[1])
    let (first, second) = (shape[2], shape.count > 3 ? shape[3] : 1)
    let (times, steps) = isFrequencyFirst ? (second, first) : (first, second)
    return withUnsafeBuffer { source in
      Tensor(shape: [outputs, times * steps * inputs]) { target in
        for output in 0..<outputs {
          for input in 0..<inputs {
            for time in 0..<times {
              for step in 0..<steps {
                let place = isFrequencyFirst ? step * times + time : time * steps + step
                target[((output * times + time) * steps + step) * inputs + input] =
                  source[(output * inputs + input) * times * steps + place]
              }
            }
          }
        }
      }
    }
  }
}
