import Foundation

/// Finds the audio that a Kaldi folder's `wav.scp` names.
struct KaldiAudio {
  let root: String

  /// Each recording's file, and the channel where its command takes one.
  func files(
    _ entries: [String: (value: String, line: Int)], _ issues: inout IssueList
  ) -> [(file: CorpusFile, channel: Int?)] {
    entries.sorted { $0.key < $1.key }.compactMap { id, entry -> (file: CorpusFile, channel: Int?)? in
      var (name, channel) = (entry.value, Int?.none)
      if name.hasSuffix("|") {
        guard let decoded = Self.decoded(name) else {
          issues.add(
            .audio, "wav.scp", line: entry.line,
            "“\(id)” left out: it is a command (\(name.prefix(30)) …), which is not run. Write its output to a "
              + "wav file and name that here")
          return nil
        }
        issues.add(
          .pairedByName, "wav.scp", line: entry.line,
          "“\(id)” is read from \(decoded.file); its command is not run")
        (name, channel) = decoded
      }
      return (CorpusFile(id: id, path: path(name, id, entry.line, &issues)), channel)
    }
  }

  /// Where a name leads: below the folder, or below one above it, from which the recipe was run.
  private func path(_ name: String, _ id: String, _ line: Int, _ issues: inout IssueList) -> String {
    guard !name.hasPrefix("/") else { return name }
    let parts = name.split(separator: "/")
    let own = (0..<parts.count).map { root + "/" + parts[$0...].joined(separator: "/") }
    var above = URL(filePath: root).standardizedFileURL
    var others: [String] = []
    for _ in 0..<3 {
      above = above.deletingLastPathComponent()
      others.append(above.path + "/" + name)
    }
    let found = (own.prefix(1) + others + own.dropFirst()).first(
      where: FileManager.default.fileExists(atPath:))
    guard let found else { return own.first ?? name }
    if found != own.first {
      issues.add(.pairedByName, "wav.scp", line: line, "“\(id)”: \(name) is taken from \(found)")
    }
    return found
  }

  /// The file that a command only decodes (`flac -c -d -s a.flac |`, `sph2pipe -f wav -p -c 1 a.sph |`), and its channel.
  private static func decoded(_ command: String) -> (file: String, channel: Int?)? {
    var words = command.dropLast().split(whereSeparator: \.isWhitespace).map(String.init)
    guard words.count > 1, let program = words.first?.split(separator: "/").last,
      let file = words.popLast(),
      !file.hasPrefix("-"), !command.dropLast().contains("|")
    else { return nil }
    let options = words.dropFirst()
    switch program {
    case "flac":
      guard options.allSatisfy({ $0.hasPrefix("-") && !$0.contains("=") }) else { return nil }
      return (file, nil)
    case "sph2pipe":
      guard let place = options.firstIndex(of: "-c") else { return (file, nil) }
      guard options.indices.contains(place + 1), let channel = Int(options[place + 1]),
        (1...64).contains(channel)
      else { return nil }
      return (file, channel - 1)
    default: return nil
    }
  }
}
