import Results

/// `layers.tex`: the table for a paper, with booktabs' rules; the peak is bold, intervals are small.
public enum LayersTeX {
  /// The whole file: one table, which needs the package booktabs.
  public static func text(of study: StudyResult) -> String {
    let table = StudyTable(study)
    let head = table.columns.map { escape($0.title) }.joined(separator: " & ")
    let units = table.columns.map { escape($0.metric.axisTitle) }.joined(separator: " & ")
    let names = [study.model.name, study.corpus.name] + table.layers.map(\.name)
    let isLatin = names.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value < 0x250 } }
    let lines =
      ["% \\usepackage{booktabs}"] + (isLatin ? [] : ["% Names here need LuaLaTeX or XeLaTeX."])
      + [
        "\\begin{table}", "  \\centering",
        "  \\caption{\(caption(study, table))}", "  \\label{tab:layers}",
        "  \\begin{tabular}{l\(String(repeating: "r", count: table.columns.count))}", "    \\toprule",
        "    Layer & \(head) \\\\", "    & \(units) \\\\",
      ] + scopes(table) + [
        "    \\midrule"
      ] + table.layers.map { "    " + row($0, table) } + ["    \\midrule"]
      + table.references.map { "    " + row($0, table) }
      + ["    \\bottomrule", "  \\end{tabular}", "\\end{table}"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// How many classes and spans a column is about; no row where that is not known.
  private static func scopes(_ table: StudyTable) -> [String] {
    let lines = table.columns.map(\.scopeLines).map { $0.joined(separator: ", ") }
    guard lines.contains(where: { !$0.isEmpty }) else { return [] }
    return ["    & \(lines.map { "{\\scriptsize \(escape($0))}" }.joined(separator: " & ")) \\\\"]
  }

  private static func caption(_ study: StudyResult, _ table: StudyTable) -> String {
    let spans = study.levels.map { "\(escape(study.title(of: $0))) $n=\($0.tested)$" }
    return "Layers of \(escape(study.model.name)) on \(escape(study.corpus.name)) "
      + "(\(spans.joined(separator: ", "))). "
      + "Bold: the peak; $\\circ$: cannot be told from the peak; brackets: \(escape(table.intervalNote)). "
      + "Last rows: what a layer has to beat."
  }

  private static func row(_ row: StudyTable.Row, _ table: StudyTable) -> String {
    let cells = zip(row.cells, table.columns).map { cell, column -> String in
      guard let estimate = cell.estimate else { return "--" }
      let value = math(column.format.value(estimate.value))
      let brackets = column.format.brackets(estimate)
      let interval = brackets.isEmpty ? "" : " {\\scriptsize \(math(brackets))}"
      switch cell.mark {
      case .peak: return "\\textbf{\(value)}\(interval)"
      case .peakSet: return "$\\circ$ \(value)\(interval)"
      case .none: return value + interval
      }
    }
    return "\(escape(row.name)) & \(cells.joined(separator: " & ")) \\\\"
  }

  /// A true minus sign where there is one.
  private static func math(_ number: String) -> String {
    number.replacing("−", with: "$-$").replacing("∞", with: "$\\infty$")
  }

  static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in TextLayout.harmless(text.replacing("\n", with: " ")).unicodeScalars {
      switch scalar {
      case "&", "%", "$", "#", "_", "{", "}": escaped += "\\" + String(scalar)
      case "\\": escaped += "\\textbackslash{}"
      case "~": escaped += "\\textasciitilde{}"
      case "^": escaped += "\\textasciicircum{}"
      case "<": escaped += "\\textless{}"
      case ">": escaped += "\\textgreater{}"
      case "·": escaped += "$\\cdot$"
      case "–": escaped += "--"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
