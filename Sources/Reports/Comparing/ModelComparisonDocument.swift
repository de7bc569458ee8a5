import Corpora
import Results

extension ModelComparison {
  /// "step 500", or the model's name.
  var labels: [String] {
    let steps = models.compactMap(\.step)
    return models.map { model in
      guard let step = model.step, steps.filter({ $0 == step }).count == 1 else { return model.name }
      return "step \(NumberText.grouped(step))"
    }
  }

  /// Of all models, each once, those of the first before what only others have.
  var layers: [String] {
    settings.layers
      + models.flatMap { $0.summary.tapPoints.map(\.layer.name) }
      .reduce(into: [String]()) { names, name in
        let isProbed = levels.contains {
          $0.results.contains { $0?.layers.contains { $0.layer.name == name } == true }
        }
        if isProbed, !settings.layers.contains(name), !names.contains(name) { names.append(name) }
      }
  }

  func title(of probed: Probed) -> String {
    let alone = levels.filter { $0.level == probed.level }.count == 1
    return alone ? probed.level.rawValue : "\(probed.level.rawValue) · \(probed.probe)"
  }

  /// A strip and lines for each level, and two heat maps of how the layers changed.
  var figures: [any Figure] { strips + profiles + driftMaps }

  var strips: [PeakStrip] {
    levels.compactMap { PeakStrip($0, models: labels, layers: layers, title: title(of: $0)) }
  }

  private var profiles: [ProfileLines] {
    levels.compactMap { ProfileLines($0, models: labels, layers: layers, title: title(of: $0)) }
  }

  private var driftMaps: [Heatmap] {
    guard drifts.contains(where: { $0.model > 0 && $0.toFirst != nil }) else { return [] }
    let names = layers.filter { name in drifts.contains { $0.layer == name } }
    func map(_ end: String, _ value: (Drift) -> Double?) -> Heatmap {
      let matrix = SimilarityMatrix(
        measure: "debiased_linear_cka_with_the_\(end)_model", unit: driftUnit, examples: driftRows,
        rowLayers: labels, columnLayers: names,
        values: models.indices.map { place in
          names.map { name in drifts.first { $0.model == place && $0.layer == name }.flatMap(value) }
        }, notes: [])
      return Heatmap(matrix, name: "drift-from-\(end)")
    }
    return [map("first", \.toFirst)] + (models.count > 2 ? [map("last", \.toLast)] : [])
  }

  var document: ComparisonDocument {
    let names = labels
    let facts =
      "\(count(models.count, "model")) on \(corpus.name): \(count(corpus.utterances, corpus.unit)), "
      + "\(count(corpus.speakers, corpus.source)), \(corpus.length)."
    return ComparisonDocument(
      title: "From \(names[0]) to \(names[names.count - 1]): which layers encode what",
      lead: [facts] + levels.compactMap(peakSentence),
      sections: [peaks] + levels.map(profile) + [changes] + [mistakes].compactMap(\.self)
        + (driftMaps.isEmpty ? [] : [drift]),
      warnings: warnings, provenance: provenance, version: settings.version)
  }

  private var provenance: [(name: String, value: String)] {
    [("Strata", settings.version)]
      + zip(labels, models).map { ($0, "\($1.name), fingerprint \($1.summary.fingerprint)") }
      + [
        ("corpus", "\(corpus.name), fingerprint \(corpus.fingerprint)"), ("seed", "\(settings.seed)"),
        ("bootstrap resamples", NumberText.grouped(settings.bootstrapResamples)),
      ]
  }

  // MARK: Where levels peak

  /// "Phonemes peak at hidden.2 (step 0), then at hidden.6 (from step 500 on)."
  func peakSentence(_ probed: Probed) -> String? {
    let peaks = zip(labels, probed.results).compactMap { label, result in
      result?.peak.map { (label: label, layer: $0.layer.name) }
    }
    guard let first = peaks.first, let last = peaks.last else { return nil }
    let subject = "The peak of \(title(of: probed))"
    if peaks.allSatisfy({ $0.layer == first.layer }) {
      return "\(subject) stays at \(first.layer)."
    }
    let way = peaks.reduce(into: [(label: String, layer: String)]()) { way, peak in
      if way.last?.layer != peak.layer { way.append(peak) }
    }
    let stations = way.map { "\($0.layer) (\($0.label))" }
    let end = way.last?.label == last.label ? "" : ", where it stays"
    return "\(subject) moves: \(stations.joined(separator: " → "))\(end)."
  }

  private var peaks: ComparisonDocument.Section {
    ComparisonDocument.Section(
      title: "Where each level peaks",
      figures: strips.map { ($0, "Star: the peak. Rings: layers that cannot be told from it.") },
      tables: [
        NamedTable(
          title: "peaks", columns: levels.map(title),
          rows: labels.enumerated().map { place, label in
            (
              label,
              levels.map { probed in
                guard let result = probed.results[place], let peak = result.peak else { return "—" }
                return "\(peak.layer.name) \(MeasureFormat(result.metric).interval(peak.estimate))"
              }
            )
          })
      ])
  }

