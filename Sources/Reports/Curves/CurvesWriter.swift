import Results

/// Writes accuracies along an axis into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the table and the warnings |
/// | `curves.csv` | every number, one a row |
/// | `curves.json` | everything |
/// | `figures/curves.svg`, `.csv` | the figure and its numbers |
public enum CurvesWriter {
  /// All of it, or nothing; with `pictures` also PNGs or PDFs of the figure by `rsvg-convert`.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ result: CurvesResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    try result.document.write(
      "curves", of: result, csv: result.csv, to: folder, pictures: pictures, records: records)
  }

  /// The table and warnings for a terminal.
  public static func text(of result: CurvesResult, _ style: TerminalStyle) -> String {
    result.document.text(style)
  }
}

extension CurvesResult {
  private static let format = MeasureFormat(.accuracy)

  private var unit: String { axis == .time ? "ms" : "spans" }

  private var slots: [String] {
    places.map { axis == .time ? NumberText.fixed($0, 0) : NumberText.grouped(Int($0)) }
  }

  /// Every number, one a row.
  var csv: String {
    var rows: [[String]] = []
    func row(_ layer: String, _ place: Double?, _ measure: String, _ estimate: Estimate, _ reason: String?)
    {
      rows.append(
        [model.name, layer, level.rawValue, measure, NumberText.data(place)]
          + [estimate.value, estimate.low, estimate.high].map(NumberText.data)
          + ["\(tested)", "\(classes)", reason ?? ""])
    }
    for curve in curves {
      for (place, accuracy) in zip(places, curve.accuracies) {
        row(curve.layer, place, "accuracy", accuracy, curve.reason)
      }
      if let limit = curve.limit { row(curve.layer, nil, "limit", limit, nil) }
    }
    row("majority", nil, "accuracy", majority, nil)
    return CSV.text(
      columns: [
        "model", "layer", "level", "measure", axis == .time ? "milliseconds" : "training_spans", "value",
        "ci_low", "ci_high", "n", "classes", "reason",
      ], rows: rows)
  }

  private var chart: LineChart? {
    let layers = curves.filter { $0.layer != "mel" }
    let lines = curves.map { curve -> LineChart.Line in
      guard curve.layer != "mel" else {
        return LineChart.Line(
          name: "mel", colour: nil, dashes: LineChart.dashed, values: curve.accuracies)
      }
      let place = layers.firstIndex { $0.layer == curve.layer } ?? 0
      let share = 0.85 * Double(place) / Double(max(1, layers.count - 1))
      return LineChart.Line(
        name: curve.layer, colour: Colours.hex(Colours.ramp(share)), values: curve.accuracies)
    }
    let floor = LineChart.Line(
      name: "majority", colour: nil, dashes: LineChart.dotted, values: places.map { _ in majority },
      hasIntervals: false)
    return LineChart(
      name: "curves",
      title: axis == .time
        ? "\(level.rawValue.capitalizedFirst)s over time, from their \(anchor?.rawValue ?? "centre")"
        : "\(level.rawValue.capitalizedFirst)s over the number of training spans",
      axisTitle: "accuracy, %", slot: axis == .time ? "milliseconds" : "training spans", slots: slots,
      format: Self.format, lines: lines + [floor])
  }

  var document: ComparisonDocument {
    let reasons = curves.compactMap { curve in curve.reason.map { "\(curve.layer): \($0)" } }
    func cell(_ estimate: Estimate?) -> String {
      estimate.flatMap { $0.value.isFinite ? unbroken(Self.format.interval($0)) : nil } ?? "—"
    }
    let hasLimits = axis == .examples
    let table = NamedTable(
      title: "accuracy, %, by layer and \(axis == .time ? "milliseconds" : "training spans")",
      columns: slots + (hasLimits ? ["limit"] : []),
      rows: curves.map { ($0.layer, $0.accuracies.map(cell) + (hasLimits ? [cell($0.limit)] : [])) }
        + [("majority", places.map { _ in cell(majority) } + (hasLimits ? ["—"] : []))],
      notes: (hasLimits
        ? [
          "limit: what accuracy = limit − b·n^(−c) rises to, fitted to these points (—: it does not rise). It is an "
            + "extrapolation; a wide interval means that these points do not settle it."
        ] : []) + reasons)
    return ComparisonDocument(
      title: axis == .time
        ? "When \(model.name) has which \(level.rawValue)"
        : "How many \(level.rawValue)s a probe of \(model.name) needs",
      lead: [facts] + findings,
      sections: [
        ComparisonDocument.Section(
          title: axis == .time ? "Accuracy over time" : "Accuracy over examples",
          sentences: [
            axis == .time
              ? "A probe of the 20 ms at each moment names the \(level.rawValue) whose \(anchor?.rawValue ?? "centre") is "
                + "at 0 ms. Where it still does so far from it, the layer carries context, or neighbours give it away: "
                + "mel shows how far the sound alone does."
              : "The same spans are tested throughout; a probe learns from a part of the training recordings, drawn "
                + "three times, and last from all."
          ],
          figures: chart.map { [($0, "Bars are 95 % intervals over \(clusterUnit).")] } ?? [],
          tables: [table])
      ], warnings: warnings,
      provenance: [
        ("Strata", version), ("model", "\(model.name), fingerprint \(model.fingerprint)"),
        ("corpus", "\(corpus.name), fingerprint \(corpus.fingerprint)"), ("seed", "\(seed)"),
      ], version: version)
  }

  private var facts: String {
    "\(NumberText.grouped(tested)) of \(NumberText.grouped(ofSpans)) \(level.rawValue) spans of \(corpus.name) are tested, "
      + "\(classes) of \(ofClasses) classes, by \(probe); intervals are over \(NumberText.grouped(clusters)) "
      + "\(clusterUnit). Division: \(folds)" + (folds.hasSuffix(".") ? "" : ".")
  }

  /// For each layer how far from the anchor its probe is above the majority; or where its limit lies.
  private var findings: [String] {
    let known = curves.filter { $0.reason == nil }
    if axis == .examples {
      return known.max { ($0.accuracies.last?.value ?? 0) < ($1.accuracies.last?.value ?? 0) }
        .flatMap { best in
          best.limit.map {
            "\(best.layer) is read best, with \(Self.format.intervalWithUnit(best.accuracies.last ?? .missing)) of all "
              + "training spans; with unlimited data it would reach \(Self.format.intervalWithUnit($0))."
          }
        }.map { [$0] } ?? []
    }
    let reach = known.compactMap { curve -> String? in
      let above = zip(places, curve.accuracies).filter { $1.low > majority.high }.map(\.0)
      guard let first = above.min(), let last = above.max() else { return nil }
      return "\(curve.layer) from \(NumberText.fixed(first, 0)) to \(NumberText.fixed(last, 0)) ms"
    }
    return reach.isEmpty
      ? ["No layer's probe is above the majority at any moment."]
      : ["The probe's interval lies above the majority's: \(reach.joined(separator: ", "))."]
  }
}
