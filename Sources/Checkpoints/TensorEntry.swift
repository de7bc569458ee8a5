/// Where one tensor of a checkpoint lies and how to read it; its values stay in the file until asked for.
public struct TensorEntry: Sendable {
  /// The name in the file, prefixes kept.
  public let name: String
  /// The sizes of the dimensions, the slowest first.
  public let shape: [Int]
  /// The type of the stored values; reading gives 32-bit floats.
  public let type: ElementType
  /// Elements between neighbours along each axis; 0 where an axis repeats one value.
  public let strides: [Int]
  /// The first element's place in `storage`, in bytes.
  let offset: Int
  let storage: Storage

  /// The number of values.
  public var count: Int { shape.reduce(1, *) }

  /// Whether the values lie in row-major order without gaps.
  public var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= extent
    }
    return true
  }

  /// The file that holds the values.
  public var path: String { storage.path }

  /// Where in that file, in words: a byte offset or an archive's entry.
  public var place: String { storage.place(of: offset) }

  /// Whether two tensors are views of the same stored values, as tied weights are.
  public func sharesStorage(with other: TensorEntry) -> Bool { storage === other.storage }

  func renamed(_ name: String) -> TensorEntry {
    TensorEntry(name: name, shape: shape, type: type, strides: strides, offset: offset, storage: storage)
  }

  /// The product of the extents, or nil where one is negative or the product is too large.
  ///
  /// Extents beside a zero count too: `[0, 2^62, 2^62]` has no values, but its strides would overflow.
  static func elementCount(of shape: [Int]) -> Int? {
    var product = 1
    for extent in shape where extent != 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      // No value is larger than 16 bytes, so that sizes in bytes fit too.
      guard extent > 0, !overflow, next <= Int.max / 16 else { return nil }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  /// A row-major tensor's strides.
  static func contiguousStrides(of shape: [Int]) -> [Int] {
    var strides = shape
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step *= max(1, shape[axis])
    }
    return strides
  }
}
