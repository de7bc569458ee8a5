import Foundation
import StrataTestSupport
import Testing

@Suite("Notebooks")
struct NotebookTests {
  static let names =
    (try? FileManager.default.contentsOfDirectory(
      atPath: Repository.path("notebooks-md")))?.filter { $0.hasSuffix(".md") }.sorted() ?? []

  /// Minutes of studies, which `scripts/notebooks.sh` asks for.
  static let isAskedFor = ProcessInfo.processInfo.environment["STRATA_NOTEBOOKS"] != nil

  @Test("print what they show", .enabled(if: isAskedFor), arguments: names)
  func printsWhatItShows(name: String) throws {
    let markdown = try String(contentsOfFile: Repository.path("notebooks-md/\(name)"), encoding: .utf8)
    let notebook = Notebook(markdown: markdown)
    #expect(!notebook.blocks.isEmpty)

    let folder = try TemporaryFolder()
    for link in ["fixtures", "probes"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + link, withDestinationPath: Repository.path(link))
    }
    for block in notebook.blocks {
      let run = try CommandRun(shell: block.code, in: folder.path)
      try #require(run.status == 0, "line \(block.line): \(run.errors)")
      guard let expected = block.expected else { continue }
      let difference = notebook.difference(expected: expected, found: run.output)
      #expect(difference == nil, "\(name), line \(block.line):\n\(difference ?? "")\n\(run.output)")
    }
  }

  @Test(
    "and the README show Swift that is in a test",
    arguments: names.map { "notebooks-md/\($0)" } + ["README.md", "docs/Testing.md"])
  func swiftIsTested(name: String) throws {
    let markdown = try String(contentsOfFile: Repository.path(name), encoding: .utf8)
    func outside(_ path: String) throws -> String {
      try String(contentsOfFile: Repository.path("Tests/OutsidePackage/\(path)"), encoding: .utf8)
    }
    let squeezed = { (text: String) in text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    let files = try [
      "Sources/FirstStudy/main.swift", "Tests/FirstStudyTests/FirstStudyTests.swift",
      "Tests/FirstStudyTests/TestingProductTests.swift",
    ].map(outside)
    let tested = squeezed(files.joined(separator: "\n"))
    // The manifest there has tests too, and lies elsewhere.
    let manifest = try outside("Package.swift").replacingOccurrences(of: "../..", with: "../strata")
    let lines = Set(manifest.split(separator: "\n").map { squeezed(String($0)) })
    for block in Notebook(markdown: markdown).swiftBlocks {
      if block.hasPrefix("// swift-tools-version") {
        let missing = block.split(separator: "\n").map { squeezed(String($0)) }.filter {
          !$0.isEmpty && !lines.contains($0)
        }
        #expect(missing.isEmpty, "\(missing)")
      } else {
        #expect(tested.contains(squeezed(block)), "\(block)")
      }
    }
  }

  @Test("compare numbers within the tolerance and words exactly")
  func comparison() {
    let notebook = Notebook(markdown: "<!-- tolerance: 0.02 -->\n```sh\nx\n```\n```text\na 1.00\n```\n")
    #expect(notebook.blocks.first?.expected == "a 1.00")
    #expect(notebook.difference(expected: "a 1.00", found: "a 1.01") == nil)
    #expect(notebook.difference(expected: "a 1.00", found: "a 1.05") != nil)
    #expect(notebook.difference(expected: "a 1.00", found: "b 1.00") != nil)
    #expect(notebook.difference(expected: "a\n…\nd", found: "a\nb\nc\nd") == nil)
    #expect(notebook.difference(expected: "a\nb", found: "a\nb\nc") != nil)
  }
}
