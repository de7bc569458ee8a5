import Foundation

/// The text of a label file as UTF-8 bytes, whatever Unicode encoding it came in.
///
/// UTF-8 and UTF-16 of both byte orders are known with and without a byte order mark: Praat writes UTF-16
/// as soon as a label is not ASCII, and other tools drop the mark.
public struct LabelText: Sendable {
  /// For messages only.
  public let path: String
  /// Valid UTF-8 without a byte order mark; of a binary file of Praat's its bytes.
  public let bytes: [UInt8]
  /// Whether it is one of Praat's binary files, which are no text.
  public let isBinary: Bool

  /// Label files are small; a longer one is something else, and is refused before it is read.
  static let limit = 256 << 20

  /// Decodes the bytes of a file.
  ///
  /// Throws `CorpusError.noBytes` and `.badText`.
  public init(_ raw: [UInt8], path: String) throws(CorpusError) {
    self.path = path
    isBinary = BinaryTextGrid.recognises(raw)
    if isBinary {
      bytes = raw
      return
    }
    switch raw.prefix(3) {
    case []:
      throw .noBytes(path: path)
    case [0xef, 0xbb, 0xbf]:
      bytes = try Self.checked(Array(raw.dropFirst(3)), path)
    case let start where start.starts(with: [0xff, 0xfe]):
      bytes = try Self.fromUTF16(raw.dropFirst(2), bigEndian: false, path)
    case let start where start.starts(with: [0xfe, 0xff]):
      bytes = try Self.fromUTF16(raw.dropFirst(2), bigEndian: true, path)
    case let start where start.count > 1 && start[0] != 0 && start[1] == 0:
      bytes = try Self.fromUTF16(raw[...], bigEndian: false, path)
    case let start where start.count > 1 && start[0] == 0 && start[1] != 0:
      bytes = try Self.fromUTF16(raw[...], bigEndian: true, path)
    default:
      bytes = try Self.checked(raw, path)
    }
  }

  /// Reads a file.
  public init(contentsOf path: String) throws(CorpusError) {
    try self.init(try Self.read(path), path: path)
  }

  /// The bytes of a file, after a look at what it is and how large.
  static func read(_ path: String) throws(CorpusError) -> [UInt8] {
    let size = try RegularFile.size(of: path)
    if size > limit { throw .tooLarge(path: path, bytes: size, limit: limit) }
    do {
      return Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
  }

  private static func checked(_ bytes: [UInt8], _ path: String) throws(CorpusError) -> [UInt8] {
    if String(validating: bytes, as: UTF8.self) != nil { return bytes }
    // Only now is it worth finding out where: the first line that is no UTF-8 by itself.
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
    let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    throw .badText(path: path, line: bad + 1, encoding: "UTF-8")
  }

  private static func fromUTF16(
    _ raw: ArraySlice<UInt8>, bigEndian: Bool, _ path: String
  ) throws(CorpusError) -> [UInt8] {
    var units: [UInt16] = []
    units.reserveCapacity(raw.count / 2)
    var line = 1
    var index = raw.startIndex
    while index + 1 < raw.endIndex {
      let (first, second) = (UInt16(raw[index]), UInt16(raw[index + 1]))
      let unit = bigEndian ? first << 8 | second : second << 8 | first
      if unit == 10 { line += 1 }
      units.append(unit)
      index += 2
    }
    let name = bigEndian ? "UTF-16 (big-endian)" : "UTF-16 (little-endian)"
    guard index == raw.endIndex, let text = String(validating: units, as: UTF16.self) else {
      throw .badText(path: path, line: line, encoding: name)
    }
    return Array(text.utf8)
  }
}

extension LabelText {
  /// The lines without their ends (LF, CR or CRLF), each with its number counted from 1.
  var lines: [(number: Int, text: Substring)] {
    var lines: [(number: Int, text: Substring)] = []
    var start = 0
    var index = 0
    func append(_ end: Int) {
      lines.append((lines.count + 1, Substring(decoding: bytes[start..<end], as: UTF8.self)))
    }
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 10 || byte == 13 {
        append(index)
        if byte == 13, index + 1 < bytes.count, bytes[index + 1] == 10 { index += 1 }
        start = index + 1
      }
      index += 1
    }
    if start < bytes.count { append(bytes.count) }
    return lines
  }
}
