import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Checkpoints

@Suite("Safetensors") struct SafetensorsTests {
  /// A file of the given header and as many bytes of data.
  func file(_ header: String, data: [UInt8] = []) -> [UInt8] {
    littleEndian(UInt64(header.utf8.count)) + header.utf8 + data
  }

  @Test("What is written is read back, without a copy and in the same order")
  func roundTrip() throws {
    var numbers = RandomNumbers(seed: 7, stream: "test")
    let shapes = [[3, 4], [], [0, 5], [1], [2, 1, 3], [257]]
    let tensors = shapes.enumerated().map { index, shape in
      (
        name: "layer \(index) \"ключ\"\n\\",
        tensor: Tensor(shape: shape) { for i in $0.indices { $0[i] = Float(numbers.normal()) } }
      )
    }
    try withTemporaryFolder { folder in
      let path = "\(folder)/out.safetensors"
      try SafetensorsWriter.write(tensors, metadata: ["b": "2", "a": "\u{1}é"], to: path)
      let checkpoint = try Checkpoint.open(path)
      #expect(Array(checkpoint.tensors.keys) == tensors.map(\.name))
      #expect(checkpoint.metadata == .dictionary(["a": .string("\u{1}é"), "b": .string("2")]))
      for (name, tensor) in tensors { #expect(try checkpoint.tensor(name) == tensor) }
      // The same arguments give the same bytes, and nothing else is left in the folder.
      let first = try Data(contentsOf: URL(filePath: path))
      try SafetensorsWriter.write(tensors, metadata: ["a": "\u{1}é", "b": "2"], to: path)
      #expect(try Data(contentsOf: URL(filePath: path)) == first)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.safetensors"])
      // Zero-copy: the values lie inside the mapped file.
      let file = checkpoint.files[0].bytes
      try checkpoint.tensor(tensors[0].name).withUnsafeBuffer { values in
        let offset = UnsafeRawPointer(values.baseAddress!) - file.baseAddress!
        #expect((0..<file.count).contains(offset))
      }
    }
  }

  @Test("The tensor keeps the file mapped after the checkpoint is gone")
  func lifetime() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/out.safetensors"
      let values = Tensor((0..<5000).map(Float.init), shape: [50, 100])
      try SafetensorsWriter.write([("w", values)], to: path)
      let tensor = try Checkpoint.open(path).tensor("w")
      try FileManager.default.removeItem(atPath: path)
      #expect(tensor == values)
    }
  }

  @Test("Writing refuses two tensors of one name, and leaves an older file alone")
  func writeErrors() throws {
    let tensor = Tensor([1], shape: [1])
    try withTemporaryFolder { folder in
      let path = "\(folder)/out.safetensors"
      try SafetensorsWriter.write([("w", tensor)], to: path)
      #expect(throws: CheckpointError.self) {
        try SafetensorsWriter.write([("w", tensor), ("w", tensor)], to: path)
      }
      #expect(throws: CheckpointError.self) {
        try SafetensorsWriter.write([("w", tensor)], to: "\(folder)/no/out.safetensors")
      }
      #expect(try Checkpoint.open(path).tensors.count == 1)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.safetensors"])
    }
  }

  @Test("Every type is read as PyTorch reads it (the reference's ten)")
  func types() throws {
    let checkpoint = try Checkpoint.open(resource("reference/odd_storages.expected.safetensors"))
    #expect(
      Set(checkpoint.tensors.values.map(\.type)) == [
        .float32, .float64, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint8, .bool,
      ])
  }

  @Test("A misaligned file is copied, not misread")
  func misaligned() throws {
    for padding in 0..<4 {
      let blanks = String(repeating: " ", count: padding)
      let bytes = file(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}\(blanks)",
        data: floatBytes([1, -2]))
      #expect(try Checkpoint(bytes, path: "m").tensor("w").values == [1, -2])
    }
  }

  @Test("A header whose length begins like a pickle is still a header", arguments: [2, 3, 4, 5])
  func lengthLikeAPickle(version: Int) throws {
    let header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
    let padded = header + String(repeating: " ", count: (version << 8 | 0x80) - header.utf8.count)
    let bytes = file(padded, data: floatBytes([3]))
    #expect(Array(bytes.prefix(2)) == [0x80, UInt8(version)])
    #expect(try Checkpoint(bytes, path: "m").tensor("w").values == [3])
  }

  @Test(
    "Broken headers are refused with the place",
    arguments: [
      ("[1]", "unknown format"), ("{}x", "the end"), ("{\"w\":1}", "w"),
      ("{\"w\":{\"dtype\":\"F32\"}}", "w"),
      ("{\"w\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", "w"),
      ("{\"w\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", "w"),
      ("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", "w"),
      ("{\"w\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,4]}}", "F4"),
      (
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
          + "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "w"
      ),
      ("{\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", "found 4 bytes"),
      (String(repeating: "{\"a\":", count: 200) + "1" + String(repeating: "}", count: 200), "levels"),
    ])
  func broken(header: String, mention: String) throws {
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint(file(header, data: [0, 0, 0, 0]), path: "m.safetensors")
    }
    #expect("\(error)".hasPrefix("m.safetensors"))
    #expect("\(error)".contains(mention))
  }

  @Test("FP8 is read, complex numbers are listed and refused by name when their values are wanted")
  func float8() throws {
    let header = "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}"
    let checkpoint = try Checkpoint(file(header, data: [0, 0x38, 0xB8, 0x01]), path: "m")
    #expect(try checkpoint.entry("w").type == .float8E4M3)
    #expect(try checkpoint.tensor("w").values == [0, 1, -1, 0x1p-9])
    let complex = header.replacing("F8_E4M3", with: "C64").replacing("[4]", with: "[1]")
      .replacing("[0,4]", with: "[0,8]")
    let other = try Checkpoint(file(complex, data: [UInt8](repeating: 0, count: 8)), path: "m")
    let error = try #require(throws: CheckpointError.self) { try other.tensor("w") }
    #expect("\(error)".contains("tensor w is of type C64"))
  }

  @Test("A tensor that is not there: the nearest names are given")
  func unknown() throws {
    let checkpoint = try Checkpoint.open(resource("reference/plain_zip.pt"))
    let error = try #require(throws: CheckpointError.self) {
      try checkpoint.tensor("encoder.layers.1.attention.k_proj.weights")
    }
    guard case .unknownTensor(_, _, let nearest) = error else { return #expect(Bool(false), "\(error)") }
    #expect(nearest.first == "encoder.layers.1.attention.k_proj.weight")
  }

  @Test("The fingerprint is what xxhsum -H2 prints; parts count as their bytes one after the other")
  func fingerprint() throws {
    // Both values from libxxhash's one-shot function in a C program.
    #expect(
      try Checkpoint.open(resource("reference/proto3.pt")).fingerprint()
        == "854530c9d02d88d1d2eba27e5e733b05")
    #expect(
      try Checkpoint.open(resource("reference/sharded_safetensors")).fingerprint()
        == "e5d527b09cd9910b97f5b6d4cfb137b5")
  }
}
