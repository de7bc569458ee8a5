import Foundation
import Tensors

/// A reference array in numpy's file format (version 1, little-endian, row-major), as float32.
///
/// Types: `<f4`, `<f8` (rounded) and `<i4`. For reference files only: it trusts what it reads.
public func readNumpy(_ url: URL) throws -> Tensor {
  let file = try NumpyFile(url)
  switch file.type {
  case "<f4": return Tensor(file.values(Float.self), shape: file.shape)
  case "<f8": return Tensor(file.values(Double.self).map(Float.init), shape: file.shape)
  case "<i4": return Tensor(file.values(Int32.self).map(Float.init), shape: file.shape)
  default: throw NumpyFile.Failure(text: "\(url.lastPathComponent) holds \(file.type)")
  }
}

/// The same in double precision; a vector becomes one row.
public func readNumpyMatrix(_ url: URL) throws -> Matrix {
  let file = try NumpyFile(url)
  let values = file.type == "<f8" ? file.values(Double.self) : try readNumpy(url).values.map(Double.init)
  let columns = file.shape.last ?? 1
  return Matrix(rows: columns == 0 ? 0 : values.count / columns, columns: columns, values: values)
}

private struct NumpyFile {
  struct Failure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }

  let type: String
  let shape: [Int]
  private let payload: Data

  init(_ url: URL) throws {
    let data = try Data(contentsOf: url)
    let length = 10 + Int(data[8]) + Int(data[9]) << 8
    let header = String(decoding: data[10..<length], as: UTF8.self)
    guard
      let type = header.firstMatch(of: /'descr': '([^']*)'/)?.1,
      let shape = header.firstMatch(of: /'shape': \(([^)]*)\)/)?.1, header.contains("False")
    else { throw Failure(text: "\(url.lastPathComponent) has the header \(header)") }
    self.type = String(type)
    self.shape = shape.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    payload = data.dropFirst(length)
  }

  func values<T>(_ type: T.Type) -> [T] {
    payload.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: MemoryLayout<T>.stride)
        .map { bytes.loadUnaligned(fromByteOffset: $0, as: T.self) }
    }
  }
}
