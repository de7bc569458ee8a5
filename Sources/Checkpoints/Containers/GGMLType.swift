/// How ggml keeps the values of a tensor: plain numbers, or blocks of codes with scales. Layouts and arithmetic as in
/// ggml's `dequantize_row` functions (ggml-quants.c).
enum GGMLType: UInt32 {
  case f32 = 0
  case f16 = 1
  case q40 = 2
  case q41 = 3
  case q50 = 6
  case q51 = 7
  case q80 = 8
  case q2K = 10
  case q3K = 11
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case i8 = 24
  case i16 = 25
  case i32 = 26
  case i64 = 27
  case f64 = 28
  case bf16 = 30

  /// The type of plain numbers.
  var plain: ElementType? {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    case .f64: .float64
    case .i8: .int8
    case .i16: .int16
    case .i32: .int32
    case .i64: .int64
    default: nil
    }
  }

  /// Values and bytes of a block.
  var block: (values: Int, bytes: Int) {
    switch self {
    case .q40: (32, 18)
    case .q41: (32, 20)
    case .q50: (32, 22)
    case .q51: (32, 24)
    case .q80: (32, 34)
    case .q2K: (256, 84)
    case .q3K: (256, 110)
    case .q4K: (256, 144)
    case .q5K: (256, 176)
    case .q6K: (256, 210)
    default: (1, plain?.size ?? 1)
    }
  }

  /// A tensor of these values whose bytes begin at `offset`; `shape` has the longest stride first, as PyTorch's.
  func entry(_ name: String, shape: [Int], file: FileBytes, offset: Int) throws -> TensorEntry {
    func malformed(_ expected: String) -> CheckpointError {
      .malformed(
        path: file.path, place: "tensor \(shown(name))", found: "shape \(shape) of type \(self)",
        expected: expected)
    }
    guard let count = TensorEntry.elementCount(of: shape) else {
      throw malformed("a size that fits into 64 bits")
    }
    guard (shape.last ?? 1) % block.values == 0 else {
      throw malformed("rows of whole blocks of \(block.values)")
    }
    let size = count / block.values * block.bytes
    guard offset >= 0, offset <= file.count, size <= file.count - offset else {
      throw CheckpointError.truncated(
        path: file.path, place: "tensor \(shown(name))", needed: size,
        available: max(0, file.count - offset))
    }
    let range = offset..<(offset + size)
    if let plain {
      return TensorEntry(
        name: name, shape: shape, type: plain, strides: TensorEntry.contiguousStrides(of: shape), offset: 0,
        storage: Storage(file, range))
    }
    return TensorEntry(
      derived: name, shape: shape, path: file.path, origin: "dequantised from ggml's \(self)"
    ) {
      [Float](unsafeUninitializedCapacity: count) { values, initialised in
        for index in 0..<(count / block.values) {
          let start = range.lowerBound + index * block.bytes
          let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[start..<(start + block.bytes)])
          let target = UnsafeMutableBufferPointer(
            rebasing: values[(index * block.values)..<((index + 1) * block.values)])
          GGMLBlock(bytes: bytes, values: target).fill(self)
        }
        initialised = count
      }
    }
  }
}

/// One block of codes and the values that it stands for.
private struct GGMLBlock {
  let bytes: UnsafeRawBufferPointer
  let values: UnsafeMutableBufferPointer<Float>

  func fill(_ type: GGMLType) {
    switch type {
    case .q40: nibbles(scale: half(0), shift: nil, from: 2, high: nil, centre: 8)
    case .q41: nibbles(scale: half(0), shift: half(2), from: 4, high: nil, centre: 0)
    case .q50: nibbles(scale: half(0), shift: nil, from: 6, high: 2, centre: 16)
    case .q51: nibbles(scale: half(0), shift: half(2), from: 8, high: 4, centre: 0)
    case .q80: for index in 0..<32 { values[index] = half(0) * Float(signed(2 + index)) }
    case .q2K: twoBits()
    case .q3K: threeBits()
    case .q4K: fourOrFiveBits(codes: 16, high: nil)
    case .q5K: fourOrFiveBits(codes: 48, high: 16)
    case .q6K: sixBits()
    default: break
    }
  }

  private func half(_ offset: Int) -> Float { floatFromHalf(bytes.number(at: offset)) }
  private func byte(_ offset: Int) -> Int { Int(bytes[offset]) }
  private func signed(_ offset: Int) -> Int { Int(Int8(bitPattern: bytes[offset])) }

  /// 32 values: the lower halves of 16 bytes, then the upper ones; a fifth bit of each in a word of its own.
  private func nibbles(scale: Float, shift: Float?, from start: Int, high: Int?, centre: Int) {
    let fifth = high.map { bytes.number(at: $0, as: UInt32.self) } ?? 0
    for index in 0..<32 {
      let stored = byte(start + index % 16)
      let code = (index < 16 ? stored & 15 : stored >> 4) | Int(fifth >> UInt32(index) & 1) << 4
      let value = Float(code - centre) * scale
      values[index] = shift.map { value + $0 } ?? value
    }
  }

  private func twoBits() {
    let (scale, least) = (half(80), half(82))
    for index in 0..<256 {
      let (part, place, lane) = (index / 128, index % 128 / 32, index % 32)
      let scales = byte(part * 8 + place * 2 + lane / 16)
      let code = byte(16 + part * 32 + lane) >> (2 * place) & 3
      values[index] = scale * Float(scales & 15) * Float(code) - least * Float(scales >> 4)
    }
  }

  private func threeBits() {
    let scale = half(108)
    for index in 0..<256 {
      let (part, place, lane) = (index / 128, index % 128 / 32, index % 32)
      let number = part * 8 + place * 2 + lane / 16
      // Four bits of the scale in one of eight bytes, two more in the last four.
      let low = byte(96 + number % 8) >> (number < 8 ? 0 : 4) & 15
      let factor = low | (byte(104 + number % 4) >> (2 * (number / 4)) & 3) << 4
      let isHigh = byte(lane) >> (part * 4 + place) & 1 == 1
      let code = (byte(32 + part * 32 + lane) >> (2 * place) & 3) - (isHigh ? 0 : 4)
      values[index] = scale * Float(factor - 32) * Float(code)
    }
  }

  private func fourOrFiveBits(codes: Int, high: Int?) {
    let (scale, least) = (half(0), half(2))
    for index in 0..<256 {
      let (group, lane) = (index / 32, index % 32)
      let factor: Int
      let minimum: Int
      if group < 4 {
        (factor, minimum) = (byte(4 + group) & 63, byte(8 + group) & 63)
      } else {
        factor = byte(8 + group) & 15 | (byte(group) >> 6) << 4
        minimum = byte(8 + group) >> 4 | (byte(4 + group) >> 6) << 4
      }
      let stored = byte(codes + group / 2 * 32 + lane)
      var code = group % 2 == 0 ? stored & 15 : stored >> 4
      if let high { code += (byte(high + lane) >> group & 1) << 4 }
      values[index] = scale * Float(factor) * Float(code) - least * Float(minimum)
    }
  }

  private func sixBits() {
    let scale = half(208)
    for index in 0..<256 {
      let (part, place, lane) = (index / 128, index % 128 / 32, index % 32)
      let stored = byte(part * 64 + place % 2 * 32 + lane)
      let low = place < 2 ? stored & 15 : stored >> 4
      let code = low | (byte(128 + part * 32 + lane) >> (2 * place) & 3) << 4
      values[index] = scale * Float(signed(192 + part * 8 + place * 2 + lane / 16)) * Float(code - 32)
    }
  }
}