  private func profile(_ probed: Probed) -> ComparisonDocument.Section {
    let results = probed.results
    let metric = results.compactMap { $0?.metric }.first ?? .accuracy
    func cell(_ result: LevelResult?, _ layer: String) -> String {
      guard let result, let own = result.layers.first(where: { $0.layer.name == layer }),
        let estimate = own.metrics?[metric]
      else { return "—" }
      let mark =
        result.peak?.layer.name == layer
        ? "★ " : result.peak?.peakSet.contains { $0.name == layer } == true ? "○ " : ""
      return mark + MeasureFormat(metric).interval(estimate)
    }
    let nulls = [("majority", \LevelResult.majority as KeyPath<LevelResult, MetricTable>)].map {
      name, path in
      (
        name,
        results.map { result in
          result.map { MeasureFormat(metric).interval($0[keyPath: path][metric]) } ?? "—"
        }
      )
    }
    let mel = ("mel", results.map { $0?.mel.map { MeasureFormat(metric).interval($0[metric]) } ?? "—" })
    return ComparisonDocument.Section(
      title: "\(title(of: probed).capitalizedFirst), layer by layer",
      figures: profiles.filter { $0.name == "profiles-" + slug(title(of: probed)) }.map {
        ($0, "One line a model; the dotted line is the majority class.")
      },
      tables: [
        NamedTable(
          title: "\(title(of: probed)): \(metric.axisTitle)", columns: labels,
          rows: layers.map { layer in (layer, results.map { cell($0, layer) }) } + nulls + [mel],
          notes: ["★ the model's peak; ○ cannot be told from it"])
      ])
  }

  // MARK: What changed

  private var changes: ComparisonDocument.Section {
    ComparisonDocument.Section(
      title: "What was gained and lost since \(labels[0])",
      sentences: levels.flatMap { probed in models.indices.dropFirst().compactMap { change(probed, $0) } },
      tables: levels.filter { !$0.differences.isEmpty }.map(differences))
  }

  /// What a model gained and lost at one level.
  private func change(_ probed: Probed, _ place: Int) -> String? {
    let differences = probed.differences.filter { $0.model == place && $0.estimate.isFinite }
    guard !differences.isEmpty, let metric = probed.results.compactMap({ $0?.metric }).first else {
      return nil
    }
    let direction: Double = metric == .logLoss ? -1 : 1
    let standing = differences.filter(\.isBeyondChance)
    let gained = standing.filter { $0.estimate.value * direction > 0 }
    let lost = standing.filter { $0.estimate.value * direction < 0 }
    func most(_ differences: [Difference], _ word: String) -> String? {
      differences.max { abs($0.estimate.value) < abs($1.estimate.value) }.map {
        "\(word) at \(count(differences.count, "layer")), most at \($0.layer) "
          + "(\(spelt($0.estimate, metric)) \(MeasureFormat(metric).differenceUnit))"
      }
    }
    let told = [most(gained, "gained"), most(lost, "lost")].compactMap { $0 }
    let rest = differences.count - standing.count
    let words = told + (rest > 0 ? ["no change that can be told at \(rest) of \(differences.count)"] : [])
    return "\(labels[place]), \(title(of: probed)): \(words.joined(separator: "; "))."
  }

  private func spelt(_ estimate: Estimate, _ metric: Metric) -> String {
    MeasureFormat(metric).gain(estimate)
  }

  private func differences(_ probed: Probed) -> NamedTable {
    let metric = probed.results.compactMap { $0?.metric }.first ?? .accuracy
    let places = Array(models.indices.dropFirst())
    return NamedTable(
      title:
        "\(title(of: probed)): \(metric.words) less \(labels[0])'s, \(MeasureFormat(metric).differenceUnit)",
      columns: places.map { labels[$0] },
      rows: layers.map { layer in
        (
          layer,
          places.map { place in
            probed.differences.first { $0.model == place && $0.layer == layer }.map {
              spelt($0.estimate, metric) + ($0.isBeyondChance ? " *" : "  ")
            } ?? "—"
          }
        )
      },
      notes: ["* beyond chance by simultaneous intervals of all layers and models; those shown are paired"]
    )
  }

  private var drift: ComparisonDocument.Section {
    let last = drifts.filter { $0.model == models.count - 1 && $0.toFirst != nil }
    func value(_ drift: Drift) -> Double { drift.toFirst ?? 1 }
    let least = last.min { value($0) < value($1) }
    let most = last.max { value($0) < value($1) }
    let sentence = least.flatMap { least in
      most.map { most in
        "In \(labels[models.count - 1]) the layer that changed most is \(least.layer) (debiased linear CKA with its "
          + "first self \(NumberText.fixed(value(least), 2))), the one that changed least \(most.layer) "
          + "(\(NumberText.fixed(value(most), 2)))."
      }
    }
    return ComparisonDocument.Section(
      title: "How much each layer changed", sentences: [sentence].compactMap { $0 },
      figures: driftMaps.map {
        ($0, "Dark: the layer holds something else; bright: the same up to a rotation.")
      },
      tables: driftMaps.map { figure in
        NamedTable(
          title: "\(figure.measure), over \(NumberText.grouped(driftRows)) \(driftUnit)",
          columns: figure.matrix.columnLayers,
          rows: zip(figure.matrix.rowLayers, figure.matrix.values).map {
            ($0, $1.map { $0.map { NumberText.fixed($0, 2) } ?? "—" })
          }, isDrawn: true)
      })
  }
}
