import Results

extension InterventionResult {
  /// Every figure: what is used where, what else is hurt, and of each level what comes back where.
  var figures: [(figure: any Figure, text: String)] {
    var figures: [(figure: any Figure, text: String)] = []
    if !rows.isEmpty {
      figures.append(
        (
          effects,
          "How much more it costs to erase a level at a layer than to erase as much at random: \(effect). A star: used, the "
            + "cost is more than chance, all layers together, and more than that of a control task where there is one and than "
            + "the same erasure costs an untrained model. A ring: not shown to be used, and a later layer reads the level again."
        ))
    }
    if let encodedMap { figures.append(encodedMap) }
    if let damage {
      figures.append(
        (
          damage,
          "What linear readers of \(readLayers.last ?? "the last layer") lose of each level when one is erased before, beyond "
            + "what they lose to a random subspace; above each column what is erased (−), and below it what is read. A star: "
            + "more than chance."
        ))
    }
    for change in Lesion.Change.allCases {
      if let map = lesionMap(change) { figures.append((map, lesionText(change))) }
    }
    figures += steeringMaps + simplificationMaps + mixingMaps + towerMaps
    figures += [disentanglement, rankMap].compactMap(\.self)
    if let overlapMap {
      figures.append(
        (
          overlapMap,
          "The mean squared cosine of the principal angles between what is erased of two levels: 1 where the smaller "
            + "subspace lies in the larger one. In brackets what it is of random subspaces of these ranks."
        ))
    }
    return figures
      + erased.compactMap { level in
        returns(of: level).map {
          (
            $0,
            "Down: the layer at which \(level.name) was erased. Across: the layers that a linear reader, fitted after the "
              + "erasure, reads it from; on the diagonal is what an erasure fitted on other recordings leaves. A ring: read "
              + "again, by more than chance and by half of what was lost or more."
          )
        }
      }
  }

  static func number(_ value: Double?, _ digits: Int = 2) -> String {
    value.map { $0.isFinite ? NumberText.fixed($0, digits) : "—" } ?? "—"
  }

  static func interval(_ estimate: Estimate?) -> String {
    estimate.map { "\(number($0.value)) (\(number($0.low)) to \(number($0.high)))" } ?? "no number"
  }

  /// What a verdict is about in a row.
  func decisive(_ row: Row) -> Effect? {
    quantity == .accuracy
      ? row.readers.first { $0.level == row.level && $0.layer == readLayers.last && $0.layer != row.layer }?
        .effect
      : row.head.first { $0.quantity == quantity }
  }

  /// Of what is decisive: `nats a phone`.
  var unit: String {
    quantity == .accuracy
      ? "accuracy lost" : effect.split(separator: ", ").last.map(String.init) ?? effect
  }

  private var effects: EffectGrid {
    let values = rows.compactMap { decisive($0)?.beyondRandom?.value }.filter(\.isFinite)
    let most = max(values.max() ?? 0, EffectGrid.leastCost)
    let lines = layers.map { layer in
      (
        name: layer,
        cells: erased.map { level -> EffectGrid.Cell in
          guard let row = row(level.name, at: layer) else { return EffectGrid.Cell() }
          let beyond = decisive(row)?.beyondRandom
          return EffectGrid.Cell(
            value: beyond?.value, text: Self.number(beyond?.value), share: (beyond?.value ?? 0) / most,
            mark: row.verdict.kind == .used ? .star : row.verdict.kind == .redundant ? .ring : .none,
            tip: "\(layer), \(level.name): \(Self.interval(beyond)). \(row.verdict.sentence)")
        }
      )
    }
    let used = erased.compactMap { level -> String? in
      let layers = rows.filter { $0.level == level.name && $0.verdict.kind == .used }.map(\.layer)
      return layers.isEmpty ? nil : "\(level.name) at \(layers.joined(separator: ", "))"
    }
    var grid = EffectGrid(
      name: "effects", title: "What is used where",
      summary:
        "A map of \(count(layers.count, "layer")) by \(count(erased.count, "erased level")): \(effect), beyond as much at random. "
        + (used.isEmpty ? "Nothing is shown to be used." : "Used: \(used.joined(separator: "; "))."),
      columns: erased.map(\.name), rows: lines, data: InterventionCSV.table(self))
    grid.ends = ("0", Self.number(most))
    grid.axes = ("erased at", "erased level")
    grid.scale = "\(unit), beyond as much at random"
    grid.marks = ("used", "redundant")
    return grid
  }

