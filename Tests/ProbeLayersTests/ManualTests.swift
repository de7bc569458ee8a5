import Foundation
import StrataTestSupport
import Testing

/// The pages of the manual: that their links lead somewhere, and that the commands on them are ones.
@Suite("The manual") struct ManualTests {
  static let pages =
    ["README.md"]
    + ["docs", "notebooks-md"].flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: Repository.path(folder))) ?? [])
        .filter { $0.hasSuffix(".md") }.sorted().map { "\(folder)/\($0)" }
    }

  private static func has(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
    }
  }

  @Test("is a site whose links all lead somewhere", .enabled(if: has("pandoc")))
  func site() throws {
    let folder = try TemporaryFolder()
    let run = try CommandRun(
      shell: "\(Repository.path("scripts/docs.sh")) \(folder.path)/site", in: folder.path)
    try #require(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("\(Self.pages.count) pages"))
    let index = try String(contentsOfFile: folder.path + "/site/index.html", encoding: .utf8)
    for page in Self.pages.dropFirst() {
      let name = page.split(separator: "/").last.map { $0.dropLast(3).lowercased() + ".html" } ?? ""
      #expect(index.contains("href=\"\(name)\""), "\(page)")
    }
    #expect(!index.contains("href=\"docs/") && !index.contains("href=\"notebooks-md/"))
  }

  /// The options of each command, by its words: `corpus check`.
  private static let options = Result { () throws -> [String: Set<String>] in
    struct Command: Decodable {
      struct Argument: Decodable {
        struct Name: Decodable { let kind, name: String }
        let names: [Name]?
      }
      let commandName: String
      let arguments: [Argument]?
      let subcommands: [Command]?
    }
    struct Help: Decodable { let command: Command }
    let run = try CommandRun(["--experimental-dump-help"])
    let root = try JSONDecoder().decode(Help.self, from: Data(run.output.utf8)).command
    var found: [String: Set<String>] = [:]
    func add(_ command: Command, _ path: [String]) {
      let names = (command.arguments ?? []).flatMap { $0.names ?? [] }
      found[path.joined(separator: " ")] = Set(names.map { ($0.kind == "long" ? "--" : "-") + $0.name })
      for child in command.subcommands ?? [] { add(child, path + [child.commandName]) }
    }
    add(root, [])
    return found
  }

  @Test("shows commands whose options there are", arguments: pages)
  func commands(page: String) throws {
    let options = try Self.options.get()
    let text = try String(contentsOfFile: Repository.path(page), encoding: .utf8)
    for block in text.matches(of: /(?ms)^```(?:sh|bash)\n(.*?)^```/) {
      let script = String(block.1).replacing("\\\n", with: " ")
      for line in script.split(separator: "\n") {
        // What stands behind a remark, a pipe or another command is none of its options.
        guard let start = line.range(of: "probe-layers ") else { continue }
        let own = line[start.upperBound...].split(whereSeparator: { "#|;&>)".contains($0) }).first ?? ""
        let words = own.split(separator: " ").map(String.init)
        var path: [String] = []
        while path.count < words.count, options[(path + [words[path.count]]).joined(separator: " ")] != nil
        {
          path.append(words[path.count])
        }
        let known = (options[path.isEmpty ? "run" : path.joined(separator: " ")] ?? []).union(
          options[""] ?? [])
        for word in words where word.hasPrefix("-") && Double(word) == nil {
          #expect(known.contains(String(word.prefix { $0 != "=" })), "\(page): \(word) in: \(line)")
        }
      }
    }
  }
}
