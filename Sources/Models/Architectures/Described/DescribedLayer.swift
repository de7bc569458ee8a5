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
    case scale(ChannelScaleOperation)
    case groupNorm(GroupNormOperation)
    case norm(LayerNorm)
    case pointwise(PointwiseOperation.Function)
    case pooling(GridPoolingOperation)
    case flatten(FlattenOperation)
    case linear(Linear)
    case recurrent(RecurrentLayer)
    case transformer(TransformerBlock, attention: String)
    /// What is added to the frames; sines and cosines where there is no table.
    case positions(Tensor?)
    case residual([DescribedLayer], shortcut: [DescribedLayer])
  }

  var step: Step
  /// Its tap point; nil where its values are not to be had.
  var tap: TapPoint?
  /// How it walks over time, where it does.
  var walk: GridWalk.Axis?

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
    case .residual(let layers, let shortcut):
      guard let y = try layers.pass(x, wanted: wanted, run, visit: visit),
        let z = try shortcut.pass(x, wanted: wanted, run, visit: visit)
      else { return nil }
      return run.sum(y, z)
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
      guard case .residual(let inner, let shortcut) = layer.step else { return [layer] }
      return inner.everyLayer + shortcut.everyLayer + [layer]
    }
  }

  /// The frames that `frames` in give out.
  func outputs(of frames: Int) -> Int {
    reduce(frames) { count, layer in
      if case .residual(let inner, _) = layer.step { return inner.outputs(of: count) }
      return layer.walk?.outputs(of: count) ?? count
    }
  }

  /// The fewest frames in that give `frames` out.
  func inputs(for frames: Int) -> Int {
    reversed().reduce(frames) { needed, layer in
      if case .residual(let inner, let shortcut) = layer.step {
        return Swift.max(inner.inputs(for: needed), shortcut.inputs(for: needed))
      }
      return layer.walk?.inputs(for: needed) ?? needed
    }
  }
}
