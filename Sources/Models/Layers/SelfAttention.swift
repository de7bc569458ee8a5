import Tensors

/// Multi-head attention of frames to each other (Vaswani 2017), where wanted with WavLM's gated bias for their
/// distance.
struct SelfAttention: Sendable {
  var query, key, value, output: Linear
  var heads: Int
  var gate: PositionGate?
  /// Whether the gate is made from the queries and not from what they are made from (BEATs).
  var gateReadsQueries = false
  /// Norms of each head's query and key, `[head size]`, before they are turned.
  var queryNorm, keyNorm: LayerNorm?
  /// DeBERTa's vectors for distances.
  var disentangled: DisentangledPositions?

  /// `output(softmax(q·kᵀ/√d + bias)·v) + residual`, `[frames × width]` to the same.
  ///
  /// Keys from `validFrames` on are padding and get no weight. Where `weights` comes in as a tensor, it is filled
  /// with the softmax, `[heads × frames × frames]`. Queries and keys are turned by `rotation`, where there is one; the
  /// bias counts whole where there is no gate.
  func callAsFunction(
    _ x: Tensor, adding residual: Tensor? = nil, validFrames: Int, bias: PositionBias? = nil,
    rotation: Rotation? = nil, distances: RelativeKeys? = nil, reach: AttentionReach = .all,
    weights: inout Tensor?, _ run: Evaluation
  ) -> Tensor {
    var (q, k) = (query(x, run), key(x, run))
    let gated = bias.map {
      (bias: $0, gates: gate?(gateReadsQueries ? q : x, heads: heads, run) ?? wholeGates(x.rows, run))
    }
    if let queryNorm { q = normed(q, by: queryNorm, run) }
    if let keyNorm { k = normed(k, by: keyNorm, run) }
    if let rotation { (q, k) = (run.rotated(q, by: rotation), run.rotated(k, by: rotation)) }
    let own = disentangled?.vectors(frames: x.rows)
    let context = run.attention(
      q, k, value(x, run), heads: heads, validFrames: validFrames, reach: reach, gated: gated,
      relative: (own?.keys ?? distances).map { ($0, q) }, met: own?.queries, weights: &weights)
    return output(context, run, adding: residual)
  }

  /// Each head's part of a frame is a row of its own.
  private func normed(_ x: Tensor, by norm: LayerNorm, _ run: Evaluation) -> Tensor {
    norm(x.reshaped([x.rows * heads, x.width / heads]), run).reshaped(x.shape)
  }

  private func wholeGates(_ frames: Int, _ run: Evaluation) -> Tensor {
    let gates = Tensor(repeating: 1, shape: [heads, frames])
    run.recorder?.declare(gates, as: .constant)
    return gates
  }

  /// The same where each row attends to itself and those before it, as a decoder's tokens do.
  func causal(
    _ x: Tensor, adding residual: Tensor, weights: inout Tensor?, _ run: Evaluation
  ) -> Tensor {
    let context = run.attention(
      query(x, run), key(x, run), value(x, run), heads: heads, validFrames: x.rows, reach: .causal,
      weights: &weights)
    return output(context, run, adding: residual)
  }

  /// The same where rows attend to those of `states`, `[frames × width]`; weights are `[heads × rows × frames]`.
  func crossing(
    _ x: Tensor, over states: Tensor, adding residual: Tensor, weights: inout Tensor?, _ run: Evaluation
  ) -> Tensor {
    let context = run.attention(
      query(x, run), key(states, run), value(states, run), heads: heads, validFrames: states.rows,
      weights: &weights)
    return output(context, run, adding: residual)
  }
}

extension Evaluation {
  /// How many queries have their scores in cache at once.
  private static let queryBlock = 256

