import Foundation

/// Lists the files below a folder.
enum FolderWalk {
  /// Folders in folders in folders; deeper is no corpus.
  static let depthLimit = 24

  /// The paths of all files below `root`, relative to it, sorted; hidden files and folders (`._a.wav`, `.git`)
  /// are passed over, and a folder that links to one above it is entered once.
  static func files(in root: String) throws(CorpusError) -> [String] {
    var files: [String] = []
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
          continue
        }
        if !isFolder.boolValue {
          files.append(child)
        } else if depth < depthLimit {
          folders.append((child, depth + 1))
        }
      }
    }
    return files.sorted()
  }

  private static func names(in path: String) throws(CorpusError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
  }
}
