import Foundation
import Tensors

/// A Kaldi archive: a key, a blank and a matrix, one after the other. Opening it reads every matrix's header.
struct KaldiArchive: MatrixFile {
  let path: String
  let keys: [String]
  let metadata: [String: String] = [:]
  private let contents: Data
  private let matrices: [String: KaldiMatrix]

  init(_ path: String) throws {
    self.path = path
    contents = try Self.map(path)
    var keys: [String] = []
    var matrices: [String: KaldiMatrix] = [:]
    try contents.withUnsafeBytes { bytes in
      var position = 0
      while true {
        while position < bytes.count, bytes[position] == 0x0A { position += 1 }
        guard position < bytes.count else { return }
        let (key, matrix) = try Self.entry(bytes, at: position, path: path)
        guard matrices.updateValue(matrix, forKey: key) == nil else {
          throw ImportError.malformed(
            path: path, place: "byte \(position)", found: "\(key) again", expected: "each key once")
        }
        keys.append(key)
        position = matrix.end
      }
    }
    self.keys = keys
    self.matrices = matrices
  }

  /// Longer keys are none.
  private static let keyLimit = 4096

  private static func entry(
    _ bytes: UnsafeRawBufferPointer, at position: Int, path: String
  ) throws(ImportError) -> (String, KaldiMatrix) {
    let window = bytes[position..<min(bytes.count, position + keyLimit)]
    guard let blank = window.firstIndex(of: 0x20), blank > position,
      let key = String(validating: bytes[position..<blank], as: UTF8.self),
      !key.unicodeScalars.contains(where: { $0.value < 0x21 })
    else {
      throw .malformed(
        path: path, place: "byte \(position)", found: "no key", expected: "an utterance's name and a blank")
    }
    return (key, try KaldiMatrix(bytes, at: blank + 1, path: path, key: key))
  }

  static func map(_ path: String) throws(ImportError) -> Data {
    if let obstacle = RegularFile.obstacle(at: path) {
      throw .missing(path: path, reason: "it cannot be read (\(obstacle))")
    }
    do {
      return try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
    } catch {
      throw .missing(path: path, reason: "it cannot be read (\(error.localizedDescription))")
    }
  }

  func shape(of key: String) throws -> [Int] { try matrix(key).shape }

  func values(of key: String) throws -> Tensor {
    let matrix = try matrix(key)
    return try contents.withUnsafeBytes { try matrix.values($0, path: path, key: key) }
  }

  private func matrix(_ key: String) throws(ImportError) -> KaldiMatrix {
    guard let matrix = matrices[key] else {
      throw .unknownLayer(path: path, layer: key, available: keys)
    }
    return matrix
  }
}

/// A Kaldi script: lines of `key archive:offset`. Commands (`… |`) are never run.
struct KaldiScript: MatrixFile {
  let path: String
  let keys: [String]
  let metadata: [String: String] = [:]
  private struct Place: Sendable {
    let archive: String
    let offset: Int
  }
  private let places: [String: Place]
  /// The archives that the lines name, mapped.
  private let archives: [String: Data]

  init(_ path: String) throws {
    self.path = path
    let text = String(decoding: try KaldiArchive.map(path), as: UTF8.self)
    let folder = URL(filePath: path).deletingLastPathComponent().path
    var keys: [String] = []
    var places: [String: Place] = [:]
    var archives: [String: Data] = [:]
    for (number, line) in zip(1..., text.split(separator: "\n", omittingEmptySubsequences: false)) {
      let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard !parts.isEmpty else { continue }
      func malformed(_ found: String, _ expected: String) -> ImportError {
        .malformed(path: path, place: "line \(number)", found: found, expected: expected)
      }
      guard parts.count == 2 else { throw malformed(String(line).debugDescription, "a key and a place") }
      let (key, target) = (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
      guard !target.hasSuffix("|") else {
        throw ImportError.unsupported(
          path: path, place: "line \(number)", found: "a command",
          advice: "Run it yourself and name its output.")
      }
      guard !target.hasSuffix("]") else {
        throw ImportError.unsupported(
          path: path, place: "line \(number)", found: "a range of rows",
          advice: "Write the part as a matrix.")
      }
      let colon = target.lastIndex(of: ":")
      let offset = colon.flatMap { Int(target[target.index(after: $0)...]) }
      let name = offset == nil ? target : String(target[..<(colon ?? target.endIndex)])
      guard offset ?? 0 >= 0 else { throw malformed("an offset of \(offset ?? 0)", "0 or more") }
      // As Kaldi does, from the working folder; else beside the script, which may have been moved.
      let archive =
        name.hasPrefix("/") || FileManager.default.fileExists(atPath: name) ? name : folder + "/" + name
      if archives[archive] == nil { archives[archive] = try KaldiArchive.map(archive) }
      guard places.updateValue(Place(archive: archive, offset: offset ?? 0), forKey: key) == nil else {
        throw malformed("\(key) again", "each key once")
      }
      keys.append(key)
    }
    self.keys = keys
    self.places = places
    self.archives = archives
  }

  func shape(of key: String) throws -> [Int] {
    try read(key) { _, _, matrix throws(ImportError) in matrix.shape }
  }

  func values(of key: String) throws -> Tensor {
    try read(key) { bytes, archive, matrix throws(ImportError) in
      try matrix.values(bytes, path: archive, key: key)
    }
  }

  private func read<R>(
    _ key: String, _ body: (UnsafeRawBufferPointer, String, KaldiMatrix) throws(ImportError) -> R
  ) throws -> R {
    guard let place = places[key], let archive = archives[place.archive] else {
      throw ImportError.unknownLayer(path: path, layer: key, available: keys)
    }
    return try archive.withUnsafeBytes { bytes in
      let matrix = try KaldiMatrix(bytes, at: place.offset, path: place.archive, key: key)
      return try body(bytes, place.archive, matrix)
    }
  }
}
