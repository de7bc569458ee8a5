import Checkpoints
import Foundation
import Tensors

/// The files of a model's folder that say how its text is cut.
struct TokenizerFiles {
  /// No real one is larger; what is, is not read.
  private static let largest = 256 << 20

  let folder: String

  /// Reads the tokeniser of a model's folder: `tokenizer.json`; else `vocab.txt`, or `vocab.json` with
  /// `merges.txt`. Nil where there is none of them. Throws `ModelError.tokenizer`, and `CheckpointError` for
  /// what is no JSON.
  func tokenizer() throws -> (any Tokenizer)? {
    if let json = try bytes("tokenizer.json") {
      return try TokenizerJSON(json, path: path("tokenizer.json")).tokenizer()
    }
    let settings = try TokenizerSettings(self)
    if let lines = try lines("vocab.txt") {
      return try settings.wordPiece(lines, path: path("vocab.txt"))
    }
    if let json = try bytes("vocab.json"), let lines = try lines("merges.txt") {
      return try settings.byteLevel(
        vocabulary: TokenizerJSON.vocabulary(json, at: [], path: path("vocab.json")),
        merges: lines, path: path("merges.txt"))
    }
    return nil
  }

  /// Of all files that may have a say.
  func fingerprint() throws -> String {
    let names = [
      "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
      "vocab.txt",
      "vocab.json", "merges.txt",
    ]
    return try Checkpoint.fingerprint(
      ofFiles: names.map(path).filter(FileManager.default.fileExists(atPath:)))
  }

  func path(_ name: String) -> String { folder + "/" + name }

  func bytes(_ name: String) throws -> [UInt8]? {
    let path = path(name)
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
      return nil
    }
    guard size <= Self.largest, let data = try? RegularFile.contents(path) else {
      throw ModelError.tokenizer(
        path: path, place: "file", found: "\(size) bytes that cannot be read",
        expected: "a readable file of at most \(Self.largest) bytes")
    }
    return data
  }

  /// Only a line feed ends a line: a vocabulary may have any other separator as an entry.
  private func lines(_ name: String) throws -> [String]? {
    guard let bytes = try bytes(name) else { return nil }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return try lines.enumerated().map { number, line in
      let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let string = String(validating: text, as: UTF8.self) else {
        throw ModelError.tokenizer(
          path: path(name), place: "line \(number + 1)", found: "not UTF-8", expected: "UTF-8")
      }
      return string
    }
  }

  func json(_ name: String) throws -> MetadataValue? {
    try bytes(name).map { try MetadataValue(json: $0, path: path(name)) }
  }
}
