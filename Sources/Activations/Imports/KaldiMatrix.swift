import Foundation
import Tensors

/// One matrix in Kaldi's binary or text form, at a place in mapped bytes
/// (https://kaldi-asr.org/doc/io.html; compressed-matrix.h).
struct KaldiMatrix: Sendable {
  enum Form: Sendable, Equatable {
    case float32, float64
    /// `CM`: bytes, a column after the other, with four percentiles of each column before them.
    case perColumn
    /// `CM2`: 16-bit numbers, row by row, between one least and one greatest value; `CM3`: bytes.
    case twoBytes, oneByte
    case text
  }

  let form: Form
  let rows: Int
  let columns: Int
  /// Where the values begin, in bytes from the file's start, and how many bytes they are.
  let start: Int
  let size: Int
  /// Of a compressed matrix.
  var least: Float = 0
  var range: Float = 0

  var end: Int { start + size }
  var shape: [Int] { [rows, columns] }

  /// The most values that are believed.
  static let valueLimit = 1 << 29

  /// The matrix whose form begins at `place`, right after its key and one blank.
  init(_ bytes: UnsafeRawBufferPointer, at place: Int, path: String, key: String) throws(ImportError) {
    guard (0...bytes.count).contains(place) else {
      throw .malformed(
        path: path, place: key, found: "a place at byte \(place)",
        expected: "one in the archive of \(bytes.count) bytes")
    }
    guard place + 2 <= bytes.count, bytes[place] == 0, bytes[place + 1] == UInt8(ascii: "B") else {
      self = try KaldiMatrix.text(bytes, at: place, path: path, key: key)
      return
    }
    func malformed(_ found: String, _ expected: String) -> ImportError {
      .malformed(path: path, place: "\(key), byte \(place)", found: found, expected: expected)
    }
    let token = String(
      decoding: bytes[(place + 2)..<min(place + 7, bytes.count)].prefix { $0 != 0x20 }, as: UTF8.self)
    var position = place + 3 + token.utf8.count
    func int32(_ offset: Int) -> Int {
      Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
    }
    func float(_ offset: Int) -> Float {
      Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
    let header: Int
    switch token {
    case "FM": (form, header) = (.float32, 10)
    case "DM": (form, header) = (.float64, 10)
    case "CM": (form, header) = (.perColumn, 16)
    case "CM2": (form, header) = (.twoBytes, 16)
    case "CM3": (form, header) = (.oneByte, 16)
    default:
      throw .unsupported(
        path: path, place: "\(key), byte \(place)", found: "an object of type \(token.debugDescription)",
        advice: "Matrices [frames × dim] are read: FM, DM, CM, CM2, CM3.")
    }
    guard position + header <= bytes.count else {
      throw malformed("the end of the file", "a matrix's header")
    }
    if header == 10 {
      guard bytes[position] == 4, bytes[position + 5] == 4 else {
        throw malformed("no mark of 32-bit sizes", "two numbers of 4 bytes")
      }
      (rows, columns) = (int32(position + 1), int32(position + 6))
    } else {
      (least, range) = (float(position), float(position + 4))
      (rows, columns) = (int32(position + 8), int32(position + 12))
    }
    position += header
    guard rows >= 0, columns >= 0, rows == 0 || columns <= KaldiMatrix.valueLimit / max(1, rows) else {
      throw malformed("a matrix of \(rows) × \(columns)", "at most \(KaldiMatrix.valueLimit) values")
    }
    start = position
    size =
      switch form {
      case .float32: 4 * rows * columns
      case .float64: 8 * rows * columns
      case .perColumn: (8 + rows) * columns
      case .twoBytes: 2 * rows * columns
      case .oneByte, .text: rows * columns
      }
    guard start + size <= bytes.count else {
      throw malformed(
        "\(bytes.count - start) bytes up to the end of the file", "\(size) of a [\(rows) × \(columns)]")
    }
  }

  private init(text start: Int, size: Int, rows: Int, columns: Int) {
    (form, self.start, self.size, self.rows, self.columns) = (.text, start, size, rows, columns)
  }

  /// ` [\n 1 2\n 3 4 ]\n`: counts rows and columns.
  private static func text(
    _ bytes: UnsafeRawBufferPointer, at place: Int, path: String, key: String
  ) throws(ImportError) -> KaldiMatrix {
    func malformed(_ found: String, _ expected: String) -> ImportError {
      .malformed(path: path, place: "\(key), byte \(place)", found: found, expected: expected)
    }
    guard place < bytes.count else { throw malformed("the end of the file", "a matrix") }
    let rest = bytes[place...]
    guard let open = rest.firstIndex(where: { $0 != 0x20 }), bytes[open] == UInt8(ascii: "[") else {
      throw malformed("neither the mark of a binary object nor “[”", "a matrix")
    }
    guard let close = bytes[open...].firstIndex(of: UInt8(ascii: "]")) else {
      throw malformed("no “]” up to the end of the file", "a matrix's end")
    }
    var (rows, columns) = (0, 0)
    for line in bytes[(open + 1)..<close].split(separator: 0x0A) {
      let count = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.count
      if count == 0 { continue }
      guard rows == 0 || count == columns else {
        throw malformed("a row of \(count) values after rows of \(columns)", "rows of one length")
      }
      (rows, columns) = (rows + 1, count)
    }
    let isLineEnd = close + 1 < bytes.count && bytes[close + 1] == 0x0A
    return KaldiMatrix(
      text: open + 1, size: close - open + (isLineEnd ? 1 : 0), rows: rows, columns: columns)
  }

  // MARK: - Values

  /// `[rows × columns]`.
  func values(_ bytes: UnsafeRawBufferPointer, path: String, key: String) throws(ImportError) -> Tensor {
    let values = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    guard form != .text else { return try textValues(values, path: path, key: key) }
    return Tensor(shape: shape) { target in
      switch form {
      case .float32:
        for i in target.indices {
          target[i] = Float(
            bitPattern: UInt32(littleEndian: values.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)))
        }
      case .float64:
        for i in target.indices {
          target[i] = Float(
            Double(
              bitPattern: UInt64(littleEndian: values.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self))
            ))
        }
      case .twoBytes:
        for i in target.indices { target[i] = wide(values, at: 2 * i) }
      case .oneByte:
        for i in target.indices { target[i] = least + range * (1 / 255) * Float(values[i]) }
      case .perColumn, .text:
        fillColumns(target, values)
      }
    }
  }

  /// A 16-bit number between the least and the greatest value.
  private func wide(_ values: UnsafeRawBufferPointer, at offset: Int) -> Float {
    let number = UInt16(littleEndian: values.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    return least + range * (1 / 65535) * Float(number)
  }

  /// Each column's byte is a place between its percentiles: 0 … 64 from the least to the lower quartile, up to 192
  /// to the upper one, up to 255 to the greatest.
  private func fillColumns(
    _ target: UnsafeMutableBufferPointer<Float>, _ values: UnsafeRawBufferPointer
  ) {
    for column in 0..<columns {
      let p = (0..<4).map { wide(values, at: 8 * column + 2 * $0) }
      let own = 8 * columns + column * rows
      for row in 0..<rows {
        let place = Float(values[own + row])
        target[row * columns + column] =
          if place <= 64 {
            p[0] + (p[1] - p[0]) * place * (1 / 64)
          } else if place <= 192 {
            p[1] + (p[2] - p[1]) * (place - 64) * (1 / 128)
          } else {
            p[2] + (p[3] - p[2]) * (place - 192) * (1 / 63)
          }
      }
    }
  }

  private func textValues(
    _ bytes: UnsafeRawBufferPointer, path: String, key: String
  ) throws(ImportError) -> Tensor {
    var numbers: [Float] = []
    numbers.reserveCapacity(rows * columns)
    for word in bytes.split(whereSeparator: { $0 <= 0x20 || $0 == UInt8(ascii: "]") }) {
      let text = String(decoding: word, as: UTF8.self)
      guard let number = Float(text) else {
        throw .malformed(path: path, place: key, found: text.debugDescription, expected: "a number")
      }
      numbers.append(number)
    }
    guard numbers.count == rows * columns else {
      throw .malformed(
        path: path, place: key, found: "\(numbers.count) values",
        expected: "\(rows * columns) in a [\(rows) × \(columns)]")
    }
    return Tensor(numbers, shape: shape)
  }
}
