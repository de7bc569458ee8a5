import Results

extension InterventionResult {
  /// How alike the layers of two towers are, a map a measure; stars where they are more alike than with other recordings.
  var towerMaps: [(figure: any Figure, text: String)] {
    towers.map { comparison in
      (
        towerMap(comparison),
        "\(Heatmap(comparison.matrix, name: "").title). Down: layers of the \(towerNames(comparison).first). Across: layers of "
          + "the \(towerNames(comparison).second). A star: more alike than with whole recordings of one side in another order, "
          + "all pairs together (false discoveries at 5 %)."
      )
    }
  }

  /// A Whisper's decoder has its name before its layers'; else the towers are a CLAP's.
  private func towerNames(_ comparison: LayerComparison) -> (first: String, second: String) {
    comparison.matrix.columnLayers.allSatisfy { $0.hasPrefix("decoder.") }
      ? ("encoder", "decoder") : ("tower of sounds", "tower of texts")
  }

  /// `decoder.hidden.3` in two lines.
  private func heading(_ layer: String) -> String {
    layer.hasPrefix("decoder.") ? layer.replacing("decoder.", with: "decoder.\n") : layer
  }

  private func towerMap(_ comparison: LayerComparison) -> EffectGrid {
    let (matrix, measure) = (comparison.matrix, Heatmap(comparison.matrix, name: "").measure)
    let finite = matrix.values.joined().compactMap(\.self).filter(\.isFinite)
    let most = max(finite.max() ?? 1, 1e-9)
    func p(_ row: Int, _ column: Int) -> Double? { comparison.calibration?.adjustedP[row][column] }
    var best = (value: -Double.infinity, row: "", column: "")
    for (row, values) in matrix.values.enumerated() {
      for (column, value) in values.enumerated() where (value ?? -.infinity) > best.value {
        best = (value ?? 0, matrix.rowLayers[row], matrix.columnLayers[column])
      }
    }
    var grid = EffectGrid(
      name: "towers-" + slug(measure), title: "Where two towers meet: \(measure)",
      summary:
        "\(measure) between \(matrix.rowLayers.count) and \(matrix.columnLayers.count) layers, over \(matrix.examples) "
        + "\(matrix.unit). Most alike are \(best.row) and \(best.column): \(Self.number(best.value))"
        + (matrix.notes.isEmpty ? "." : " (\(matrix.notes.joined(separator: "; ")))."),
      columns: matrix.columnLayers.map(heading),
      rows: zip(matrix.rowLayers, matrix.values).enumerated().map { row, line in
        (
          name: line.0,
          cells: line.1.enumerated().map { column, value in
            EffectGrid.Cell(
              value: value, text: Self.number(value), share: max(0, (value ?? 0) / most),
              mark: (p(row, column) ?? 1) <= 0.05 ? .star : .none,
              tip: "\(line.0) and \(matrix.columnLayers[column]): \(Self.number(value, 3))"
                + (p(row, column).map { ", p \(Self.number($0, 3)) over all pairs" } ?? ""))
          }
        )
      }, data: Heatmap(matrix, name: "").data)
    grid.ends = ("0", Self.number(most))
    grid.axes = (towerNames(comparison).first, towerNames(comparison).second)
    grid.scale = measure
    grid.marks = ("more than chance", "")
    return grid
  }

  /// What a model of two towers finds, in a sentence a direction; none of others.
  var retrievalSentences: [String] {
    retrievals.map { own in
      "From \(own.direction == .toText ? "a recording to its text" : "a text to its recording"), of "
        + "\(NumberText.grouped(own.queries)): first in \(Self.interval(own.first)), by chance "
        + "\(Self.number(own.firstByChance)); among the first five in \(Self.interval(own.firstFive)), by chance "
        + "\(Self.number(own.firstFiveByChance)); among \(Self.number(own.candidates, 0)) the median rank is "
        + "\(Self.number(own.medianRank, 0))."
    }
  }
}
