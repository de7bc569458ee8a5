import Tensors

// bitsandbytes' layouts (bitsandbytes/nn/modules.py and functional.py of 0.43 to 0.49): what `save_pretrained` and
// `state_dict` of its linear layers write.

extension QuantisedTensors {
  /// `X.weight` as int8 `[out × in]` with `X.SCB`, the largest absolute value of each row: w = q · SCB / 127.
  func bitsAndBytesInt8(_ name: String, _ weight: TensorEntry) throws -> Weight? {
    guard let stem = stem(name, "weight"), let scales = tensors[stem + "SCB"] else { return nil }
    let format = stem + "weight_format"
    if let stored = tensors[format] {
      // 0 stands for rows as they are; the others are tiles for certain graphics cards.
      guard try stored.integers() == [0] else {
        throw unsupported(
          name, "an int8 weight in a graphics card's tiles", Self.conversion(of: "bitsandbytes"))
      }
    }
    guard weight.shape.count == 2, scales.count == weight.shape[0], !scales.type.isInteger else {
      throw malformed(
        name, "an int8 weight of shape \(weight.shape) with SCB of shape \(scales.shape)",
        expected: "a float for each row")
    }
    let width = weight.shape[1]
    let entry = TensorEntry(
      derived: name, shape: weight.shape, path: path, origin: "dequantised from bitsandbytes int8"
    ) {
      let scale = try scales.floats().values
      // The library multiplies by this float32, not by a division.
      let inverse = Float(0.007874015718698502)
      var values = try weight.floats().values
      for row in scale.indices {
        for index in (row * width)..<((row + 1) * width) {
          values[index] = values[index] * scale[row] * inverse
        }
      }
      return values
    }
    return Weight(entry: entry, parts: [stem + "SCB", format], scheme: "bitsandbytes int8")
  }

  /// `X.weight` as bytes of two codes, the first in the upper half, into a table of 16 values; each block of
  /// `blocksize` values has a scale `absmax`, which may be quantised itself.
  func bitsAndBytes4Bit(_ name: String, _ weight: TensorEntry) throws -> Weight? {
    guard let absmax = tensors["\(name).absmax"], let map = tensors["\(name).quant_map"] else { return nil }
    let states = ["nf4", "fp4"].map { "\(name).quant_state.bitsandbytes__\($0)" }
    guard let stateName = states.first(where: { tensors[$0] != nil }), let packed = tensors[stateName]
    else {
      throw malformed(
        name, "no quant_state beside absmax and quant_map", expected: "bitsandbytes__nf4 or __fp4")
    }
    let text = try packed.integers().map { UInt8(truncatingIfNeeded: $0) }
    let state = try MetadataValue(json: text, path: path)
    let shape = state["shape"]?.list?.compactMap(\.integer) ?? []
    guard let count = TensorEntry.elementCount(of: shape), count > 0, weight.count == (count + 1) / 2,
      let block = state["blocksize"]?.integer, (2...65_536).contains(block),
      absmax.count == (count + block - 1) / block, map.count == 16,
      let type = Self.floatType(state["dtype"])
    else {
      throw malformed(
        name, "\(weight.count) bytes with the state \(shown(String(decoding: text, as: UTF8.self)))",
        expected: "shape, blocksize and dtype that fit them")
    }
    let scales = try blockScales(name, absmax, state)
    let entry = TensorEntry(
      derived: name, shape: shape, path: path, origin: "dequantised from bitsandbytes 4-bit"
    ) {
      let table = try map.floats().values
      let scale = try scales()
      let bytes = try weight.floats().values.map { UInt8($0) }
      return (0..<count).map { index in
        let byte = bytes[index / 2]
        let code = Int(index % 2 == 0 ? byte >> 4 : byte & 0xF)
        return rounded(table[code] * scale[index / block], to: type)
      }
    }
    let parts = [".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map"].map { name + $0 }
    let kind = stateName.hasSuffix("nf4") ? "nf4" : "fp4"
    return Weight(entry: entry, parts: parts + [stateName], scheme: "bitsandbytes \(kind)")
  }

  /// The blocks' scales: as they are, or looked up in a table of 256, scaled by blocks of their own, and shifted.
  private func blockScales(
    _ name: String, _ absmax: TensorEntry, _ state: MetadataValue
  ) throws -> @Sendable () throws -> [Float] {
    guard absmax.type.isInteger else { return { try absmax.floats().values } }
    guard let outer = tensors["\(name).nested_absmax"], let map = tensors["\(name).nested_quant_map"],
      map.count == 256, let block = state["nested_blocksize"]?.integer, (2...65_536).contains(block),
      outer.count == (absmax.count + block - 1) / block, let offset = state["nested_offset"]?.number,
      absmax.type == .uint8
    else {
      throw malformed(
        name, "scales that are quantised themselves, without nested_absmax and nested_quant_map that fit",
        expected: "both, with nested_blocksize and nested_offset")
    }
    return {
      let (table, scale, codes) = try (map.floats().values, outer.floats().values, absmax.floats().values)
      return codes.indices.map { table[Int(codes[$0])] * scale[$0 / block] + Float(offset) }
    }
  }

  /// The type that a library's weights have once they are dequantised.
  static func floatType(_ name: MetadataValue?) -> ElementType? {
    switch name?.string {
    case "float32", "torch.float32": .float32
    case "float16", "torch.float16": .float16
    case "bfloat16", "torch.bfloat16": .bfloat16
    default: nil
    }
  }
}

/// `value` as the nearest of a narrower type, ties to even.
func rounded(_ value: Float, to type: ElementType) -> Float {
  switch type {
  case .float16: return floatFromHalf(halfFromFloat(value))
  case .bfloat16:
    guard value.isFinite else { return value }
    let bits = value.bitPattern
    return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
  default: return value
  }
}

/// binary32 to the nearest binary16, ties to even.
func halfFromFloat(_ value: Float) -> UInt16 {
  let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16 & 0x8000)
  let magnitude = value.magnitude
  guard !value.isNaN else { return 0x7E00 }
  // From here on the nearest is infinite.
  guard magnitude < 65_520 else { return sign | 0x7C00 }
  guard magnitude >= 0x1p-14 else {
    return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
  }
  let bits = magnitude.bitPattern
  let kept = (bits &+ 0xFFF &+ (bits >> 13 & 1)) >> 13
  return sign | UInt16(truncatingIfNeeded: kept - (127 - 15) << 10)
}
