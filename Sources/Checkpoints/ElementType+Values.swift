import Tensors

// How stored bytes become numbers. The bulk conversions are plain loops over little-endian values, which the
// compiler vectorises; the ones for single values serve scalars and are the tests' oracle.

extension ElementType {
  /// The value that begins at `offset`, as the nearest double; zero for types that are not readable.
  func double(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Double {
    switch self {
    case .float32: Double(Float(bitPattern: bytes.number(at: offset)))
    case .float64: Double(bitPattern: bytes.number(at: offset))
    case .float16: Double(floatFromHalf(bytes.number(at: offset)))
    case .bfloat16: Double(floatFromBrain(bytes.number(at: offset)))
    case .uint64: Double(bytes.number(at: offset, as: UInt64.self))
    case .float8E4M3, .float8E5M2, .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ:
      Double(float8(bytes[offset]))
    default: Double(integer(bytes, at: offset) ?? 0)
    }
  }

  /// The whole number that begins at `offset`; nil where the type is not an integer or the value does not fit.
  func integer(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
    switch self {
    case .bool: bytes[offset] == 0 ? 0 : 1
    case .uint8: Int(bytes[offset])
    case .int8: Int(bytes.number(at: offset, as: Int8.self))
    case .uint16: Int(bytes.number(at: offset, as: UInt16.self))
    case .int16: Int(bytes.number(at: offset, as: Int16.self))
    case .uint32: Int(bytes.number(at: offset, as: UInt32.self))
    case .int32: Int(bytes.number(at: offset, as: Int32.self))
    case .uint64: Int(exactly: bytes.number(at: offset, as: UInt64.self))
    case .int64: Int(bytes.number(at: offset, as: Int64.self))
    default: nil
    }
  }

  /// Fills `target` from as many values in `source`, which has been checked to hold them.
  func convert(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .float32: fill(source, target) { (value: UInt32) in Float(bitPattern: value) }
    case .float16: fill(source, target, floatFromHalf)
    case .bfloat16: fill(source, target, floatFromBrain)
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
    case .float8E4M3, .float8E5M2, .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ:
      let table = (0...255).map { float8(UInt8($0)) }
      fill(source, target) { (value: UInt8) in table[Int(value)] }
    case .complex64, .complex128:
      preconditionFailure("values of type \(rawValue) are not readable; ask isReadable first")
    }
  }

  @inline(__always)
  private func fill<Stored: FixedWidthInteger>(
    _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableBufferPointer<Float>,
    _ value: (Stored) -> Float
  ) {
    precondition(source.count >= target.count * MemoryLayout<Stored>.size)
    guard let base = source.baseAddress else { return }
    for index in 0..<target.count {
      let stored = base.loadUnaligned(fromByteOffset: index * MemoryLayout<Stored>.size, as: Stored.self)
      target[index] = value(Stored(littleEndian: stored))
    }
  }
}

extension ElementType {
  /// One 8-bit float, exactly; NaN for other types. The formats are those of the OCP 8-bit floating point
  /// specification and of its variants without a negative zero (FNUZ); E8M0 is a power of two.
  func float8(_ bits: UInt8) -> Float {
    switch self {
    case .float8E5M2: floatFromHalf(UInt16(bits) << 8)
    case .float8E4M3: bits & 0x7F == 0x7F ? .nan : Self.smallFloat(bits, mantissaBits: 3, bias: 7)
    case .float8E4M3FNUZ: bits == 0x80 ? .nan : Self.smallFloat(bits, mantissaBits: 3, bias: 8)
    case .float8E5M2FNUZ: bits == 0x80 ? .nan : Self.smallFloat(bits, mantissaBits: 2, bias: 16)
    case .float8E8M0: bits == 0xFF ? .nan : Float(sign: .plus, exponent: Int(bits) - 127, significand: 1)
    default: .nan
    }
  }

  /// Sign, exponent and mantissa of a format whose every exponent is an ordinary one.
  private static func smallFloat(_ bits: UInt8, mantissaBits: Int, bias: Int) -> Float {
    let mantissa = Int(bits) & (1 << mantissaBits - 1)
    let exponent = Int(bits & 0x7F) >> mantissaBits
    let significand = Float(exponent == 0 ? mantissa : mantissa | 1 << mantissaBits)
    let value = Float(
      sign: .plus, exponent: max(1, exponent) - bias - mantissaBits, significand: significand)
    return bits & 0x80 == 0 ? value : -value
  }
}

/// IEEE binary16 to binary32, exact for every bit pattern.
@inline(__always)
func floatFromHalf(_ half: UInt16) -> Float {
  // Shifting the fields into place leaves the exponent short by 127 − 15; one exact product by 2^112 mends it,
  // subnormals included. Infinities and NaNs take the highest exponent instead.
  let magnitude = UInt32(half & 0x7FFF) << 13
  let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
  let bits = half & 0x7C00 == 0x7C00 ? magnitude | 0x7F80_0000 : scaled
  return Float(bitPattern: bits | UInt32(half & 0x8000) << 16)
}

/// bfloat16 is the upper half of a binary32.
@inline(__always)
func floatFromBrain(_ brain: UInt16) -> Float { Float(bitPattern: UInt32(brain) << 16) }
