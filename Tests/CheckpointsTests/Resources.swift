import Foundation
import Tensors

@testable import Checkpoints

/// The path of a file under `Resources`.
func resource(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources/\(name)").path
}

/// The bytes of a file under `Resources`.
func resourceBytes(_ name: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(filePath: resource(name))))
}

/// A folder that is removed after `body`.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// A tensor's shape and the CRC-32 of its values as float32: what `digests.json` holds for each reference.
struct Digest: Equatable, CustomStringConvertible {
  let shape: [Int]
  let checksum: Int

  init(_ tensor: Tensor) {
    shape = tensor.shape
    checksum = tensor.withUnsafeBuffer { Int(crc32(of: UnsafeRawBufferPointer($0))) }
  }

  init?(_ value: MetadataValue) {
    guard let shape = value[0]?.list?.compactMap(\.integer), let checksum = value[1]?.integer else {
      return nil
    }
    self.shape = shape
    self.checksum = checksum
  }

  var description: String { "\(shape) \(checksum)" }
}

/// What PyTorch and the safetensors library read from the reference files (see `Resources/digests.py`).
enum Digests {
  static func file(_ name: String) throws -> [String: Digest] { try all("files", name) }
  static func model(_ name: String) throws -> [String: Digest] { try all("models", name) }

  private static let json = Result {
    try MetadataValue(json: try resourceBytes("digests.json"), path: "digests.json")
  }

  private static func all(_ kind: String, _ name: String) throws -> [String: Digest] {
    (try json.get()[kind]?[name]?.dictionary ?? [:]).compactMapValues(Digest.init)
  }
}

extension Checkpoint {
  /// Every tensor's digest, by name.
  func digests() throws -> [String: Digest] {
    try Dictionary(uniqueKeysWithValues: tensors.keys.map { ($0, Digest(try tensor($0))) })
  }
}
