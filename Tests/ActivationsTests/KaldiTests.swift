import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

@Suite("Kaldi archives")
struct KaldiTests {
  @Test("compressed matrices are what kaldiio reads", arguments: 1...7)
  func compressed(method: Int) throws {
    let data = try Data(contentsOf: URL(filePath: resource("expected.json")))
    let expected = try JSONDecoder().decode([String: [String: [[Double]]]].self, from: data)
    let archive = try KaldiArchive(resource("compressed.\(method).ark"))
    #expect(archive.keys == ["u1", "u2"])
    for key in archive.keys {
      let rows = try #require(expected["\(method)"]?[key])
      let reference = Tensor(rows.joined().map { Float($0) }, shape: [rows.count, rows.first?.count ?? 0])
      #expect(try archive.shape(of: key) == reference.shape)
      #expect(relativeError(try archive.values(of: key), reference) < 1e-6)
    }
  }

  @Test("one byte a value, by its definition: least + range · byte / 255")
  func oneByte() throws {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian, Array.init)
    }
    var bytes = Array("u \0BCM3 ".utf8) + little(Float(-2).bitPattern) + little(Float(5.1).bitPattern)
    bytes += little(Int32(1)) + little(Int32(3)) + [0, 255, 51]
    let folder = try TemporaryFolder()
    let path = try folder.write(Data(bytes), to: "a.ark")
    let values = try KaldiArchive(path).values(of: "u").values
    for (value, expected) in zip(values, [-2, 3.1, -0.98] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
  }

  @Test("an archive cut anywhere is refused, or holds the matrices before the cut")
  func truncated() throws {
    let folder = try TemporaryFolder()
    for name in ["kaldi/hidden.0.ark", "compressed.1.ark", "kaldi-text/hidden.1.ark"] {
      let whole = try Data(contentsOf: URL(filePath: resource(name)))
      let complete = try KaldiArchive(resource(name))
      for length in stride(from: 1, to: whole.count - 1, by: 13) {
        let path = try folder.write(whole.prefix(length), to: "cut.ark")
        do {
          let archive = try KaldiArchive(path)
          #expect(archive.keys == Array(complete.keys.prefix(archive.keys.count)))
          #expect(archive.keys.count < complete.keys.count)
        } catch let error as ImportError {
          #expect(error.description.contains("cut.ark"))
        }
      }
    }
  }

  @Test("flipped bytes never end the process")
  func flips() throws {
    let folder = try TemporaryFolder()
    var random = RandomNumbers(seed: 3)
    for name in ["kaldi/hidden.0.ark", "compressed.3.ark", "kaldi-text/hidden.1.ark"] {
      let whole = try Data(contentsOf: URL(filePath: resource(name)))
      for _ in 0..<100 {
        var bytes = whole
        for _ in 0..<4 {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let path = try folder.write(bytes, to: "flipped.ark")
        do {
          let archive = try KaldiArchive(path)
          for key in archive.keys { _ = try archive.values(of: key) }
        } catch let error as ImportError {
          #expect(error.description.contains("flipped.ark"))
        }
      }
    }
  }

  @Test(
    "what a script must not do is refused by its line",
    arguments: [
      ("u1 cat a.ark |", "line 1: a command"), ("u1 a.ark:3[0:5]", "a range of rows"),
      ("u1", "a key and a place"),
      ("u1 none.ark:3", "none.ark: it cannot be read"), ("u1 a.ark:-5", "0 or more"),
    ])
  func scripts(line: String, words: String) throws {
    let folder = try TemporaryFolder()
    let contents = try Data(contentsOf: URL(filePath: resource("kaldi/hidden.0.ark")))
    try folder.write(contents, to: "a.ark")
    let path = try folder.write(Data(line.utf8), to: "a.scp")
    let error = #expect(throws: ImportError.self) { try KaldiScript(path) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test("an offset beyond the archive is refused")
  func offset() throws {
    let folder = try TemporaryFolder()
    try folder.write(Data(contentsOf: URL(filePath: resource("kaldi/hidden.0.ark"))), to: "a.ark")
    let path = try folder.write(Data("u1 a.ark:99999\nu2 a.ark:4\n".utf8), to: "a.scp")
    let script = try KaldiScript(path)
    for key in script.keys { #expect(throws: ImportError.self) { try script.values(of: key) } }
  }
}
