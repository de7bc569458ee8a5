/// Pickles without an archive around them: `torch.save` before version 1.6, and plain pickled dictionaries of
/// NumPy arrays.
///
/// The former are five pickles (a magic number, 1001, facts about the machine, the object, the keys of its
/// storages) and then each storage: its count of values in eight bytes, and the values.
enum PickleStreamReader {
  /// Protocols 2 to 5 begin with 0x80 and their number.
  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
  }

  /// 0x1950A86A20F9469CFC6C as a pickled number.
  private static let magic: [UInt8] = [
    0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  static func isTorch(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.dropFirst(2).starts(with: magic) }

  static func read(_ file: FileBytes) throws -> CheckpointContent {
    try withExtendedLifetime(file) {
      isTorch(file.bytes) ? try readTorch(file) : try readPlain(file)
    }
  }

  private static func readPlain(_ file: FileBytes) throws -> CheckpointContent {
    var machine = PickleMachine(file.bytes, path: file.path, place: "pickle")
    let root = try machine.run()
    var states = StateDict(machine.graph, path: file.path) { reference in
      throw CheckpointError.malformed(
        path: file.path, place: "pickle", found: "the storage \(shown(reference.key)), which is elsewhere",
        expected: "NumPy arrays, or a file written by torch.save")
    }
    return try states.read(root)
  }

  private static func readTorch(_ file: FileBytes) throws -> CheckpointContent {
    let path = file.path
    var machine = PickleMachine(file.bytes, path: path, place: "torch pickle")
    _ = try machine.run()  // the magic number
    let version = try machine.run()
    guard machine.graph.integer(version) == 1001 else {
      throw CheckpointError.unsupported(
        path: path, place: "torch pickle", found: "a protocol other than 1001",
        advice: "Load it in Python and save it again.")
    }
    let system = try machine.run()
    if let facts = machine.graph.pairs(system), let order = machine.graph.value("little_endian", in: facts),
      !machine.graph.isTrue(order)
    {
      throw TorchReader.bigEndian(path, place: "torch pickle", found: "big")
    }
    let root = try machine.run()
    let keys = try machine.run()
    let ranges = try storageRanges(file, keys: keys, machine: machine)
    let storages = StorageTable { key in
      guard let range = ranges[key] else {
        throw CheckpointError.malformed(
          path: path, place: "storages", found: "no storage \(shown(key))",
          expected: "the one a tensor names")
      }
      return Storage(file, range)
    }
    var states = StateDict(machine.graph, path: path) { try storages.storage($0.key) }
    return try states.read(root)
  }

  private static func storageRanges(
    _ file: FileBytes, keys: PickleGraph.ID, machine: PickleMachine
  ) throws -> [String: Range<Int>] {
    let bytes = file.bytes
    var elementSizes: [String: Int] = [:]
    for reference in machine.graph.storages { elementSizes[reference.key] = reference.type.elementSize }
    var ranges: [String: Range<Int>] = [:]
    var position = machine.position
    for id in machine.graph.sequence(keys) ?? [] {
      guard let key = machine.graph.text(id), let elementSize = elementSizes[key], ranges[key] == nil else {
        throw CheckpointError.malformed(
          path: file.path, place: "list of storages", found: "a key that no tensor names, or one twice",
          expected: "each storage once")
      }
      let place = "storage \(shown(key))"
      guard bytes.count - position >= 8 else {
        throw CheckpointError.truncated(
          path: file.path, place: place, needed: 8, available: bytes.count - position)
      }
      let count = bytes.number(at: position, as: Int64.self)
      position += 8
      let (size, overflow) = Int(count).multipliedReportingOverflow(by: elementSize)
      guard count >= 0, !overflow, size <= bytes.count - position else {
        throw CheckpointError.truncated(
          path: file.path, place: place, needed: overflow || count < 0 ? .max : size,
          available: bytes.count - position)
      }
      ranges[key] = position..<(position + size)
      position += size
    }
    return ranges
  }
}
