import OrderedCollections

/// The `.index.json` of a checkpoint in several files: which tensor is in which.
struct ShardIndex {
  /// Tensor name to file name, in the index's order.
  let shards: OrderedDictionary<String, String>
  /// The files, each once, in the order of their names.
  let files: [String]
  /// The folder of the index, which the files lie in.
  let folder: String

  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let start = bytes.prefix(4096).drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    guard start.first == UInt8(ascii: "{") else { return false }
    // A safetensors header is never at the very beginning, so this is JSON; is it an index?
    return String(decoding: start, as: UTF8.self).contains("\"weight_map\"")
      || String(decoding: bytes.suffix(4096), as: UTF8.self).contains("\"weight_map\"")
  }

  init(_ file: FileBytes) throws {
    func malformed(_ place: String, _ found: String, expected: String) -> CheckpointError {
      .malformed(path: file.path, place: place, found: found, expected: expected)
    }
    let json = try JSONParser.parse(file.bytes, path: file.path, place: "JSON")
    guard case .object(let members)? = json["weight_map"] else {
      throw malformed("index", "no \"weight_map\"", expected: "the file of each tensor")
    }
    var shards: OrderedDictionary<String, String> = [:]
    for member in members {
      guard let shard = member.value.string else {
        throw malformed("tensor \(shown(member.key))", "no file name", expected: "one")
      }
      let parts = shard.split(separator: "/", omittingEmptySubsequences: false)
      guard !shard.isEmpty, !parts.contains(".."), !parts.contains(""), !shard.contains("\0") else {
        throw malformed(
          "tensor \(shown(member.key))", "the file \(shown(shard)), which lies outside the index's folder",
          expected: "a file beside the index")
      }
      shards[member.key] = shard
    }
    guard !shards.isEmpty else { throw malformed("index", "an empty \"weight_map\"", expected: "tensors") }
    self.shards = shards
    files = Set(shards.values).sorted()
    let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
    folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
  }
}
