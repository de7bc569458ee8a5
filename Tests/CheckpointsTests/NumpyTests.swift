import Foundation
import Tensors
import Testing

@testable import Checkpoints

@Suite("NumPy files") struct NumpyTests {
  static let tensors: [(name: String, tensor: Tensor)] = [
    ("layer.7", Tensor((0..<600).map { Float($0 % 7) }, shape: [20, 30])),
    ("scalar", Tensor([2.5], shape: [])),
    ("empty", Tensor([], shape: [0, 3])), ("row", Tensor([1, -1], shape: [2])),
  ]

  @Test("An archive is read back, stored or deflated, and is the same each time", arguments: [false, true])
  func archive(compressed: Bool) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/out.npz"
      try NumpyWriter.writeArchive(Self.tensors, compressed: compressed, to: path)
      let checkpoint = try Checkpoint.open(path)
      #expect(checkpoint.format == .numpyArchive)
      #expect(Array(checkpoint.tensors.keys) == Self.tensors.map(\.name))
      for (name, tensor) in Self.tensors { #expect(try checkpoint.tensor(name) == tensor) }
      try checkpoint.verify()
      let first = try Data(contentsOf: URL(filePath: path))
      #expect((first.count < 2400) == compressed)
      try NumpyWriter.writeArchive(Self.tensors, compressed: compressed, to: path)
      #expect(try Data(contentsOf: URL(filePath: path)) == first)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.npz"])
    }
  }

  @Test("An array's bytes are those of numpy.save")
  func array() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/layer.7.npy"
      for (_, tensor) in Self.tensors {
        try NumpyWriter.writeArray(tensor, to: path)
        let checkpoint = try Checkpoint.open(path)
        #expect(try checkpoint.tensor("layer.7") == tensor)
        #expect(try Data(contentsOf: URL(filePath: path)).count == 128 + 4 * tensor.count)
      }
      // numpy.save("layer.7.npy", numpy.arange(3, dtype="<f4")), NumPy 2.4.
      try NumpyWriter.writeArray(Tensor([0, 1, 2], shape: [3]), to: path)
      let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
      let expected =
        [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(text.utf8)
        + [UInt8](repeating: 0x20, count: 117 - text.utf8.count) + [0x0A] + floatBytes([0, 1, 2])
      #expect(Array(try Data(contentsOf: URL(filePath: path))) == expected)
    }
  }

  @Test("Writing refuses two arrays of one name and an empty archive")
  func writeErrors() throws {
    try withTemporaryFolder { folder in
      let tensor = Tensor([1], shape: [1])
      for tensors in [[("w", tensor), ("w", tensor)], []] {
        #expect(throws: CheckpointError.self) {
          try NumpyWriter.writeArchive(tensors.map { (name: $0.0, tensor: $0.1) }, to: "\(folder)/out.npz")
        }
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
    }
  }

  @Test(
    "Broken headers are refused",
    arguments: [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)", "{'descr': '<f4', 'shape': (3,), }",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }",
      "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "", "nonsense",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}",
    ])
  func broken(header: String) throws {
    let bytes =
      [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian(UInt16(header.utf8.count)) + Array(header.utf8)
      + floatBytes([0, 1, 2])
    let error = try #require(throws: CheckpointError.self) { try Checkpoint(bytes, path: "m.npy") }
    #expect("\(error)".hasPrefix("m.npy"))
  }
}
