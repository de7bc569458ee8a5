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

/// The frames of one phone, in double precision and each of unit length.
///
/// A frame of zeros has no direction: it is at distance 1 from every other and at 0 from another of zeros, as the
/// evaluators of ZeroSpeech have it. Two pairs of equal frames have equal distances to the last digit, so that phones
/// of discrete units tie exactly.
public struct ABXFrames: Sendable {
  private let frames: UnitFrames
  private let mean: UnitFrames

  /// Frames of zeros among its own.
  public var zeroFrames: Int { frames.isZero.count { $0 } }

  /// `frames` `[n × width]`, n ≥ 1: those whose centres lie in the phone's interval, the last one too.
  public init(_ frames: Tensor) {
    precondition(frames.rows > 0, "a phone without frames")
    let values = frames.values.map { Double($0) }
    var sum = [Double](repeating: 0, count: frames.width)
    for i in 0..<frames.rows { for k in 0..<frames.width { sum[k] += values[i * frames.width + k] } }
    self.frames = UnitFrames(values, width: frames.width)
    mean = UnitFrames(sum, width: frames.width)
  }

  /// From 0 (same direction) to 1 (opposite): the angle by π, along the best alignment or of the means.
  public func distance(to other: ABXFrames, _ comparison: ABXComparison) -> Double {
    switch comparison {
    case .pooled: mean.angle(0, other.mean, 0)
    case .dtw: aligned(to: other)
    }
  }

  /// The cost of the cheapest monotone alignment from the first pair of frames to the last, divided by its length;
  /// of alignments as cheap, the one with more diagonal steps.
  private func aligned(to other: ABXFrames) -> Double {
    let (rows, columns) = (frames.count, other.frames.count)
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
        (costs[place], lengths[place]) = (best + frames.angle(i, other.frames, j), length + 1)
      }
    }
    return costs[rows * columns - 1] / Double(lengths[rows * columns - 1])
  }
}

/// Rows of unit length, or of zeros.
private struct UnitFrames: Sendable {
  let width: Int
  let isZero: [Bool]
  private let values: [Double]

  var count: Int { isZero.count }

  init(_ values: [Double], width: Int) {
    var (values, isZero) = (values, [Bool]())
    for start in stride(from: 0, to: values.count, by: max(1, width)) {
      let square = values[start..<(start + width)].reduce(0) { $0 + $1 * $1 }
      isZero.append(square == 0)
      guard square > 0 else { continue }
      for k in start..<(start + width) { values[k] /= square.squareRoot() }
    }
    (self.values, self.isZero, self.width) = (values, isZero, width)
  }

  /// The angle of two rows by π. Four sums, always in the same order, so that it hangs on the two rows alone.
  func angle(_ row: Int, _ other: UnitFrames, _ otherRow: Int) -> Double {
    guard !isZero[row], !other.isZero[otherRow] else {
      return isZero[row] == other.isZero[otherRow] ? 0 : 1
    }
    return values.withUnsafeBufferPointer { a in
      other.values.withUnsafeBufferPointer { b in
        let (i, j) = (row * width, otherRow * width)
        var sums = SIMD4<Double>.zero
        for k in stride(from: 0, to: width & ~3, by: 4) {
          let own = SIMD4(a[i + k], a[i + k + 1], a[i + k + 2], a[i + k + 3])
          let others = SIMD4(b[j + k], b[j + k + 1], b[j + k + 2], b[j + k + 3])
          sums += own * others
        }
        for k in (width & ~3)..<width { sums[k & 3] += a[i + k] * b[j + k] }
        // The cosine of equal rows misses 1 by rounding, and their angle would be 1e-8.
        let cosine = sums.sum()
        return cosine > 1 - 1e-14 ? 0 : acos(max(-1, cosine)) / .pi
      }
    }
  }
}
