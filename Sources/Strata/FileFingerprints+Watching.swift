import Files
import Foundations

extension FileFingerprints {
  /// Runs `body`, which reads the files at `paths`.
  ///
  /// Throws `FileError.changed` where the bytes of one are others afterwards: what `body` gave may be of both.
  func requiringUnchanged<R>(_ paths: [String], _ body: () throws -> R) throws -> R {
    let watched = WatchedFiles(paths, by: self)
    return try requiring(watched.requireUnchanged, after: body)
  }
}