  /// Softmax attention, all `[frames × width]`, heads side by side in the width; there may be more or fewer keys than
  /// queries, but where `reach` is not all of them. For `weights` see `SelfAttention`. Of `relative` keys the queries
  /// are as many as those of q. `met` are vectors for distances that keys meet; they come with `relative` ones.
  func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, validFrames: Int, reach: AttentionReach = .all,
    gated: (bias: PositionBias, gates: Tensor)? = nil,
    relative: (keys: RelativeKeys, queries: Tensor)? = nil, met: RelativeKeys? = nil,
    weights: inout Tensor?
  ) -> Tensor {
    precondition(met == nil || relative != nil)
    precondition(q.width % heads == 0 && validFrames > 0 && validFrames <= k.rows)
    precondition(reach == .all || k.rows == q.rows, "\(q.shape) and \(k.shape)")
    precondition(relative.map { $0.queries.shape == q.shape } ?? true)
    func context(keeping kept: UnsafeMutableBufferPointer<Float>?) -> Tensor {
      attention(
        q, k, v, heads: heads, validFrames: validFrames, reach: reach, gated: gated,
        relative: relative, met: met, keeping: kept)
    }
    let inputs = [q, k, v] + (gated.map { [$0.gates] } ?? []) + (relative.map { [$0.queries] } ?? [])
    let operation: any LayerOperation =
      if let relative {
        RelativeAttentionOperation(
          heads: heads, validFrames: validFrames, keys: relative.keys, met: met, reach: reach)
      } else {
        AttentionOperation(heads: heads, validFrames: validFrames, reach: reach, bias: gated?.bias)
      }
    guard weights != nil else {
      let result = context(keeping: nil)
      note(operation, inputs, result)
      return result
    }
    var result: Tensor?
    weights = Tensor(shape: [heads, q.rows, k.rows], from: pool) { kept in
      kept.update(repeating: 0)
      result = context(keeping: kept)
    }
    let made = result ?? q
    note(operation, inputs, made)
    return made
  }

  private func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, validFrames: Int, reach: AttentionReach,
    gated: (bias: PositionBias, gates: Tensor)?, relative: (keys: RelativeKeys, queries: Tensor)?,
    met: RelativeKeys?, keeping kept: UnsafeMutableBufferPointer<Float>?
  ) -> Tensor {
    let (frames, keys, width) = (q.rows, k.rows, q.width)
    let size = width / heads
    let stride = Elementwise.paddedWidth(validFrames)
    let scale = 1 / Float(size).squareRoot()
    let blocks = (frames + Self.queryBlock - 1) / Self.queryBlock
    let kept = Shared(kept?.baseAddress)
    return Tensor(shape: [frames, width], from: pool) { context in
      let context = Shared(context.baseAddress)
      parallelFor(heads * blocks, threads: threads) { index in
        guard let context = context.pointer else { return }
        let (head, first) = (index / blocks, index % blocks * Self.queryBlock)
        let rows = min(Self.queryBlock, frames - first)
        let column = head * size
        pool.withScratch(rows * stride) { scores in
          guard let base = scores.baseAddress else { return }
          q.withPointer { q in
            k.withPointer { k in
              BLAS.gemm(
                m: rows, n: validFrames, k: size, alpha: scale, q + first * width + column, lda: width,
                .none, k + column, ldb: width, .transposed, base, ldc: stride)
            }
          }
          relative?.queries.withPointer { queries in
            relative?.keys.add(
              to: base, stride: stride, keys: validFrames, queries: queries + first * width + column,
              stride: width, from: first, rows: rows, head: head, size: size, scale: scale, pool)
          }
          k.withPointer { k in
            met?.addMet(
              byKeys: k + column, to: base, stride: stride, keys: validFrames, stride: width, from: first,
              rows: rows, head: head, size: size, scale: scale, pool)
          }
          if reach != .all {
            for row in 0..<rows {
              let (scores, keys) = (base + row * stride, reach.keys(of: first + row, count: validFrames))
              for key in 0..<keys.lowerBound { scores[key] = AttentionReach.beyond }
              for key in keys.upperBound..<max(keys.upperBound, validFrames) {
                scores[key] = AttentionReach.beyond
              }
            }
          }
          if let gated {
            gated.gates.withUnsafeBuffer { gates in
              gated.bias.withDistances(head: head, from: first, rows: rows, keys: validFrames) { bias in
                Elementwise.softmaxRows(
                  scores, rows: rows, width: validFrames, stride: stride,
                  gates: UnsafeBufferPointer(rebasing: gates[(head * frames + first)...].prefix(rows)),
                  bias: bias)
              }
            }
          } else {
            Elementwise.softmaxRows(scores, rows: rows, width: validFrames, stride: stride)
          }
          if reach != .all {
            for row in 0..<rows {
              let (scores, keys) = (base + row * stride, reach.keys(of: first + row, count: validFrames))
              for key in 0..<keys.lowerBound { scores[key] = 0 }
              for key in keys.upperBound..<max(keys.upperBound, validFrames) { scores[key] = 0 }
            }
          }
          if let kept = kept.pointer {
            for row in 0..<rows {
              (kept + (head * frames + first + row) * keys)
                .update(from: base + row * stride, count: validFrames)
            }
          }
          v.withPointer { v in
            BLAS.gemm(
              m: rows, n: size, k: validFrames, base, lda: stride, .none, v + column, ldb: width, .none,
              context + first * width + column, ldc: width)
          }
        }
      }
    }
  }
}
