import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What attention adds to a score for the distance between key and query (WavLM, Chen 2022; the buckets are T5's):
/// one value per head and distance, shared by all blocks.
package struct PositionBias: Sendable {
  /// `[heads × (2·frames − 1)]`, for distances `1 − frames … frames − 1`.
  let table: Tensor
  /// What the table is made of, `[buckets × heads]`.
  package let embedding: Tensor
  private let frames: Int
  private let maximumDistance: Int

  /// `embedding` is `[buckets × heads]`.
  init(embedding: Tensor, frames: Int, maximumDistance: Int) {
    self.frames = frames
    self.embedding = embedding
    self.maximumDistance = maximumDistance
    let (buckets, heads) = (embedding.rows, embedding.width)
    table = embedding.withUnsafeBuffer { embedding in
      Tensor(shape: [heads, 2 * frames - 1]) { table in
        for distance in (1 - frames)..<frames {
          let bucket = Self.bucket(of: distance, buckets: buckets, maximumDistance: maximumDistance)
          for head in 0..<heads {
            table[head * (2 * frames - 1) + distance + frames - 1] = embedding[bucket * heads + head]
          }
        }
      }
    }
  }

  /// Half of the buckets are for keys after the query; of each half, one half is for single distances, the other
  /// grows with the logarithm up to `maximumDistance`.
  static func bucket(of distance: Int, buckets: Int, maximumDistance: Int) -> Int {
    let half = buckets / 2
    let exact = half / 2
    let size = abs(distance)
    let start = distance > 0 ? half : 0
    guard size >= exact else { return start + size }
    // In float32, as the published models were trained: a boundary may fall on either side of a bucket.
    let ratio = log(Float(size) / Float(exact)) / Float(log(Double(maximumDistance) / Double(exact)))
    return start + min(half - 1, Int(Float(exact) + ratio * Float(half - exact)))
  }

  /// The row of `embedding` that keys at a distance from their query share.
  package func bucket(of distance: Int) -> Int {
    Self.bucket(of: distance, buckets: embedding.rows, maximumDistance: maximumDistance)
  }

  /// The values of distances `1 − (first + rows) … keys − 1 − first`, for `rows` queries from `first` on.
  package func withDistances<R>(
    head: Int, from first: Int, rows: Int, keys: Int, _ body: (UnsafeBufferPointer<Float>) -> R
  ) -> R {
    table.withUnsafeBuffer { table in
      let start = head * (2 * frames - 1) + frames - first - rows
      return body(UnsafeBufferPointer(rebasing: table[start..<(start + rows + keys - 1)]))
    }
  }
}

/// How much of the position bias a query lets in: `2 + a·(b·c − 1)`, a and b from its own values.
struct PositionGate: Sendable {
  var projection: Linear  // [head size → 8]: four values that are summed for a, four for b
  var constant: Tensor  // [heads]

  /// `[heads × frames]`
  func callAsFunction(_ x: Tensor, heads: Int, _ run: Evaluation) -> Tensor {
    let frames = x.rows
    // A head's part of a frame is a row: [frames · heads × head size].
    let projected = run.linear(x.reshaped([frames * heads, x.width / heads]), projection)
    let gates = Self.gates(of: projected, constant: constant, frames: frames, run)
    run.note(PositionGateOperation(constant: constant, frames: frames), [projected], gates)
    return gates
  }

  /// From `[frames · heads × 8]` to `[heads × frames]`.
  static func gates(of projected: Tensor, constant: Tensor, frames: Int, _ run: Evaluation) -> Tensor {
    let heads = constant.count
    return constant.withUnsafeBuffer { constant in
      projected.withUnsafeBuffer { projected in
        Tensor(shape: [heads, frames], from: run.pool) { gates in
          for frame in 0..<frames {
            for head in 0..<heads {
              let values = projected[((frame * heads + head) * 8)...].prefix(8)
              let a = sigmoid(values.prefix(4).reduce(0, +))
              let b = sigmoid(values.suffix(4).reduce(0, +))
              gates[head * frames + frame] = a * (b * constant[head] - 1) + 2
            }
          }
        }
      }
    }
  }

  private static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
}
