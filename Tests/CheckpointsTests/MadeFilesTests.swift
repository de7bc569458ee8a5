import Testing

@testable import Checkpoints

/// Files made with PyTorch and NumPy for what the reference set does not have (`Resources/made/make.py`).
@Suite("Other files that people have") struct MadeFilesTests {
  static let files = [
    "arrays_2.pkl", "arrays_3.pkl", "arrays_4.pkl", "arrays_5.pkl", "compressed.npz", "deflated.pt",
    "module.pt", "protocol_0.pt", "protocol_1.pt", "script.pt", "single.npy", "stored.npz", "subclasses.pt",
    "unsigned.pt", "zip64.pt",
  ]

  func open(_ name: String) throws -> Checkpoint { try Checkpoint.open(resource("made/\(name)")) }

  @Test("give the values that were put in", arguments: files)
  func values(file: String) throws {
    let json = try MetadataValue(json: try resourceBytes("made/expected.json"), path: "expected.json")
    let expected = try #require(json[file]?.dictionary)
    let checkpoint = try open(file)
    #expect(Set(checkpoint.tensors.keys) == Set(expected.keys))
    for (name, value) in expected {
      let shape = try #require(value[0]?.list).compactMap { $0.integer }
      let values = try #require(value[1]?.list).compactMap { $0.number }
      #expect(try checkpoint.entry(name).shape == shape)
      #expect(try checkpoint.doubles(name) == values)
      #expect(try checkpoint.tensor(name).values == values.map { Float($0) })
      if try checkpoint.entry(name).type.isInteger {
        #expect(try checkpoint.integers(name) == values.map { Int($0) })
      }
    }
  }

  @Test("Hyper-parameters: plain values are read, classes stay closed")
  func parameters() throws {
    let checkpoint = try open("parameters.ckpt")
    let found = try #require(checkpoint.metadata["hyper_parameters"]?.dictionary)
    let expected: [String: MetadataValue] = [
      "colour": .opaque(className: "acme.models.Colour"), "path": .string("/data/speech"),
      "when": .opaque(className: "datetime.date"), "space": .dictionary(["width": .integer(48)]),
      "attributes": .dictionary(["depth": .integer(3)]), "default": .dictionary(["a": .integer(1)]),
      "counter": .dictionary(["a": .integer(2), "b": .integer(1)]),
      "omega": .dictionary(["width": .integer(48), "layers": .list([.integer(1), .integer(2)])]),
      "config": .opaque(className: "acme.models.Config"),
      "array": .list([.number(0), .number(0.5), .number(1), .number(1.5)]), "int32": .integer(7),
      "flag": .bool(true), "bytes": .opaque(className: "bytes"), "frozen": .list([.integer(3)]),
      "weights": .opaque(className: "torch.Tensor"), "bytearray": .opaque(className: "bytes"),
      "huge": .number(0x1p70), "negative": .integer(-(1 << 40)),
      "complex": .opaque(className: "__builtin__.complex"), "5": .string("five"),
      "type": .string("torch.bfloat16"), "slice": .opaque(className: "__builtin__.slice"),
      "function": .opaque(className: "torch.nn.functional.relu"),
    ]
    for (key, value) in expected { #expect(found[key] == value, "\(key)") }
    #expect(found.count == expected.count)
    #expect(
      Set(checkpoint.foreignClasses) == [
        "acme.models.Colour", "acme.models.AttributeDict", "acme.models.Config",
      ])
  }

  @Test("Protocols 0 and 1: text, truth values and long numbers", arguments: [0, 1])
  func oldProtocols(version: Int) throws {
    let metadata = try open("protocol_\(version).pt").metadata
    #expect(metadata["name"]?.string == "déjà \u{1F600}")
    #expect(metadata["on"]?.bool == true)
    #expect(metadata["rate"]?.number == 0.5)
    #expect(metadata["big"]?.number == 0x1p70)
    #expect(metadata["config"] == .opaque(className: "acme.models.Config"))
    #expect(
      metadata["list"] == .list([.integer(1), .integer(-2), .list([.integer(3), .integer(4)])]))
    #expect(metadata["none"] == .null)
  }

  @Test("Tensors that cannot be read are listed, and named when asked for")
  func oddTypes() throws {
    let checkpoint = try open("odd_types.pt")
    #expect(try checkpoint.tensor("w").values == [0, 1])
    #expect(try checkpoint.entry("f8").type == .float8E4M3)
    for (name, type) in [("c", ElementType.complex64)] {
      #expect(try checkpoint.entry(name).type == type)
      #expect(
        throws: CheckpointError.unreadableType(
          path: checkpoint.path, name: name, type: type, wanted: "float32")
      ) { try checkpoint.tensor(name) }
    }
  }

  @Test("Arrays of text are passed over, arrays of objects refused")
  func otherArrays() throws {
    #expect(try open("compressed.npz").skipped == ["names (NumPy type <U2)"])
    #expect(throws: CheckpointError.noTensors(path: resource("made/objects.npz"), keys: ["o.npy"])) {
      try open("objects.npz")
    }
  }

  @Test(
    "Big-endian values are refused", arguments: ["big_endian.npy", "big_endian.pt", "big_endian_legacy.pt"])
  func bigEndian(file: String) throws {
    let error = try #require(throws: CheckpointError.self) { try open(file) }
    guard case .unsupported = error else { return #expect(Bool(false), "\(error)") }
  }

  @Test(
    "Checksums find a flipped bit", arguments: ["zip64.pt", "stored.npz", "compressed.npz", "deflated.pt"])
  func checksums(file: String) throws {
    var bytes = try resourceBytes("made/\(file)")
    try Checkpoint(bytes, path: file).verify()
    let archive = try ZipArchive(FileBytes(bytes, path: file))
    let entry = try #require(archive.entries.first { $0.size > 64 })
    bytes[try archive.payload(of: entry).upperBound - 9] ^= 0x10
    let name = file
    #expect(throws: CheckpointError.self) { try Checkpoint(bytes, path: name).verify() }
  }
}
