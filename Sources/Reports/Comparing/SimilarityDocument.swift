import Results

extension SimilarityResult {
  /// One heat map a measure.
  var heatmaps: [Heatmap] {
    comparisons.map { Heatmap($0.matrix, name: "similarity-" + slug($0.matrix.measure)) }
  }

  /// The calibrated values as matrices of their own, where there are any.
  var calibratedMatrices: [SimilarityMatrix] {
    comparisons.compactMap { comparison in
      guard let calibration = comparison.calibration else { return nil }
      var matrix = comparison.matrix
      matrix.measure = "calibrated_" + matrix.measure
      (matrix.values, matrix.examples) = (calibration.calibrated, calibration.rows)
      matrix.notes = [
        "\(calibration.draws) orders of \(calibration.utterances) whole utterances; 0 is no more than the 95 % quantile of "
          + "chance, 1 the same layer"
      ]
      return matrix
    }
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
      sections: [layers] + calibrationSections + dimensionSections + (labels.isEmpty ? [] : [labelSection])
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

  /// The same with what was calibrated and p values, for `similarity.csv`.
  var calibrationMatrices: [SimilarityMatrix] {
    calibratedMatrices
      + comparisons.flatMap { comparison -> [SimilarityMatrix] in
        guard let calibration = comparison.calibration else { return [] }
        return [
          ("uncalibrated_", calibration.values), ("p_", calibration.p),
          ("adjusted_p_", calibration.adjustedP),
        ].map { prefix, values in
          var matrix = comparison.matrix
          matrix.measure = prefix + matrix.measure
          (matrix.values, matrix.examples) = (values, calibration.rows)
          return matrix
        }
      }
  }

  private var calibrationSections: [ComparisonDocument.Section] {
    let matrices = calibratedMatrices
    guard !matrices.isEmpty else { return [] }
    let figures = matrices.map { Heatmap($0, name: "similarity-" + slug($0.measure)) }
    let values = zip(matrices, figures).map { matrix, figure in
      NamedTable(
        title: "\(figure.measure), \(NumberText.grouped(matrix.examples)) rows",
        columns: matrix.columnLayers,
        rows: zip(matrix.rowLayers, matrix.values).map { ($0, $1.map { Self.spelt($0, 2) }) },
        notes: matrix.notes, isDrawn: true)
    }
    let plain = comparisons.compactMap { comparison -> NamedTable? in
      guard let calibration = comparison.calibration else { return nil }
      return NamedTable(
        title:
          "\(comparison.matrix.measure) before calibration, the same \(NumberText.grouped(calibration.rows)) rows",
        columns: comparison.matrix.columnLayers,
        rows: zip(comparison.matrix.rowLayers, calibration.values).map {
          ($0, $1.map { Self.spelt($0, 2) })
        },
        notes: [
          "of a sample in which no class has more than its share; the values above are of all rows"
        ])
    }
    let chances = comparisons.compactMap { comparison -> NamedTable? in
      guard let calibration = comparison.calibration else { return nil }
      let matrix = comparison.matrix
      return NamedTable(
        title: "\(matrix.measure): p, adjusted over all pairs", columns: matrix.columnLayers,
        rows: zip(matrix.rowLayers, calibration.adjustedP).map { ($0, $1.map { Self.spelt($0, 3) }) },
        notes: [
          "the share of orders in which the layers are at least as alike, after Benjamini and Hochberg; "
            + "\(calibration.draws) draws give no less than \(NumberText.fixed(1 / Double(calibration.draws + 1), 3))"
        ])
    }
    return [
      ComparisonDocument.Section(
        title: "More alike than chance",
        sentences: [
          "Whole utterances of one side stand in another order: what two layers still share then is no likeness of what "
            + "they hold at the same moment."
        ], figures: figures.map { ($0, "Point at a cell for its two layers and its value.") },
        tables: values + plain + chances)
    ]
  }

  private var dimensionSections: [ComparisonDocument.Section] {
    guard let dimensions = intrinsicDimensions, !dimensions.isEmpty else { return [] }
    func spelt(_ estimate: Estimate) -> String {
      "\(NumberText.fixed(estimate.value, 1)) [\(NumberText.fixed(estimate.low, 1)), \(NumberText.fixed(estimate.high, 1))]"
    }
    return [
      ComparisonDocument.Section(
        title: "How many dimensions the states of each layer lie on",
        tables: [
          NamedTable(
            title: "intrinsic dimension",
            columns: ["TwoNN", "Levina–Bickel", "at n/2", "at n/4", "rows", "copies"],
            rows: dimensions.map { dimension in
              (
                name(dimension.model, dimension.layer),
                [spelt(dimension.twoNN), spelt(dimension.levinaBickel)]
                  + (1...2).map { place in
                    guard dimension.scales.indices.contains(place) else { return "—" }
                    let scale = dimension.scales[place]
                    return "\(NumberText.fixed(scale.twoNN, 1)), \(NumberText.fixed(scale.levinaBickel, 1))"
                  } + [NumberText.grouped(dimension.rows), NumberText.grouped(dimension.duplicates)]
              )
            },
            notes: [
              "neighbours of the same utterance do not count; a dimension that falls with the number of rows (at n/2, at n/4: "
                + "TwoNN, Levina–Bickel) is one of the sample and not of the layer"
            ])
        ])
    ]
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
