import Files
import Synchronization

/// The files that a model was read from and whose values it may still read, so that it can be asked later whether
/// they are what they were.
public final class OpenedFiles: Sendable {
  /// Of the content when it was opened.
  public let fingerprint: String
  private let checkpoint: Checkpoint
  /// Of the files of that content, by their paths.
  private let known: Mutex<[FileIdentity?]>

  init(_ checkpoint: Checkpoint, fingerprint: String) {
    self.checkpoint = checkpoint
    self.fingerprint = fingerprint
    known = Mutex(checkpoint.files.map(\.identity))
  }

  /// Throws `FileError.changed` where a file was written over or cut short since it was opened. Where files were only
  /// replaced by others of their names, what was opened is still there, and nothing is wrong. Costs a look at each
  /// file, and a reading of all where one has another identity than before.
  public func requireUnchanged() throws {
    let now = checkpoint.files.map { file in
      file.identity == nil ? nil : try? FileIdentity(of: file.path)
    }
    guard now != known.withLock({ $0 }) else { return }
    for (file, identity) in zip(checkpoint.files, now) {
      guard let identity, let opened = file.identity, identity.isSameFile(as: opened) else { continue }
      guard identity.size >= opened.size else {
        throw FileError.changed(
          path: file.path, reason: "it was cut from \(opened.size) to \(identity.size) bytes")
      }
    }
    let found = try checkpoint.fingerprint()
    guard found == fingerprint else {
      let changed = zip(checkpoint.files, now).first { $0.identity != $1 }?.0.path
      throw FileError.changed(
        path: changed ?? checkpoint.path, reason: "its fingerprint was \(fingerprint) and is \(found)")
    }
    known.withLock { $0 = now }
  }
}

extension Checkpoint {
  /// For asking later whether its files are still what they are now. Reads everything once.
  /// - Throws: `CheckpointError` where a file cannot be read.
  public func opened() throws -> OpenedFiles { OpenedFiles(self, fingerprint: try fingerprint()) }
}
