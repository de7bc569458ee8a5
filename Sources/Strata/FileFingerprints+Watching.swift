import Files

extension FileFingerprints {
  /// Runs `body`, which reads the files at `paths`.
  ///
  /// Throws `FileError.changed` where the bytes of one are others afterwards: what `body` gave may be of both.
  func requiringUnchanged<R>(_ paths: [String], _ body: () throws -> R) throws -> R {
    let paths = Set(paths).sorted()
    let before = paths.map { try? fingerprint(of: $0) }
    let result = try body()
    for (path, known) in zip(paths, before) {
      let now = try? fingerprint(of: path)
      guard now == known else {
        throw FileError.changed(
          path: path, reason: "its fingerprint was \(known ?? "none") and is \(now ?? "none")")
      }
    }
    return result
  }
}
