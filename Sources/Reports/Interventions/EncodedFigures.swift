import Results

extension InterventionResult {
  /// What can be read where before anything is erased; nil where nothing was.
  var encodedMap: (figure: any Figure, text: String)? {
    guard rows.contains(where: { $0.encoded != nil }) else { return nil }
    func encoded(_ level: Erased, _ layer: String) -> Encoded? { row(level.name, at: layer)?.encoded }
    let best = erased.map { level in
      max(layers.compactMap { encoded(level, $0)?.accuracy.value }.max() ?? 0, level.majority + 1e-9)
    }
    var grid = EffectGrid(
      name: "encoded", title: "What can be read where",
      summary:
        "Accuracy of linear readers of \(count(layers.count, "intact layer")), \(count(erased.count, "level")).",
      columns: erased.map(\.name),
      rows: layers.map { layer in
        (
          name: layer,
          cells: zip(erased, best).map { level, best in
            guard let own = encoded(level, layer) else { return EffectGrid.Cell() }
            return EffectGrid.Cell(
              value: own.accuracy.value,
              text: Self.number(own.accuracy.value) + (own.baseline.map { " (\(Self.number($0)))" } ?? ""),
              share: max(0, (own.accuracy.value - level.majority) / (best - level.majority)),
              mark: own.isBeyondBaseline == true ? .star : own.isReadable ? .ring : .none,
              tip: "\(layer), \(level.name): \(Self.interval(own.accuracy)), beyond the commonest class "
                + "\(Self.interval(own.overMajority)), beyond what is simpler \(Self.interval(own.beyondBaseline))"
            )
          }
        )
      },
      data: DataTable(
        columns: [
          "level", "layer", "accuracy", "over_majority", "readable", "baseline", "beyond_baseline",
          "is_beyond_baseline",
        ],
        headings: [
          "Level", "Layer", "Accuracy", "Over the commonest class", "Readable", "Of what is simpler",
          "The layer adds", "Beyond the baseline",
        ],
        rows: rows.compactMap { row in
          row.encoded.map { own in
            [
              .text(row.level), .text(row.layer), .plain(own.accuracy.value, digits: 3),
              .plain(own.overMajority.value, digits: 3), .text(own.isReadable ? "yes" : "no"),
              .plain(own.baseline, digits: 3), .plain(own.beyondBaseline?.value, digits: 3),
              .text(own.isBeyondBaseline.map { $0 ? "yes" : "no" } ?? ""),
            ]
          }
        }))
    grid.ends = ("commonest class", "best layer")
    grid.axes = ("layer", "level")
    grid.scale = "accuracy of linear readers (of what is simpler)"
    grid.marks = ("beyond the baseline", "readable")
    let simpler = Set(erased.flatMap(\.simpler)).sorted().joined(separator: ", ")
    return (
      grid,
      "Accuracy of linear readers of the intact model, in brackets that of what is simpler (\(simpler), together). A ring: "
        + "readable, better than the commonest class by more than chance, all layers together. A star: beyond the baseline, too, "
        + "the layer adds to what is simpler by more than chance."
    )
  }

  /// `0.61 +` beyond the baseline, `0.61` readable, `0.61 ?` not shown to be.
  func readingMark(_ row: Row) -> String {
    guard let own = row.encoded else { return "—" }
    return Self.number(own.accuracy.value)
      + (own.isBeyondBaseline == true ? " +" : own.isReadable ? "" : " ?")
  }
}
