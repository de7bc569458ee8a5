import Results

extension SimilarityResult {
  /// One heat map a measure.
  var heatmaps: [Heatmap] {
    comparisons.map { Heatmap($0.matrix, name: "similarity-" + slug($0.matrix.measure)) }
  }

  var document: ComparisonDocument {
    let names = models.map(\.name)
    let title =
      names.count > 1
      ? "How alike the layers of \(names[0]) and \(names[1]) are"
      : "How alike the layers of \(names[0]) are"
    let facts =
      "\(NumberText.grouped(rows)) \(unit), \(NumberText.grouped(sampled)) of them kept, from "
      + "\(count(corpus.utterances, corpus.unit)) (\(corpus.length)) of \(corpus.name)."
    let sides = names.count > 1 ? ["Rows: \(names[0]). Columns: \(names[1])."] : []
    return ComparisonDocument(
      title: title, lead: [facts, alignment] + sides,
      sections: [layers] + (labels.isEmpty ? [] : [labelSection])
        + (spectra.isEmpty ? [] : [spectrumSection]),
      warnings: warnings, provenance: provenance, version: version)
  }

  private var provenance: [(name: String, value: String)] {
    [("Strata", version)]
      + models.map { ("model", "\($0.name), fingerprint \($0.fingerprint)") }
      + [("corpus", "\(corpus.name), fingerprint \(corpus.fingerprint)"), ("seed", "\(seed)")]
  }

  private var layers: ComparisonDocument.Section {
    ComparisonDocument.Section(
      title: "Layer by layer",
      figures: heatmaps.map { ($0, "Point at a cell for its two layers and its value.") },
      tables: zip(comparisons, heatmaps).map { comparison, figure in
        let matrix = comparison.matrix
        return NamedTable(
          title:
            "\(figure.measure), from \(comparison.source.words), \(NumberText.grouped(matrix.examples)) rows",
          columns: matrix.columnLayers,
          rows: zip(matrix.rowLayers, matrix.values).map { ($0, $1.map { Self.spelt($0, 2) }) },
          notes: matrix.notes, isDrawn: true)
      })
  }

  private var labelSection: ComparisonDocument.Section {
    let level = labels.first.map { "\($0.level), \($0.classes) classes" } ?? ""
    return ComparisonDocument.Section(
      title: "Layers and labels",
      tables: [
        NamedTable(
          title: "one-hot labels (\(level))", columns: ["debiased CKA", "CCA", "shuffled"],
          rows: labels.map {
            (
              name($0.model, $0.layer),
              [$0.debiasedCKA, $0.heldOutCCA, $0.shuffledCCA].map { Self.spelt($0, 2) }
            )
          }, notes: ["CCA: fitted and read on different utterances; shuffled: its floor"])
      ])
  }

  private var spectrumSection: ComparisonDocument.Section {
    ComparisonDocument.Section(
      title: "How the variance of each layer is spread",
      tables: [
        NamedTable(
          title: "spectra",
          columns: ["width", "eff. rank", "part. ratio", "anisotropy", "top share", "outliers", "dead"],
          rows: spectra.map { spectrum in
            (
              name(spectrum.model, spectrum.layer),
              [
                "\(spectrum.width)", Self.spelt(spectrum.effectiveRank, 1),
                Self.spelt(spectrum.participationRatio, 1), Self.spelt(spectrum.anisotropy, 2),
                Self.spelt(spectrum.topShare, 2), "\(spectrum.outliers.count)", "\(spectrum.dead.count)",
              ]
            )
          })
      ])
  }

  private static func spelt(_ value: Double?, _ digits: Int) -> String {
    value.map { NumberText.fixed($0, digits) } ?? "—"
  }

  /// The model before the layer where there are two.
  private func name(_ model: String, _ layer: String) -> String {
    models.count > 1 ? "\(model) \(layer)" : layer
  }
}

extension LayerComparison.Source {
  var words: String {
    switch self {
    case .moments: "moments of all rows"
    case .features: "products of the dimensions (feature space)"
    case .gram: "products of the rows (Gram space)"
    case .mixed: "products of the dimensions or of the rows, whichever are fewer"
    case .minibatch: "batches of rows (an estimate)"
    }
  }
}
