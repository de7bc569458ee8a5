/// A dense, row-major array of 32-bit floats: activations, weights, features.
///
/// ```swift
/// let states = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])  // [frames × dim]
/// states[row: 1][0]                                      // 4
/// ```
/// A tensor is a value: copies share memory until one of them is written to. It may borrow mapped memory,
/// which is copied on the first write.
public struct Tensor: Sendable {
  /// The sizes of the dimensions, the slowest first: `[frames, width]`.
  public private(set) var shape: [Int]
  private var storage: TensorStorage
  private var offset: Int

  /// The number of values.
  public let count: Int

  /// Zeros, or `value` everywhere.
  public init(repeating value: Float = 0, shape: [Int]) {
    self.init(shape: shape) { $0.update(repeating: value) }
  }

  /// A copy of `values`, whose count must be the product of `shape`.
  public init(_ values: [Float], shape: [Int]) {
    self.init(shape: shape) { buffer in
      precondition(
        values.count == buffer.count, "\(values.count) values do not fill a tensor of shape \(shape)")
      _ = buffer.update(from: values)
    }
  }

  /// Memory that `fill` writes every value of; it starts uninitialised. With a `pool` it is taken from there and
  /// goes back with the last copy of the tensor.
  public init(
    shape: [Int], from pool: MemoryPool? = nil,
    fill: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    let count = Tensor.elementCount(of: shape)
    let storage = TensorStorage(count: count, from: pool)
    try fill(UnsafeMutableBufferPointer(start: storage.base, count: count))
    self.init(storage: storage, offset: 0, count: count, shape: shape)
  }

  /// A view of memory that `owner` keeps alive, without a copy; the memory must not change meanwhile.
  public init(borrowing pointer: UnsafePointer<Float>, shape: [Int], owner: AnyObject) {
    let count = Tensor.elementCount(of: shape)
    self.init(
      storage: TensorStorage(borrowing: pointer, count: count, owner: owner), offset: 0, count: count,
      shape: shape)
  }

  private init(storage: TensorStorage, offset: Int, count: Int, shape: [Int]) {
    self.storage = storage
    self.offset = offset
    self.count = count
    self.shape = shape
  }

  /// The product of the extents; 1 for a scalar's empty shape.
  public static func elementCount(of shape: [Int]) -> Int {
    shape.reduce(1) { product, extent in
      precondition(extent >= 0, "negative extent in shape \(shape)")
      return product * extent
    }
  }
}

extension Tensor {
  /// Lets the system take back the pages of a mapped file that its values lie in, until the next look at them.
  package func releasePages() {
    withUnsafeBuffer { values in
      guard let address = values.baseAddress else { return }
      (storage.owner as? any PageLender)?.releasePages(
        at: UnsafeRawPointer(address), bytes: values.count * MemoryLayout<Float>.stride)
    }
  }
}

// MARK: - Rows and shapes

extension Tensor {
  /// The extent of the first axis.
  public var rows: Int { shape.first ?? 1 }

  /// The number of values in one step of the first axis.
  public var width: Int { rows == 0 ? shape.dropFirst().reduce(1, *) : count / rows }

  /// The same values under another shape of the same count.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(
      Tensor.elementCount(of: shape) == count, "shape \(self.shape) cannot become \(shape)")
    return Tensor(storage: storage, offset: offset, count: count, shape: shape)
  }

  /// Rows `range` of the first axis, sharing this tensor's memory.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of a tensor with \(rows) rows")
    return Tensor(
      storage: storage, offset: offset + range.lowerBound * width, count: range.count * width,
      shape: [range.count] + shape.dropFirst())
  }

  /// Rows `indices` of the first axis, copied, in that order.
  public func selectingRows(_ indices: [Int]) -> Tensor {
    let (rows, width) = (self.rows, self.width)
    return withUnsafeBuffer { source in
      Tensor(shape: [indices.count] + shape.dropFirst()) { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for (row, index) in indices.enumerated() {
          precondition(index >= 0 && index < rows, "row \(index) of a tensor with \(rows) rows")
          (to + row * width).update(from: from + index * width, count: width)
        }
      }
    }
  }

  /// One row's values, copied.
  public subscript(row index: Int) -> [Float] {
    precondition(index >= 0 && index < rows, "row \(index) of a tensor with \(rows) rows")
    return withUnsafeBuffer { Array($0[(index * width)..<((index + 1) * width)]) }
  }

  /// All values in row-major order, copied.
  public var values: [Float] { withUnsafeBuffer(Array.init) }

  /// `[n × m]` to `[m × n]`.
  public func transposed() -> Tensor {
    precondition(shape.count == 2, "only a matrix can be transposed, not shape \(shape)")
    let (n, m) = (shape[0], shape[1])
    return withUnsafeBuffer { source in
      Tensor(shape: [m, n]) { target in
        for i in 0..<n {
          for j in 0..<m { target[j * n + i] = source[i * m + j] }
        }
      }
    }
  }

  /// The first index at which a value is NaN or infinite, or nil where all are finite.
  public func firstNonFinite() -> Int? {
    withUnsafeBuffer { values in
      Elementwise.allFinite(values) ? nil : values.firstIndex { !$0.isFinite }
    }
  }
}

// MARK: - Memory

/// Which memory a tensor's values are in: what tells it from others of the same values, for as long as it lives.
package struct TensorMemory {
  /// nil once the last tensor there is gone.
  package private(set) weak var storage: AnyObject?
  package let range: Range<Int>

  fileprivate init(_ storage: AnyObject, _ range: Range<Int>) {
    self.storage = storage
    self.range = range
  }
}

extension Tensor {
  package var memory: TensorMemory { TensorMemory(storage, offset..<(offset + count)) }
}

extension Tensor {
  /// Reads the values in place. The pointer is valid only inside `body`.
  public func withUnsafeBuffer<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    try withExtendedLifetime(storage) {
      try body(UnsafeBufferPointer(start: storage.base + offset, count: count))
    }
  }

  /// Writes the values in place, after a copy where the memory is shared or borrowed.
  public mutating func withUnsafeMutableBuffer<R>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
  ) rethrows -> R {
    if storage.owner != nil || !isKnownUniquelyReferenced(&storage) {
      self = withUnsafeBuffer { source in
        Tensor(shape: shape, from: storage.pool) { _ = $0.update(from: source) }
      }
    }
    return try body(UnsafeMutableBufferPointer(start: storage.base + offset, count: count))
  }
}

extension Tensor: Equatable {
  /// Same shape and bitwise-equal values (so a NaN equals itself only by bits).
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.shape == b.shape else { return false }
    return a.withUnsafeBuffer { x in
      b.withUnsafeBuffer { y in zip(x, y).allSatisfy { $0.bitPattern == $1.bitPattern } }
    }
  }
}
