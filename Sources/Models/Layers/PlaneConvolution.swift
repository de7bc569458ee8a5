import Tensors

/// A convolution over time and frequency whose every output channel reads one input channel: the only one there is, or
/// its own (depthwise).
package struct PlaneConvolution: Sendable {
  package let weight: Tensor  // [kernel · kernel × channels], time by time
  package let bias: Tensor  // [channels]
  package let inputs: Int  // 1, or as many as channels
  /// `padding` in front, `behind` behind, along time and frequency.
  package let kernel, stride, padding, behind: Int
  package let activation: Activation?

  package var channels: Int { bias.count }

  /// How many places there are of so many, along time or frequency.
  package func extent(of count: Int) -> Int { (count + padding + behind - kernel) / stride + 1 }

  /// Calls `body` with each output place, each input place that it sees, and the row of the weight for it.
  package func forEachPlace(
    frames: Int, bands: Int, outputFrames: Range<Int>,
    _ body: (_ output: Int, _ input: Int, _ tap: Int) -> Void
  ) {
    let outputBands = extent(of: bands)
    for frame in outputFrames {
      for band in 0..<outputBands {
        for time in 0..<kernel {
          let x = frame * stride + time - padding
          guard (0..<frames).contains(x) else { continue }
          for frequency in 0..<kernel {
            let y = band * stride + frequency - padding
            guard (0..<bands).contains(y) else { continue }
            body(frame * outputBands + band, x * bands + y, time * kernel + frequency)
          }
        }
      }
    }
  }

  /// `weight` is `[channels × 1 × kernel × kernel]`; what could not be read stays empty. Padding is the same on both
  /// sides unless `behind` says otherwise.
  init(
    weight: Tensor, bias: Tensor, inputs: Int, stride: Int, padding: Int, behind: Int? = nil,
    activation: Activation?
  ) {
    (self.bias, self.inputs, self.stride, self.padding) = (bias, inputs, stride, padding)
    self.behind = behind ?? padding
    self.activation = activation
    kernel = weight.shape.count == 4 ? weight.shape[3] : 0
    self.weight =
      weight.shape.count == 4
      ? weight.reshaped([weight.shape[0], kernel * kernel]).transposed() : weight
  }
}

/// A convolution over time and frequency; input: `[frames · bands × channels]`, band by band of each frame.
package struct PlaneConvolutionOperation: LayerOperation {
  package let layer: PlaneConvolution
  package let frames, bands: Int
  package var name: String { "convolution over time and frequency" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.planeConvolution(inputs[0], layer, frames: frames, bands: bands)
  }
}

extension Evaluation {
  /// `[frames · bands × inputs]` to `[output frames · output bands × channels]`.
  func planeConvolution(_ x: Tensor, _ layer: PlaneConvolution, frames: Int, bands: Int) -> Tensor {
    precondition(x.count == frames * bands * layer.inputs, "\(x.shape) as \(frames) · \(bands)")
    let (outputFrames, outputBands) = (layer.extent(of: frames), layer.extent(of: bands))
    let (channels, inputs) = (layer.channels, layer.inputs)
    let block = 16
    let result = Tensor(shape: [outputFrames * outputBands, channels], from: pool) { output in
      let output = Shared(output)
      parallelFor((outputFrames + block - 1) / block, threads: threads) { index in
        guard let output = output.pointer.baseAddress else { return }
        let rows = (index * block)..<min(outputFrames, (index + 1) * block)
        let places = (rows.lowerBound * outputBands)..<(rows.upperBound * outputBands)
        x.withPointer { x in
          layer.weight.withPointer { weight in
            layer.bias.withPointer { bias in
              for place in places { (output + place * channels).update(from: bias, count: channels) }
              layer.forEachPlace(frames: frames, bands: bands, outputFrames: rows) { place, source, tap in
                let (y, w, x) = (output + place * channels, weight + tap * channels, x + source * inputs)
                if inputs == 1 {
                  let value = x[0]
                  for channel in 0..<channels { y[channel] += w[channel] * value }
                } else {
                  for channel in 0..<channels { y[channel] += w[channel] * x[channel] }
                }
              }
            }
          }
        }
        layer.activation?.apply(
          to: UnsafeMutableBufferPointer(
            start: output + places.lowerBound * channels, count: places.count * channels))
      }
    }
    note(PlaneConvolutionOperation(layer: layer, frames: frames, bands: bands), [x], result)
    return result
  }
}
