import CKernels

/// Symmetric positive definite matrices of one size, sixteen side by side, so that they are inverted and multiplied together:
/// for many small ones several times as fast as one after another. Single precision.
///
/// ```swift
/// var blocks = SymmetricLanes(count: 40, size: 65)
/// blocks.set(0, to: upperTriangle)
/// guard blocks.invert() else { … }
/// ```
public struct SymmetricLanes: Sendable {
  /// How many matrices are worked on at once.
  public static let lanes = 16
  /// How many matrices there are.
  public let count: Int
  /// Rows, and columns, of each matrix.
  public let size: Int
  /// `[groups of sixteen × size × size × 16]`; the upper triangles are used.
  private var values: [Float]

  /// `count` identity matrices `[size × size]`.
  public init(count: Int, size: Int) {
    (self.count, self.size) = (count, size)
    values = Array(repeating: 0, count: Self.groups(count) * size * size * Self.lanes)
    for group in 0..<Self.groups(count) {
      for i in 0..<size {
        let place = ((group * size + i) * size + i) * Self.lanes
        for lane in 0..<Self.lanes { values[place + lane] = 1 }
      }
    }
  }

  private static func groups(_ count: Int) -> Int { (count + lanes - 1) / lanes }

  /// Values of vectors laid out as `multiply` wants them.
  public var vectorCount: Int { Self.groups(count) * size * Self.lanes }

  /// Where value `i` of the vector for matrix `index` lies.
  public func place(_ index: Int, _ i: Int) -> Int {
    (index / Self.lanes * size + i) * Self.lanes + index % Self.lanes
  }

  /// Matrix `index` becomes `[size × size]`, of which only the upper triangle is read.
  public mutating func set(_ index: Int, to matrix: UnsafeMutableBufferPointer<Float>) {
    precondition(
      index < count && matrix.count == size * size, "matrix \(index) of \(count), \(size) × \(size)")
    let (size, lane) = (size, index % Self.lanes)
    let first = index / Self.lanes * size
    values.withUnsafeMutableBufferPointer { values in
      for i in 0..<size {
        for j in i..<size { values[((first + i) * size + j) * Self.lanes + lane] = matrix[i * size + j] }
      }
    }
  }

  /// Each becomes its inverse; false where one is not positive definite, and the values are then spoilt.
  public mutating func invert() -> Bool {
    let (size, step) = (size, size * size * Self.lanes)
    return values.withUnsafeMutableBufferPointer { values in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, size * Self.lanes)) { scratch in
        guard let base = values.baseAddress, let scratch = scratch.baseAddress else { return true }
        return stride(from: 0, to: values.count, by: max(1, step)).allSatisfy {
          strata_invert_symmetric_lanes(base + $0, size, scratch) == 1
        }
      }
    }
  }

  /// Each matrix times its own vector: `x` and `y` hold `vectorCount` values, laid out by `place`.
  public func multiply(_ x: UnsafeBufferPointer<Float>, into y: UnsafeMutableBufferPointer<Float>) {
    precondition(
      x.count == vectorCount && y.count == vectorCount, "\(x.count) and \(y.count) of \(vectorCount)")
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress, let x = x.baseAddress, let y = y.baseAddress else { return }
      for group in 0..<Self.groups(count) {
        strata_multiply_symmetric_lanes(
          base + group * size * size * Self.lanes, x + group * size * Self.lanes,
          y + group * size * Self.lanes, size)
      }
    }
  }
}