  /// What the last layer's readers lose of each level; nil with one level.
  private var damage: EffectGrid? {
    guard erased.count > 1, !rows.isEmpty, let last = readLayers.last else { return nil }
    let pairs = erased.flatMap { a in erased.map { (a.name, $0.name) } }
    func effect(_ layer: String, _ pair: (String, String)) -> Effect? {
      row(pair.0, at: layer)?.readers.first { $0.layer == last && $0.level == pair.1 }?.effect
    }
    let lines = layers.map { layer in
      (
        name: layer,
        cells: pairs.map { pair -> EffectGrid.Cell in
          guard let effect = effect(layer, pair), let beyond = effect.beyondRandom else {
            return EffectGrid.Cell()
          }
          return EffectGrid.Cell(
            value: beyond.value, text: Self.number(beyond.value), share: max(0, beyond.value),
            mark: effect.isBeyondRandom ? .star : .none,
            tip: "\(pair.0) erased at \(layer), \(pair.1) read at \(last): \(Self.interval(beyond))")
        }
      )
    }
    var grid = EffectGrid(
      name: "damage", title: "Which levels are hurt when one is erased",
      summary: "Accuracy that linear readers of \(last) lose of each level beyond a random subspace.",
      columns: pairs.map { "−\($0.0)\n\($0.1)" }, rows: lines,
      data: DataTable(
        columns: ["layer"] + pairs.map { "\($0.0)_to_\($0.1)" },
        headings: ["Erased at"] + pairs.map { "\($0.0) erased, \($0.1) read" },
        rows: layers.map { layer in
          [.text(layer)] + pairs.map { .plain(effect(layer, $0)?.beyondRandom?.value, digits: 3) }
        }))
    grid.ends = ("0", "1")
    grid.axes = ("erased at", "erased level (−), and below it the level that is read")
    grid.scale = "accuracy lost at \(last), beyond as much at random"
    grid.marks = ("more than chance", "")
    return grid
  }

  /// Layers by pairs of levels; nil with one level.
  private var overlapMap: EffectGrid? {
    var pairs: [[String]] = []
    for overlap in overlaps where !pairs.contains([overlap.first, overlap.second]) {
      pairs.append([overlap.first, overlap.second])
    }
    guard !pairs.isEmpty else { return nil }
    func found(_ layer: String, _ pair: [String]) -> Overlap? {
      overlaps.first { $0.layer == layer && [$0.first, $0.second] == pair }
    }
    var grid = EffectGrid(
      name: "overlaps", title: "How far levels share directions",
      summary:
        "The overlap of what is erased of \(pairs.map { $0.joined(separator: " and ") }.joined(separator: ", ")) at "
        + "each layer.", columns: pairs.map { $0.joined(separator: " × ") },
      rows: layers.map { layer in
        (
          name: layer,
          cells: pairs.map { pair -> EffectGrid.Cell in
            guard let found = found(layer, pair) else { return EffectGrid.Cell() }
            return EffectGrid.Cell(
              value: found.overlap, text: "\(Self.number(found.overlap)) (\(Self.number(found.chance)))",
              share: found.overlap,
              tip: "\(layer), \(pair.joined(separator: " and ")): \(Self.number(found.overlap)), by chance "
                + Self.number(found.chance))
          }
        )
      },
      data: DataTable(
        columns: ["layer"] + pairs.flatMap { ["\($0[0])_\($0[1])", "\($0[0])_\($0[1])_chance"] },
        headings: ["Layer"] + pairs.flatMap { ["\($0[0]) × \($0[1])", "by chance"] },
        rows: layers.map { layer in
          [.text(layer)]
            + pairs.flatMap { pair -> [DataTable.Cell] in
              let own = found(layer, pair)
              return [.plain(own?.overlap, digits: 3), .plain(own?.chance, digits: 3)]
            }
        }))
    grid.ends = ("0", "1")
    grid.axes = ("layer", "levels")
    grid.scale = "mean squared cosine of the principal angles (by chance)"
    return grid
  }

  /// Changed layers by reading layers; nil where nothing was read again.
  private func returns(of level: Erased) -> EffectGrid? {
    let own = rows.filter { $0.level == level.name && !$0.returned.isEmpty }
    guard !own.isEmpty else { return nil }
    let across = Array(readLayers.drop { $0 != layers.first })
    func found(_ row: Row, _ layer: String) -> Return? { row.returned.first { $0.layer == layer } }
    let best = own.flatMap { $0.returned.map(\.intact) }.max() ?? 1
    let lines = own.map { row in
      (
        name: row.layer,
        cells: across.map { layer -> EffectGrid.Cell in
          guard let back = found(row, layer) else { return EffectGrid.Cell(text: "") }
          return EffectGrid.Cell(
            value: back.accuracy.value, text: Self.number(back.accuracy.value),
            share: (back.accuracy.value - level.majority) / max(best - level.majority, 1e-9),
            mark: back.isBack ? .ring : .none,
            tip:
              "\(level.name) erased at \(row.layer), read at \(layer): \(Self.interval(back.accuracy)), intact "
              + Self.number(back.intact))
        }
      )
    }
    let back = own.compactMap { row in row.verdict.returnsAt.map { "\(row.layer) by \($0)" } }
    var grid = EffectGrid(
      name: "returns-" + slug(level.name), title: "Where \(level.name) comes back",
      summary:
        "Accuracy of linear readers of \(level.name) that were fitted after it was erased; the commonest class is "
        + "\(Self.number(level.majority)). "
        + (back.isEmpty
          ? "It comes back nowhere." : "It comes back when erased at \(back.joined(separator: ", "))."),
      columns: across, rows: lines,
      data: DataTable(
        columns: ["erased_at"] + across, headings: ["Erased at"] + across,
        rows: own.map { row in
          [.text(row.layer)] + across.map { .plain(found(row, $0)?.accuracy.value, digits: 3) }
        }))
    grid.ends = ("majority", Self.number(best))
    grid.axes = ("erased at", "read again from")
    grid.scale = "accuracy of readers that were fitted after the erasure"
    grid.marks = ("", "read again")
    return grid
  }
}
