import Checkpoints
import Files
import Foundation
import Synchronization

/// The files of a store, opened when they are needed; a few stay open.
final class MatrixFiles: Sendable {
  /// Paths below `root`, sorted; for a single file its name.
  let names: [String]
  private let root: String
  private let recent = Mutex<(open: [Int: any MatrixFile], order: [Int])>(([:], []))
  private static let openLimit = 128
  /// Of how many files it is asked now and then whether they have changed.
  private static let watchLimit = 64
  /// What the files were when their fingerprint was taken.
  private let known = Mutex<(identities: [FileIdentity?], fingerprint: String)>(([], ""))

  init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ImportError.missing(path: path, reason: "there is no such file or folder")
    }
    if isFolder.boolValue {
      root = path
      let names = try Self.list(path)
      // A script names what is in archives: those are not read a second time.
      let hasScripts = names.contains { $0.hasSuffix(".scp") }
      self.names = hasScripts ? names.filter { !$0.hasSuffix(".ark") } : names
    } else {
      let url = URL(filePath: path)
      root = url.deletingLastPathComponent().path
      names = [url.lastPathComponent]
    }
    guard !names.isEmpty else {
      throw ImportError.missing(
        path: path,
        reason:
          "no files of activations in this folder (\(MatrixFileKind.all.sorted().joined(separator: ", ")))")
    }
  }

  static func list(_ folder: String) throws -> [String] {
    do {
      return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
        MatrixFileKind.all.contains(MatrixFileKind.ending(of: name))
          && !name.split(separator: "/").contains { $0.hasPrefix(".") }
      }.sorted()
    } catch {
      throw ImportError.missing(
        path: folder, reason: "the folder cannot be listed (\(error.localizedDescription))")
    }
  }

  func path(_ index: Int) -> String { root + "/" + names[index] }

  func open(_ index: Int) throws -> any MatrixFile {
    if let file = recent.withLock({ $0.open[index] }) { return file }
    let file = try MatrixFileKind.open(path(index))
    recent.withLock { recent in
      if recent.open.updateValue(file, forKey: index) == nil { recent.order.append(index) }
      if recent.order.count > Self.openLimit { recent.open[recent.order.removeFirst()] = nil }
    }
    return file
  }

  /// The hash of all contents.
  func fingerprint() throws -> String {
    let identities = identities()
    let fingerprint = try Checkpoint.fingerprint(ofFiles: names.indices.map(path))
    known.withLock { $0 = (identities, fingerprint) }
    return fingerprint
  }

  /// Throws `FileError.changed` where a file is no more what it was when the fingerprint was taken.
  func requireUnchanged(atEnd: Bool) throws {
    guard atEnd || names.count <= Self.watchLimit else { return }
    let (before, expected) = known.withLock { $0 }
    let now = identities()
    guard !expected.isEmpty, before != now else { return }
    let found = try Checkpoint.fingerprint(ofFiles: names.indices.map(path))
    guard found == expected else {
      let place = zip(before, now).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
      throw FileError.changed(
        path: path(place), reason: "the fingerprint of all was \(expected) and is \(found)")
    }
    known.withLock { $0.identities = now }
  }

  private func identities() -> [FileIdentity?] { names.indices.map { try? FileIdentity(of: path($0)) } }
}
