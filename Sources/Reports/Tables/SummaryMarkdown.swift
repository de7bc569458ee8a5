import Results

/// `summary.md`: the answer, the table, the warnings and how it was measured, in Markdown that any viewer
/// with pipe tables shows.
public enum SummaryMarkdown {
  /// The whole file.
  public static func text(of study: StudyResult) -> String {
    let table = StudyTable(study)
    var parts = ["# \(escape(study.question))"]
    if !study.headline.isEmpty { parts.append(escape(study.headline.joined(separator: " "))) }
    parts.append(study.levels.map { answer($0, in: study) }.joined(separator: "\n"))
    if !study.levels.isEmpty { parts += ["## Numbers", pipes(table), legend(table)] }
    if !study.confusions.isEmpty {
      parts += ["## Confusions", study.confusions.map(confused).joined(separator: "\n")]
    }
    if !study.warnings.isEmpty {
      parts += ["## Warnings", study.warnings.map { "- \(escape($0))" }.joined(separator: "\n")]
    }
    parts += ["## How it was measured", measured(study)]
    parts += ["## Provenance", provenance(study)]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private static func answer(_ level: LevelResult, in study: StudyResult) -> String {
    let words = level.verdict?.sentence ?? "No layer has a number for this level."
    return "- **\(escape(study.title(of: level)))**: "
      + ([words] + level.doubts).map(escape).joined(separator: " ")
  }

  private static func confused(_ entry: StudyResult.Confused) -> String {
    let pairs = entry.analysis.mostConfused(6).map {
      "\($0.truth) predicted as \($0.guess) (\($0.count), \(ConfusionFigure.percent($0.share)))"
    }
    let words = pairs.isEmpty ? "none." : "\(pairs.joined(separator: ", "))."
    return "- **\(escape(entry.figure.heading)) at \(escape(entry.analysis.layer.name))**: \(escape(words))"
  }

  private static func pipes(_ table: StudyTable) -> String {
    let titles = table.columns.map { column in
      let words = [column.metric.axisTitle] + [column.scope].compactMap(\.self)
      return escape("\(column.title) (\(words.joined(separator: "; ")))")
    }
    let head = ["| layer | " + titles.joined(separator: " | ") + " |"]
    let rule = ["|:--|" + table.columns.map { _ in "--:|" }.joined()]
    let rows = (table.layers + table.references).map { row in
      let cells = zip(row.cells, table.columns).map { cell, column -> String in
        guard let estimate = cell.estimate else { return "—" }
        let number = column.format.interval(estimate)
        switch cell.mark {
        case .peak: return "★ **\(number)**"
        case .peakSet: return "○ \(number)"
        case .none: return number
        }
      }
      return "| \(escape(row.name)) | " + cells.joined(separator: " | ") + " |"
    }
    return (head + rule + rows).joined(separator: "\n")
  }

  private static func legend(_ table: StudyTable) -> String {
    let first = "★ the peak; ○ cannot be told from the peak; [low, high]: \(table.intervalNote)."
    let rows =
      "The last rows are what a layer has to beat: always naming the commonest class (majority), a probe "
      + "trained on shuffled labels, the same probe on \(table.baselineWords), and the peak layer with random weights; "
      + "and all that is simpler together (joint baseline), without and with the peak layer."
    return ([first, rows] + table.missing.map(escape)).joined(separator: "\n")
  }

  private static func measured(_ study: StudyResult) -> String {
    let metrics = Description.metrics(study).map { "- \(escape($0.name)): \(escape($0.value))" }
    return
      (study.levels.map { level in
        "- **\(escape(study.title(of: level)))**: "
          + Description.measured(level).map(escape).joined(separator: " ")
      } + metrics).joined(separator: "\n")
  }

  private static func provenance(_ study: StudyResult) -> String {
    Description.provenance(study).map { "- \(escape($0.name)): \(escape($0.value))" }.joined(
      separator: "\n")
  }

  /// Characters that Markdown or the HTML inside it would act on are escaped; line breaks become spaces.
  /// Brackets only where they would make a link, so that intervals read well as plain text too.
  static func escape(_ text: String) -> String {
    var escaped = ""
    let scalars = Array(TextLayout.harmless(text.replacing("\n", with: " ")).unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      switch scalar {
      case "]":
        let next = index + 1 < scalars.count ? scalars[index + 1] : " "
        escaped += "([:".unicodeScalars.contains(next) ? "\\]" : "]"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "&": escaped += "&amp;"
      case "\\", "`", "*", "_", "|", "~", "#", "!": escaped += "\\" + String(scalar)
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
