import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The temporary names of files and folders that are being written: `NAME.part-HOST-PROCESS-NUMBER`, beside what they
/// will be called, so that what a run that has died left behind is known for that and can be removed.
public enum PartFile {
  private static let mark = ".part-"

  /// A name that no other thread, process or machine uses.
  public static func name(for path: String) -> String {
    let number = String(UInt32.random(in: 0...UInt32.max), radix: 36)
    return "\(path)\(mark)\(host)-\(getpid())-\(number)"
  }

  /// Removes from `folder` what runs on this machine that are no more left there under temporary names, of the file
  /// `name` only where one is given. What cannot be removed does no harm.
  public static func removeStale(in folder: String, of name: String? = nil) {
    remove(in: folder, of: name) { process in
      process != getpid() && kill(process, 0) != 0 && errno == ESRCH
    }
  }

  /// Removes what this process has under temporary names in `folder`: for the moment before it ends at once.
  public static func removeOwn(in folder: String, of name: String? = nil) {
    remove(in: folder, of: name) { $0 == getpid() }
  }

  private static func remove(in folder: String, of name: String?, where isMeant: (pid_t) -> Bool) {
    let folder = folder.isEmpty ? "." : folder
    for found in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      // The first mark: what is put together of a temporary file may have a second behind it.
      guard let place = found.range(of: mark), name.map({ found[..<place.lowerBound] == $0 }) ?? true else {
        continue
      }
      let parts = found[place.upperBound...].split(separator: "-", maxSplits: 2)
      guard parts.count == 3, parts[0] == host, let process = pid_t(parts[1]), process > 0, isMeant(process)
      else { continue }
      try? FileManager.default.removeItem(atPath: folder + "/" + found)
    }
  }

  /// This machine's name, in letters, digits and dots.
  static var host: String {
    let name = ProcessInfo.processInfo.hostName
    return String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "_" })
  }
}

/// Files that appear under their names only when they are whole.
public enum WholeFile {
  /// Lets `body` make a file under a temporary name beside `path`, then gives it that name; where `body` throws,
  /// nothing is left behind and an older file stays.
  public static func replace(_ path: String, _ body: (_ temporary: String) throws -> Void) throws {
    let temporary = PartFile.name(for: path)
    do {
      try body(temporary)
      guard rename(temporary, path) == 0 else {
        throw FileError.writeFailed(path: path, reason: systemReason(errno))
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Writes data under a path, whole or not at all.
  /// - Throws: `FileError` where the folder or the disk refuses.
  public static func write(_ data: Data, to path: String) throws(FileError) {
    do {
      try replace(path) { try write(data, named: path, at: $0) }
    } catch let error as FileError {
      throw error
    } catch {
      throw .writeFailed(path: path, reason: "\(error)")
    }
  }

  /// Writes straight to `place`, where nothing may be yet; errors call the file `path`.
  static func write(_ data: Data, named path: String, at place: String) throws(FileError) {
    let descriptor = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .writeFailed(path: path, reason: systemReason(errno)) }
    let failure: Int32? = data.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let slice = UnsafeRawBufferPointer(rebasing: rest)
        let count = systemWrite(descriptor, slice.baseAddress, slice.count)
        if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return errno }
      }
      return nil
    }
    // Closing may be what first tells of a full disk elsewhere.
    let closed: Int32? = close(descriptor) == 0 ? nil : errno
    if let reason = failure ?? closed { throw .writeFailed(path: path, reason: systemReason(reason)) }
  }
}

/// The system's `write`, which methods of that name hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
