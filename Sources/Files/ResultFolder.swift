import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder of results that is written whole or not at all, and that keeps nothing of other results.
///
/// Files are made in a folder beside their places. One renaming of that folder decides that they are written: before
/// it nothing has changed, after it whoever comes next, a reader too, puts into place what a run that died has not
/// yet. `manifest.json`, put into place last, lists the files with their checksums; a file that is listed with another
/// is refused, and what it lists and a later result does not have is removed. Other files in the folder are left
/// alone.
public enum ResultFolder {
  /// The name of the file that lists the result's files.
  public static let manifestName = "manifest.json"
  static let commitName = ".strata-commit"
  static let staleName = ".stale.json"

  /// What `manifest.json` holds.
  struct Manifest: Codable, Equatable {
    struct File: Codable, Equatable {
      var name: String
      /// XXH3-128, as `xxhsum -H2` prints it; nil of what tells of the run and not of the result.
      var checksum: String?
    }
    var format = "strata results"
    var version = 1
    var files: [File]
  }

  static func manifest(of folder: String) -> Manifest? {
    FileManager.default.contents(atPath: "\(folder)/\(manifestName)")
      .flatMap { try? JSONDecoder().decode(Manifest.self, from: $0) }
      .flatMap { $0.format == "strata results" && $0.version == 1 ? $0 : nil }
  }

  /// The bytes of a file of results, checked against the manifest beside it where there is one.
  /// - Throws: `FileError.missing`, `.mixture`; `.writeFailed` where the folder waits to be put into order and
  ///   cannot be.
  public static func read(_ path: String) throws(FileError) -> Data {
    let url = URL(filePath: path)
    let (folder, name) = (url.deletingLastPathComponent().path, url.lastPathComponent)
    try finish(folder)
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw .missing(path: path, reason: plainReason(error))
    }
    if let expected = manifest(of: folder)?.files.first(where: { $0.name == name })?.checksum {
      let found = data.withUnsafeBytes { ContentHasher.hexadecimal(of: $0) }
      guard found == expected else { throw .mixture(path: path, found: found, expected: expected) }
    }
    return data
  }

  /// Removes the results in `folder`: what its manifest lists, and the folder itself where nothing else is in it.
  public static func remove(_ folder: String) {
    try? finish(folder)
    for file in manifest(of: folder)?.files ?? [] where isBelow(file.name) {
      remove(file.name, in: folder)
    }
    if manifest(of: folder) != nil { unlink("\(folder)/\(manifestName)") }
    rmdir(folder)
  }

  /// Puts the results in `staged` in the place of those in `folder`, of which nothing stays; does nothing where there is no
  /// `staged`, which is gone afterwards.
  /// - Throws: `FileError.writeFailed`.
  public static func replace(_ folder: String, by staged: String) throws(FileError) {
    guard FileManager.default.fileExists(atPath: staged) else { return }
    try finish(staged)
    // What a replacement that was cut short has moved is listed by neither manifest's file, and is written over.
    let names = files(in: staged)
    if names.contains(manifestName) { remove(folder) }
    try makeFolder(folder)
    for name in names where name != manifestName { try put("\(staged)/\(name)", at: "\(folder)/\(name)") }
    if names.contains(manifestName) {
      try put("\(staged)/\(manifestName)", at: "\(folder)/\(manifestName)")
    }
    try? FileManager.default.removeItem(atPath: staged)
  }

  /// Puts into place what was decided to be written and is not yet, as after a run that died at that.
  public static func finish(_ folder: String) throws(FileError) {
    let commit = "\(folder)/\(commitName)"
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: commit, isDirectory: &isFolder), isFolder.boolValue else {
      return
    }
    let names = files(in: commit)
    for name in names where name != manifestName && name != staleName {
      try put("\(commit)/\(name)", at: "\(folder)/\(name)")
    }
    let stale = FileManager.default.contents(atPath: "\(commit)/\(staleName)")
      .flatMap { try? JSONDecoder().decode([String].self, from: $0) }
    for name in stale ?? [] where isBelow(name) {
      remove(name, in: folder)
    }
    if names.contains(manifestName) {
      try put("\(commit)/\(manifestName)", at: "\(folder)/\(manifestName)")
    }
    try? FileManager.default.removeItem(atPath: commit)
  }

  /// Removes a file, and the folder below `folder` that it was the last in.
  private static func remove(_ name: String, in folder: String) {
    unlink("\(folder)/\(name)")
    // Goes only where it is empty.
    if let parent = name.range(of: "/", options: .backwards) {
      rmdir("\(folder)/\(name[..<parent.lowerBound])")
    }
  }

  /// The names of all files in `folder` and below.
  static func files(in folder: String) -> [String] {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }
  }

  private static func put(_ file: String, at path: String) throws(FileError) {
    try makeFolder(URL(filePath: path).deletingLastPathComponent().path)
    // Two readers may be at this at once: what is gone was put there by the other.
    guard rename(file, path) == 0 || errno == ENOENT else {
      throw .writeFailed(path: path, reason: systemReason(errno))
    }
  }

  /// Whether a listed name leads nowhere else.
  static func isBelow(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
  }

  /// Makes a folder and those above it; throws `FileError.writeFailed`.
  public static func makeFolder(_ path: String) throws(FileError) {
    guard mkdir(path, 0o777) != 0 else { return }
    var failure = errno
    let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    if failure == ENOENT, !parent.isEmpty {
      try makeFolder(parent)
      guard mkdir(path, 0o777) != 0 else { return }
      failure = errno
    }
    var status = stat()
    if failure == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    let isInTheWay = failure == EEXIST || failure == ENOTDIR
    throw .writeFailed(
      path: path, reason: isInTheWay ? "a file of that name is in the way" : systemReason(failure))
  }
}

