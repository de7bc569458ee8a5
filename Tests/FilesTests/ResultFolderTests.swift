import Foundation
import StrataTestSupport
import Testing

@testable import Files

@Suite("A folder of results is written whole or not at all") struct ResultFolderTests {
  private let temporary: TemporaryFolder
  private var folder: String { temporary.path + "/study" }

  init() throws { temporary = try TemporaryFolder() }

  private func stage(_ files: [String: String]) throws -> StagedResults {
    let staged = try StagedResults(for: folder)
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      try staged.write(Data(text.utf8), to: name)
    }
    return staged
  }

  private func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: "\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) }
  }

  private var names: [String] { ResultFolder.files(in: folder).filter { $0 != "manifest.json" } }

  @Test("the results of a folder go, or make way for others, and what is not theirs stays") func replaced()
    throws
  {
    try stage(["a.json": "1", "figures/a.svg": "1"]).commit()
    try Data("x".utf8).write(to: URL(filePath: folder + "/figures/mine.svg"))
    let next = try StagedResults(for: temporary.path + "/next")
    try next.write(Data("2".utf8), to: "b.json")
    try next.commit()
    try ResultFolder.replace(folder, by: temporary.path + "/next")
    #expect(names == ["b.json", "figures/mine.svg"] && text("b.json") == "2")
    #expect(!FileManager.default.fileExists(atPath: temporary.path + "/next"))
    // A replacement that was cut short goes on.
    try FileManager.default.createDirectory(
      atPath: temporary.path + "/next", withIntermediateDirectories: true)
    try Data("3".utf8).write(to: URL(filePath: temporary.path + "/next/c.json"))
    try ResultFolder.replace(folder, by: temporary.path + "/next")
    #expect(names == ["b.json", "c.json", "figures/mine.svg"])
    ResultFolder.remove(folder)
    #expect(names == ["c.json", "figures/mine.svg"])
    ResultFolder.remove(temporary.path + "/none")
  }

  @Test("nothing of an earlier result stays, and everything else does") func reused() throws {
    try stage(["study.json": "1", "outliers.csv": "1", "figures/a.svg": "1"]).commit()
    try FileManager.default.createDirectory(atPath: folder + "/mine", withIntermediateDirectories: true)
    try Data("x".utf8).write(to: URL(filePath: folder + "/mine/notes.txt"))
    try stage(["study.json": "2", "maps/b.svg": "2"]).commit()
    #expect(names == ["maps/b.svg", "mine/notes.txt", "study.json"])
    #expect(!FileManager.default.fileExists(atPath: folder + "/figures"))
    #expect(text("study.json") == "2")
    // The same files give the same manifest.
    let manifest = text("manifest.json")
    try stage(["study.json": "2", "maps/b.svg": "2"]).commit()
    #expect(text("manifest.json") == manifest)
  }

  @Test("what was not committed changes nothing and leaves nothing") func discarded() throws {
    try stage(["study.json": "1"]).commit()
    let staged = try stage(["study.json": "2", "layers.csv": "2"])
    #expect(text("study.json") == "1")
    staged.discard()
    #expect(names == ["study.json"] && text("study.json") == "1")
  }

  @Test("a folder in a file's place is found before anything is changed") func inTheWay() throws {
    try stage(["study.json": "1"]).commit()
    try FileManager.default.createDirectory(atPath: folder + "/run.yaml", withIntermediateDirectories: true)
    let staged = try stage(["study.json": "2", "run.yaml": "2"])
    let error = #expect(throws: FileError.self) { try staged.commit() }
    staged.discard()
    #expect(error?.description.contains("/run.yaml could not be written: a folder of that name") == true)
    #expect(text("study.json") == "1")
  }

  @Test(
    "a run that died while files were put into place is brought to its end by the next reader",
    arguments: 0...4)
  func died(after moved: Int) throws {
    try stage(["study.json": "1", "old.csv": "1", "a.csv": "1"]).commit()
    // What is left of a run that was killed after it had put some files into place.
    let staged = try stage(["study.json": "2", "a.csv": "2", "b.csv": "2"])
    let other = temporary.path + "/copy"
    try FileManager.default.copyItem(atPath: folder, toPath: other)
    try staged.commit()
    let commit = "\(other)/\(ResultFolder.commitName)"
    try FileManager.default.createDirectory(atPath: commit, withIntermediateDirectories: true)
    for (place, name) in ["a.csv", "b.csv", "study.json", "manifest.json"].enumerated() {
      let target = place < moved ? "\(other)/\(name)" : "\(commit)/\(name)"
      try? FileManager.default.removeItem(atPath: target)
      try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: target)
    }
    try Data(#"["old.csv"]"#.utf8).write(to: URL(filePath: "\(commit)/\(ResultFolder.staleName)"))
    let read = try ResultFolder.read(other + "/study.json")
    #expect(String(decoding: read, as: UTF8.self) == "2")
    // The staged copy that was never committed is not ours to see.
    PartFile.removeOwn(in: other)
    #expect(ResultFolder.files(in: other) == ["a.csv", "b.csv", "manifest.json", "study.json"])
  }

  @Test("a file that was not written with the others is refused") func mixture() throws {
    try stage(["study.json": "1", "layers.csv": "1"]).commit()
    try Data("2".utf8).write(to: URL(filePath: folder + "/study.json"))
    let error = #expect(throws: FileError.self) { try ResultFolder.read(folder + "/study.json") }
    #expect(error?.description.contains("was not written together with the files beside it") == true)
    try FileManager.default.removeItem(atPath: folder + "/manifest.json")
    #expect(try ResultFolder.read(folder + "/study.json") == Data("2".utf8))
  }

  @Test("a folder is made with those above it, or what is in the way is said without the system's numbers")
  func folders() throws {
    for name in ["a/b/c", "a/b/c", "a/b/c/", "a//d"] { try ResultFolder.makeFolder(folder + "/" + name) }
    try Data().write(to: URL(filePath: folder + "/file"))
    for name in ["file", "file/x/y"] {
      let error = #expect(throws: FileError.self) { try ResultFolder.makeFolder(folder + "/" + name) }
      #expect(
        error == .writeFailed(path: folder + "/" + name, reason: "a file of that name is in the way"))
    }
  }

  @Test("a manifest leads nowhere else") func escape() throws {
    try stage(["study.json": "1"]).commit()
    _ = try temporary.write(Data("mine".utf8), to: "precious")
    let forged =
      #"{"files":[{"name":"../precious"},{"name":"/etc/none"}],"format":"strata results","version":1}"#
    try Data(forged.utf8).write(to: URL(filePath: folder + "/manifest.json"))
    try stage(["study.json": "2"]).commit()
    #expect(FileManager.default.fileExists(atPath: temporary.path + "/precious"))
  }
}

