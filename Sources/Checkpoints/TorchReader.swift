/// What `torch.save` writes: since version 1.6 a zip archive, before that a stream of pickles.
enum TorchReader {
  /// The archive's entry that describes everything: `data.pkl` at the top or in the one folder.
  static func description(in archive: ZipArchive) -> ZipEntry? {
    archive.entries.first { entry in
      let parts = entry.name.split(separator: "/", omittingEmptySubsequences: false)
      return parts.last == "data.pkl" && parts.count <= 2
    }
  }

  static func read(_ archive: ZipArchive, description: ZipEntry) throws -> CheckpointContent {
    let path = archive.file.path
    let folder = String(description.name.dropLast("data.pkl".count))
    if let entry = archive[folder + "byteorder"] {
      let order = String(decoding: try archive.prefix(of: entry, count: 16), as: UTF8.self)
      guard order == "little" else {
        throw bigEndian(path, place: "\(shown(folder))byteorder", found: order)
      }
    }
    let (graph, root) = try Storage(archive, description).withBytes { bytes in
      var machine = PickleMachine(bytes, path: path, place: "data.pkl")
      let root = try machine.run()
      return (machine.graph, root)
    }
    let storages = StorageTable { key in
      guard let entry = archive["\(folder)data/\(key)"] else {
        throw CheckpointError.malformed(
          path: path, place: "\(shown(folder))data/\(shown(key))", found: "no such entry",
          expected: "the storage that data.pkl names")
      }
      return try Storage(archive, entry)
    }
    var states = StateDict(graph, path: path) { try storages.storage($0.key) }
    return try states.read(root)
  }

  static func bigEndian(_ path: String, place: String, found: String) -> CheckpointError {
    .unsupported(
      path: path, place: place, found: "byte order \"\(shown(found))\"",
      advice: "Load it in Python and save it again on a little-endian machine.")
  }
}

/// Storages by key, each made once, so that tied tensors are seen to share theirs.
final class StorageTable {
  private var storages: [String: Storage] = [:]
  private let make: (String) throws -> Storage

  init(_ make: @escaping (String) throws -> Storage) { self.make = make }

  func storage(_ key: String) throws -> Storage {
    if let known = storages[key] { return known }
    let storage = try make(key)
    storages[key] = storage
    return storage
  }
}
