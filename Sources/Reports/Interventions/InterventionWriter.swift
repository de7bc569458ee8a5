import Foundation
import Results

/// Writes what a model uses into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `intervene.json` | everything |
/// | `intervene.csv` | every effect, one a row |
/// | `figures/*.svg`, `*.csv` | the figures and their numbers |
public enum InterventionWriter {
  /// All of it, or nothing; with `pictures` also PNGs or PDFs of each figure by `rsvg-convert`.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ result: InterventionResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    var page = FiguresPage(
      title: "What \(result.model) uses", lead: lead(result), figures: result.figures)
    page.warnings =
      result.retrievalSentences + [result.smallestSentence].compactMap(\.self) + result.warnings
    page.footnote =
      "An effect is of this model, on these recordings, of what a linear reader can find. Erased states are none that the "
      + "model has seen in training: the random subspaces tell how much of an effect that alone makes."
    try page.write(
      extra: [
        ("intervene.json", try PlainJSON.encode(result)),
        ("intervene.csv", Data(InterventionCSV.text(of: result).utf8)),
      ], version: result.version, to: folder, pictures: pictures, records: records)
  }

  private static func lead(_ result: InterventionResult) -> String {
    let levels = result.erased.map {
      "\($0.name) (\($0.classes) classes, \(NumberText.grouped($0.spans)) spans)"
    }
    return
      (result.layers.isEmpty
      ? "Read: \(levels.joined(separator: ", ")). Measured: "
      : "Erased one at a time at \(count(result.layers.count, "layer")): \(levels.joined(separator: ", ")). Measured: ")
      + "\(result.effect), on recordings that an erasure was not fitted on, against \(result.controls) random subspaces of "
      + "the same rank and share of variance. 95 % intervals over \(result.intervalUnit)."
  }

  /// The table of verdicts and a sentence for each level, for a terminal.
  public static func text(of result: InterventionResult, _ style: TerminalStyle) -> String {
    func wrapped(_ text: String, indent: Int = 0) -> String {
      TextLayout.wrap(style.spelt(TextLayout.harmless(text)), columns: style.width, indent: indent)
    }
    let table = NamedTable(
      title: "\(result.effect), beyond as much at random", columns: result.erased.map(\.name),
      rows: result.layers.map { layer in
        (
          layer,
          result.erased.map { level in
            guard let row = result.row(level.name, at: layer) else { return "—" }
            let value = result.decisive(row)?.beyondRandom?.value
            let number = value.map { $0.isFinite ? NumberText.fixed($0, 2) : "—" } ?? "—"
            return "\(number) \(word(row.verdict))"
          }
        )
      })
    let sentences = result.erased.compactMap { level -> String? in
      let rows = result.rows.filter { $0.level == level.name }
      return (rows.last { $0.verdict.kind == .used } ?? rows.last)?.verdict.sentence
    }
    var parts = [
      style.paint(wrapped("What \(result.model) uses of \(result.corpus)"), .strong), wrapped(lead(result)),
    ]
    let readable = NamedTable(
      title:
        "Accuracy of linear readers of the intact layers; + beyond what is simpler, ? not shown to be readable",
      columns: result.erased.map(\.name),
      rows: result.layers.map { layer in
        (
          layer,
          result.erased.map { level in result.row(level.name, at: layer).map(result.readingMark) ?? "—" }
        )
      })
    if !result.rows.isEmpty {
      for table in [readable, table] {
        parts.append(style.paint(wrapped(table.title), .strong) + "\n" + table.text(style))
      }
    }
    parts += (result.retrievalSentences + sentences + [result.smallestSentence].compactMap(\.self)).map {
      wrapped($0)
    }
    parts += result.warnings.map { wrapped("warning: \($0)", indent: 2) }
    return parts.joined(separator: "\n\n")
  }

  private static func word(_ verdict: InterventionResult.Verdict) -> String {
    switch verdict.kind {
    case .used: verdict.returnsAt.map { "used, back by \($0)" } ?? "used"
    case .redundant: verdict.returnsAt.map { "redundant, back by \($0)" } ?? "redundant"
    case .notShown: "not shown"
    case .undecided: "undecided"
    }
  }
}
