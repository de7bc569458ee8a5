import Results

/// Every effect of a study of interventions, one a row.
enum InterventionCSV {
  /// The names of an estimate's three columns, and its cells.
  static func ends(_ name: String) -> [String] { [name, "\(name)_low", "\(name)_high"] }

  static func cells(_ estimate: Estimate?) -> [DataTable.Cell] {
    [estimate?.value, estimate?.low, estimate?.high].map { .plain($0, digits: 3) }
  }

  /// Each effect on the head and on readers, and what was read again (`measure` is `returned`).
  static func text(of result: InterventionResult) -> String {
    var rows: [[String]] = []
    for row in result.rows {
      let head = [
        row.level, row.layer, row.verdict.kind.rawValue, "\(row.rank)", NumberText.data(row.share),
      ]
      func add(_ on: String, _ level: String, _ effect: InterventionResult.Effect) {
        rows.append(
          head + [effect.quantity.rawValue, on, level, NumberText.data(effect.intact)]
            + numbers(effect.cost)
            + numbers(effect.atRandom) + numbers(effect.beyondRandom) + numbers(effect.beyondControl)
            + numbers(effect.beyondUntrained) + [effect.isBeyondRandom ? "yes" : "no"])
      }
      if let own = row.encoded {
        rows.append(
          head + ["encoded", row.layer, row.level, NumberText.data(own.accuracy.value)]
            + Array(repeating: "", count: 6) + numbers(own.beyondBaseline) + Array(repeating: "", count: 6)
            + [own.isReadable ? "yes" : "no"])
      }
      for effect in row.head { add("head", "", effect) }
      for reader in row.readers { add(reader.layer, reader.level, reader.effect) }
      for back in row.returned {
        rows.append(
          head + ["returned", back.layer, row.level, NumberText.data(back.intact)] + numbers(back.accuracy)
            + Array(repeating: "", count: 12) + [back.isBack ? "yes" : "no"])
      }
      if row.encoded == nil, row.head.isEmpty, row.readers.isEmpty {
        rows.append(head + Array(repeating: "", count: 20))
      }
    }
    return CSV.text(
      columns: ["erased", "layer", "verdict", "rank", "share", "measure", "on", "level", "intact"]
        + ends("cost")
        + ends("at_random") + ends("beyond_random") + ends("beyond_control") + ends("beyond_untrained") + [
          "more_than_chance"
        ],
      rows: rows)
  }

  private static func numbers(_ estimate: Estimate?) -> [String] {
    [estimate?.value, estimate?.low, estimate?.high].map(NumberText.data)
  }

  private static func yes(_ holds: Bool?) -> String { holds.map { $0 ? "yes" : "no" } ?? "" }

  /// What verdicts are about, a row a level and layer.
  static func table(_ result: InterventionResult) -> DataTable {
    DataTable(
      columns: [
        "erased", "layer", "verdict", "comes_back_at", "rank", "share", "cost", "at_random",
        "beyond_random", "accuracy", "readable", "beyond_baseline",
      ],
      headings: [
        "Erased", "Layer", "Verdict", "Comes back at", "Rank", "Share of variance", "Cost", "At random",
        "Beyond random", "Accuracy", "Readable", "Beyond the baseline",
      ],
      rows: result.rows.map { row in
        let effect = result.decisive(row)
        return [
          .text(row.level), .text(row.layer), .text(row.verdict.kind.rawValue),
          .text(row.verdict.returnsAt ?? ""),
          .plain(Double(row.rank), digits: 0), .plain(row.share, digits: 3),
          .plain(effect?.cost.value, digits: 3),
          .plain(effect?.atRandom?.value, digits: 3), .plain(effect?.beyondRandom?.value, digits: 3),
          .plain(row.encoded?.accuracy.value, digits: 3), .text(yes(row.encoded?.isReadable)),
          .text(yes(row.encoded?.isBeyondBaseline)),
        ]
      })
  }
}
