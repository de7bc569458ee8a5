import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How positions turn pairs of a head's values (RoPE, Su 2021): pair p of position t by the angle `t · base^(−p / pairs)`.
struct RotaryPositions: Sendable, Hashable {
  /// Values of a head.
  var headSize: Int
  /// The first so many of them are turned, an even number; all where nothing is said.
  var turned: Int?
  var base = 10_000.0
  /// Whether the values of a pair stand beside each other, or half of the turned values apart.
  var isInterleaved = false
  /// The angle for one step of each pair where a model has others than the powers of its base.
  var rates: [Double]?

  /// Turns `share` of a head's values; nil where that leaves none. An odd number is turned with one more, at the rates of
  /// the odd number.
  init?(headSize: Int, share: Double, base: Double, isInterleaved: Bool = false) {
    let told = Int(Double(headSize) * share)
    let turned = (told + 1) / 2 * 2
    guard turned > 0, turned <= headSize else { return nil }
    self.init(headSize: headSize, turned: turned, base: base, isInterleaved: isInterleaved)
    if told != turned { rates = (0..<turned / 2).map { pow(base, -2 * Double($0) / Double(told)) } }
  }

  init(
    headSize: Int, turned: Int? = nil, base: Double = 10_000, isInterleaved: Bool = false
  ) {
    (self.headSize, self.turned, self.base, self.isInterleaved) = (headSize, turned, base, isInterleaved)
  }

  /// Cosines and sines for positions `0 ..< frames`.
  func rotation(frames: Int, _ run: Evaluation) -> Rotation {
    let half = (turned ?? headSize) / 2
    let rates = rates ?? (0..<half).map { pow(base, -Double($0) / Double(half)) }
    let signal = Tensor(shape: [frames, 2 * half], from: run.pool) { table in
      for frame in 0..<frames {
        for (column, rate) in rates.enumerated() {
          table[frame * 2 * half + column] = Float(cos(Double(frame) * rate))
          table[frame * 2 * half + half + column] = Float(sin(Double(frame) * rate))
        }
      }
    }
    run.recorder?.declare(signal, as: .constant)
    return Rotation(signal: signal, headSize: headSize, isInterleaved: isInterleaved)
  }
}

/// Pairs of each head's first values turned by angles that grow with time.
package struct Rotation: Sendable {
  /// Cosines, then sines, of each frame's angles: `[frames × turned values of a head]`.
  package let signal: Tensor
  /// Values of a head; those beyond the turned ones stay.
  package let headSize: Int
  /// See `RotaryPositions`.
  package let isInterleaved: Bool

  package init(signal: Tensor, headSize: Int? = nil, isInterleaved: Bool = false) {
    self.signal = signal
    self.headSize = headSize ?? signal.width
    self.isInterleaved = isInterleaved
  }

  /// Where in a head the values of `pair` are.
  fileprivate func places(of pair: Int) -> (first: Int, second: Int) {
    isInterleaved ? (2 * pair, 2 * pair + 1) : (pair, pair + signal.width / 2)
  }

  /// The rotation by the opposite angles.
  package var back: Rotation {
    let (size, values) = (signal.width, signal.values)
    return Rotation(
      signal: Tensor(
        values.indices.map { $0 % size < size / 2 ? values[$0] : -values[$0] }, shape: signal.shape),
      headSize: headSize, isInterleaved: isInterleaved)
  }
}

extension Evaluation {
  /// `[frames × heads · head size]` to the same.
  func rotated(_ x: Tensor, by rotation: Rotation) -> Tensor {
    let (signal, size, width) = (rotation.signal, rotation.headSize, x.width)
    let turned = signal.width
    precondition(
      signal.rows == x.rows && width % size == 0 && turned <= size, "\(x.shape) turned by \(signal.shape)")
    let result = Tensor(shape: x.shape, from: pool) { y in
      x.withUnsafeBuffer { x in
        signal.withUnsafeBuffer { signal in
          if turned < size { _ = y.update(from: x) }
          for frame in 0..<signal.count / turned {
            for head in stride(from: frame * width, to: (frame + 1) * width, by: size) {
              for pair in 0..<turned / 2 {
                let places = rotation.places(of: pair)
                let (first, second) = (x[head + places.first], x[head + places.second])
                let (cosine, sine) = (
                  signal[frame * turned + pair], signal[frame * turned + turned / 2 + pair]
                )
                y[head + places.first] = first * cosine - second * sine
                y[head + places.second] = second * cosine + first * sine
              }
            }
          }
        }
      }
    }
    note(RotationOperation(rotation: rotation), [x], result)
    return result
  }
}

/// A rotation of pairs by angles that grow with time.
package struct RotationOperation: LayerOperation {
  package let rotation: Rotation
  package var name: String { "rotation" }

  /// The rotation by the opposite angles.
  package var back: RotationOperation { RotationOperation(rotation: rotation.back) }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.rotated(inputs[0], by: rotation)
  }
}
