import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

func exponential(_ x: Float) -> Float { exp(x) }

extension AttentionOperation: PropagatingOperation {
  /// With P = softmax(S), S = q·kᵀ/√d + gate·bias and c = P·v: `gᵥ = Pᵀ·g`, `g_P = g·vᵀ`,
  /// `g_S = P∘(g_P − Σ P∘g_P)`, `g_q = g_S·k/√d`, `g_k = g_Sᵀ·q/√d`.
  ///
  /// Of relevance each factor of P·v and of q·kᵀ gets half; softmax is its first-order expansion, and what that leaves
  /// over is absorbed (AttnLRP, eqs. 9–14).
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (q, k, v) = (inputs[0], inputs[1], inputs[2])
    let frames = q.rows
    let share: Float = rules.conservesRelevance ? 0.5 : 1
    let results = Slots<HeadGradients>(count: heads)
    parallelFor(heads, threads: threads) { head in
      let part = AttentionHead(
        q: q.columns(head, of: heads), k: k.columns(head, of: heads).rows(0..<validFrames),
        v: v.columns(head, of: heads).rows(0..<validFrames),
        gates: bias.map { _ in inputs[3].rows(head..<(head + 1)) },
        bias: bias?.values(head: head, frames: frames, keys: validFrames), isCausal: isCausal)
      results[head] = part.propagate(
        gradient.columns(head, of: heads), share: share, conserves: rules.conservesRelevance)
    }
    let parts = results.all()
    func joined(_ keyPath: KeyPath<HeadGradients, Tensor>, like input: Tensor) -> Tensor {
      Tensor(shape: input.shape) { target in
        target.update(repeating: 0)
        for (head, part) in parts.enumerated() {
          part[keyPath: keyPath].copy(intoColumns: head, of: heads, target)
        }
      }
    }
    var gradients = [joined(\.q, like: q), joined(\.k, like: k), joined(\.v, like: v)]
    if bias != nil { gradients.append(Tensor(parts.flatMap(\.gates), shape: [heads, frames])) }
    return Propagation(gradients: gradients, absorbed: parts.reduce(0) { $0 + $1.absorbed })
  }
}

struct HeadGradients: Sendable {
  var q, k, v: Tensor
  var gates: [Float]
  var absorbed: Double
}

/// One head's part: `[frames × size]` and `[keys × size]`.
struct AttentionHead {
  let q, k, v: Tensor
  let gates: Tensor?  // [1 × frames]
  let bias: Tensor?  // [frames × keys]
  /// Whether query i sees keys 0 … i only.
  var isCausal = false

  private var scale: Float { 1 / Float(q.width).squareRoot() }

  /// `[frames × keys]`, before softmax.
  func scores() -> Tensor {
    var scores = matrixProduct(q, .none, k, .transposed)
    let keys = k.rows
    let gates = gates?.values
    scores.withUnsafeMutableBuffer { scores in
      for index in scores.indices { scores[index] *= scale }
      if isCausal {
        // Finite, so that its product with a weight of zero is zero.
        for index in scores.indices where index % keys > index / keys { scores[index] = -1e30 }
      }
      guard let gates, let bias else { return }
      bias.withUnsafeBuffer { bias in
        for index in scores.indices { scores[index] += gates[index / keys] * bias[index] }
      }
    }
    return scores
  }

  static func softmax(_ scores: Tensor) -> Tensor {
    let keys = scores.width
    let stride = Elementwise.paddedWidth(keys)
    return scores.withUnsafeBuffer { scores in
      Tensor(shape: [scores.count / keys, keys]) { output in
        let row = UnsafeMutableBufferPointer<Float>.allocate(capacity: stride)
        defer { row.deallocate() }
        guard let base = row.baseAddress, let from = scores.baseAddress, let to = output.baseAddress
        else { return }
        for start in Swift.stride(from: 0, to: scores.count, by: keys) {
          base.update(from: from + start, count: keys)
          Elementwise.softmaxRows(row, rows: 1, width: keys, stride: stride)
          (to + start).update(from: base, count: keys)
        }
      }
    }
  }

  func propagate(_ g: Tensor, share: Float, conserves: Bool) -> HeadGradients {
    let scores = scores()
    let weights = Self.softmax(scores)
    let keys = k.rows
    var toValues = matrixProduct(weights, .transposed, g, .none)
    var toWeights = matrixProduct(g, .none, v, .transposed)
    toValues.multiply(by: share)
    toWeights.multiply(by: share)
    var toScores = toWeights
    toScores.withUnsafeMutableBuffer { g in
      weights.withUnsafeBuffer { weights in
        for start in stride(from: 0, to: g.count, by: keys) {
          var sum: Float = 0
          for key in 0..<keys { sum += weights[start + key] * g[start + key] }
          for key in 0..<keys { g[start + key] = weights[start + key] * (g[start + key] - sum) }
        }
      }
    }
    var gateGradients: [Float] = []
    if let bias {
      gateGradients = (0..<q.rows).map { row in
        Float(toScores.rows(row..<(row + 1)).dot(bias.rows(row..<(row + 1))))
      }
    }
    var toQueries = matrixProduct(toScores, .none, k, .none)
    var toKeys = matrixProduct(toScores, .transposed, q, .none)
    toQueries.multiply(by: share * scale)
    toKeys.multiply(by: share * scale)
    return HeadGradients(
      q: toQueries, k: toKeys, v: toValues, gates: gateGradients,
      absorbed: conserves ? weights.dot(toWeights) - scores.dot(toScores) : 0)
  }
}

extension PositionBias {
  /// One head's values for every query and key, `[frames × keys]`.
  func values(head: Int, frames: Int, keys: Int) -> Tensor {
    withDistances(head: head, from: 0, rows: frames, keys: keys) { distances in
      Tensor(shape: [frames, keys]) { values in
        for row in 0..<frames {
          for key in 0..<keys { values[row * keys + key] = distances[frames - 1 + key - row] }
        }
      }
    }
  }
}

extension Tensor {
  mutating func multiply(by factor: Float) {
    withUnsafeMutableBuffer { x in for index in x.indices { x[index] *= factor } }
  }

  /// The columns of part `index` of `parts`, copied: `[rows × width / parts]`.
  func columns(_ index: Int, of parts: Int) -> Tensor {
    let size = width / parts
    return withUnsafeBuffer { source in
      Tensor(shape: [rows, size]) { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for row in 0..<rows {
          (to + row * size).update(from: from + row * width + index * size, count: size)
        }
      }
    }
  }

  fileprivate func copy(intoColumns index: Int, of parts: Int, _ target: UnsafeMutableBufferPointer<Float>)
  {
    withUnsafeBuffer { source in
      guard let from = source.baseAddress, let to = target.baseAddress else { return }
      let size = width
      for row in 0..<rows {
        (to + row * size * parts + index * size).update(from: from + row * size, count: size)
      }
    }
  }
}
