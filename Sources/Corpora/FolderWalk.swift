import Foundation

/// Lists the files below a folder.
enum FolderWalk {
  /// Folders in folders in folders; deeper is no corpus.
  static let depthLimit = 24

  /// What lies below a folder, by paths relative to it, sorted.
  struct Found {
    var files: [String] = []
    /// Links whose target is not there, and the target.
    var brokenLinks: [(name: String, target: String)] = []
  }

  /// The paths of all files below `root`, relative to it, sorted; hidden files and folders (`._a.wav`, `.git`)
  /// are passed over, and a folder that links to one above it is entered once.
  static func files(in root: String) throws(CorpusError) -> [String] { try look(in: root).files }

  static func look(in root: String) throws(CorpusError) -> Found {
    var found = Found()
    var visited: Set<String> = []
    var folders = [(path: "", depth: 0)]
    while let (folder, depth) = folders.popLast() {
      let path = folder.isEmpty ? root : root + "/" + folder
      guard visited.insert(URL(filePath: path).resolvingSymlinksInPath().path).inserted else { continue }
      for name in try names(in: path) where !name.hasPrefix(".") {
        let child = folder.isEmpty ? name : folder + "/" + name
        var isFolder: ObjCBool = false
        // False for a link to nowhere.
        guard FileManager.default.fileExists(atPath: root + "/" + child, isDirectory: &isFolder) else {
          let target = try? FileManager.default.destinationOfSymbolicLink(atPath: root + "/" + child)
          if let target { found.brokenLinks.append((child, target)) }
          continue
        }
        if !isFolder.boolValue {
          found.files.append(child)
        } else if depth < depthLimit {
          folders.append((child, depth + 1))
        }
      }
    }
    found.files.sort()
    found.brokenLinks.sort { $0.name < $1.name }
    return found
  }

  private static func names(in path: String) throws(CorpusError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
  }
}

/// Files that stand for others which are not there: git-annex's and git-lfs's.
enum FilePointer {
  /// What such a file points to, with the command that fetches it; nil for any other file.
  static func advice(_ path: String) -> String? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let bytes = try? handle.read(upToCount: 200) else { return nil }
    return advice(text: String(decoding: bytes, as: UTF8.self))
  }

  static func advice(text: String) -> String? {
    if text.contains("annex/objects/") {
      return "git-annex keeps its content elsewhere: `datalad get` or `git annex get` it"
    }
    if text.hasPrefix("version https://git-lfs") {
      return "git-lfs keeps its content elsewhere: `git lfs pull`"
    }
    return nil
  }
}
