import Checkpoints
import Foundation

/// The folder in which Hugging Face's libraries keep what they have downloaded. It is only looked into: nothing is
/// fetched.
///
/// `models--ORG--NAME/refs/main` names a commit, and `snapshots/COMMIT` has its files (huggingface_hub, "Understand
/// caching").
enum HubCache {
  /// Where it is: `HF_HUB_CACHE`, `HF_HOME/hub`, or `~/.cache/huggingface/hub`.
  static func folder(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
    func value(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : expanded($0) } }
    if let cache = value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") { return cache }
    if let home = value("HF_HOME") { return home + "/hub" }
    let cache = value("XDG_CACHE_HOME") ?? NSHomeDirectory() + "/.cache"
    return cache + "/huggingface/hub"
  }

  private static func expanded(_ path: String) -> String { (path as NSString).expandingTildeInPath }

  /// Whether `name` may be a repository's: `ORG/NAME` or `NAME`, with `@REVISION` behind it or not.
  static func isRepositoryName(_ name: String) -> Bool {
    let words = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let parts = words[0].split(separator: "/", omittingEmptySubsequences: false)
    let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    // A name with a dot at its end's beginning is a file that is not there.
    let endings = ["safetensors", "ckpt", "pt", "pth", "bin", "npz", "npy", "h5", "yaml", "yml", "gguf"]
    return (1...2).contains(parts.count)
      && parts.allSatisfy {
        !$0.isEmpty && $0.allSatisfy(allowed.contains) && $0.first != "." && $0.first != "-"
      }
      && !endings.contains { words[0].hasSuffix("." + $0) }
  }

  /// The folder of a repository's files. Throws `CheckpointError.missing` with the command that fetches it.
  static func snapshot(of name: String, in cache: String = folder()) throws -> String {
    let words = name.split(separator: "@", maxSplits: 1).map(String.init)
    let repository = words[0]
    let folder =
      cache + "/models--" + repository.split(separator: "/").joined(separator: "--")
    let revision = words.count > 1 ? words[1] : "main"
    guard FileManager.default.fileExists(atPath: folder) else {
      throw CheckpointError.missing(
        path: name,
        reason:
          "there is no such file or folder, and no such repository in the Hub's cache (\(cache)). Fetch it with "
          + "`hf download \(repository)`, then start again")
    }
    guard let found = try snapshot(in: folder, revision: revision) else {
      throw CheckpointError.missing(
        path: name,
        reason: "the Hub's cache has no finished snapshot of its revision \(revision). Fetch it with "
          + "`hf download \(repository)\(revision == "main" ? "" : " --revision \(revision)")`")
    }
    return found
  }

  /// The snapshot where `path` is a repository's folder in a cache (`models--ORG--NAME`); nil for any other folder.
  static func snapshot(inRepositoryFolder path: String) throws -> String? {
    let name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    guard name.hasPrefix("models--"), let found = try snapshot(in: path, revision: "main") else {
      return nil
    }
    return found
  }

  private static func snapshot(in folder: String, revision: String) throws -> String? {
    let files = FileManager.default
    var commits = [revision]
    if let commit = try? String(contentsOfFile: "\(folder)/refs/\(revision)", encoding: .utf8) {
      commits.insert(commit.trimmingCharacters(in: .whitespacesAndNewlines), at: 0)
    } else if revision == "main" {
      // Fetched by its commit alone: the only snapshot is meant.
      let all = (try? files.contentsOfDirectory(atPath: "\(folder)/snapshots"))?.sorted() ?? []
      guard all.count <= 1 else {
        throw CheckpointError.missing(
          path: folder,
          reason: "refs/main names none of its \(all.count) snapshots; name one: NAME@\(all[0])")
      }
      commits += all
    }
    // A commit may be given by its beginning.
    let all = (try? files.contentsOfDirectory(atPath: "\(folder)/snapshots"))?.sorted() ?? []
    return commits.lazy.compactMap { commit in
      all.first { $0 == commit || commit.count >= 7 && $0.hasPrefix(commit) }
    }.first.map { "\(folder)/snapshots/\($0)" }
  }

  /// `ORG/NAME` where `path` is a snapshot, or lies in one; nil for any other path.
  static func repository(of path: String) -> String? {
    let parts = URL(fileURLWithPath: path).standardizedFileURL.pathComponents
    guard let index = parts.lastIndex(where: { $0.hasPrefix("models--") }),
      parts.count <= index + 1 || parts[index + 1] == "snapshots", parts.count <= index + 4
    else { return nil }
    let name = parts[index].dropFirst("models--".count)
    return name.isEmpty ? nil : String(name.replacing("--", with: "/"))
  }
}
