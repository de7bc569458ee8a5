import Results

extension InterventionResult {
  /// What readers and the head say of spans that are moved towards another class, a map for each layer and pair.
  var steeringMaps: [(figure: any Figure, text: String)] {
    var groups: [[Steering]] = []
    for steering in steerings {
      let isSame = { (other: Steering) in
        (other.layer, other.from, other.to) == (steering.layer, steering.from, steering.to)
      }
      if let place = groups.firstIndex(where: { isSame($0[0]) }) {
        groups[place].append(steering)
      } else {
        groups.append([steering])
      }
    }
    return groups.map { group in
      let first = group[0]
      return (
        steeringMap(group),
        "\(first.spans) spans of \(first.from) were moved towards \(first.to) at \(first.layer), by so many lengths of the "
          + "difference of the two classes' means: the share that is then read as \(first.to). A star: the interval of what "
          + "this is beyond moving them as far between means of other classes lies above zero."
      )
    }
  }

  private func steeringMap(_ group: [Steering]) -> EffectGrid {
    let first = group[0]
    let doses = first.points.map { NumberText.fixed($0.dose, 1) }
    var grid = EffectGrid(
      name: "steering-\(slug(first.from))-\(slug(first.to))-\(slug(first.layer))",
      title: "\(first.from) moved towards \(first.to) at \(first.layer)",
      summary: "The share of spans of \(first.from) that are read as \(first.to), by dose.", columns: doses,
      rows: group.map { steering in
        (
          name: steering.on,
          cells: steering.points.map { point in
            EffectGrid.Cell(
              value: point.target.value, text: Self.number(point.target.value), share: point.target.value,
              mark: point.beyondRandom?.isPositive == true ? .star : .none,
              tip: "\(steering.on), dose \(point.dose): \(Self.interval(point.target)), at random "
                + "\(Self.interval(point.atRandom)), still \(steering.from) \(Self.interval(point.source))")
          }
        )
      },
      data: DataTable(
        columns: ["read_by", "dose"]
          + ["target", "source", "at_random", "beyond_random"].flatMap(InterventionCSV.ends),
        headings: ["Read by", "Dose"]
          + ["As the target", "As before", "At random", "Beyond random"].flatMap { [$0, "from", "to"] },
        rows: group.flatMap { steering in
          steering.points.map { point in
            [
              .text(steering.on), .plain(point.dose, digits: 1),
            ]
              + [point.target, point.source, point.atRandom, point.beyondRandom].flatMap(
                InterventionCSV.cells)
          }
        }))
    grid.ends = ("0", "1")
    grid.axes = ("read by", "dose, in lengths of the difference of the two means")
    grid.scale = "share of spans that are read as \(first.to)"
    grid.marks = ("more than at random", "")
    return grid
  }

  /// A map for each way of making weights smaller; nil where none was.
  var simplificationMaps: [(figure: any Figure, text: String)] {
    guard let simplification else { return [] }
    var changes: [String] = []
    for row in simplification.rows where !changes.contains(row.change) { changes.append(row.change) }
    return changes.map { change in
      (
        simplificationMap(change, simplification.rows.filter { $0.change == change }),
        "The weights of one layer, or of all, are \(change): the share of their bytes that is saved, what the head loses, and "
          + "what readers that are fitted to the smaller model lose of each level, at the layer that reads it best in the "
          + "whole model and at the last. A star: the interval lies above zero."
      )
    }
  }

  private func simplificationMap(_ change: String, _ rows: [Simplification.Row]) -> EffectGrid {
    let readers = rows.first?.readers ?? []
    let quantity = rows.first?.head.first?.quantity
    let columns =
      ["saved"] + (quantity == nil ? [] : ["output"]) + readers.map { "\($0.level)\n\($0.layer)" }
    func costs(_ row: Simplification.Row) -> [Estimate?] {
      (quantity.map { quantity in [row.head.first { $0.quantity == quantity }?.cost] } ?? [])
        + row.readers.map(\.effect.cost)
    }
    let most = columns.indices.dropFirst().map { column in
      max(rows.compactMap { costs($0)[column - 1]?.value }.max() ?? 0, EffectGrid.leastCost)
    }
    var grid = EffectGrid(
      name: "weights-\(slug(change))", title: "What each layer can lose: \(change)",
      summary: "What is lost when weights are \(change), beside the share of their bytes that is saved.",
      columns: columns,
      rows: rows.map { row in
        let share = Double(row.saved) / Double(max(1, row.bytes))
        return (
          name: row.part,
          cells: [
            EffectGrid.Cell(
              value: share, text: NumberText.fixed(100 * share, 0) + " %", share: 0,
              tip: "\(row.saved) bytes")
          ]
            + zip(costs(row), most).map { cost, most in
              EffectGrid.Cell(
                value: cost?.value, text: Self.number(cost?.value), share: (cost?.value ?? 0) / most,
                mark: cost?.isPositive == true ? .star : .none,
                tip: "\(row.part) \(change): \(Self.interval(cost))")
            }
        )
      },
      data: DataTable(
        columns: ["part", "bytes", "saved"]
          + columns.dropFirst().flatMap { InterventionCSV.ends($0.replacing("\n", with: "_")) },
        headings: ["Layer", "Bytes", "Saved"]
          + columns.dropFirst().flatMap { [$0.replacing("\n", with: " at "), "from", "to"] },
        rows: rows.map { row in
          [.text(row.part), .plain(Double(row.bytes), digits: 0), .plain(Double(row.saved), digits: 0)]
            + costs(row).flatMap(InterventionCSV.cells)
        }))
    grid.ends = ("0", "most of the column, \(Self.number(EffectGrid.leastCost)) at least")
    grid.axes = ("weights of", "bytes saved, and what is lost")
    grid.scale = (quantity == nil ? "" : "output: \(unit); ") + "levels: accuracy of readers"
    grid.marks = ("interval above zero", "")
    return grid
  }

  /// The smallest model that keeps a level, in a sentence.
  var smallestSentence: String? {
    guard let simplification, let smallest = simplification.smallest else { return nil }
    let changed = smallest.changes.count { $0.change != nil }
    return
      "The smallest model found that keeps \(smallest.level) at \(smallest.layer) (accuracy "
      + "\(Self.interval(smallest.accuracy)), of the whole model \(Self.interval(smallest.whole))) takes "
      + "\(NumberText.grouped(smallest.bytes)) of \(NumberText.grouped(simplification.bytes)) bytes: \(changed) of "
      + "\(smallest.changes.count) layers' weights are smaller. Layers behind \(smallest.layer) cost that level nothing, "
      + "whatever they lose. It was chosen by the recordings that it is judged on, so that its accuracy on others may be less."
  }
}
