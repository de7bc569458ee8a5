import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import HDF5

@Suite("Reading HDF5")
struct HDF5FileTests {
  private let values = (0..<12).map { (Float($0) - 5) / 8 }

  @Test("every width of float, byte order and packing that h5py writes")
  func reads() throws {
    let file = try HDF5File(resource("good.h5"))
    for name in ["a/b/f2", "a/b/f4", "a/b/f8", "big_endian", "ünïcode/ключ"] {
      #expect(try file.tensor(name) == Tensor(values, shape: [4, 3]), "\(name)")
    }
    let packed = try file.tensor("packed")
    #expect(packed.shape == [256, 3])
    #expect(packed.rows(252..<256) == Tensor(values, shape: [4, 3]))
    #expect(try file.tensor("whole").values == [0, 1, 2, 3, 4, 5])
    #expect(try file.tensor("empty").shape == [0, 3])
    #expect(try file.shape(of: "packed") == [256, 3])
  }

  @Test("an array of two names is listed once, and links to other files not at all")
  func names() throws {
    let file = try HDF5File(resource("good.h5"))
    #expect(file.names.count == 8)
    #expect(!file.names.contains("elsewhere"))
    #expect(Set(file.names).intersection(["again", "a/b/f4"]).count == 1)
  }

  @Test("attributes are words and numbers")
  func attributes() throws {
    let file = try HDF5File(resource("good.h5"))
    let attributes = try file.attributes()
    #expect(attributes["variable"]?.text == "hübert")
    #expect(attributes["fixed"]?.text == "base")
    #expect(attributes["rate"]?.number == 16_000)
    #expect(attributes["hop"]?.number == 0.5)
    #expect(attributes["list"] == nil)
    let name = try #require(file.names.first { $0 == "again" || $0 == "a/b/f4" })
    #expect(try file.attributes(of: name) == ["layer": .text("3")])
  }

  @Test(
    "what is no array of its own numbers is refused by name and reason",
    arguments: [
      ("words", "real numbers"), ("complex", "real numbers"), ("outside", "other files"),
      ("virtual", "other files"), ("bomb", "packing"), ("huge", "values"), ("unwritten", "packing"),
    ])
  func refuses(name: String, reason: String) throws {
    let file = try HDF5File(resource("odd.h5"))
    let error = #expect(throws: HDF5Error.self) { try file.tensor(name) }
    #expect(error?.description.contains(name) == true)
    #expect(error?.description.contains("odd.h5") == true)
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  @Test("an unknown name lists what there is")
  func unknownName() throws {
    let file = try HDF5File(resource("good.h5"))
    let error = #expect(throws: HDF5Error.self) { try file.tensor("a/b") }
    #expect(error?.description.contains("a/b/f2") == true)
  }

  @Test("a file cut anywhere is refused, or gives what it still holds whole")
  func truncated() throws {
    let whole = try Data(contentsOf: URL(filePath: resource("good.h5")))
    let folder = try TemporaryFolder()
    for length in stride(from: 0, to: whole.count, by: 97) {
      let path = try folder.write(whole.prefix(length), to: "cut.h5")
      // The superblock knows the file's length, so nothing of a cut file is believed.
      let error = #expect(throws: HDF5Error.self, "\(length) bytes") { try HDF5File(path) }
      #expect(error?.description.contains("cut.h5") == true)
    }
  }

  @Test("a missing file and a text are refused with a reason")
  func notHDF5() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write(Data("hello".utf8), to: "text.h5")
    for path in [folder.path + "/none.h5", text, folder.path] {
      let error = #expect(throws: HDF5Error.self) { try HDF5File(path) }
      #expect(error?.description.hasPrefix("\(path) cannot be read as HDF5: ") == true)
      #expect(error?.description.contains("does not say") == false)
    }
  }
}
