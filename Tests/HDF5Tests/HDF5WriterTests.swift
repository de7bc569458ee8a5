import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import HDF5

@Suite("Writing HDF5")
struct HDF5WriterTests {
  private let states = Tensor((0..<6).map { Float($0) * 0.5 - 1 }, shape: [2, 3])

  private func write(_ path: String) throws {
    try HDF5Writer.write(to: path, attributes: ["model": "hübert", "rate": "16000"]) { file in
      try file.write(states, named: "u/1/hidden.3")
      try file.write(states, named: "u/1/hidden.4", as: .float16)
      try file.write(Tensor(shape: [0, 3]), named: "u/2/hidden.3")
    }
  }

  @Test("what is written is read back")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.h5"
    try write(path)
    let file = try HDF5File(path)
    #expect(file.names == ["u/1/hidden.3", "u/1/hidden.4", "u/2/hidden.3"])
    #expect(try file.tensor("u/1/hidden.3") == states)
    #expect(try file.tensor("u/1/hidden.4") == states)
    #expect(try file.tensor("u/2/hidden.3").shape == [0, 3])
    #expect(try file.attributes() == ["model": .text("hübert"), "rate": .text("16000")])
    #expect(folder.contents() == ["a.h5"])
  }

  @Test("the same arrays give the same bytes")
  func sameBytes() throws {
    let folder = try TemporaryFolder()
    try write(folder.path + "/a.h5")
    try write(folder.path + "/b.h5")
    let (a, b) = (folder.path + "/a.h5", folder.path + "/b.h5")
    #expect(try Data(contentsOf: URL(filePath: a)) == Data(contentsOf: URL(filePath: b)))
  }

  @Test("float16 rounds to nearest")
  func half() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [0.1, -3.14159, 65504, 1e-4, 5.9604645e-8, 0]
    try HDF5Writer.write(to: folder.path + "/a.h5") {
      try $0.write(Tensor(values, shape: [6]), named: "x", as: .float16)
    }
    let read = try HDF5File(folder.path + "/a.h5").tensor("x").values
    #if !arch(x86_64) || !os(macOS)
      #expect(read == values.map { Float(Float16($0)) })
    #endif
  }

  @Test("a failure leaves the older file and nothing else")
  func failure() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data("older".utf8), to: "a.h5")
    let error = #expect(throws: HDF5Error.self) {
      try HDF5Writer.write(to: path) { file in
        try file.write(states, named: "x")
        try file.write(states, named: "x")
      }
    }
    #expect(error?.description.contains("x could not be written") == true)
    #expect(folder.contents() == ["a.h5"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "older")
    #expect(throws: HDF5Error.self) { try HDF5Writer.write(to: folder.path + "/none/a.h5") { _ in } }
  }

  @Test("many threads may read one file")
  func threads() throws {
    let file = try HDF5File(resource("good.h5"))
    let rows = try parallelMap(64, threads: 8) { _ in try file.tensor("packed").rows }
    #expect(rows == Array(repeating: 256, count: 64))
  }
}
