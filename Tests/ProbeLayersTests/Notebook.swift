import Foundation

/// A walk-through in Markdown: its `sh` blocks are run in order in one folder, and the `text` block that
/// follows one is what it must print.
///
/// Words must be equal, however they are spaced; numbers may differ by the notebook's tolerance, which stands in it as
/// `<!-- tolerance: 0.02 -->` (relative, and absolute below 1). A line `…` stands for any lines.
struct Notebook {
  struct Block {
    let line: Int
    let code: String
    var expected: String?
  }

  let tolerance: Double
  let blocks: [Block]
  /// The `swift` blocks, which must stand word for word in a test.
  let swiftBlocks: [String]

  init(markdown: String) {
    var blocks: [Block] = []
    var swiftBlocks: [String] = []
    var fence: (language: String, line: Int, text: [String])?
    for (index, line) in markdown.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard line.hasPrefix("```") else {
        fence?.text.append(String(line))
        continue
      }
      guard let open = fence else {
        fence = (String(line.dropFirst(3)), index + 1, [])
        continue
      }
      let text = open.text.joined(separator: "\n")
      switch open.language {
      case "sh": blocks.append(Block(line: open.line, code: text))
      case "text": if !blocks.isEmpty { blocks[blocks.count - 1].expected = text }
      case "swift": swiftBlocks.append(text)
      default: break
      }
      fence = nil
    }
    self.blocks = blocks
    self.swiftBlocks = swiftBlocks
    let stated = markdown.firstMatch(of: /<!-- tolerance: ([0-9.]+) -->/).flatMap { Double($0.1) }
    tolerance = stated ?? 0
  }

  /// The first line of `expected` that `found` does not have in its place, or nil where all is as shown.
  func difference(expected: String, found: String) -> String? {
    let lines = { (text: String) in
      text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }.filter {
        !$0.isEmpty
      }
    }
    var rest = lines(found)[...]
    var mayskip = false
    for line in lines(expected) {
      if line == "…" {
        mayskip = true
        continue
      }
      let place = mayskip ? rest.firstIndex { matches(line, $0) } : rest.indices.first
      guard let place, matches(line, rest[place]) else {
        return "expected: \(line)\nfound:    \(rest.first ?? "nothing more")"
      }
      rest = rest[(place + 1)...]
      mayskip = false
    }
    return mayskip || rest.isEmpty ? nil : "printed more than is shown: \(rest.first ?? "")"
  }

  private func matches(_ expected: String, _ found: String) -> Bool {
    let number = /[-−]?[0-9]+(?:\.[0-9]+)?/
    guard expected.replacing(number, with: "#") == found.replacing(number, with: "#") else { return false }
    let values = { (text: String) in
      text.matches(of: number).compactMap { Double($0.output.replacing("−", with: "-")) }
    }
    return zip(values(expected), values(found)).allSatisfy { wanted, value in
      abs(wanted - value) <= tolerance * max(1, abs(wanted))
    }
  }
}
