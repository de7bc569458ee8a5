import Results

/// Writes what layers' variance is made of into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the tables and the warnings |
/// | `variance.csv` | every share, one a row |
/// | `variance.json` | everything |
/// | `figures/variance.svg`, `.csv` | the stacked figure and its numbers |
public enum VarianceWriter {
  /// All of it, or nothing; with `pictures` also PNGs or PDFs of each figure by `rsvg-convert`.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ result: VarianceResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    try result.document.write(
      "variance", of: result, csv: VarianceCSV.text(of: result), to: folder, pictures: pictures,
      records: records)
  }

  /// The tables and warnings for a terminal.
  public static func text(of result: VarianceResult, _ style: TerminalStyle) -> String {
    result.document.text(style)
  }
}

extension VarianceResult {
  var document: ComparisonDocument {
    var facts =
      "\(NumberText.grouped(spans)) of \(NumberText.grouped(ofSpans)) \(level.rawValue) spans from "
      + "\(NumberText.grouped(clusters)) \(clusterUnit) of \(corpus.name) are tested; the intervals are over "
      + "\(clusterUnit). Division: \(folds)" + (folds.hasSuffix(".") ? "" : ".")
    facts +=
      isStandardised
      ? " Every dimension of a layer counts alike." : " Dimensions count with their variance."
    var sections = [
      section("Layer by layer", layers, VarianceFigure(self)),
      ComparisonDocument.Section(
        title: "What the blocks hold",
        tables: [
          NamedTable(
            title: "blocks", columns: ["features", "spans covered"],
            rows: blocks.map {
              ($0.name, ["\($0.features)", NumberText.fixed(100 * $0.coverage, 1) + " %"])
            }, notes: blocks.map { "\($0.name): \($0.words)" })
        ]),
    ]
    if !untrained.isEmpty {
      sections.insert(
        section("The untrained model", untrained, VarianceFigure(self, ofUntrained: true)), at: 1)
    }
    return ComparisonDocument(
      title: "What the variance of \(model.name)'s layers is made of", lead: [facts] + largest,
      sections: sections, warnings: warnings,
      provenance: [
        ("Strata", version), ("model", "\(model.name), fingerprint \(model.fingerprint)"),
        ("corpus", "\(corpus.name), fingerprint \(corpus.fingerprint)"), ("seed", "\(seed)"),
      ], version: version)
  }

  /// Of each block where it explains most by itself alone of all, so that a reader sees where one gives way to another.
  private var largest: [String] {
    let places = blocks.indices.compactMap { block -> String? in
      let known = layers.filter { $0.shares.indices.contains(block) }
      guard
        let best = known.max(by: { $0.shares[block].unique.value < $1.shares[block].unique.value }),
        best.shares[block].unique.isPositive
      else { return nil }
      return
        "\(blocks[block].name) at \(best.layer.name) (\(VarianceCSV.percent(best.shares[block].unique, withInterval: true)) %)"
    }
    return places.isEmpty
      ? ["No block explains anything that the others do not."]
      : ["What a block explains and no other does is largest, of \(places.joined(separator: ", "))."]
  }

  private func section(
    _ title: String, _ layers: [LayerVariance], _ figure: VarianceFigure
  ) -> ComparisonDocument.Section {
    func table(_ title: String, _ notes: [String], _ value: (Share) -> Estimate) -> NamedTable {
      NamedTable(
        title: title, columns: blocks.map(\.name),
        rows: layers.map { layer in
          (
            layer.layer.name,
            blocks.indices.map {
              layer.shares.indices.contains($0)
                ? VarianceCSV.percent(value(layer.shares[$0]), withInterval: true) : "—"
            }
          )
        }, notes: notes)
    }
    let reasons = layers.compactMap { layer in layer.reason.map { "\(layer.layer.name): \($0)" } }
    return ComparisonDocument.Section(
      title: title,
      sentences: [
        "A bar's parts are each block's share in the joint prediction and sum to what all explain together."
      ],
      figures: [(figure, "Point at a part for its numbers.")],
      tables: [
        NamedTable(
          title: "together, % of the variance of held-out spans",
          columns: ["together", "by more than one", "ceiling of types", "its spans"],
          rows: layers.map {
            (
              $0.layer.name,
              [
                VarianceCSV.percent($0.together, withInterval: true),
                VarianceCSV.percent($0.shared, withInterval: true),
                $0.ceiling.map { VarianceCSV.percent($0, withInterval: true) } ?? "—",
                NumberText.grouped($0.ceilingSpans),
              ]
            )
          },
          notes: [
            "ceiling of types: what two spans of one type (\(ceilingType)), by other speakers and in other sentences where "
              + "there are some, have in common; no features of the type explain more, a span's own sound may"
          ] + reasons),
        table("unique, %: what is lost when the block is left out", []) { $0.unique },
        table("alone, %", []) { $0.alone },
        table("part of the joint prediction, %", []) { $0.part },
      ])
  }
}
