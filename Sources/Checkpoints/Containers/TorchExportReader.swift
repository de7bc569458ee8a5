/// The weights of what `torch.export.save` writes since PyTorch 2.8 (`.pt2`): an archive in which each weight is an entry
/// of its own and a table says what it is. The program itself is not looked at.
enum TorchExportReader {
  /// The archive's table of weights; nil where there is none.
  ///
  /// Throws where there are the weights of several programs.
  static func table(in archive: ZipArchive) throws -> ZipEntry? {
    let tables = archive.entries.filter {
      $0.name.contains("data/weights/") && $0.name.hasSuffix("_weights_config.json")
    }
    guard tables.count <= 1 else {
      throw CheckpointError.unsupported(
        path: archive.file.path, place: "data/weights", found: "the weights of \(tables.count) programs",
        advice: "Save one of them: torch.save(dict(PROGRAM.state_dict), 'model.pt').")
    }
    return tables.first
  }

  private static let types: [Int: ElementType] = [
    1: .uint8, 2: .int8, 3: .int16, 4: .int32, 5: .int64, 6: .float16, 7: .float32, 8: .float64,
    10: .complex64, 11: .complex128, 12: .bool, 13: .bfloat16, 28: .uint16, 29: .float8E4M3,
    30: .float8E5M2, 31: .float8E4M3FNUZ, 32: .float8E5M2FNUZ, 33: .float8E8M0, 34: .uint32, 35: .uint64,
  ]

  static func read(_ archive: ZipArchive, table: ZipEntry) throws -> CheckpointContent {
    let path = archive.file.path
    let parts = table.name.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.dropLast().map { $0 + "/" }.joined()
    let top = parts.dropLast(3).map { $0 + "/" }.joined()
    if let entry = archive[top + "byteorder"] {
      let order = String(decoding: try archive.prefix(of: entry, count: 16), as: UTF8.self)
      guard order == "little" else {
        throw TorchReader.bigEndian(path, place: "\(shown(top))byteorder", found: order)
      }
    }
    let json = try Storage(archive, table).withBytes {
      try JSONParser.parse($0, path: path, place: shown(table.name))
    }
    guard case .object(let members)? = json["config"] else {
      throw CheckpointError.malformed(
        path: path, place: shown(table.name), found: "no \"config\"", expected: "a table of weights")
    }
    var content = CheckpointContent()
    let storages = StorageTable { key in
      guard let entry = archive[folder + key] else {
        throw CheckpointError.malformed(
          path: path, place: shown(folder + key), found: "no such entry",
          expected: "the weight that the table names")
      }
      return try Storage(archive, entry)
    }
    for member in members {
      if let entry = try entry(member.key, member.value, storages, path: path) {
        content.tensors[member.key] = entry
      } else {
        content.skipped.append("\(shown(member.key)) (no plain tensor)")
      }
    }
    guard !content.tensors.isEmpty else {
      throw CheckpointError.noTensors(path: path, keys: members.prefix(20).map { shown($0.key) })
    }
    return content
  }

  /// nil for what is no dense tensor of numbers.
  private static func entry(
    _ name: String, _ value: JSON, _ storages: StorageTable, path: String
  ) throws -> TensorEntry? {
    let place = "weight \(shown(name))"
    func malformed(_ found: String, expected: String) -> CheckpointError {
      .malformed(path: path, place: place, found: found, expected: expected)
    }
    func integer(_ value: JSON?) -> Int? { if case .integer(let number)? = value { number } else { nil } }
    func integers(_ value: JSON?) -> [Int]? {
      guard case .array(let values)? = value else { return nil }
      let numbers = values.compactMap { integer($0["as_int"]) }
      return numbers.count == values.count ? numbers : nil
    }
    // A tensor of a class of its own is a pickle.
    if case .bool(true)? = value["use_pickle"] { return nil }
    guard let key = value["path_name"]?.string, let meta = value["tensor_meta"],
      let shape = integers(meta["sizes"]), let strides = integers(meta["strides"]),
      shape.count == strides.count, strides.allSatisfy({ $0 >= 0 }),
      let count = TensorEntry.elementCount(of: shape)
    else { throw malformed("no name, sizes and strides", expected: "those of a tensor") }
    guard integer(meta["layout"]).map({ $0 == 7 }) ?? true, let type = types[integer(meta["dtype"]) ?? 0]
    else {
      return nil
    }
    let storage = try storages.storage(key)
    let offset = integer(meta["storage_offset"]?["as_int"]) ?? 0
    // The place of the last value, without overflow.
    let last = zip(shape, strides).reduce(Int?.some(offset)) { sum, axis in
      let (product, isLarge) = max(0, axis.0 - 1).multipliedReportingOverflow(by: axis.1)
      guard let sum, !isLarge, product < 1 << 56, sum < 1 << 56 else { return nil }
      return sum + product
    }
    guard offset >= 0, let last, count == 0 || (last + 1) * type.size <= storage.byteCount else {
      throw malformed(
        "sizes \(shape) and strides \(strides) from \(offset) on",
        expected: "places inside its \(storage.byteCount) bytes")
    }
    return TensorEntry(
      name: name, shape: shape, type: type, strides: strides, offset: offset * type.size, storage: storage)
  }
}
