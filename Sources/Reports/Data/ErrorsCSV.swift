import Results

/// A study's mistakes as tables, over held-out spans of the layers that were analysed.
///
/// | file | a row is | columns after `level`, `probe`, `layer` |
/// |---|---|---|
/// | `confusions.csv` | a class and what it was read as, the same among them | `truth`, `guess`, `count`, `share` of the true class |
/// | `errors.csv` | a class, a speaker or a range of durations | `kind`, `name`, `tested`, `right`, `accuracy`; of a class what changed `since` another layer: `gained`, `lost` |
/// | `mistakes.csv` | one of the worst spans | `utterance`, `speaker`, `start`, `end`, `truth`, `guess`, `probability` of the true class |
enum ErrorsCSV {
  /// Names and texts of the files; none where nothing was analysed.
  static func files(of study: StudyResult) -> [(name: String, text: String)] {
    guard study.levels.contains(where: { $0.errors?.isEmpty == false }) else { return [] }
    func file(
      _ name: String, _ columns: [String], _ rows: (LevelResult, ErrorAnalysis) -> [[String]]
    ) -> (name: String, text: String) {
      let all = study.levels.flatMap { level in
        (level.errors ?? []).flatMap { analysis in
          rows(level, analysis).map { [level.level.rawValue, level.probe, analysis.layer.name] + $0 }
        }
      }
      return (name, CSV.text(columns: ["level", "probe", "layer"] + columns, rows: all))
    }
    return [
      file("confusions.csv", ["truth", "guess", "count", "share"], confusions),
      file(
        "errors.csv", ["kind", "name", "tested", "right", "accuracy", "since", "gained", "lost"]
      ) { classes($0, $1) + $1.parts.map(part) },
      file("mistakes.csv", mistakeColumns) { $1.worst.map(mistake) },
    ]
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
