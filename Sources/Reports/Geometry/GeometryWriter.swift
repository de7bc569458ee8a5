import Results

/// Writes how states move into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the tables and the warnings |
/// | `geometry.csv` | every number, one a row |
/// | `geometry.json` | everything |
/// | `figures/*.svg`, `.csv` | the figures and their numbers |
public enum GeometryWriter {
  /// All of it, or nothing; with `pictures` also PNGs or PDFs of each figure by `rsvg-convert`.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ result: GeometryResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    try result.document.write(
      "geometry", of: result, csv: result.csv, to: folder, pictures: pictures, records: records)
  }

  /// The tables and warnings for a terminal.
  public static func text(of result: GeometryResult, _ style: TerminalStyle) -> String {
    result.document.text(style)
  }
}

extension GeometryResult {
  /// Every number of every layer, one a row.
  var csv: String {
    var rows: [[String]] = []
    func add(_ model: String, _ layers: [LayerGeometry]) {
      for layer in layers {
        func row(_ measure: String, _ condition: String, _ estimate: Estimate) {
          rows.append(
            [model, layer.layer.name, measure, condition]
              + [estimate.value, estimate.low, estimate.high].map(NumberText.data)
              + ["\(recordings)", layer.reason ?? ""])
        }
        row("curvature_degrees", "", layer.curvature)
        row("entropy", "", layer.entropy)
        for (condition, change) in zip(conditions, layer.changes) { row("change", condition.words, change) }
      }
    }
    add("input", [input])
    add("trained", layers)
    add("untrained", untrained)
    return CSV.text(
      columns: ["model", "layer", "measure", "condition", "value", "ci_low", "ci_high", "n", "reason"],
      rows: rows)
  }

  private static let plain = MeasureFormat(.bits)

  /// The input first, as it is what every layer is made of.
  private var slots: [String] { [input.layer.name] + layers.map(\.layer.name) }

  private func line(
    _ name: String, _ colour: String?, isUntrained: Bool = false,
    _ value: (LayerGeometry) -> Estimate
  ) -> LineChart.Line {
    let values = layers.map { layer -> Estimate? in
      isUntrained ? untrained.first { $0.layer.name == layer.layer.name }.map(value) : value(layer)
    }
    return LineChart.Line(
      name: name, colour: colour, dashes: isUntrained ? LineChart.dashed : nil,
      values: [isUntrained ? nil : value(input)] + values)
  }

  private func chart(
    _ name: String, _ title: String, _ axisTitle: String,
    _ parts: [(name: String, value: (LayerGeometry) -> Estimate)]
  ) -> LineChart? {
    let lines = parts.enumerated().flatMap { place, part -> [LineChart.Line] in
      let colour = LineChart.palette[place % LineChart.palette.count]
      let isAlone = parts.count == 1
      return [line(isAlone ? "trained" : part.name, colour, part.value)]
        + (untrained.isEmpty
          ? []
          : [line(isAlone ? "untrained" : part.name + ", untrained", colour, isUntrained: true, part.value)])
    }
    return LineChart(
      name: name, title: title, axisTitle: axisTitle, slot: "layer", slots: slots, format: Self.plain.bare,
      lines: lines)
  }

  private func table(
    _ title: String, _ digits: Int, _ parts: [(name: String, value: (LayerGeometry) -> Estimate)],
    notes: [String]
  ) -> NamedTable {
    func cell(_ estimate: Estimate?) -> String {
      guard let estimate, estimate.value.isFinite else { return "—" }
      let value = NumberText.fixed(estimate.value, digits)
      guard estimate.hasInterval else { return value }
      return
        "\(value) [\(NumberText.fixed(estimate.low, digits)), \(NumberText.fixed(estimate.high, digits))]"
    }
    return NamedTable(
      title: title,
      columns: parts.flatMap { untrained.isEmpty ? [$0.name] : [$0.name, "untrained"] },
      rows: ([input] + layers).map { layer in
        let twin = untrained.first { $0.layer.name == layer.layer.name }
        return (
          layer.layer.name,
          parts.flatMap { part in
            [cell(part.value(layer))] + (untrained.isEmpty ? [] : [cell(twin.map(part.value))])
          }
        )
      }, notes: notes)
  }

