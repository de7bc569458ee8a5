import Results

/// The study as text for a terminal: a row per layer, a column per level, the peak marked, then one
/// sentence a level.
///
///     print(TerminalTable(study).text(.standardOutput()))
///
/// Levels that do not fit side by side go into a second table below the first, whole: an interval is never
/// dropped to make room.
public struct TerminalTable: Sendable {
  private let study: StudyResult

  /// The table of a study.
  public init(_ study: StudyResult) {
    self.study = study
  }

  /// The table, its legend and the verdicts, as wide as the style says.
  public func text(_ style: TerminalStyle = .plain) -> String {
    let table = StudyTable(study)
    var parts = [title(style)]
    parts += Block.make(of: table, width: style.width).map { $0.text(style) }
    parts.append(legend(table, style))
    parts.append(sentences(style))
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private func title(_ style: TerminalStyle) -> String {
    let line = "\(study.model.name) on \(study.corpus.name)"
    return style.paint(clean(line, style), .strong) + "\n"
      + style.paint(wrap(study.facts.joined(separator: " · "), style), .quiet)
  }

  private func legend(_ table: StudyTable, _ style: TerminalStyle) -> String {
    let isShared = study.levels.contains { ($0.peak?.peakSet.count ?? 0) > 1 }
    var lines = [isShared ? "★ peak · ○ cannot be told from the peak" : "★ peak"]
    if !table.intervalUnits.isEmpty { lines.append("[low, high] \(table.intervalNote)") }
    let nulls = table.references.map(\.name)
    if nulls.contains("shuffled") { lines.append("shuffled: a probe trained on shuffled labels") }
    if nulls.contains(StudyTable.twinName) {
      lines.append("\(StudyTable.twinName): each level's peak layer, with random weights")
    }
    if nulls.contains(StudyTable.jointName) {
      lines.append(
        "\(StudyTable.jointName): all that is simpler together; \(StudyTable.besideJointName): the same beside the "
          + "peak layer")
    }
    lines += table.missing.map { "— \($0)" }
    return lines.map { style.paint(wrap($0, style, indent: 2), .quiet) }.joined(separator: "\n")
  }

  private func sentences(_ style: TerminalStyle) -> String {
    let names = study.levels.map { clean(study.title(of: $0), style) }
    let column = (names.map(TextLayout.width).max() ?? 0) + 2
    let margin = String(repeating: " ", count: column)
    return zip(study.levels, names).map { level, name in
      let words = ([level.verdict?.sentence ?? "No layer has a number for this level."] + level.asides)
        .joined(separator: " ")
      let lines = TextLayout.wrap(clean(words, style), columns: style.width - column)
        .split(separator: "\n", omittingEmptySubsequences: false)
      let head = style.paint(name, .strong) + String(repeating: " ", count: column - TextLayout.width(name))
      return head + lines.joined(separator: "\n" + margin)
    }.joined(separator: "\n")
  }

  private func clean(_ text: String, _ style: TerminalStyle) -> String {
    style.spelt(TextLayout.harmless(text))
  }

  private func wrap(_ text: String, _ style: TerminalStyle, indent: Int = 0) -> String {
    TextLayout.wrap(clean(text, style), columns: style.width, indent: indent)
  }
}

/// The levels that stand side by side.
private struct Block {
  var nameWidth: Int
  var columns: [Column]
  var names: (layers: [String], references: [String])

  struct Column {
    var title: String
    var subtitles: [String]
    var layers: [StudyTable.Cell]
    var references: [StudyTable.Cell]
    var format: MeasureFormat
    var valueWidth: Int
    var width: Int
  }

  static let gap = 2

  static func make(of table: StudyTable, width: Int) -> [Block] {
    let layers = table.layers.map { TextLayout.harmless($0.name) }
    let references = table.references.map(\.name)
    let nameWidth = (layers + references + ["layer"]).map(TextLayout.width).max() ?? 0
    var blocks: [Block] = []
    var used = 0
    for index in table.columns.indices {
      let column = column(index, of: table)
      if blocks.isEmpty || used + gap + column.width > width {
        blocks.append(Block(nameWidth: nameWidth, columns: [], names: (layers, references)))
        used = nameWidth
      }
      blocks[blocks.count - 1].columns.append(column)
      used += gap + column.width
    }
    return blocks
  }

  private static func column(_ index: Int, of table: StudyTable) -> Column {
    let (title, metric) = (TextLayout.harmless(table.columns[index].title), table.columns[index].metric)
    let format = MeasureFormat(metric)
    let layers = table.layers.map { $0.cells[index] }
    let references = table.references.map { $0.cells[index] }
    let estimates = (layers + references).compactMap(\.estimate)
    let valueWidth = estimates.map { TextLayout.width(format.value($0.value)) }.max() ?? 1
    let brackets = estimates.map { TextLayout.width(format.brackets($0)) }.max() ?? 0
    let numbers = 2 + valueWidth + (brackets > 0 ? 1 + brackets : 0)
    let subtitles = [metric.axisTitle] + table.columns[index].scopeLines
    let words = 2 + (([title] + subtitles).map(TextLayout.width).max() ?? 0)
    return Column(
      title: title, subtitles: subtitles, layers: layers, references: references, format: format,
      valueWidth: valueWidth, width: max(numbers, words))
  }

  func text(_ style: TerminalStyle) -> String {
    let rule = String(
      repeating: style.spelt("─"), count: nameWidth + columns.reduce(0) { $0 + Self.gap + $1.width })
    var lines = [style.paint(line("layer", columns.map { "  " + $0.title }, style), .strong)]
    for place in 0..<(columns.map(\.subtitles.count).max() ?? 0) {
      let words = columns.map { $0.subtitles.indices.contains(place) ? "  " + $0.subtitles[place] : "" }
      lines.append(style.paint(line("", words, style), .quiet))
    }
    lines.append(style.paint(rule, .quiet))
    for (index, name) in names.layers.enumerated() {
      lines.append(line(name, columns.map { cell($0.layers[index], $0, style) }, style))
    }
    lines.append(style.paint(rule, .quiet))
    for (index, name) in names.references.enumerated() {
      let text = line(
        name, columns.map { cell($0.references[index], $0, .init(unicode: style.unicode)) }, style)
      lines.append(style.paint(text, .quiet))
    }
    return lines.joined(separator: "\n")
  }

  /// Cells come padded except for the headings; colours are put on after padding, since they take no room.
  private func line(_ name: String, _ cells: [String], _ style: TerminalStyle) -> String {
    let gap = String(repeating: " ", count: Self.gap)
    let padded = zip(cells, columns).map { TextLayout.padRight(style.spelt($0), to: $1.width) }
    let text = ([TextLayout.padRight(style.spelt(name), to: nameWidth)] + padded).joined(separator: gap)
    return String(text.reversed().drop { $0 == " " }.reversed())
  }

  private func cell(_ cell: StudyTable.Cell, _ column: Column, _ style: TerminalStyle) -> String {
    guard let estimate = cell.estimate else {
      return TextLayout.padRight("  " + TextLayout.padLeft("—", to: column.valueWidth), to: column.width)
    }
    let sign =
      switch cell.mark {
      case .none: "  "
      case .peak: "★ "
      case .peakSet: "○ "
      }
    let value = TextLayout.padLeft(column.format.value(estimate.value), to: column.valueWidth)
    let brackets = column.format.brackets(estimate)
    let text = TextLayout.padRight(
      sign + value + (brackets.isEmpty ? "" : " " + brackets), to: column.width)
    return cell.mark == .peak ? style.paint(style.spelt(text), .peak) : text
  }
}
