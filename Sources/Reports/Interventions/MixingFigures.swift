import Results

extension InterventionResult {
  /// What spans are made of, a map for each way of telling it.
  var mixingMaps: [(figure: any Figure, text: String)] {
    var (methods, groups) = ([String](), [String]())
    for own in mixing {
      if !methods.contains(own.method) { methods.append(own.method) }
      if !groups.contains(own.group) { groups.append(own.group) }
    }
    guard let all = groups.first, let first = methods.first else { return [] }
    let maps = methods.map { ($0, all) } + groups.dropFirst().map { (first, $0) }
    return maps.map { method, group in
      let rows = mixing.filter { $0.method == method && $0.group == group }
      return (
        mixingMap(method, group == all ? "spans" : group, rows),
        "What the states of \(group == all ? "a labelled span" : "\(group) (\(NumberText.grouped(rows.first?.spans ?? 0)) spans)") "
          + "are made of, by \(method): the share of what comes from each part of the "
          + "recording, in brackets that part's share of the frames, and how far from the span's middle it lies on average. A "
          + "star: more than the part's share of the frames, the interval of the difference lies above zero."
      )
    } + [(distanceMap(first, groups), distanceText(first))]
  }

  private func distanceText(_ method: String) -> String {
    "How far from a span's edges what it has from outside of it lies, by \(method), in seconds: over all spans in brackets what it "
      + "were if all frames outside counted alike; of other groups in brackets how much further it lies beyond that than of the level's other spans. "
      + "A star: the interval of that difference lies above zero, a ring: below. The table has every method."
  }

  /// Layers by groups of spans: how far away their evidence lies.
  private func distanceMap(_ method: String, _ groups: [String]) -> EffectGrid {
    let own = mixing.filter { $0.method == method }
    var layers: [String] = []
    for row in own where !layers.contains(row.layer) { layers.append(row.layer) }
    let most = max(own.compactMap(\.outside?.value).filter(\.isFinite).max() ?? 0, 1e-9)
    func cell(_ row: Mixing?) -> EffectGrid.Cell {
      guard let row, let away = row.outside else { return EffectGrid.Cell() }
      let beyond = row.outsideBeyondOthers
      let beside = beyond.map { Self.signed($0.value) } ?? Self.number(row.outsideByChance)
      return EffectGrid.Cell(
        value: away.value, text: "\(Self.number(away.value)) (\(beside))", share: away.value / most,
        mark: beyond.map { $0.isPositive ? .star : $0.high < 0 ? .ring : .none } ?? .none,
        tip: "\(row.layer), \(row.group), \(NumberText.grouped(row.spans)) spans: \(Self.interval(away)) s"
          + (beyond.map { ", beyond others \(Self.interval($0)) s" } ?? ""))
    }
    var grid = EffectGrid(
      name: "mixing-distance", title: "How far away the evidence lies",
      summary: "Seconds from a span's edges to what it has from outside, by \(method), layer by layer.",
      columns: groups.map { $0.replacing(" ", with: "\n", maxReplacements: 1) },
      rows: layers.map { layer in
        (
          name: layer,
          cells: groups.map { group in cell(own.first { $0.layer == layer && $0.group == group }) }
        )
      },
      data: DataTable(
        columns: [
          "layer", "method", "group", "spans", "seconds", "low", "high", "by_chance", "beyond_others",
          "beyond_others_low", "beyond_others_high",
        ],
        headings: [
          "Layer", "Method", "Spans", "How many", "Seconds away", "from", "to", "By chance",
          "Beyond others",
          "from", "to",
        ],
        rows: mixing.map { row in
          [
            .text(row.layer), .text(row.method), .text(row.group), .plain(Double(row.spans), digits: 0),
            .plain(row.outside?.value, digits: 3), .plain(row.outside?.low, digits: 3),
            .plain(row.outside?.high, digits: 3), .plain(row.outsideByChance, digits: 3),
            .plain(row.outsideBeyondOthers?.value, digits: 3),
            .plain(row.outsideBeyondOthers?.low, digits: 3),
            .plain(row.outsideBeyondOthers?.high, digits: 3),
          ]
        }))
    grid.ends = ("0 s", "\(Self.number(most)) s")
    grid.axes = ("layer", "spans")
    grid.scale = "seconds from the span's edges (by chance, or beyond other spans)"
    grid.marks = ("further than others", "nearer than others")
    return grid
  }

  private static func signed(_ value: Double) -> String { (value < 0 ? "" : "+") + number(value) }

  private func mixingMap(_ method: String, _ what: String, _ rows: [Mixing]) -> EffectGrid {
    let parts = rows.first?.parts.map(\.name) ?? []
    var grid = EffectGrid(
      name: "mixing-\(slug(method))" + (what == "spans" ? "" : "-\(slug(what))"),
      title: "What \(what) are made of: \(method)",
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
    grid.axes = ("layer", "where the evidence lies")
    grid.scale = "share of the evidence (share of the frames)"
    grid.marks = ("more than its frames", "")
    return grid
  }
}
