import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How two phones' frames are compared.
public enum ABXComparison: String, Sendable, CaseIterable, Codable {
  /// The mean angular distance along the best alignment of their frames (dynamic time warping).
  case dtw
  /// The angular distance of the means of their frames.
  case pooled
}

/// The frames of one phone, each of unit length; a frame of zeros stays one.
public struct ABXFrames: Sendable {
  let frames: Tensor
  let mean: Tensor

  /// `frames` `[n × width]`, n ≥ 1: those whose centres lie in the phone's interval, the last one too.
  public init(_ frames: Tensor) {
    precondition(frames.rows > 0, "a phone without frames")
    self.frames = ABXFrames.normalised(frames)
    mean = ABXFrames.normalised(
      Tensor(shape: [1, frames.width]) { out in
        out.update(repeating: 0)
        frames.withUnsafeBuffer { values in
          for i in 0..<frames.rows {
            for k in 0..<frames.width { out[k] += values[i * frames.width + k] }
          }
        }
      })
  }

  private static func normalised(_ frames: Tensor) -> Tensor {
    let width = frames.width
    return frames.withUnsafeBuffer { values in
      Tensor(shape: [frames.rows, width]) { out in
        for i in 0..<frames.rows {
          var square = 0.0
          for k in 0..<width { square += Double(values[i * width + k]) * Double(values[i * width + k]) }
          let scale = square > 0 ? Float(1 / square.squareRoot()) : 0
          for k in 0..<width { out[i * width + k] = values[i * width + k] * scale }
        }
      }
    }
  }

  /// From 0 (same direction) to 1 (opposite): the angle by π, along the best alignment or of the means.
  public func distance(to other: ABXFrames, _ comparison: ABXComparison) -> Double {
    switch comparison {
    case .pooled:
      ABXFrames.angle(matrixProduct(mean, .none, other.mean, .transposed).values[0])
    case .dtw: aligned(to: other)
    }
  }

  private static func angle(_ cosine: Float) -> Double { acos(Double(max(-1, min(1, cosine)))) / .pi }

  /// The cost of the cheapest monotone alignment from the first pair of frames to the last, divided by its length;
  /// of alignments as cheap, the one with more diagonal steps.
  private func aligned(to other: ABXFrames) -> Double {
    let (rows, columns) = (frames.rows, other.frames.rows)
    let angles = matrixProduct(frames, .none, other.frames, .transposed).values.map(ABXFrames.angle)
    var costs = [Double](repeating: 0, count: rows * columns)
    var lengths = [Int](repeating: 0, count: rows * columns)
    for i in 0..<rows {
      for j in 0..<columns {
        let place = i * columns + j
        var best = i == 0 && j == 0 ? 0 : Double.infinity
        var length = 0
        func consider(_ from: Int) {
          guard costs[from] < best else { return }
          (best, length) = (costs[from], lengths[from])
        }
        if i > 0, j > 0 { consider(place - columns - 1) }
        if i > 0 { consider(place - columns) }
        if j > 0 { consider(place - 1) }
        (costs[place], lengths[place]) = (best + angles[place], length + 1)
      }
    }
    return costs[rows * columns - 1] / Double(lengths[rows * columns - 1])
  }
}

extension ABXTask {
  /// The share of triplets in which X is nearer to B than to A, ties by half: 0 where phones lie apart, 0.5 where
  /// frames say nothing.
  ///
  /// The mean over triplets of each cell, over contexts, over speakers, and over pairs of phones, in this order. NaN
  /// without a cell. `frames` are the items', nil for one that no cell compares.
  public func error(
    _ frames: [ABXFrames?], _ comparison: ABXComparison, threads: Int = 1
  ) throws -> Double {
    let scores = try parallelMap(cells.count, threads: threads) { score(cells[$0], frames, comparison) }
    func means(_ values: [([Int], Double)], keeping count: Int) -> [([Int], Double)] {
      var sums: [[Int]: (sum: Double, count: Int)] = [:]
      for (key, value) in values {
        let own = sums[Array(key.prefix(count)), default: (0, 0)]
        sums[Array(key.prefix(count))] = (own.sum + value, own.count + 1)
      }
      return sums.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
        ($0.key, $0.value.sum / Double($0.value.count))
      }
    }
    let byCell = zip(cells, scores).map { ($0.phones + $0.speakers, $1) }
    let bySpeakers = means(byCell, keeping: 4)
    let byPhones = means(bySpeakers, keeping: 2)
    return 1 - byPhones.reduce(0) { $0 + $1.1 } / Double(byPhones.count)
  }

  private func score(_ cell: Cell, _ frames: [ABXFrames?], _ comparison: ABXComparison) -> Double {
    var (total, count) = (0.0, 0)
    for x in cell.x {
      guard let own = frames[x] else { continue }
      func distances(_ places: [Int]) -> [Double] {
        places.compactMap { frames[$0]?.distance(to: own, comparison) }
      }
      let fromB = distances(cell.b)
      for fromA in distances(cell.isSymmetric ? cell.a.filter { $0 != x } : cell.a) {
        for other in fromB {
          total += fromA < other ? 1 : fromA == other ? 0.5 : 0
          count += 1
        }
      }
    }
    return total / Double(max(1, count))
  }
}
