import Results

/// `measures.csv` and its table for a terminal.
public enum MeasuresTable {
  public static let columns = [
    "model", "layer", "level", "measure", "value", "ci_low", "ci_high", "n",
  ]

  public static func csv(_ measures: [LayerMeasure], model: String) -> String {
    CSV.text(
      columns: columns,
      rows: measures.map { measure in
        let interval = measure.estimate.hasInterval ? [measure.estimate.low, measure.estimate.high] : []
        return [
          model, measure.layer.name, measure.level.rawValue, measure.name.rawValue,
          NumberText.data(measure.estimate.value),
        ] + (interval.isEmpty ? ["", ""] : interval.map { NumberText.data($0) }) + ["\(measure.count)"]
      })
  }

  /// A line a layer, a column a measure that any layer has.
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
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let thousandths = Int((abs(value) * 1000).rounded())
    let fraction = String(thousandths % 1000)
    return (value < 0 && thousandths > 0 ? "−" : "") + "\(thousandths / 1000)."
      + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}