@Suite("Temporary names tell who writes") struct PartFileTests {
  @Test("what dead runs left is removed, what lives is not") func stale() throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun("/bin/sh", ["-c", "echo $$"])
    let dead = run.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let own = PartFile.name(for: folder.path + "/a.h5")
    let ofDead = own.replacingOccurrences(of: "-\(getpid())-", with: "-\(dead)-")
    let elsewhere = "\(folder.path)/a.h5.part-other.host-\(dead)-x"
    let twice = ofDead + ".safetensors.part-" + PartFile.host + "-\(dead)-y"
    for path in [own, ofDead, ofDead + ".safetensors", twice, elsewhere, folder.path + "/b.part-1"] {
      try Data().write(to: URL(filePath: path))
    }
    PartFile.removeStale(in: folder.path, of: "b.h5")
    #expect(folder.contents().count == 6)
    PartFile.removeStale(in: folder.path, of: "a.h5")
    let left = Set(folder.contents())
    #expect(left.count == 3 && left.isSuperset(of: [URL(filePath: own).lastPathComponent, "b.part-1"]))
    PartFile.removeOwn(in: folder.path)
    #expect(folder.contents().count == 2)
  }

  @Test("a file appears whole or not at all, and a failure names it") func whole() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("a.json")
    try WholeFile.write(Data("1".utf8), to: path)
    #expect(throws: FileError.self) {
      try WholeFile.replace(path) { temporary in
        try Data("2".utf8).write(to: URL(filePath: temporary))
        throw FileError.interrupted
      }
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "1" && folder.contents() == ["a.json"])
    let error = #expect(throws: FileError.self) { try WholeFile.write(Data(), to: folder.path + "/no/a") }
    #expect(error?.description.contains("/no/a could not be written: No such file") == true)
  }
}

@Suite("Two runs do not write one folder") struct FolderLockTests {
  @Test("the second waits, and is told who has it") func waits() throws {
    let temporary = try TemporaryFolder()
    let folder = temporary.path + "/study"
    let lock = try FolderLock.take(folder, command: "first")
    #expect(FolderLock.owner(of: folder)?.process == getpid())
    var owner: FolderLock.Owner?
    var asked = 0
    #expect(throws: FileError.interrupted) {
      _ = try FolderLock.take(
        folder, command: "second",
        isCancelled: {
          asked += 1
          return asked > 2
        }, whenHeld: { owner = $0 })
    }
    #expect(owner?.command == "first" && owner?.host == ProcessInfo.processInfo.hostName)
    lock.release()
    #expect(!FileManager.default.fileExists(atPath: folder), "made for the lock, and empty")
    let third = try FolderLock.take(folder, command: "third")
    try Data().write(to: URL(filePath: folder + "/study.json"))
    third.release()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["study.json"])
    #expect(FolderLock.owner(of: folder) == nil)
  }

  @Test("what a dead process left is taken over, and it is told whose it was") func stale() throws {
    let folder = try TemporaryFolder()
    let owner = #"{"host":"\#(ProcessInfo.processInfo.hostName)","process":1,"started":"x","command":"y"}"#
    _ = try folder.write(Data(owner.utf8), to: FolderLock.fileName)
    var left: [FolderLock.Owner] = []
    let lock = try FolderLock.take(
      folder.path, command: "next", isCancelled: { true }, whenLeft: { left.append($0) })
    #expect(FolderLock.owner(of: folder.path)?.command == "next" && left.map(\.command) == ["y"])
    lock.release()
    try FolderLock.take(folder.path, command: "later", whenLeft: { left.append($0) }).release()
    #expect(left.count == 1, "what is given back has no one to tell of")
  }

  @Test("a folder that cannot be made is a failed write") func unwritable() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Data(), to: "file")
    let error = #expect(throws: FileError.self) { _ = try FolderLock.take(file, command: "x") }
    #expect(error?.description.contains("a file of that name is in the way") == true)
  }
}
