import Foundation
import StrataTestSupport
import Testing

@testable import Tensors

@Suite("Files that are no files") struct RegularFileTests {
  @Test("a pipe, a device, a folder and a broken link are told without being opened") func obstacles()
    throws
  {
    let folder = try TemporaryFolder()
    let (pipe, link) = (try folder.file("pipe"), try folder.file("link"))
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(symlink("/nowhere/file", link) == 0)
    let expected: [(String, RegularFile.Obstacle)] = [
      (pipe, .other("a pipe")), (folder.path, .other("a folder")), ("/dev/zero", .other("a device")),
      (link, .brokenLink(target: "/nowhere/file")), (folder.path + "/none", .missing),
    ]
    for (path, obstacle) in expected {
      #expect(RegularFile.obstacle(at: path) == obstacle)
      #expect(throws: obstacle) { _ = try RegularFile(path) }
      #expect(throws: obstacle) { _ = try RegularFile.contents(path) }
    }
  }

  @Test("what is there is read, from anywhere in it, and no more") func reading() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data(0..<100), to: "a")
    let file = try RegularFile(path)
    #expect(file.bytes == 100 && file.bytes(at: 90, count: 20) == Array(90..<100))
    #expect(file.bytes(at: 100, count: 1).isEmpty && file.bytes(at: -1, count: 1).isEmpty)
    #expect(file.bytes(at: .max, count: .max).isEmpty)
    let contents = try RegularFile.contents(path)
    #expect(contents == Array(0..<100))
    let link = try folder.file("link")
    #expect(symlink(path, link) == 0 && RegularFile.obstacle(at: link) == nil)
  }
}

@Suite("Address space") struct AddressSpaceTests {
  @Test(
    "a pool takes a quarter of what a limit leaves, in whole large pages, and never more than without one")
  func share() {
    #expect(MemoryPool.size(leaving: nil) == 1 << 37)
    #expect(MemoryPool.size(leaving: .max) == 1 << 37)
    #expect(MemoryPool.size(leaving: 0) == 0)
    for left in [1 << 20, 1 << 30, 3_000_000_000, 1 << 34] {
      let size = MemoryPool.size(leaving: left)
      #expect(size <= left / 4 && size > left / 4 - 1 << 21 && size % (1 << 21) == 0)
    }
  }

  @Test("what is needed is said") func words() {
    let error = AddressSpaceError(left: 300 << 20, threads: 2)
    #expect(error.description.contains("leaves 300 MiB"))
    #expect(error.description.contains("1024 MiB are needed"))
    #expect(AddressSpaceError.needed(threads: 16) == 2816 << 20)
    #expect(error.description.contains("ulimit -v unlimited"))
  }
}
