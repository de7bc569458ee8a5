import Results

/// Every share of every layer, one a row.
enum VarianceCSV {
  static func text(of result: VarianceResult) -> String {
    var rows: [[String]] = []
    func add(_ model: String, _ layers: [VarianceResult.LayerVariance]) {
      for layer in layers {
        func row(_ block: String, _ measure: String, _ estimate: Estimate, _ spans: Int) {
          rows.append(
            [model, layer.layer.name, result.level.rawValue, block, measure]
              + [estimate.value, estimate.low, estimate.high].map(NumberText.data)
              + ["\(spans)", layer.reason ?? ""])
        }
        for share in layer.shares {
          row(share.block, "alone", share.alone, result.spans)
          row(share.block, "unique", share.unique, result.spans)
          row(share.block, "part", share.part, result.spans)
        }
        row("all", "together", layer.together, result.spans)
        row("all", "shared", layer.shared, result.spans)
        if let ceiling = layer.ceiling { row("types", "ceiling", ceiling, layer.ceilingSpans) }
      }
    }
    add("trained", result.layers)
    add("untrained", result.untrained)
    return CSV.text(
      columns: [
        "model", "layer", "level", "block", "measure", "value", "ci_low", "ci_high", "n", "reason",
      ], rows: rows)
  }

  static func figure(_ layers: [VarianceResult.LayerVariance], blocks: [String]) -> DataTable {
    DataTable(
      columns: ["layer"] + blocks + ["together", "ceiling"],
      headings: ["Layer"] + blocks + ["together", "ceiling of types"],
      rows: layers.map { layer in
        [.text(layer.layer.name)]
          + blocks.indices.map {
            .plain(layer.shares.indices.contains($0) ? layer.shares[$0].part.value : nil, digits: 3)
          } + [.plain(layer.together.value, digits: 3), .plain(layer.ceiling?.value, digits: 3)]
      })
  }

  /// “12.3”, “12.3 [11.0, 13.9]”: in per cent.
  static func percent(_ estimate: Estimate, withInterval: Bool = false) -> String {
    guard estimate.value.isFinite else { return "—" }
    let value = NumberText.fixed(100 * estimate.value, 1)
    guard withInterval, estimate.hasInterval else { return value }
    return
      "\(value) [\(NumberText.fixed(100 * estimate.low, 1)), \(NumberText.fixed(100 * estimate.high, 1))]"
  }
}
