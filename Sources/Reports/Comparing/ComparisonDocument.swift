import Foundation
import Results

/// What a comparison of layers or of models says, from which the terminal's text, Markdown and the page are made.
struct ComparisonDocument {
  struct Section {
    var title: String
    var sentences: [String] = []
    var figures: [(figure: any Figure, note: String)] = []
    var tables: [NamedTable] = []
  }

  var title: String
  /// The answer in a few sentences.
  var lead: [String]
  var sections: [Section]
  var warnings: [String]
  var provenance: [(name: String, value: String)]
  var version: String

  var figures: [any Figure] { sections.flatMap { $0.figures.map(\.figure) } }
}

/// Short texts in named rows and columns.
struct NamedTable {
  var title: String
  var columns: [String]
  var rows: [(name: String, cells: [String])]
  var notes: [String] = []
  /// A figure beside it holds the same numbers, so that the page need not show them twice.
  var isDrawn = false
}

// MARK: - Text

extension ComparisonDocument {
  /// For a terminal, no wider than it where words allow.
  func text(_ style: TerminalStyle) -> String {
    func wrapped(_ text: String, indent: Int = 0) -> String {
      TextLayout.wrap(style.spelt(TextLayout.harmless(text)), columns: style.width, indent: indent)
    }
    var parts = [
      ([style.paint(wrapped(title), .strong)] + lead.map { wrapped($0) }).joined(separator: "\n")
    ]
    for section in sections {
      parts += section.sentences.map { wrapped($0) }
      parts += section.tables.map { table in
        let head = style.paint(wrapped(table.title), .strong)
        let notes = table.notes.map { style.paint(wrapped($0, indent: 2), .quiet) }
        return ([head, table.text(style)] + notes).joined(separator: "\n")
      }
    }
    if !warnings.isEmpty {
      parts.append(
        ([style.paint("warnings", .strong)] + warnings.map { wrapped($0, indent: 2) }).joined(
          separator: "\n"))
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  var markdown: String {
    let escape = SummaryMarkdown.escape
    var parts = ["# \(escape(title))", escape(lead.joined(separator: " "))]
    for section in sections {
      parts.append("## \(escape(section.title))")
      parts += section.sentences.map(escape)
      for table in section.tables {
        if !table.title.isEmpty { parts.append("**\(escape(table.title))**") }
        parts.append(table.markdown)
        if !table.notes.isEmpty { parts.append(table.notes.map(escape).joined(separator: "\n")) }
      }
    }
    if !warnings.isEmpty {
      parts += ["## Warnings", warnings.map { "- \(escape($0))" }.joined(separator: "\n")]
    }
    parts += [
      "## Provenance",
      provenance.map { "- \(escape($0.name)): \(escape($0.value))" }.joined(separator: "\n"),
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }
}

extension NamedTable {
  /// Columns that do not fit beside each other go into a block below.
  func text(_ style: TerminalStyle) -> String {
    func clean(_ text: String) -> String { style.spelt(TextLayout.harmless(text)) }
    let columns = columns.map(clean)
    let rows = rows.map { (name: clean($0.name), cells: $0.cells.map(clean)) }
    let nameWidth = rows.map { TextLayout.width($0.name) }.max() ?? 0
    let widths = columns.indices.map { column in
      (rows.map { TextLayout.width($0.cells[column]) } + [TextLayout.width(columns[column])]).max() ?? 0
    }
    var blocks: [[Int]] = []
    var used = 0
    for column in columns.indices {
      if blocks.isEmpty || used + 2 + widths[column] > style.width {
        blocks.append([])
        used = nameWidth
      }
      blocks[blocks.count - 1].append(column)
      used += 2 + widths[column]
    }
    func line(_ name: String, _ cells: [String], _ block: [Int]) -> String {
      TextLayout.padRight(name, to: nameWidth)
        + block.map { "  " + TextLayout.padLeft(cells[$0], to: widths[$0]) }.joined()
    }
    return blocks.map { block in
      ([style.paint(line("", columns, block), .quiet)] + rows.map { line($0.name, $0.cells, block) })
        .joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  var markdown: String {
    let escape = SummaryMarkdown.escape
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    return
      ([line([""] + columns.map(escape)), "|:--|" + columns.map { _ in "--:|" }.joined()]
      + rows.map { line([escape($0.name)] + $0.cells.map(escape)) }).joined(separator: "\n")
  }
}
