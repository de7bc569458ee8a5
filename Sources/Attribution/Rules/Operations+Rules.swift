import Models
import Tensors

extension LinearOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let x = inputs[0]
    // Without a nonlinearity not every rule asks for it.
    let z = activation.map { _ in layer(x, threads: threads) }
    var before = gradient
    if let activation, let z {
      before = activation.propagate(gradient, z: z, by: rules.activation, threads: threads)
    }
    var result = layer.propagate(
      before, x: x, z: z ?? layer(x, threads: threads), by: rules, threads: threads)
    if inputs.count > 1 { result.gradients.append(gradient) }
    if rules.findsParameters {
      result.parameters = layer.parameterGradients(before, x: x, threads: threads)
    }
    return result
  }
}

extension NormOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    var result = layer.propagate(gradient, x: inputs[0], by: rules, threads: threads)
    if rules.findsParameters { result.parameters = layer.parameterGradients(gradient, x: inputs[0]) }
    return result
  }
}

extension SumOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    Propagation(gradients: [gradient, gradient])
  }
}

extension ConvolutionOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let x = inputs[0]
    let map = TapConvolution(
      weight: layer.weight, bias: layer.bias, groups: 1, kernel: layer.kernel, stride: layer.stride,
      padding: padding, frames: x.rows, validFrames: x.rows, outputFrames: output.rows)
    let z = map(x, threads: threads)
    let valid = layer.frames(of: validFrames + 2 * padding)
    let normalised: Tensor
    switch layer.norm {
    case .none: normalised = z
    case .channels(let norm): normalised = norm.rows(of: z)
    case .time(let norm): normalised = norm.overTime(z, validFrames: valid, threads: threads)
    }
    let before = layer.activation.propagate(gradient, z: normalised, by: rules.activation, threads: threads)
    let behindNorm: Propagation
    switch layer.norm {
    case .none: behindNorm = Propagation(gradients: [before])
    case .channels(let norm): behindNorm = norm.propagate(before, x: z, by: rules, threads: threads)
    case .time(let norm):
      behindNorm = norm.propagateOverTime(before, x: z, validFrames: valid, by: rules, threads: threads)
    }
    var result = map.propagate(behindNorm.gradients[0], x: x, z: z, by: rules, threads: threads)
    result.absorbed += behindNorm.absorbed
    if rules.findsParameters {
      result.parameters = [
        ParameterGradient(
          parameter: layer.weight,
          gradient: map.weightGradient(behindNorm.gradients[0], x: x, threads: threads)),
        ParameterGradient(parameter: layer.bias, gradient: behindNorm.gradients[0].rowSum),
      ]
      switch layer.norm {
      case .none: break
      case .channels(let norm): result.parameters += norm.parameterGradients(before, x: z)
      case .time(let norm):
        result.parameters += norm.parameterGradientsOverTime(before, x: z, validFrames: valid)
      }
    }
    return result
  }
}

extension PositionalConvolutionOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    var x = inputs[0]
    if let scale = layer.inputScale { x = x.scaledRows(by: scale.factor, adding: scale.summand) }
    let map = TapConvolution(
      weight: layer.taps, bias: layer.bias, groups: layer.groups, kernel: layer.kernel, stride: 1,
      padding: layer.kernel / 2, frames: x.rows, validFrames: validFrames, outputFrames: x.rows)
    let z = map(x, threads: threads)
    let normalised = layer.norm?.rows(of: z) ?? z
    let before = layer.activation.propagate(gradient, z: normalised, by: rules.activation, threads: threads)
    let behindNorm =
      layer.norm?.propagate(before, x: z, by: rules, threads: threads) ?? Propagation(gradients: [before])
    var result = map.propagate(behindNorm.gradients[0], x: x, z: z, by: rules, threads: threads)
    result.absorbed += behindNorm.absorbed
    if rules.findsParameters {
      let toTaps = map.weightGradient(behindNorm.gradients[0], x: x, threads: threads)
      if let weight = layer.weight {
        result.parameters.append(
          ParameterGradient(parameter: weight, gradient: toTaps.tapsLast(kernel: layer.kernel)))
      }
      result.parameters.append(
        ParameterGradient(parameter: layer.bias, gradient: behindNorm.gradients[0].rowSum))
      if let norm = layer.norm { result.parameters += norm.parameterGradients(before, x: z) }
    }
    if let scale = layer.inputScale {
      // Frames of padding count as zero, their summand too.
      if rules.conservesRelevance {
        result.absorbed += result.gradients[0].rows(0..<validFrames).dot(row: scale.summand)
      }
      result.gradients[0] = result.gradients[0].scaledRows(by: scale.factor, adding: nil)
    }
    return result
  }
}

extension PositionGateOperation: PropagatingOperation {
  /// `2 + a·(b·c − 1)`, a and b sigmoids of sums of four values each.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let heads = constant.count
    let constants = constant.values
    let (gradients, projected) = (gradient.values, inputs[0].values)
    func sigmoid(_ values: ArraySlice<Float>) -> Float { 1 / (1 + exponential(-values.reduce(0, +))) }
    let result = Tensor(shape: inputs[0].shape) { output in
      for frame in 0..<frames {
        for head in 0..<heads {
          let start = (frame * heads + head) * 8
          let a = sigmoid(projected[start..<(start + 4)])
          let b = sigmoid(projected[(start + 4)..<(start + 8)])
          let g = gradients[head * frames + frame]
          let toA = g * (b * constants[head] - 1) * a * (1 - a)
          let toB = g * a * constants[head] * b * (1 - b)
          for index in 0..<8 { output[start + index] = index < 4 ? toA : toB }
        }
      }
    }
    guard rules.conservesRelevance else {
      return Propagation(
        gradients: [result],
        parameters: rules.findsParameters ? [constantGradient(gradients, projected)] : [])
    }
    // A gate weighs and carries nothing itself: its relevance stays here.
    return Propagation(
      gradients: [Tensor(shape: inputs[0].shape)], absorbed: gradient.dot(output))
  }
}

extension PositionGateOperation {
  /// `Σ g·a·b` over the frames of each head.
  private func constantGradient(_ gradients: [Float], _ projected: [Float]) -> ParameterGradient {
    let heads = constant.count
    func sigmoid(_ values: ArraySlice<Float>) -> Float { 1 / (1 + exponential(-values.reduce(0, +))) }
    let sums = Tensor(shape: [heads]) { sums in
      for head in 0..<heads {
        var sum = 0.0
        for frame in 0..<frames {
          let start = (frame * heads + head) * 8
          let (a, b) = (
            sigmoid(projected[start..<(start + 4)]), sigmoid(projected[(start + 4)..<(start + 8)])
          )
          sum += Double(gradients[head * frames + frame] * a * b)
        }
        sums[head] = Float(sum)
      }
    }
    return ParameterGradient(parameter: constant, gradient: sums)
  }
}

extension LayerNorm {
  func rows(of x: Tensor) -> Tensor {
    Tensor(shape: x.shape) { output in
      guard let output = output.baseAddress else { return }
      x.withPointer { apply($0, into: output, rows: x.rows, width: x.width) }
    }
  }
}

extension Tensor {
  fileprivate func scaledRows(by factor: Tensor, adding summand: Tensor?) -> Tensor {
    let (width, factors, summands) = (width, factor.values, summand?.values)
    var result = self
    result.withUnsafeMutableBuffer { x in
      for index in x.indices {
        x[index] = x[index] * factors[index % width] + (summands?[index % width] ?? 0)
      }
    }
    return result
  }
}
