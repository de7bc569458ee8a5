import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps two runs from writing one folder at once.
///
/// The file `.strata-lock` in the folder is locked by the system (`flock`) for as long as its owner lives, and names
/// it; what a dead process left is taken over. Where a file system has no locks, the owner that is named counts while
/// its process lives, and one on another machine until its file is removed.
public final class FolderLock: Sendable {
  /// The name of the file that is locked.
  public static let fileName = ".strata-lock"

  /// Who holds a folder.
  public struct Owner: Codable, Equatable, Sendable, CustomStringConvertible {
    /// The machine's name.
    public var host: String
    /// The process's number on that machine.
    public var process: Int32
    /// When it took the folder, in ISO 8601.
    public var started: String
    /// What the process was doing, as it was started.
    public var command: String

    public var description: String {
      "process \(process) on \(host), which has had it since \(started) (\(command))"
    }
  }

  private let folder: String
  private let madeFolder: Bool
  private let descriptor: Mutex<Int32>

  private init(folder: String, madeFolder: Bool, descriptor: Int32) {
    self.folder = folder
    self.madeFolder = madeFolder
    self.descriptor = Mutex(descriptor)
  }

  /// Takes `folder`, which is made where it is not there, and waits while another run has it.
  ///
  /// - `command`: what is said of this run to others.
  /// - `whenHeld`: told once whom it waits for, nil where that is not known.
  /// - `whenLeft`: told who had the folder before and died without giving it back.
  /// - Throws: `FileError.writeFailed`; `.interrupted` once `isCancelled` gives true while it waits.
  public static func take(
    _ folder: String, command: String, isCancelled: () -> Bool = { false },
    whenHeld: (Owner?) -> Void = { _ in }, whenLeft: (Owner) -> Void = { _ in }
  ) throws -> FolderLock {
    let isThere = FileManager.default.fileExists(atPath: folder)
    try ResultFolder.makeFolder(folder)
    var isTold = false
    while true {
      switch try attempt(folder, command: command) {
      case .taken(let descriptor, let dead):
        if let dead { whenLeft(dead) }
        return FolderLock(folder: folder, madeFolder: !isThere, descriptor: descriptor)
      case .again: continue
      case .held(let owner):
        if !isTold { whenHeld(owner) }
        isTold = true
        guard !isCancelled() else { throw FileError.interrupted }
        usleep(100_000)
      }
    }
  }

  /// Who has `folder` now; nil where nobody has.
  public static func owner(of folder: String) -> Owner? {
    let descriptor = open(folder + "/" + fileName, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return nil }
    return read(descriptor)
  }

  /// Gives the folder back; a folder that was made for this and is empty is removed.
  public func release() {
    descriptor.withLock { descriptor in
      guard descriptor >= 0 else { return }
      unlink(folder + "/" + Self.fileName)
      close(descriptor)
      descriptor = -1
      if madeFolder { rmdir(folder) }
    }
  }

  deinit { release() }

  private enum Attempt {
    /// Taken over from a process that has died, or from nobody.
    case taken(Int32, from: Owner?)
    case held(Owner?)
    /// The file was removed by its owner just when it was opened.
    case again
  }

  private static func attempt(_ folder: String, command: String) throws -> Attempt {
    let path = folder + "/" + fileName
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError.writeFailed(path: path, reason: systemReason(errno)) }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR {
        close(descriptor)
        return .again
      }
      let hasLocks = errno == EWOULDBLOCK
      let owner = read(descriptor)
      if hasLocks || owner.map(isAlive) == true {
        close(descriptor)
        return .held(owner)
      }
    }
    var (own, named) = (stat(), stat())
    guard fstat(descriptor, &own) == 0, stat(path, &named) == 0, own.st_ino == named.st_ino else {
      close(descriptor)
      return .again
    }
    let dead = read(descriptor)
    let owner = Owner(
      host: ProcessInfo.processInfo.hostName, process: getpid(), started: Date().ISO8601Format(),
      command: command)
    let text = (try? JSONEncoder().encode(owner)) ?? Data()
    ftruncate(descriptor, 0)
    // That nobody can be named is no reason not to work.
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    return .taken(descriptor, from: dead)
  }

  private static func read(_ descriptor: Int32) -> Owner? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    return count > 0 ? try? JSONDecoder().decode(Owner.self, from: Data(bytes[..<count])) : nil
  }

  /// Whether a named owner may still be at work: another machine's processes cannot be seen from here.
  private static func isAlive(_ owner: Owner) -> Bool {
    guard owner.host == ProcessInfo.processInfo.hostName else { return true }
    return owner.process != getpid() && (kill(owner.process, 0) == 0 || errno == EPERM)
  }
}

/// An error of the file system in one line.
package func plainReason(_ error: any Error) -> String {
  let error = error as NSError
  if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain {
    return systemReason(Int32(cause.code))
  }
  return error.domain == NSPOSIXErrorDomain ? systemReason(Int32(error.code)) : error.localizedDescription
}
