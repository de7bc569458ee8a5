import Tensors

extension TensorEntry {
  /// How many values a view may have beyond those that its storage holds: `expand` repeats a value at no cost
  /// in the file, and would at any cost in memory.
  static let repetitionLimit = 1 << 24

  /// A view, checked to lie inside its storage and to be of a size that can be right.
  ///
  /// `offset` and `strides` are in elements, `available` is the storage's size in elements.
  static func view(
    name: String, type: ElementType, shape: [Int], strides: [Int], offset: Int, storage: Storage,
    available: Int, path: String
  ) throws -> TensorEntry {
    func malformed(_ found: String, expected: String) -> CheckpointError {
      .malformed(path: path, place: "tensor \(shown(name))", found: found, expected: expected)
    }
    guard shape.count == strides.count, strides.allSatisfy({ $0 >= 0 }) else {
      throw malformed(
        "shape \(shape) with strides \(strides)", expected: "as many of each, none of them negative")
    }
    guard let count = elementCount(of: shape) else {
      throw malformed("shape \(shape)", expected: "extents of 0 or more, and a size that fits into 64 bits")
    }
    var last = offset
    for (extent, stride) in zip(shape, strides) where count > 0 {
      let (step, stepOverflow) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (end, endOverflow) = last.addingReportingOverflow(step)
      guard !stepOverflow, !endOverflow else {
        throw malformed("shape \(shape) with strides \(strides)", expected: "a size that fits into 64 bits")
      }
      last = end
    }
    guard offset >= 0, offset <= available, count == 0 || last < available else {
      throw malformed(
        "a view of shape \(shape), strides \(strides) at \(offset), whose last value would be number \(last)",
        expected: "one inside its storage of \(available) values")
    }
    guard count - available <= repetitionLimit else {
      throw CheckpointError.limit(
        path: path, place: "tensor \(shown(name)), values out of a storage of \(available)", found: count,
        limit: available + repetitionLimit)
    }
    return TensorEntry(
      name: name, shape: shape, type: type, strides: strides, offset: offset * type.size, storage: storage)
  }

  /// The values as float32 in row-major order, borrowed from the mapped file where they lie there as such.
  func floats() throws -> Tensor {
    guard type.isReadable else { throw unreadable(as: "float32") }
    if type == .float32, isContiguous, let tensor = borrowed() { return tensor }
    return try withRowMajorBytes { bytes in
      Tensor(shape: shape) { type.convert(bytes, to: $0) }
    }
  }

  /// The values as doubles in row-major order.
  func doubles() throws -> [Double] {
    guard type.isReadable else { throw unreadable(as: "float64") }
    return try withRowMajorBytes { bytes in
      (0..<count).map { type.double(bytes, at: $0 * type.size) }
    }
  }

  /// The values as whole numbers in row-major order.
  func integers() throws -> [Int] {
    guard type.isInteger else { throw unreadable(as: "whole numbers") }
    return try withRowMajorBytes { bytes in
      try (0..<count).map { index in
        guard let value = type.integer(bytes, at: index * type.size) else {
          throw unreadable(as: "64-bit whole numbers")
        }
        return value
      }
    }
  }

  private func unreadable(as wanted: String) -> CheckpointError {
    .unreadableType(path: path, name: shown(name), type: type, wanted: wanted)
  }

  private func borrowed() -> Tensor? {
    guard case .mapped(let file, let range) = storage.source, count > 0, let base = file.bytes.baseAddress
    else { return nil }
    let address = base + range.lowerBound + offset
    guard UInt(bitPattern: address) % UInt(MemoryLayout<Float>.alignment) == 0 else { return nil }
    return Tensor(borrowing: address.assumingMemoryBound(to: Float.self), shape: shape, owner: file)
  }

  /// The stored bytes in row-major order, gathered where the view has strides of its own.
  private func withRowMajorBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    let size = count * type.size
    return try storage.withBytes { bytes in
      // Compressed entries are only now known byte by byte; their size was promised by the directory.
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      if isContiguous { return try body(UnsafeRawBufferPointer(rebasing: rest[..<size])) }
      return try withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { gathered in
        switch type.size {
        case 1: gather(rest, into: gathered, of: UInt8.self)
        case 2: gather(rest, into: gathered, of: UInt16.self)
        case 4: gather(rest, into: gathered, of: UInt32.self)
        default: gather(rest, into: gathered, of: UInt64.self)
        }
        return try body(UnsafeRawBufferPointer(gathered))
      }
    }
  }

  /// Walks the view in row-major order, the last axis innermost.
  private func gather<Stored: FixedWidthInteger>(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, of type: Stored.Type
  ) {
    let size = MemoryLayout<Stored>.size
    guard count > 0, let width = shape.last, let step = strides.last else { return }
    var index = [Int](repeating: 0, count: shape.count)
    var start = 0
    var written = 0
    while true {
      for column in 0..<width {
        let value = source.loadUnaligned(fromByteOffset: (start + column * step) * size, as: Stored.self)
        target.storeBytes(of: value, toByteOffset: written, as: Stored.self)
        written += size
      }
      var axis = shape.count - 2
      while axis >= 0 {
        index[axis] += 1
        start += strides[axis]
        if index[axis] < shape[axis] { break }
        start -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}
