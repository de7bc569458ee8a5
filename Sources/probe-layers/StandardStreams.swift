import Foundation

/// Writes a line to standard error, so that standard output stays clean for tables. Where it cannot be written, as on a
/// terminal that is gone, the work goes on.
func standardError(_ text: String) {
  _ = writeAll(text + "\n", to: STDERR_FILENO)
}

/// Writes a line to standard output. Where that cannot be written, the command ends: quietly if its reader has gone, else
/// with the system's reason.
func standardOutput(_ text: String) {
  guard let failure = writeAll(text + "\n", to: STDOUT_FILENO) else { return }
  if failure != EPIPE {
    standardError("error: standard output cannot be written: \(String(cString: strerror(failure)))")
  }
  exit(ExitStatus.writeFailed.rawValue)
}

/// The system's error number where not all could be written, else nil. Foundation's file handles end the process there.
func writeAll(_ text: String, to descriptor: Int32) -> Int32? {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if written < 0 && errno == EINTR { continue }
    if written < 0 && errno == EAGAIN {
      usleep(1000)
      continue
    }
    guard written > 0 else { return written < 0 ? errno : EIO }
    rest = rest.dropFirst(written)
  }
  return nil
}

extension CommandFailure {
  /// What Foundation says of a file that could not be written or read, as where a folder stands in its place; nil for
  /// other errors.
  init?(ofFile error: any Error) {
    let raw = error as NSError
    guard raw.domain == NSCocoaErrorDomain || raw.domain == NSPOSIXErrorDomain else { return nil }
    let path =
      raw.userInfo[NSFilePathErrorKey] as? String ?? (raw.userInfo[NSURLErrorKey] as? URL)?.path
      ?? "a file"
    let underlying = raw.userInfo[NSUnderlyingErrorKey] as? NSError
    let number = [raw, underlying].compactMap { $0 }.first { $0.domain == NSPOSIXErrorDomain }?.code
    let reason = number.map { String(cString: strerror(Int32(clamping: $0))) } ?? raw.localizedDescription
    self.init(status: .writeFailed, message: "\(path) could not be written or read: \(reason)")
  }

  /// Writes a file of a result; a failure names it.
  static func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      var isFolder: ObjCBool = false
      let stands =
        FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
      throw CommandFailure(
        status: .writeFailed,
        message: "\(path) could not be written: "
          + (stands ? "a folder stands in its place" : CommandFailure(ofFile: error)?.message ?? "\(error)")
      )
    }
  }
}
