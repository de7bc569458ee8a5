import Results

/// Writes what studies say together into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the tables and the warnings |
/// | `replicates.csv` | every number, one a row |
/// | `replicates.json` | everything |
/// | `figures/*.svg`, `.csv` | a figure a level and its numbers |
public enum ReplicatesWriter {
  /// All of it, or nothing; with `pictures` also PNGs or PDFs of each figure by `rsvg-convert`.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ result: ReplicatesResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    try result.document.write(
      "replicates", of: result, csv: result.csv, to: folder, pictures: pictures, records: records)
  }

  /// The tables and warnings for a terminal.
  public static func text(of result: ReplicatesResult, _ style: TerminalStyle) -> String {
    result.document.text(style)
  }
}

extension ReplicatesResult {
  /// Every number, one a row.
  var csv: String {
    var rows: [[String]] = []
    for level in levels {
      for layer in level.layers {
        let parts: [(String, Summary?)] = [
          (level.metric.rawValue, layer.value), ("gain_over_mel", layer.gainOverMel),
          ("gain_over_untrained", layer.gainOverTwin), ("selectivity", layer.selectivity),
        ]
        for (measure, summary) in parts {
          guard let summary else { continue }
          rows.append(
            [level.level.rawValue, level.probe, layer.layer.name, measure]
              + [
                summary.mean.value, summary.mean.low, summary.mean.high, summary.between,
                summary.inconsistency, summary.prediction?.low, summary.prediction?.high,
              ].map(NumberText.data) + ["\(summary.studies)", "\(layer.inPeakSets)"])
        }
      }
    }
    return CSV.text(
      columns: [
        "level", "probe", "layer", "measure", "mean", "ci_low", "ci_high", "between_sd", "inconsistency",
        "prediction_low", "prediction_high", "n", "in_peak_sets",
      ], rows: rows)
  }

  var document: ComparisonDocument {
    ComparisonDocument(
      title: "\(studies.count) studies together",
      lead: levels.map(sentence), sections: levels.map(section) + [studySection], warnings: warnings,
      provenance: [("Strata", version)]
        + studies.map {
          (
            "study",
            "\($0.model) (\($0.modelFingerprint)) on \($0.corpus) (\($0.corpusFingerprint)), seed \($0.seed)"
          )
        }, version: version)
  }

  private func sentence(_ level: Replicated) -> String {
    let decisions = Verdict.Decision.allCases.compactMap { decision -> String? in
      let number = level.decisions.count { $0 == decision }
      return number > 0 ? "\(decision.rawValue) in \(number)" : nil
    }
    let always = level.layers.filter { $0.inPeakSets == studies.count }.map(\.layer.name)
    let peak =
      always.isEmpty
      ? "no layer is in every peak set"
      : "\(always.joined(separator: ", ")) \(always.count == 1 ? "is" : "are") in every peak set"
    return
      "\(level.probe.capitalizedFirst): \(decisions.joined(separator: ", ")) of \(studies.count) studies; \(peak)."
  }

  private func section(_ level: Replicated) -> ComparisonDocument.Section {
    let format = MeasureFormat(level.metric)
    func cell(_ summary: Summary?) -> String { summary.map { unbroken(format.interval($0.mean)) } ?? "—" }
    let chart = LineChart(
      name: "replicates-" + slug(level.probe),
      title: "\(level.probe.capitalizedFirst) over \(studies.count) studies",
      axisTitle: level.metric.axisTitle, slot: "layer", slots: level.layers.map(\.layer.name),
      format: format,
      lines: [
        LineChart.Line(
          name: "another study", colour: nil, dashes: LineChart.dotted,
          values: level.layers.map(\.value.prediction)),
        LineChart.Line(
          name: "mean of studies", colour: LineChart.palette[0], values: level.layers.map { $0.value.mean }),
      ])
    return ComparisonDocument.Section(
      title: level.probe.capitalizedFirst,
      sentences: [
        "Means of a random-effects model (Paule and Mandel) with Hartung and Knapp's intervals; grey: where another "
          + "study's true value would lie."
      ],
      figures: chart.map { [($0, "Blue: the mean of the studies and its 95 % interval.")] } ?? [],
      tables: [
        NamedTable(
          title: "by layer, \(level.metric.words)",
          columns: [
            "mean", "between studies", "inconsistency", "another study", "gain over mel", "over untrained",
            "selectivity", "peak sets",
          ],
          rows: level.layers.map { layer in
            (
              layer.layer.name,
              [
                cell(layer.value), "± " + format.value(layer.value.between),
                NumberText.fixed(100 * layer.value.inconsistency, 0) + " %",
                layer.value.prediction.map { unbroken(format.brackets($0)) } ?? "—",
                cell(layer.gainOverMel), cell(layer.gainOverTwin), cell(layer.selectivity),
                "\(layer.inPeakSets) of \(studies.count)",
              ]
            )
          },
          notes: [
            "between studies: the standard deviation of true values, beyond sampling; inconsistency: the share of the spread "
              + "that this is (I²)"
          ])
      ])
  }

  private var studySection: ComparisonDocument.Section {
    ComparisonDocument.Section(
      title: "The studies",
      tables: [
        NamedTable(
          title: "what each found", columns: ["model", "corpus", "seed"] + levels.map(\.probe),
          rows: studies.enumerated().map { place, study in
            (
              study.path,
              [study.model, study.corpus, "\(study.seed)"]
                + levels.map { level in
                  [level.decisions[place]?.rawValue, level.peaks[place].map { "at \($0)" }]
                    .compactMap(\.self).joined(separator: " ")
                }
            )
          })
      ])
  }
}
