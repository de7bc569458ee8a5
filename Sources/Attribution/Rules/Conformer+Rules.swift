import Models
import Tensors

extension ShiftOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    Propagation(gradients: [gradient], absorbed: rules.conservesRelevance ? gradient.dot(row: row) : 0)
  }
}

extension HalfStepOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    Propagation(gradients: [gradient, gradient.mapped { $0 / 2 }])
  }
}

extension GatingOperation: PropagatingOperation {
  /// Of `a·σ(b)`. A gate weighs and carries nothing itself: all relevance is the value's (Arras 2017, section 3.1).
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (x, width) = (inputs[0].values, gradient.width)
    let arriving = gradient.values
    let result = Tensor(shape: inputs[0].shape) { result in
      for index in arriving.indices {
        let value = index / width * 2 * width + index % width
        let gate = 1 / (1 + exponential(-x[value + width]))
        result[value] = arriving[index] * gate
        result[value + width] =
          rules.conservesRelevance ? 0 : arriving[index] * x[value] * gate * (1 - gate)
      }
    }
    return Propagation(gradients: [result])
  }
}

extension ProductOperation: PropagatingOperation {
  /// A gate weighs and carries nothing itself: all relevance is the values'.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let toGate = rules.conservesRelevance ? gradient.mapped { _ in 0 } : gradient.zipped(with: inputs[0], *)
    return Propagation(gradients: [gradient.zipped(with: inputs[1], *), toGate])
  }
}

extension ScaleOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    Propagation(gradients: [gradient.mapped { $0 * factor }])
  }
}

extension RotationOperation: PropagatingOperation {
  /// Turned back.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    return Propagation(gradients: [back([gradient], on: Evaluation(threads: threads, pool: MemoryPool()))])
  }
}

extension DepthwiseConvolutionOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let x = inputs[0]
    let map = TapConvolution(
      weight: layer.weight.transposed(), bias: layer.bias, groups: x.width, kernel: layer.weight.rows,
      stride: 1, padding: layer.padding, frames: x.rows, validFrames: validFrames, outputFrames: x.rows)
    let z = map(x, threads: threads)
    let normalised = layer.norm?.rows(of: z) ?? z
    let before = layer.activation.propagate(gradient, z: normalised, by: rules.activation, threads: threads)
    let behindNorm =
      layer.norm?.propagate(before, x: z, by: rules, threads: threads) ?? Propagation(gradients: [before])
    var result = map.propagate(behindNorm.gradients[0], x: x, z: z, by: rules, threads: threads)
    result.absorbed += behindNorm.absorbed
    return result
  }
}

extension PlaneConvolutionOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let map = PlaneMap(layer: layer, frames: frames, bands: bands)
    let z = map(inputs[0], threads: threads)
    let before =
      layer.activation.map { $0.propagate(gradient, z: z, by: rules.activation, threads: threads) }
      ?? gradient
    var result = map.propagate(before, x: inputs[0], z: z, by: rules, threads: threads)
    result.gradients[0] = result.gradients[0].reshaped(inputs[0].shape)
    return result
  }
}

/// A `PlaneConvolution` as a linear map.
private struct PlaneMap: AffineMap {
  let layer: PlaneConvolution
  let frames, bands: Int
  var weight: Tensor { layer.weight }
  var bias: Tensor { layer.bias }
  private var outputFrames: Int { layer.extent(of: frames) }

  func apply(_ x: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    let (channels, inputs) = (layer.channels, layer.inputs)
    let (x, w) = (x.values, weight.values)
    return Tensor(shape: [outputFrames * layer.extent(of: bands), channels]) { y in
      y.update(repeating: 0)
      layer.forEachPlace(frames: frames, bands: bands, outputFrames: 0..<outputFrames) {
        place, source, tap in
        for channel in 0..<channels {
          y[place * channels + channel] +=
            w[tap * channels + channel] * x[source * inputs + channel % inputs]
        }
      }
    }
  }

  func transposed(_ g: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    let (channels, inputs) = (layer.channels, layer.inputs)
    let (g, w) = (g.values, weight.values)
    return Tensor(shape: [frames * bands, inputs]) { x in
      x.update(repeating: 0)
      layer.forEachPlace(frames: frames, bands: bands, outputFrames: 0..<outputFrames) {
        place, source, tap in
        for channel in 0..<channels {
          x[source * inputs + channel % inputs] +=
            w[tap * channels + channel] * g[place * channels + channel]
        }
      }
    }
  }
}
