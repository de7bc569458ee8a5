import Tensors

extension TensorEntry {
  /// The values as float32, borrowed from the mapped file where they lie there as such.
  func read() throws -> Tensor {
    if type == .float32, isContiguous, let tensor = borrowed() { return tensor }
    return try storage.withBytes { bytes in
      let source = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      return try Tensor(shape: shape) { target in
        try convert(source, to: target)
      }
    }
  }

  private func borrowed() -> Tensor? {
    guard case .mapped(let file, let range) = storage.source, count > 0,
      let base = file.bytes.baseAddress
    else { return nil }
    let address = base + range.lowerBound + offset
    guard UInt(bitPattern: address) % UInt(MemoryLayout<Float>.alignment) == 0 else { return nil }
    return Tensor(
      borrowing: address.assumingMemoryBound(to: Float.self), shape: shape, owner: file)
  }

  private func convert(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>)
    throws
  {
    switch type {
    case .float32: fill(source, target) { (value: UInt32) in Float(bitPattern: value) }
    case .float16: fill(source, target, floatFromHalf)
    case .bfloat16: fill(source, target) { (value: UInt16) in Float(bitPattern: UInt32(value) << 16) }
    case .float64: fill(source, target) { (value: UInt64) in Float(Double(bitPattern: value)) }
    case .bool: fill(source, target) { (value: UInt8) in value == 0 ? 0 : 1 }
    case .uint8: fill(source, target) { (value: UInt8) in Float(value) }
    case .int8: fill(source, target) { (value: Int8) in Float(value) }
    case .uint16: fill(source, target) { (value: UInt16) in Float(value) }
    case .int16: fill(source, target) { (value: Int16) in Float(value) }
    case .uint32: fill(source, target) { (value: UInt32) in Float(value) }
    case .int32: fill(source, target) { (value: Int32) in Float(value) }
    case .uint64: fill(source, target) { (value: UInt64) in Float(value) }
    case .int64: fill(source, target) { (value: Int64) in Float(value) }
    default:
      throw CheckpointError.unreadableType(path: path, name: name, type: type, wanted: "float32")
    }
  }

  /// Converts value by value; `source` starts at the first element and was checked to hold them all.
  @inline(__always)
  private func fill<Stored: FixedWidthInteger>(
    _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableBufferPointer<Float>,
    _ value: (Stored) -> Float
  ) {
    for i in 0..<target.count {
      target[i] = value(source.number(at: i * MemoryLayout<Stored>.size))
    }
  }
}

/// IEEE binary16 to binary32, exact for every bit pattern.
@inline(__always)
func floatFromHalf(_ half: UInt16) -> Float {
  #if arch(arm64)
    return Float(Float16(bitPattern: half))
  #else
    // Shifting the fields into place leaves the exponent short by 127 − 15; one exact product by 2^112 mends
    // it, subnormals included. Infinities and NaNs take the highest exponent instead.
    let magnitude = UInt32(half & 0x7FFF) << 13
    let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let special = magnitude | 0x7F80_0000
    let bits = half & 0x7C00 == 0x7C00 ? special : scaled
    return Float(bitPattern: bits | UInt32(half & 0x8000) << 16)
  #endif
}
