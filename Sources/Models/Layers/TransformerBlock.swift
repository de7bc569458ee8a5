import Tensors

/// Two linear layers with a nonlinearity between them; where there is a gate the nonlinearity is the gate's, which
/// weighs what goes up (gated linear units, Shazeer 2020: SwiGLU with silu, GEGLU with gelu).
struct FeedForward: Sendable {
  var up: Linear  // [width → inner]
  var down: Linear  // [inner → width]
  var activation: Activation
  var gate: Linear?  // [width → inner]

  /// `inner` is the place between its layers where values are dropped in training; nowhere without one.
  func callAsFunction(
    _ x: Tensor, adding residual: Tensor? = nil, inner: String? = nil, _ run: Evaluation
  ) -> Tensor {
    guard let gate else {
      let between = up(x, run, activation)
      return down(inner.map { run.dropped(between, $0) } ?? between, run, adding: residual)
    }
    return down(run.product(up(x, run), gate: gate(x, run, activation)), run, adding: residual)
  }
}

/// A narrow network behind a block, trained for one language while the rest stays as it is (MMS, Pratap 2023).
struct BlockAdapter: Sendable {
  var norm: LayerNorm
  var network: FeedForward  // [width → a few → width]

  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor { network(norm(x, run), adding: x, run) }
}

/// Attention over all frames, then a feed-forward network on each, each with a residual and a norm.
struct TransformerBlock: Sendable {
  var attention: SelfAttention
  /// None in front of a first block whose input is normalised already.
  var attentionNorm: LayerNorm?
  var feedForward: FeedForward
  var outputNorm: LayerNorm
  /// Whether a norm comes before its sublayer ("stable layer norm") or after the residual's sum.
  var normalisesFirst: Bool
  /// After the block, where it normalises first.
  var adapter: BlockAdapter?
  /// Beside its sublayers, where they were trained.
  var besideAttention: SideNetwork?
  var besideFeedForward: SideNetwork?

  /// `[frames × width]` to the same; see `SelfAttention` for the rest. `place` is the block's name where values are
  /// dropped in training.
  func callAsFunction(
    _ x: Tensor, validFrames: Int, bias: PositionBias?, rotation: Rotation? = nil,
    distances: RelativeKeys? = nil, reach: AttentionReach = .all, place: String = "",
    weights: inout Tensor?,
    _ run: Evaluation
  ) -> Tensor {
    let drops = run.noise.map { $0.dropout > 0 } ?? false
    func attend(_ input: Tensor, adding residual: Tensor) -> Tensor {
      let sum = besideAttention == nil && !drops ? residual : nil
      let output = attention(
        input, adding: sum, validFrames: validFrames, bias: bias, rotation: rotation, distances: distances,
        reach: reach, weights: &weights, run)
      guard sum == nil else { return output }
      let whole = besideAttention.map { $0(output, input: input, run) } ?? output
      return run.sum(residual, run.dropped(whole, place + ".attention"))
    }
    func feed(_ input: Tensor, adding residual: Tensor) -> Tensor {
      let inner = place + ".feed_forward.inner"
      guard besideFeedForward != nil || drops else {
        return feedForward(input, adding: residual, inner: inner, run)
      }
      let output = run.dropped(feedForward(input, inner: inner, run), place + ".feed_forward")
      return run.sum(residual, besideFeedForward.map { $0(output, input: input, run) } ?? output)
    }
    if normalisesFirst {
      let y = attend(attentionNorm?(x, run) ?? x, adding: x)
      let z = feed(outputNorm(y, run), adding: y)
      return adapter?(z, run) ?? z
    }
    let attended = attend(x, adding: x)
    let y = attentionNorm?(attended, run) ?? attended
    return outputNorm(feed(y, adding: y), run)
  }
}

extension [TransformerBlock] {
  /// All blocks, with `attention.k` and `hidden.k` of each offered to `visit`; the last one's output, or nil where the
  /// pass has ended. `prefix` is what the names of tap points begin with.
  func forward(
    _ x: Tensor, validFrames: Int, bias: PositionBias? = nil, rotation: Rotation? = nil,
    distances: RelativeKeys? = nil, reach: (Int) -> AttentionReach = { _ in .all }, prefix: String = "",
    wanted: Set<String>,
    on run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    var hidden = x
    for (number, block) in zip(1..., self) {
      let attention = "\(prefix)attention.\(number)"
      let place = "\(prefix)block.\(number)"
      if run.noise?.leavesOut(place) == true {
        guard try visit("\(prefix)hidden.\(number)", hidden) else { return nil }
        continue
      }
      var weights = wanted.contains(attention) ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(
        hidden, validFrames: validFrames, bias: bias, rotation: rotation, distances: distances,
        reach: reach(number - 1), place: place, weights: &weights, run)
      if let weights, try !visit(attention, weights) { return nil }
      guard try visit("\(prefix)hidden.\(number)", hidden) else { return nil }
    }
    return hidden
  }
}
