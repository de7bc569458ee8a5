import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import HDF5

@Suite("Damaged HDF5")
struct MutationTests {
  @Test("files with flipped bytes are read or refused")
  func flips() throws {
    let folder = try TemporaryFolder()
    var random = RandomNumbers(seed: 5)
    var refused = 0
    for name in ["good.h5", "odd.h5"] {
      let whole = try Data(contentsOf: URL(filePath: resource(name)))
      for _ in 0..<120 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let path = try folder.write(bytes, to: "flipped.h5")
        do {
          let file = try HDF5File(path)
          for name in file.names { _ = try file.tensor(name) }
          _ = try file.attributes()
        } catch {
          #expect("\(error)".contains("flipped.h5"))
          refused += 1
        }
      }
    }
    #expect(refused > 120)
  }
}
