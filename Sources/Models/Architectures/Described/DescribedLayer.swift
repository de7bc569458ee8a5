import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One layer of a described model with its weights.
struct DescribedLayer: Sendable {
  enum Step: Sendable {
    case convolution(GridConvolution, frequencies: Int)
    case timeConvolution(TimeConvolution)
    case scale(ChannelScaleOperation)
    case groupNorm(GroupNormOperation)
    case norm(LayerNorm)
    case pointwise(PointwiseOperation.Function)
    case pooling(GridPoolingOperation)
    case flatten(FlattenOperation)
    case linear(Linear)
    case recurrent(RecurrentLayer)
    case transformer(TransformerBlock, attention: String)
    case attention(SelfAttention, RotaryPositions?, AttentionReach, name: String)
    /// The first half of the values times the sigmoid of the second.
    case glu
    case snake(SnakeOperation)
    /// Each frame's values as so many frames.
    case stretch(Int)
    /// What is added to the frames; sines and cosines where there is no table.
    case positions(Tensor?)
    case residual([DescribedLayer], shortcut: [DescribedLayer], isTrimmed: Bool)
    case product([DescribedLayer], gate: [DescribedLayer])
  }

  var step: Step
  /// Its tap point; nil where its values are not to be had.
  var tap: TapPoint?
  /// How it walks over time, where it does.
  var walk: FramePace?

  /// The value behind the layer, offered to `visit` with those inside it; nil where the pass ends.
  func callAsFunction(
    _ x: Tensor, wanted: Set<String>, _ run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    guard let y = try value(x, wanted: wanted, run, visit: visit) else { return nil }
    if let tap, try !visit(tap.name, y) { return nil }
    return y
  }

  private func value(
    _ x: Tensor, wanted: Set<String>, _ run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    switch step {
    case .convolution(let layer, let frequencies):
      return run.convolution(x, layer, frequencies: frequencies)
    case .timeConvolution(let layer): return layer(x, run)
    case .glu: return run.gated(x)
    case .snake(let operation): return run.snake(x, operation)
    case .stretch(let factor): return x.reshaped([x.rows * factor, x.width / factor])
    case .attention(let layer, let rotary, let reach, let name):
      var weights = wanted.contains(name) ? Tensor(shape: [0]) : nil
      let y = layer(
        x, validFrames: x.rows, rotation: rotary?.rotation(frames: x.rows, run), reach: reach,
        weights: &weights, run)
      if let weights, try !visit(name, weights) { return nil }
      return y
    case .scale(let operation): return run.scaled(x, operation)
    case .groupNorm(let operation): return run.groupNorm(x, operation)
    case .norm(let layer): return layer(x, run)
    case .pointwise(let function): return run.pointwise(x, function)
    case .pooling(let operation): return run.pooled(x, operation)
    case .flatten(let operation): return run.flattened(x, operation)
    case .linear(let layer): return layer(x, run)
    case .recurrent(let layer): return layer(x, run)
    case .transformer(let block, let attention):
      var weights = wanted.contains(attention) ? Tensor(shape: [0]) : nil
      let y = block(x, validFrames: x.rows, bias: nil, weights: &weights, run)
      if let weights, try !visit(attention, weights) { return nil }
      return y
    case .positions(let table):
      if let table, x.rows > table.rows {
        throw ModelError.tooManyFrames(found: x.rows, maximum: table.rows)
      }
      let positions = table.map { $0.rows(0..<x.rows) } ?? Self.sinusoids(frames: x.rows, width: x.width)
      if table == nil { run.recorder?.declare(positions, as: .constant) }
      return run.sum(x, positions)
    case .residual(let layers, let shortcut, let isTrimmed):
      guard let y = try layers.pass(x, wanted: wanted, run, visit: visit),
        let z = try shortcut.pass(x, wanted: wanted, run, visit: visit)
      else { return nil }
      let frames = min(y.rows, z.rows)
      return isTrimmed && y.rows != z.rows
        ? run.sum(y.rows(0..<frames), z.rows(0..<frames)) : run.sum(y, z)
    case .product(let layers, let gate):
      guard let y = try layers.pass(x, wanted: wanted, run, visit: visit),
        let z = try gate.pass(x, wanted: wanted, run, visit: visit)
      else { return nil }
      return run.product(y, gate: z)
    }
  }

  /// The two ways of a residual or a product.
  var ways: ([DescribedLayer], [DescribedLayer])? {
    switch step {
    case .residual(let inner, let shortcut, _): (inner, shortcut)
    case .product(let inner, let gate): (inner, gate)
    default: nil
    }
  }

  /// Sine and cosine in turn, of wavelengths from 2π to 10,000 · 2π (Vaswani 2017).
  static func sinusoids(frames: Int, width: Int) -> Tensor {
    let rates = (0..<width).map { exp(-Double($0 / 2 * 2) / Double(width) * log(10_000)) }
    return Tensor(shape: [frames, width]) { values in
      for index in values.indices {
        let angle = Double(index / width) * rates[index % width]
        values[index] = Float(index % width % 2 == 0 ? sin(angle) : cos(angle))
      }
    }
  }
}

/// How many frames a layer makes of how many.
struct FramePace: Sendable {
  var axis: GridWalk.Axis
  /// Of a convolution with ends of its own; the axis has no padding then.
  var ends: TimeConvolution.Ends?
  /// Frames that one becomes.
  var factor = 1

  /// Frames added before so many.
  func left(of frames: Int) -> Int {
    guard let ends else { return axis.padding }
    switch ends {
    case .fixed(let left, _): return left
    case .whole(let isCausal):
      let total = max(0, (axis.kernel - 1) * axis.dilation + 1 - axis.stride)
      return total - (isCausal ? 0 : total / 2)
    }
  }

  func outputs(of frames: Int) -> Int {
    switch ends {
    case nil: axis.outputs(of: frames) * factor
    case .fixed(let left, let right): axis.outputs(of: frames + left + right)
    case .whole: (frames + axis.stride - 1) / axis.stride
    }
  }

  /// The fewest frames that give `outputs`.
  func inputs(for outputs: Int) -> Int {
    switch ends {
    case nil: axis.inputs(for: (outputs + factor - 1) / factor)
    case .fixed(let left, let right): max(1, axis.inputs(for: outputs) - left - right)
    case .whole: max(1, (outputs - 1) * axis.stride + 1)
    }
  }
}

extension [DescribedLayer] {
  /// One layer after the other; nil where the pass ends.
  func pass(
    _ x: Tensor, wanted: Set<String>, _ run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    var x = x
    for layer in self {
      guard let y = try layer(x, wanted: wanted, run, visit: visit) else { return nil }
      x = y
    }
    return x
  }

  /// In the order of the data, those inside residuals too.
  var everyLayer: [DescribedLayer] {
    flatMap { layer -> [DescribedLayer] in
      guard let (inner, other) = layer.ways else { return [layer] }
      return inner.everyLayer + other.everyLayer + [layer]
    }
  }

  /// The frames that `frames` in give out.
  func outputs(of frames: Int) -> Int {
    reduce(frames) { count, layer in
      if let (inner, other) = layer.ways {
        return Swift.min(inner.outputs(of: count), other.outputs(of: count))
      }
      return layer.walk?.outputs(of: count) ?? count
    }
  }

  /// The fewest frames in that give `frames` out.
  func inputs(for frames: Int) -> Int {
    reversed().reduce(frames) { needed, layer in
      if let (inner, other) = layer.ways {
        return Swift.max(inner.inputs(for: needed), other.inputs(for: needed))
      }
      return layer.walk?.inputs(for: needed) ?? needed
    }
  }
}
