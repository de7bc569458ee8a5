import Results

/// A study's mistakes as tables, over held-out spans of the layers that were analysed.
///
/// | file | a row is | columns after `level`, `probe`, `layer` |
/// |---|---|---|
/// | `confusions.csv` | a class and what it was read as, the same among them | `truth`, `guess`, `count`, `share` of the true class |
/// | `errors.csv` | a class, a speaker or a range of durations | `kind`, `name`, `tested`, `right`, `accuracy`; of a class what changed `since` another layer: `gained`, `lost` |
/// | `mistakes.csv` | one of the worst spans | `utterance`, `speaker`, `start`, `end`, `truth`, `guess`, `probability` of the true class |
/// | `deviations.csv` | of a regression, a speaker or a range of durations | `kind`, `name`, `tested`, `root_mean_square`, `mean` |
/// | `outliers.csv` | one of the spans that are furthest off | `utterance`, `speaker`, `start`, `end`, `truth`, `guess`, `deviation` |
enum ErrorsCSV {
  /// Names and texts of the files; those of classes, and those of numbers, only where there are such probes.
  static func files(of study: StudyResult) -> [(name: String, text: String)] {
    func file<Analysis>(
      _ name: String, _ columns: [String], _ analyses: KeyPath<LevelResult, [Analysis]?>,
      _ layer: KeyPath<Analysis, Layer>, _ rows: (LevelResult, Analysis) -> [[String]]
    ) -> (name: String, text: String)? {
      guard study.levels.contains(where: { $0[keyPath: analyses]?.isEmpty == false }) else { return nil }
      let all = study.levels.flatMap { level in
        (level[keyPath: analyses] ?? []).flatMap { analysis in
          rows(level, analysis).map {
            [level.level.rawValue, level.probe, analysis[keyPath: layer].name] + $0
          }
        }
      }
      return (name, CSV.text(columns: ["level", "probe", "layer"] + columns, rows: all))
    }
    return [
      file("confusions.csv", ["truth", "guess", "count", "share"], \.errors, \.layer, confusions),
      file(
        "errors.csv", ["kind", "name", "tested", "right", "accuracy", "since", "gained", "lost"],
        \.errors, \.layer
      ) { classes($0, $1) + $1.parts.map(part) },
      file("mistakes.csv", mistakeColumns, \.errors, \.layer) { $1.worst.map(mistake) },
      file(
        "deviations.csv", ["kind", "name", "tested", "root_mean_square", "mean"], \.deviations, \.layer
      ) { $1.parts.map(part) },
      file(
        "outliers.csv", ["utterance", "speaker", "start", "end", "truth", "guess", "deviation"],
        \.deviations, \.layer
      ) { $1.worst.map(outlier) },
    ].compactMap(\.self)
  }

  private static func confusions(_ level: LevelResult, _ analysis: ErrorAnalysis) -> [[String]] {
    level.classes.flatMap { truth in
      level.classes.compactMap { guess in
        let count = analysis.count(truth, as: guess)
        guard count > 0 else { return nil }
        return [truth, guess, "\(count)", share(count, analysis.tested(truth))]
      }
    }
  }

  private static func classes(_ level: LevelResult, _ analysis: ErrorAnalysis) -> [[String]] {
    level.classes.map { name in
      let (tested, right) = (analysis.tested(name), analysis.count(name, as: name))
      let change = analysis.changes?.classes.first { $0.name == name }
      return ["class", name, "\(tested)", "\(right)", share(right, tested)]
        + [
          change == nil ? nil : analysis.changes?.since.name, change.map { "\($0.gained)" },
          change.map { "\($0.lost)" },
        ].map { $0 ?? "" }
    }
  }

  private static func part(_ part: ErrorAnalysis.Part) -> [String] {
    [part.kind.rawValue, part.name, "\(part.tested)", "\(part.right)", share(part.right, part.tested)]
      + ["", "", ""]
  }

  private static func part(_ part: DeviationAnalysis.Part) -> [String] {
    [
      part.kind.rawValue, part.name, "\(part.tested)", NumberText.data(part.rootMeanSquare),
      NumberText.data(part.mean),
    ]
  }

  private static func outlier(_ span: DeviationAnalysis.SpanDeviation) -> [String] {
    [span.utterance, span.speaker]
      + [span.start, span.end, span.truth, span.guess, span.deviation].map(NumberText.data)
  }

  static let mistakeColumns = ["utterance", "speaker", "start", "end", "truth", "guess", "probability"]

  static func mistake(_ mistake: ErrorAnalysis.Mistake) -> [String] {
    [
      mistake.utterance, mistake.speaker, NumberText.data(mistake.start), NumberText.data(mistake.end),
      mistake.truth, mistake.guess, NumberText.data(mistake.probability),
    ]
  }

  private static func share(_ part: Int, _ whole: Int) -> String {
    whole == 0 ? "" : NumberText.data(Double(part) / Double(whole))
  }
}
