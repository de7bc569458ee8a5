/// The printable characters that byte-level vocabularies write for the 256 bytes (GPT-2, Radford 2019): printable
/// Latin-1 stands for itself, the others in their order for U+0100 and on, so that a space is `Ġ`.
enum ByteAlphabet {
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0...UInt8.max).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? Unicode.Scalar(byte)
      }
    }
  }()

  private static let bytes = Dictionary(uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

  /// The bytes that a vocabulary's entry writes; nil where it has a character that stands for none.
  static func bytes(of entry: String) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in entry.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }
}
