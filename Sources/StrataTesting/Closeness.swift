import Tensors

/// How far a tensor is from its reference, and where it is furthest: what a test of numbers compares and prints.
///
/// ```swift
/// #expect(Closeness(of: states, to: reference).isWithin(.relative(1e-5)))
/// // 0.0021 at [3, 17]: 0.5021 where 0.5 is expected; relative to the largest value 4.2e-3
/// ```
public struct Closeness: Sendable, Equatable, CustomStringConvertible {
  /// The largest absolute difference; infinite where the shapes differ, or where only one of two values is not a number.
  public let largest: Float
  /// The largest absolute value of the reference.
  public let scale: Float
  /// Where the difference is largest, an index for each dimension; empty where shapes differ or there are no values.
  public let place: [Int]
  public let description: String

  /// Compares value by value. Two infinities of one sign are the same, and so are two that are not numbers.
  public init(of found: Tensor, to expected: Tensor) {
    guard found.shape == expected.shape else {
      (largest, scale, place) = (.infinity, 0, [])
      description = "a shape of \(found.shape) where \(expected.shape) is expected"
      return
    }
    let (values, references) = (found.values, expected.values)
    func difference(_ index: Int) -> Float {
      let (a, b) = (values[index], references[index])
      if a == b || (a.isNaN && b.isNaN) { return 0 }
      let difference = abs(a - b)
      return difference.isFinite ? difference : .infinity
    }
    let worst = values.indices.max { difference($0) < difference($1) }
    largest = worst.map(difference) ?? 0
    scale = references.reduce(0) { max($0, $1.isFinite ? abs($1) : 0) }
    guard let worst else {
      (place, description) = ([], "no values")
      return
    }
    var (rest, indices) = (worst, [Int]())
    for size in expected.shape.reversed() {
      indices.insert(rest % size, at: 0)
      rest /= size
    }
    place = indices
    description =
      "\(largest) at \(indices): \(values[worst]) where \(references[worst]) is expected; "
      + "relative to the largest value \(largest == 0 ? 0 : largest / max(scale, .leastNormalMagnitude))"
  }

  /// The largest difference over the largest absolute value of the reference.
  public var relative: Float { largest == 0 ? 0 : largest / max(scale, .leastNormalMagnitude) }

  /// Whether no value is further off than the tolerance.
  public func isWithin(_ tolerance: Tolerance) -> Bool {
    switch tolerance {
    case .absolute(let limit): largest <= limit
    case .relative(let limit): relative <= limit
    }
  }
}

/// How far values may be from their references.
public enum Tolerance: Sendable, Equatable {
  /// In the unit of the values.
  case absolute(Float)
  /// A share of the reference's largest absolute value.
  case relative(Float)

  /// 1e-4 of the largest value: what the same network in 32-bit floats differs by between libraries.
  public static let otherLibrary = Tolerance.relative(1e-4)
  /// 1e-5 of the largest value: what the same sums differ by between processors and BLAS kernels.
  public static let otherKernel = Tolerance.relative(1e-5)
}
