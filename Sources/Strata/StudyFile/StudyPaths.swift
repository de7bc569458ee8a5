import Corpora
import Foundation

/// The paths in a study file, which count from the folder that it lies in: it runs from anywhere, and goes on to do so
/// where a whole project is moved.
package struct StudyPaths {
  /// The options that are paths.
  package static let options: Set<String> = [
    "model", "corpus", "output", "store", "tensorboard", "training", "config", "architecture", "adapter",
    "map", "probes",
  ]

  /// From the root, without links.
  private let folder: String

  package init(besides file: String) {
    folder = Self.real(URL(filePath: file).deletingLastPathComponent().path)
  }

  package init(in folder: String) { self.folder = Self.real(folder) }

  /// The value of an option in the file, as a command in any folder takes it.
  package func absolute(_ option: String, _ value: String) -> String {
    map(option, value) { path in
      let place = URL(filePath: folder).appending(path: path).standardizedFileURL.path
      return isName(path, of: option, at: place) ? path : place
    }
  }

  /// The value of an option of this command, as it stands in the file.
  package func relative(_ option: String, _ value: String) -> String {
    map(option, value, also: true) { path in
      let place = Self.real(path)
      guard !isName(path, of: option, at: place) else { return path }
      let (from, to) = (folder.split(separator: "/"), place.split(separator: "/"))
      let shared = zip(from, to).prefix { $0 == $1 }.count
      // What lies elsewhere altogether stays there when the study is moved.
      guard shared > 0 else { return place }
      let steps = Array(repeating: "..", count: from.count - shared) + to[shared...].map(String.init)
      let path = steps.isEmpty ? "." : steps.joined(separator: "/")
      // A folder of probes is told from their names by its slash.
      return option == "probes" && !path.contains("/") ? "./" + path : path
    }
  }

  /// A probe's name or a model's on the Hub is none of a file, where no such file is there.
  private func isName(_ text: String, of option: String, at place: String) -> Bool {
    switch option {
    case "probes": !text.contains("/") && !FileManager.default.fileExists(atPath: place)
    case "model":
      text.wholeMatch(of: /[\w.\-]+\/[\w.\-]+/) != nil && !text.hasPrefix(".")
        && !FileManager.default.fileExists(atPath: place)
    default: false
    }
  }

  private func map(_ option: String, _ value: String, also: Bool = false, _ body: (String) -> String)
    -> String
  {
    guard Self.options.contains(option), !value.isEmpty else { return value }
    func one(_ path: String) -> String { path.hasPrefix("/") && !also ? path : body(path) }
    switch option {
    case "training": return value.split(separator: ",").map { one(String($0)) }.joined(separator: ",")
    case "corpus":
      guard let (layout, path) = NamedLayout.named(in: value) else { return one(value) }
      return "\(layout.rawValue):\(one(path))"
    default: return one(value)
    }
  }

  /// From the root, the links of the folders on the way followed; a file that is a link keeps its name.
  private static func real(_ path: String) -> String {
    let url = URL(filePath: path).standardizedFileURL
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
      return url.resolvingSymlinksInPath().path
    }
    return url.deletingLastPathComponent().resolvingSymlinksInPath().appending(path: url.lastPathComponent)
      .path
  }
}