  var document: ComparisonDocument {
    let kinds = Condition.Kind.allCases.filter { kind in conditions.contains { $0.kind == kind } }
    let reasons = layers.compactMap { layer in layer.reason.map { "\(layer.layer.name): \($0)" } }
    let shape: [(name: String, value: (LayerGeometry) -> Estimate)] = [
      ("curvature, degrees", \.curvature), ("entropy", \.entropy),
    ]
    let figures = [
      chart("curvature", "Curvature of the trajectory", "degrees from one step to the next", [shape[0]]),
      chart("entropy", "Entropy of the spectrum", "share of the largest", [shape[1]]),
    ].compactMap(\.self)
    var sections = [
      ComparisonDocument.Section(
        title: "How states move and spread",
        sentences: [
          "Curvature is the mean angle between one step of the states and the next, in steps of 20 ms or the layer's own: "
            + "0° on a straight line, 90° of a random walk, 120° of independent draws. Entropy is that of the shares of "
            + "variance within a recording: 0 where all lies in one direction, 1 where it is spread evenly."
        ],
        figures: figures.map { ($0, "Bars are 95 % intervals over \(clusterUnit).") },
        tables: [table("by layer", 2, shape, notes: reasons)])
    ]
    if !kinds.isEmpty {
      let all = conditions.indices.map { place in
        (name: conditions[place].words, value: { (layer: LayerGeometry) in layer.changes[place] })
      }
      sections.append(
        ComparisonDocument.Section(
          title: "How far states move when the sound is changed",
          sentences: [
            "0: the states of a \(level.rawValue) stay where they are. 1: they have no more to do with what they were "
              + "than any other \(level.rawValue)'s. \(input.layer.name) is the log-mel spectrum, which the model hears."
          ],
          figures: kinds.compactMap { kind in
            let parts = zip(conditions, all).filter { $0.0.kind == kind }.map(\.1)
            return chart("change-\(kind.rawValue)", "Change of states: \(kind.rawValue)", "change", parts)
          }.map { ($0, "Bars are 95 % intervals over \(clusterUnit); dashed: the untrained model.") },
          tables: [table("change by layer", 2, all, notes: [])]))
    }
    return ComparisonDocument(
      title: "How the states of \(model.name)'s layers move", lead: [facts] + steadiest,
      sections: sections, warnings: warnings,
      provenance: [
        ("Strata", version), ("model", "\(model.name), fingerprint \(model.fingerprint)"),
        ("corpus", "\(corpus.name), fingerprint \(corpus.fingerprint)"), ("seed", "\(seed)"),
      ], version: version)
  }

  private var facts: String {
    "\(NumberText.grouped(recordings)) of \(NumberText.grouped(ofRecordings)) recordings of \(corpus.name), "
      + "\(NumberText.grouped(spans)) \(level.rawValue) spans; intervals are over \(NumberText.grouped(clusters)) "
      + "\(clusterUnit)."
  }

  /// Where states move least and most under the strongest of each kind of change.
  private var steadiest: [String] {
    conditions.indices.compactMap { place in
      let known = layers.filter { $0.changes.indices.contains(place) && $0.changes[place].value.isFinite }
      guard let least = known.min(by: { $0.changes[place].value < $1.changes[place].value }),
        let most = known.max(by: { $0.changes[place].value < $1.changes[place].value })
      else { return nil }
      func words(_ layer: LayerGeometry) -> String {
        "\(layer.layer.name) (\(Self.plain.bare.interval(layer.changes[place])))"
      }
      return "With \(conditions[place].words) \(words(least)) moves least and \(words(most)) most."
    }
  }
}

extension MeasureFormat {
  /// The same without a unit.
  var bare: MeasureFormat { MeasureFormat(scale: scale, digits: digits, unit: "") }
}
