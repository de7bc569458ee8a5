import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Multi-head attention of frames to each other as conformers have it, by content and by distance.
struct ConformerAttention: Sendable {
  /// How frames are told where they are.
  enum Positions: Sendable {
    case none
    /// Transformer-XL's (Dai 2019, section 3.3): `(q + u)·k + (q + v)·W·s`, with sinusoids s of the distance; u and v
    /// are `[width]`.
    case sinusoids(projection: Linear, content: Tensor, distance: Tensor)
    /// Pairs of values are turned by angles that grow with time, before queries and keys are made (Su 2021).
    case rotary(base: Double)
    /// `q·k + q·e`, with one vector e a distance, shared by all heads (Shaw 2018).
    case keys(RelativeKeys)
  }

  var query, key, value, output: Linear
  var heads: Int
  var positions: Positions
  var reach = AttentionReach.all

  /// `output(attention) + residual`, `[frames × width]` to the same; `signal` is that of so many frames. For the rest
  /// see `SelfAttention`.
  func callAsFunction(
    _ x: Tensor, adding residual: Tensor, signal: Tensor?, validFrames: Int, weights: inout Tensor?,
    _ run: Evaluation
  ) -> Tensor {
    var (located, relative) = (x, (keys: RelativeKeys, queries: Tensor)?.none)
    if case .rotary = positions, let signal { located = run.rotated(x, by: Rotation(signal: signal)) }
    var q = query(located, run)
    switch positions {
    case .none, .rotary: break
    case .keys(let keys): relative = (keys, q)
    case .sinusoids(let projection, let content, let distance):
      guard let signal else { break }
      let keys = RelativeKeys(table: projection(signal, run), first: 1 - x.rows)
      relative = (keys, run.shifted(q, by: distance))
      q = run.shifted(q, by: content)
    }
    let context = run.attention(
      q, key(located, run), value(x, run), heads: heads, validFrames: validFrames, reach: reach,
      relative: relative, weights: &weights)
    return output(context, run, adding: residual)
  }
}

extension ConformerAttention {
  /// What is the same for all layers of a pass over `frames` frames: sinusoids of the distances from `1 − frames` to
  /// `frames − 1`, `[2 · frames − 1 × width]`, or the rotation's cosines and sines, `[frames × head size]`.
  func signal(frames: Int, width: Int, _ run: Evaluation) -> Tensor? {
    let signal: Tensor
    switch positions {
    case .none, .keys: return nil
    case .sinusoids:
      // A key to the left is at a positive distance, as the published models count.
      let rates = (0..<((width + 1) / 2)).map { exp(-Double(2 * $0) * log(10_000) / Double(width)) }
      signal = Tensor(shape: [2 * frames - 1, width], from: run.pool) { table in
        for row in 0..<(2 * frames - 1) {
          for column in 0..<width {
            let angle = Double(frames - 1 - row) * rates[column / 2]
            table[row * width + column] = Float(column % 2 == 0 ? sin(angle) : cos(angle))
          }
        }
      }
    case .rotary(let base):
      return RotaryPositions(headSize: width / heads, base: base).rotation(frames: frames, run).signal
    }
    run.recorder?.declare(signal, as: .constant)
    return signal
  }
}
