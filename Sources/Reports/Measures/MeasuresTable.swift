import Results

/// `measures.csv` and its table for a terminal.
public enum MeasuresTable {
  /// The names of the columns, in their order.
  public static let columns = [
    "model", "layer", "level", "measure", "value", "ci_low", "ci_high", "null", "null_low", "null_high",
    "n",
    "utterances", "reason",
  ]

  /// `measures.csv`: every number, one a row.
  public static func csv(_ measures: [LayerMeasure], model: String) -> String {
    CSV.text(
      columns: columns,
      rows: measures.map { measure in
        let estimate = measure.estimate
        let interval = estimate.hasInterval ? [estimate.low, estimate.high] : [.nan, .nan]
        let null = measure.null.map { [$0.value, $0.low, $0.high] } ?? [.nan, .nan, .nan]
        let numbers = ([estimate.value] + interval + null).map {
          $0.isFinite ? NumberText.data($0) : ""
        }
        return [model, measure.layer.name, measure.level.rawValue, measure.name.rawValue] + numbers + [
          "\(measure.count)", measure.utterances.map { "\($0)" } ?? "", measure.reason ?? "",
        ]
      })
  }

  /// A line a layer, a column a measure that any layer has; below them what the measure gives by chance, and why
  /// numbers are missing.
  public static func text(_ measures: [LayerMeasure]) -> String {
    let names = LayerMeasure.Name.allCases.filter { name in measures.contains { $0.name == name } }
    let layers = Set(measures.map(\.layer)).sorted()
    var rows = [["layer"] + names.map(\.words)]
    for layer in layers {
      rows.append(
        [layer.name]
          + names.map { name in
            measures.first { $0.layer == layer && $0.name == name }.map { Self.number($0.estimate.value) }
              ?? "–"
          })
    }
    let nulls = names.map { name in
      measures.filter { $0.name == name }.compactMap { $0.null?.high }.filter(\.isFinite).max()
    }
    if nulls.contains(where: { $0 != nil }) {
      rows.append(["by chance"] + nulls.map { $0.map(Self.number) ?? "" })
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let table = rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ")
    }
    return (table + notes(measures, names)).joined(separator: "\n")
  }

  private static func notes(_ measures: [LayerMeasure], _ names: [LayerMeasure.Name]) -> [String] {
    var notes: [String] = []
    if measures.contains(where: { $0.null != nil }) {
      notes.append(
        "by chance: the most that a layer gets in 97.5 % of draws with labels exchanged between whole utterances "
          + "(of MDL three draws; ABX: one half, by symmetry)")
    }
    for reason in Set(measures.compactMap(\.reason)).sorted() {
      let missing = names.filter { name in measures.contains { $0.name == name && $0.reason == reason } }
      notes.append("– \(missing.map(\.words).joined(separator: ", ")): \(reason)")
    }
    return notes.isEmpty ? [] : [""] + notes
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? NumberText.fixed(value, 3) : "–"
  }
}
