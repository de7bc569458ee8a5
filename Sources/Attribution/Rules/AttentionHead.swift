import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What arrives at one head's inputs.
struct HeadGradients: Sendable {
  var q, k, v: Tensor
  var gates: [Float]
  var relative: Tensor
  /// Of the bias at distances `1 − frames … keys − 1`; empty where nobody asks.
  var distances: [Double] = []
  var absorbed: Double
}

extension [HeadGradients] {
  /// The heads' columns of one input, side by side.
  func joined(_ keyPath: KeyPath<HeadGradients, Tensor>, like input: Tensor) -> Tensor {
    Tensor(shape: input.shape) { target in
      target.update(repeating: 0)
      for (head, part) in enumerated() {
        part[keyPath: keyPath].copy(intoColumns: head, of: count, target)
      }
    }
  }

  /// Those of q, k and v.
  func joined(_ inputs: [Tensor]) -> [Tensor] {
    [joined(\.q, like: inputs[0]), joined(\.k, like: inputs[1]), joined(\.v, like: inputs[2])]
  }
}

/// One head's part: `[frames × size]` and `[keys × size]`.
struct AttentionHead {
  let q, k, v: Tensor
  var gates: Tensor?  // [1 × frames]
  var bias: Tensor?  // [frames × keys]
  var relative: RelativeHead?
  /// What keys meet; its queries are the keys.
  var met: RelativeHead?
  var reach = AttentionReach.all
  /// Whether what arrives at the bias is wanted by distance.
  var findsDistances = false

  /// What arrives at the inputs of every head; `complete` adds what one has besides q, k and v.
  static func propagate(
    _ gradient: Tensor, _ inputs: [Tensor], heads: Int, _ validFrames: Int, by rules: PropagationRules,
    _ threads: Int, complete: @Sendable (Int, inout AttentionHead) -> Void
  ) -> [HeadGradients] {
    let (q, k, v) = (inputs[0], inputs[1], inputs[2])
    let results = Slots<HeadGradients>(count: heads)
    parallelFor(heads, threads: threads) { head in
      var part = AttentionHead(
        q: q.columns(head, of: heads), k: k.columns(head, of: heads).rows(0..<validFrames),
        v: v.columns(head, of: heads).rows(0..<validFrames))
      complete(head, &part)
      results[head] = part.propagate(
        gradient.columns(head, of: heads), share: rules.conservesRelevance ? 0.5 : 1,
        conserves: rules.conservesRelevance)
    }
    return results.all()
  }

  private var scale: Float { 1 / Float(q.width).squareRoot() }

  /// `[frames × keys]`, before softmax.
  func scores() -> Tensor {
    var scores = matrixProduct(q, .none, k, .transposed)
    if let relative { scores.add(relative.scores(keys: k.rows)) }
    if let met { scores.add(met.scores(queries: q.rows)) }
    let keys = k.rows
    let gates = gates?.values
    scores.withUnsafeMutableBuffer { scores in
      for index in scores.indices { scores[index] *= scale }
      if reach != .all {
        for row in 0..<(scores.count / keys) {
          let reached = reach.keys(of: row, count: keys)
          for key in 0..<keys where !reached.contains(key) {
            scores[row * keys + key] = AttentionReach.beyond
          }
        }
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
    var distances: [Double] = []
    if findsDistances, let gates = gates?.values {
      let frames = q.rows
      distances = [Double](repeating: 0, count: frames + keys - 1)
      toScores.withUnsafeBuffer { g in
        for row in 0..<frames {
          for key in 0..<keys {
            distances[frames - 1 + key - row] += Double(gates[row]) * Double(g[row * keys + key])
          }
        }
      }
    }
    var toQueries = matrixProduct(toScores, .none, k, .none)
    var toKeys = matrixProduct(toScores, .transposed, q, .none)
    toQueries.multiply(by: share * scale)
    toKeys.multiply(by: share * scale)
    if var toMet = met?.propagateToKeys(toScores) {
      toMet.multiply(by: scale)
      toKeys.add(toMet)
    }
    var toRelative = relative?.propagate(toScores) ?? Tensor(shape: [0])
    toRelative.multiply(by: scale)
    return HeadGradients(
      q: toQueries, k: toKeys, v: toValues, gates: gateGradients, relative: toRelative,
      distances: distances,
      absorbed: conserves ? weights.dot(toWeights) - scores.dot(toScores) : 0)
  }
}

extension Tensor {
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
