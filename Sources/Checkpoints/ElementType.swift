/// How one value of a stored tensor is encoded; the raw value is the name that safetensors files use.
public enum ElementType: String, Sendable, Equatable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float64 = "F64"
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case uint16 = "U16"
  case int16 = "I16"
  case uint32 = "U32"
  case int32 = "I32"
  case uint64 = "U64"
  case int64 = "I64"
  case float8E4M3 = "F8_E4M3"
  case float8E5M2 = "F8_E5M2"
  case float8E8M0 = "F8_E8M0"
  case float8E4M3FNUZ = "F8_E4M3FNUZ"
  case float8E5M2FNUZ = "F8_E5M2FNUZ"
  // Known by name and size, so that files holding them can be listed; their values are not read.
  case complex64 = "C64"
  case complex128 = "C128"

  /// Bytes of one value.
  public var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .float8E4M3, .float8E5M2, .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64, .complex64: 8
    case .complex128: 16
    }
  }

  /// Whether values of this type can be turned into real numbers by this package.
  public var isReadable: Bool {
    switch self {
    case .complex64, .complex128: false
    default: true
    }
  }

  /// Whether values are whole numbers (truth values count as 0 and 1).
  public var isInteger: Bool {
    switch self {
    case .bool, .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: true
    default: false
    }
  }
}
