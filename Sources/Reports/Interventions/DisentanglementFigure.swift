import Results

extension InterventionResult {
  /// How far two levels are apart at each layer, in directions and in what readers there lose to the other's erasure: of
  /// speakers and phones where both were erased, else of the first two levels; nil with one.
  var disentanglement: (figure: any Figure, text: String)? {
    let names = erased.map(\.name)
    let pair =
      names.contains("speaker") && names.contains("phoneme")
      ? ["phoneme", "speaker"] : Array(names.prefix(2))
    guard pair.count == 2, !rows.isEmpty else { return nil }
    let (a, b) = (pair[0], pair[1])
    /// What readers of one level at a layer lose when the other is erased there.
    func lost(_ level: String, without other: String, _ layer: String) -> Effect? {
      row(other, at: layer)?.readers.first { $0.layer == layer && $0.level == level }?.effect
    }
    func cell(_ effect: Effect?, _ text: String, _ layer: String) -> EffectGrid.Cell {
      guard let effect else { return EffectGrid.Cell() }
      let left = effect.intact - effect.cost.value
      return EffectGrid.Cell(
        value: left, text: "\(Self.number(effect.intact)) → \(Self.number(left))", share: left,
        mark: effect.isBeyondRandom ? .star : .none,
        tip:
          "\(layer), \(text): lost \(Self.interval(effect.cost)), to a random subspace \(Self.interval(effect.atRandom))"
      )
    }
    func overlap(_ layer: String) -> Overlap? {
      overlaps.first { $0.layer == layer && Set([$0.first, $0.second]) == Set(pair) }
    }
    let lines = layers.map { layer in
      let shared = overlap(layer)
      return (
        name: layer,
        cells: [
          EffectGrid.Cell(
            value: shared?.overlap,
            text: shared.map { "\(Self.number($0.overlap)) (\(Self.number($0.chance)))" } ?? "—",
            share: shared?.overlap ?? 0,
            tip: "\(layer): \(Self.number(shared?.overlap)), by chance \(Self.number(shared?.chance))"),
          cell(lost(a, without: b, layer), "\(a) read without \(b)", layer),
          cell(lost(b, without: a, layer), "\(b) read without \(a)", layer),
        ]
      )
    }
    let columns = ["overlap", "overlap_chance", a, "\(a)_without_\(b)", b, "\(b)_without_\(a)"]
    var grid = EffectGrid(
      name: "disentangled", title: "How far \(a) and \(b) are apart",
      summary:
        "At each layer how far the directions of \(a) and of \(b) are the same, and what linear readers there get of one "
        + "when the other is erased.",
      columns: ["shared directions\n(by chance)", "\(a)\nwithout \(b)", "\(b)\nwithout \(a)"], rows: lines,
      data: DataTable(
        columns: ["layer"] + columns, headings: ["Layer"] + columns.map { $0.replacing("_", with: " ") },
        rows: layers.map { layer in
          let (first, second) = (lost(a, without: b, layer), lost(b, without: a, layer))
          return [
            .text(layer), .plain(overlap(layer)?.overlap, digits: 3),
            .plain(overlap(layer)?.chance, digits: 3),
          ]
            + [first, second].flatMap { effect -> [DataTable.Cell] in
              [
                .plain(effect?.intact, digits: 3),
                .plain(effect.map { $0.intact - $0.cost.value }, digits: 3),
              ]
            }
        }))
    grid.ends = ("0", "1")
    grid.axes = ("layer", "overlap of directions; accuracy intact → with the other level erased")
    grid.scale = "overlap, or accuracy that is left"
    grid.marks = ("lost more than to random directions", "")
    return (
      grid,
      "The mean squared cosine of the principal angles between the directions of \(a) and of \(b), in brackets that of random "
        + "subspaces; and the accuracy of linear readers of the same layer, intact → with the other level erased there. Apart "
        + "are levels that share no more than by chance and of which neither is hurt by the other's erasure."
    )
  }

  /// The fewest directions that read a level, of those that are erased.
  var rankMap: (figure: any Figure, text: String)? {
    guard rows.contains(where: { $0.neededRank != nil }) else { return nil }
    var grid = EffectGrid(
      name: "ranks", title: "How many directions a level needs",
      summary:
        "The fewest directions whose readers are not shown to get less than the best, of all that were erased, by "
        + "cross-validation.",
      columns: erased.map(\.name),
      rows: layers.map { layer in
        (
          name: layer,
          cells: erased.map { level -> EffectGrid.Cell in
            guard let row = row(level.name, at: layer), let needed = row.neededRank,
              let best = row.ranks.map(\.accuracy.value).max(),
              let own = row.ranks.first(where: { $0.rank == needed })
            else { return EffectGrid.Cell() }
            return EffectGrid.Cell(
              value: Double(needed), text: "\(needed) of \(row.rank)",
              share: Double(needed) / Double(max(1, row.rank)),
              tip:
                "\(layer), \(level.name): \(needed) directions read \(Self.interval(own.accuracy)), at best \(Self.number(best))"
            )
          }
        )
      },
      data: DataTable(
        columns: ["layer", "erased", "rank", "accuracy", "low", "high", "less_than_best"],
        headings: ["Layer", "Level", "Directions", "Accuracy", "from", "to", "Less than the best"],
        rows: rows.flatMap { row in
          row.ranks.map {
            [
              .text(row.layer), .text(row.level), .plain(Double($0.rank), digits: 0),
              .plain($0.accuracy.value, digits: 3), .plain($0.accuracy.low, digits: 3),
              .plain($0.accuracy.high, digits: 3), .text($0.isLess ? "yes" : "no"),
            ]
          }
        }))
    grid.ends = ("few", "all")
    grid.axes = ("layer", "level")
    grid.scale = "directions that are needed, of those that are erased"
    return (
      grid,
      "Directions in the order in which they are tied to the level, fitted on other recordings than they are tried on: the "
        + "fewest whose linear readers are not shown to get less than those of the best number of them. The table has the "
        + "accuracy of each number."
    )
  }
}
