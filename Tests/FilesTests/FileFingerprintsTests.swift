import Foundation
import StrataTestSupport
import Testing

@testable import Files

@Suite("What a file holds is known by its bytes") struct FileFingerprintsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("is read once, and again after a change that keeps length and time")
  func changed() throws {
    let path = try folder.write(Data("speech".utf8), to: "a.wav")
    let prints = FileFingerprints()
    let first = try prints.fingerprint(of: path)
    #expect(first.count == 32)
    #expect(try prints.fingerprint(of: path) == first && prints.filesRead == 1)

    let time = try #require(
      FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: Data("noises".utf8))
    try handle.close()
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
    #expect(try prints.fingerprint(of: path) != first && prints.filesRead == 2)
  }

  @Test("is XXH3-128 as xxhsum prints it") func reference() throws {
    // Of the empty input, as the specification gives it.
    let path = try folder.write(Data(), to: "empty")
    #expect(try FileFingerprints().fingerprint(of: path) == "99aa06d3014798d86001c324468d497f")
  }

  @Test("of a link is that of its target") func links() throws {
    let (one, two) = (
      try folder.write(Data("1".utf8), to: "one"), try folder.write(Data("2".utf8), to: "two")
    )
    let link = folder.path + "/link"
    let prints = FileFingerprints()
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: one)
    #expect(try prints.fingerprint(of: link) == prints.fingerprint(of: one) && prints.filesRead == 1)
    try FileManager.default.removeItem(atPath: link)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: two)
    #expect(try prints.fingerprint(of: link) == prints.fingerprint(of: two))
  }

  @Test("a reading during which the file changes is made again") func during() throws {
    let path = try folder.write(Data("old".utf8), to: "a")
    var readings = 0
    let (result, print) = FileFingerprints().reading(path) {
      let found = try Data(contentsOf: URL(filePath: path))
      readings += 1
      if readings == 1 { try Data("newer".utf8).write(to: URL(filePath: path)) }
      return String(decoding: found, as: UTF8.self)
    }
    #expect(try result.get() == "newer" && readings == 2)
    #expect(try print == FileFingerprints().fingerprint(of: path))
    let (never, none) = FileFingerprints().reading(path) {
      readings += 1
      try Data("\(readings)".utf8).write(to: URL(filePath: path))
    }
    #expect(throws: FileError.self) { try never.get() }
    #expect(none == nil)
  }

  @Test("a missing file, a folder and a pipe have none") func none() throws {
    let prints = FileFingerprints()
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [folder.path + "/no", folder.path, pipe] {
      #expect(throws: FileError.self) { try prints.fingerprint(of: path) }
    }
  }
}
