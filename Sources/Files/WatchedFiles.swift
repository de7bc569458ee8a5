/// Files whose bytes must stay what they were while something is made of them.
///
/// ```swift
/// let recordings = WatchedFiles(paths)
/// …
/// try recordings.requireUnchanged()
/// ```
package struct WatchedFiles: Sendable {
  private let fingerprints: FileFingerprints
  /// Nil for a file that could not be read.
  private let known: [(path: String, fingerprint: String?)]

  /// Takes the fingerprints; `fingerprints` may know those of files that are as they were.
  package init(_ paths: [String], by fingerprints: FileFingerprints = FileFingerprints()) {
    self.fingerprints = fingerprints
    known = Set(paths).sorted().map { ($0, try? fingerprints.fingerprint(of: $0)) }
  }

  /// Throws `FileError.changed` for the first whose bytes are others now: what was made may be of both.
  package func requireUnchanged() throws(FileError) {
    for (path, before) in known {
      let now = try? fingerprints.fingerprint(of: path)
      guard now == before else {
        throw .changed(
          path: path, reason: "its fingerprint was \(before ?? "none") and is \(now ?? "none")")
      }
    }
  }
}
