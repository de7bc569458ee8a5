import Files
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Checkpoints

@Suite("A checkpoint's files are asked whether they have changed") struct OpenedFilesTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.file("model.safetensors")
    try write(1)
  }

  private func write(_ value: Float, to name: String? = nil) throws {
    let values = Tensor([Float](repeating: value, count: 4096), shape: [4096])
    try SafetensorsWriter.write([("weight", values)], to: name ?? path)
  }

  /// Other bytes in the same file.
  private func overwrite(_ data: Data) throws {
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: data)
    try handle.close()
  }

  @Test("written over, it is told") func overwritten() throws {
    let opened = try Checkpoint.open(path).opened()
    try opened.requireUnchanged()
    let other = try folder.file("other")
    try write(2, to: other)
    try overwrite(Data(contentsOf: URL(filePath: other)))
    #expect {
      try opened.requireUnchanged()
    } throws: { error in
      guard case FileError.changed(path, let reason) = error else { return false }
      return reason.contains(opened.fingerprint)
    }
  }

  @Test("cut short, it is told without a look at what is gone") func cut() throws {
    let opened = try Checkpoint.open(path).opened()
    #expect(truncate(path, 100) == 0)
    #expect {
      try opened.requireUnchanged()
    } throws: { error in
      if case FileError.changed(_, let reason) = error { reason.hasSuffix("to 100 bytes") } else { false }
    }
  }

  @Test("written with the same bytes, touched or replaced by another file, nothing is wrong")
  func harmless() throws {
    let checkpoint = try Checkpoint.open(path)
    let opened = try checkpoint.opened()
    try overwrite(Data(contentsOf: URL(filePath: path)))
    try opened.requireUnchanged()
    try FileManager.default.setAttributes([.modificationDate: Date.distantPast], ofItemAtPath: path)
    try opened.requireUnchanged()
    try write(2)
    try opened.requireUnchanged()
    #expect(try checkpoint.tensor("weight").values.first == 1)
    try FileManager.default.removeItem(atPath: path)
    try opened.requireUnchanged()
  }
}