/// Files on their way into a folder of results.
///
/// ```swift
/// let staged = try StagedResults(for: "strata-study")
/// defer { staged.discard() }
/// try staged.write(data, to: "study.json")
/// try staged.commit()
/// ```
public final class StagedResults {
  private let folder: String
  private let place: String
  private var names: [String] = []
  private var records: Set<String> = []

  /// Throws `FileError.writeFailed`.
  public init(for folder: String) throws(FileError) {
    self.folder = folder
    try ResultFolder.makeFolder(folder)
    try ResultFolder.finish(folder)
    PartFile.removeStale(in: folder, of: ".strata-new")
    place = PartFile.name(for: folder + "/.strata-new")
    guard mkdir(place, 0o777) == 0 else {
      throw .writeFailed(path: folder, reason: systemReason(errno))
    }
  }

  /// Where a file lies for now, for programs that make files of files.
  public func path(of name: String) -> String { "\(place)/\(name)" }

  /// A file of the result; `isRecord` tells of the run that made it, and changes with it.
  public func write(_ data: Data, to name: String, isRecord: Bool = false) throws(FileError) {
    let target = path(of: name)
    try ResultFolder.makeFolder(URL(filePath: target).deletingLastPathComponent().path)
    try WholeFile.write(data, named: "\(folder)/\(name)", at: target)
    add(name)
    if isRecord { records.insert(name) }
  }

  /// Takes a file that something else has written to `path(of: name)`.
  public func add(_ name: String) { names.append(name) }

  /// Puts the files into place, and removes those of earlier results that are none of this one's: those that the
  /// manifest there lists, and `earlier` ones. Without `manifest` nothing is listed nor removed.
  /// - Returns: Their paths.
  @discardableResult
  public func commit(manifest hasManifest: Bool = true, removing earlier: [String] = []) throws(FileError)
    -> [String]
  {
    for name in names { try requireFree("\(folder)/\(name)") }
    if hasManifest {
      try requireFree("\(folder)/\(ResultFolder.manifestName)")
      try writeManifest(removing: earlier)
    }
    guard rename(place, "\(folder)/\(ResultFolder.commitName)") == 0 else {
      throw .writeFailed(path: folder, reason: systemReason(errno))
    }
    try ResultFolder.finish(folder)
    return names.map { "\(folder)/\($0)" }
  }

  /// Removes what was not committed.
  public func discard() { try? FileManager.default.removeItem(atPath: place) }

  private func writeManifest(removing earlier: [String]) throws(FileError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    var manifest = ResultFolder.Manifest(files: [])
    for name in names.sorted() {
      guard let data = FileManager.default.contents(atPath: path(of: name)) else {
        throw .writeFailed(path: "\(folder)/\(name)", reason: "it is gone before it was in its place")
      }
      let checksum = data.withUnsafeBytes { ContentHasher.hexadecimal(of: $0) }
      manifest.files.append(.init(name: name, checksum: records.contains(name) ? nil : checksum))
    }
    let known = ResultFolder.manifest(of: folder)?.files.map(\.name) ?? []
    let stale = Set(known + earlier).subtracting(names).sorted()
    do {
      let text = try encoder.encode(manifest) + Data("\n".utf8)
      let list = try encoder.encode(stale)
      try WholeFile.write(
        text, named: "\(folder)/\(ResultFolder.manifestName)", at: path(of: ResultFolder.manifestName))
      try WholeFile.write(list, named: folder, at: path(of: ResultFolder.staleName))
    } catch let error as FileError {
      throw error
    } catch {
      throw .writeFailed(path: folder, reason: "\(error)")
    }
  }

  /// Throws where a folder has the name of a file.
  private func requireFree(_ path: String) throws(FileError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw .writeFailed(path: path, reason: "a folder of that name is in the way")
    }
  }
}
