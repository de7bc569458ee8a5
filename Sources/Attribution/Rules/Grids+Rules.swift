import Models
import Tensors

extension ChannelScaleOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (channels, factors) = (factor.count, factor.values)
    let result = gradient.withUnsafeBuffer { g in
      Tensor(shape: [g.count]) { result in
        for index in g.indices { result[index] = g[index] * factors[index % channels] }
      }
    }
    let places = gradient.reshaped([gradient.count / channels, channels])
    return Propagation(
      gradients: [result.reshaped(inputs[0].shape)],
      absorbed: rules.conservesRelevance ? places.dot(row: summand) : 0)
  }
}

extension GroupNormOperation: PropagatingOperation {
  /// Each group is a row of its own.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let channels = weight.count
    let size = channels / groups
    let places = gradient.count / channels
    let scales = weight.values
    // Where each value of a group's row stands in the grid.
    func place(_ index: Int) -> Int {
      let (group, inside) = (index / (places * size), index % (places * size))
      return inside / size * channels + group * size + inside % size
    }
    func grouped(_ x: Tensor, scaled: Bool) -> Tensor {
      x.withUnsafeBuffer { x in
        Tensor(shape: [groups, places * size]) { rows in
          for index in rows.indices {
            let from = place(index)
            rows[index] = x[from] * (scaled ? scales[from % channels] : 1)
          }
        }
      }
    }
    let rows = plain.propagate(
      grouped(gradient, scaled: true), x: grouped(inputs[0], scaled: false), by: rules, threads: threads)
    let result = rows.gradients[0].withUnsafeBuffer { rows in
      Tensor(shape: inputs[0].shape) { result in
        for index in rows.indices { result[place(index)] = rows[index] }
      }
    }
    return Propagation(
      gradients: [result],
      absorbed: rules.conservesRelevance ? gradient.reshaped([places, channels]).dot(row: bias) : 0)
  }
}

extension UnitLengthOperation: PropagatingOperation {
  /// `(g − y·Σ y·g) / |x|`; of relevance the length is a constant.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let width = output.width
    let result = Tensor(shape: output.shape) { result in
      for row in 0..<output.rows {
        let (x, y, g) = (inputs[0][row: row], output[row: row], gradient[row: row])
        let length = max(x.reduce(0) { $0 + $1 * $1 }.squareRoot(), UnitLengthOperation.shortest)
        let along = rules.conservesRelevance ? 0 : zip(y, g).reduce(0) { $0 + $1.0 * $1.1 }
        for index in 0..<width { result[row * width + index] = (g[index] - y[index] * along) / length }
      }
    }
    return Propagation(gradients: [result])
  }
}

extension PointwiseOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    if case .activation(let activation) = function {
      return Propagation(gradients: [
        activation.propagate(gradient, z: inputs[0], by: rules.activation, threads: threads)
      ])
    }
    let slopes = inputs[0].zipped(with: output, slope)
    switch rules.activation {
    case .derivative: return Propagation(gradients: [gradient.zipped(with: slopes, *)])
    case .guided:
      return Propagation(gradients: [gradient.zipped(with: slopes) { $0 > 0 ? $0 * $1 : 0 }])
    case .ratio:
      // Near zero the ratio is the derivative; a sigmoid has a value there, which stays.
      let ratios = inputs[0].zipped(with: output) { abs($0) > 1e-3 ? $1 / $0 : slope($0, $1) }
      let result = gradient.zipped(with: ratios, *)
      return Propagation(
        gradients: [result], absorbed: gradient.dot(output) - result.dot(inputs[0]))
    }
  }

  /// The derivative at z, whose value is y.
  private func slope(_ z: Float, _ y: Float) -> Float {
    switch function {
    case .activation: 1
    case .tanh: 1 - y * y
    case .sigmoid: y * (1 - y)
    case .leakyRelu(let slope): z > 0 ? 1 : slope
    case .clamp(let range): range.contains(z) ? 1 : 0
    case .elu: z > 0 ? 1 : y + 1
    case .asinh(let scale): scale / (scale * scale * z * z + 1).squareRoot()
    }
  }
}

extension GridPoolingOperation: PropagatingOperation {
  /// To the largest value, or in equal shares.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let frames = inputs[0].rows
    let result = gradient.withUnsafeBuffer { g in
      inputs[0].withUnsafeBuffer { x in
        output.withUnsafeBuffer { y in
          Tensor(shape: inputs[0].shape) { result in
            result.update(repeating: 0)
            var isTaken = [Bool](repeating: false, count: y.count)
            forEachPlace(frames: frames) { to, from in
              for channel in 0..<channels {
                let (index, source) = (to + channel, from + channel)
                if !isMaximum {
                  result[source] += g[index] / Float(places)
                } else if !isTaken[index], x[source] == y[index] {
                  isTaken[index] = true
                  result[source] += g[index]
                }
              }
            }
          }
        }
      }
    }
    return Propagation(gradients: [result])
  }
}

extension FlattenOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (width, order) = (output.width, order)
    let result = gradient.withUnsafeBuffer { g in
      Tensor(shape: inputs[0].shape) { result in
        for index in g.indices { result[index / width * width + order[index % width]] = g[index] }
      }
    }
    return Propagation(gradients: [result])
  }
}

extension GridConvolutionOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let map = GridMap(operation: self, frames: inputs[0].rows)
    // Places are the rows of the map; a frame has all its frequencies' side by side.
    func places(_ x: Tensor) -> Tensor { x.reshaped([x.count / layer.outputs, layer.outputs]) }
    return map.propagate(
      places(gradient), x: inputs[0], z: places(output), by: rules, threads: threads)
  }
}

/// A convolution of a grid as a linear map: `[frames × frequencies · inputs]` to `[places × outputs]`.
private struct GridMap: AffineMap {
  let operation: GridConvolutionOperation
  let frames: Int

  var layer: GridConvolution { operation.layer }
  private var frequencies: Int { operation.frequencies }
  var weight: Tensor { layer.weight }
  var bias: Tensor { layer.bias }

  func apply(_ x: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    let y = operation.plain(weight)([x], on: Evaluation(threads: threads, pool: MemoryPool()))
    return y.reshaped([y.count / layer.outputs, layer.outputs])
  }

  func transposed(_ g: Tensor, _ weight: Tensor, threads: Int) -> Tensor {
    let (inputs, depth) = (layer.inputs, weight.width)
    let (own, outputs) = (inputs / layer.groups, layer.outputs / layer.groups)
    let rows = layer.walk.frequency.outputs(of: frequencies)
    let result = Tensor(shape: [frames, frequencies * inputs])
    return (0..<layer.groups).reduce(into: result) { result, group in
      let arriving = g.columns(group, of: layer.groups)
      let unrolled = matrixProduct(
        arriving, .none, weight.rows((group * outputs)..<((group + 1) * outputs)), .none)
      unrolled.withUnsafeBuffer { unrolled in
        result.withUnsafeMutableBuffer { result in
          for place in 0..<(unrolled.count / depth) {
            var source = place * depth
            for tap in 0..<layer.walk.time.kernel {
              let time = layer.walk.time.input(of: place / rows, tap: tap, extent: frames)
              for step in 0..<layer.walk.frequency.kernel {
                let frequency = layer.walk.frequency.input(
                  of: place % rows, tap: step, extent: frequencies)
                if let time, let frequency {
                  let target = (time * frequencies + frequency) * inputs + group * own
                  for index in 0..<own { result[target + index] += unrolled[source + index] }
                }
                source += own
              }
            }
          }
        }
      }
    }
  }
}
