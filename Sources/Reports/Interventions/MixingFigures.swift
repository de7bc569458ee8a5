import Results

extension InterventionResult {
  /// What spans are made of, a map for each way of telling it.
  var mixingMaps: [(figure: any Figure, text: String)] {
    var methods: [String] = []
    for own in mixing where !methods.contains(own.method) { methods.append(own.method) }
    return methods.map { method in
      (
        mixingMap(method, mixing.filter { $0.method == method }),
        "What the states of a labelled span are made of, by \(method): the share of what comes from each part of the "
          + "recording, in brackets that part's share of the frames, and how far from the span's middle it lies on average. A "
          + "star: more than the part's share of the frames, the interval of the difference lies above zero."
      )
    }
  }

  private func mixingMap(_ method: String, _ rows: [Mixing]) -> EffectGrid {
    let parts = rows.first?.parts.map(\.name) ?? []
    var grid = EffectGrid(
      name: "mixing-\(slug(method))", title: "What spans are made of: \(method)",
      summary:
        "Shares of the parts of a recording in the states of \(rows.first?.level ?? "") spans, layer by layer.",
      columns: parts.map { $0.replacing(" of ", with: "\nof ").replacing("the span ", with: "the span\n") }
        + ["seconds\naway"],
      rows: rows.map { row in
        (
          name: row.layer,
          cells: row.parts.map { part in
            EffectGrid.Cell(
              value: part.share.value,
              text: "\(Self.number(part.share.value)) (\(Self.number(part.chance)))",
              share: part.share.value,
              mark: part.beyondChance.isPositive ? .star : .none,
              tip: "\(row.layer), \(part.name): \(Self.interval(part.share)), of the frames "
                + Self.number(part.chance))
          } + [
            EffectGrid.Cell(
              value: row.distance.value, text: Self.number(row.distance.value), share: 0,
              tip:
                "\(Self.interval(row.distance)) s, were all frames alike \(Self.number(row.distanceByChance)) s"
            )
          ]
        )
      },
      data: DataTable(
        columns: ["layer"] + parts.flatMap { [slug($0), slug($0) + "_chance"] } + [
          "distance", "distance_chance",
        ],
        headings: ["Layer"] + parts.flatMap { [$0, "by chance"] } + ["Seconds away", "by chance"],
        rows: rows.map { row in
          [.text(row.layer)]
            + row.parts.flatMap { part -> [DataTable.Cell] in
              [.plain(part.share.value, digits: 3), .plain(part.chance, digits: 3)]
            }
            + [.plain(row.distance.value, digits: 3), .plain(row.distanceByChance, digits: 3)]
        }))
    grid.ends = ("0", "1")
    grid.marks = ("more than its frames", "")
    return grid
  }
}
