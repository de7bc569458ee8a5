import Results

extension ModelComparison {
  /// Whose mistakes went and came, each model's probe at its own peak against the first's; a sentence a model, and
  /// tables of the last.
  var mistakes: ComparisonDocument.Section? {
    guard levels.contains(where: { !$0.errors.isEmpty }) else { return nil }
    return ComparisonDocument.Section(
      title: "Mistakes that went and came since \(labels[0])",
      sentences: levels.flatMap { probed in probed.errors.map { sentence(probed, $0) } },
      tables: levels.flatMap { probed in
        probed.errors.last.map { tables(probed, $0) } ?? []
      })
  }

  private func sentence(_ probed: Probed, _ errors: ErrorChanges) -> String {
    "\(labels[errors.model]) at \(errors.layer.name) against \(labels[0]) at \(errors.changes.since.name), "
      + "\(title(of: probed)): \(errors.changes.words)"
  }

  private func tables(_ probed: Probed, _ errors: ErrorChanges) -> [NamedTable] {
    let (name, own) = (title(of: probed), labels[errors.model])
    let isOfText = probed.results.compactMap(\.self).first?.isOfText == true
    return [
      NamedTable(
        title: "\(name): confusions that changed most",
        columns: ["times in \(labels[0])", "times in \(own)"],
        rows: errors.changes.pairs.map {
          ("\($0.truth) predicted as \($0.guess)", ["\($0.before)", "\($0.now)"])
        }),
      listen("\(name): right in \(labels[0]), wrong in \(own)", errors.changes.broken, isOfText),
      listen("\(name): wrong in \(labels[0]), right in \(own)", errors.changes.mended, isOfText),
    ].filter { !$0.rows.isEmpty }
  }

  /// Spans with the reading that was wrong.
  private func listen(_ title: String, _ mistakes: [ErrorAnalysis.Mistake], _ isOfText: Bool) -> NamedTable
  {
    NamedTable(
      title: title,
      columns: [
        isOfText ? "characters" : "seconds", "true", "was predicted", "probability of the true class",
      ],
      rows: mistakes.map { mistake in
        (
          mistake.utterance,
          [
            NumberText.stretch(mistake.start, mistake.end, isOfText: isOfText),
            mistake.truth, mistake.guess, NumberText.probability(mistake.probability),
          ]
        )
      })
  }
}

/// How mistakes differ from the first model's, as tables.
///
/// | file | a row is | columns after `model`, `step`, `level`, `probe`, `layer`, `since` |
/// |---|---|---|
/// | `errors.csv` | a class | `class`, `tested`, `gained`, `lost` |
/// | `confusions.csv` | a pair of classes whose count changed | `truth`, `guess`, `before`, `now` |
/// | `mistakes.csv` | a span that is `broken` or `mended` | `change`, `utterance`, `speaker`, `start`, `end`, `truth`, `guess`, `probability` of the true class |
enum ChangedMistakesCSV {
  /// Names and texts of the files; none where nothing was read by two models.
  static func files(of comparison: ModelComparison) -> [(name: String, text: String)] {
    guard comparison.levels.contains(where: { !$0.errors.isEmpty }) else { return [] }
    func file(
      _ name: String, _ columns: [String], _ rows: (ErrorAnalysis.Changes) -> [[String]]
    ) -> (name: String, text: String) {
      let all = comparison.levels.flatMap { probed in
        probed.errors.flatMap { errors in
          let model = comparison.models[errors.model]
          let place = [
            model.name, model.step.map(String.init) ?? "", probed.level.rawValue, probed.probe,
            errors.layer.name, errors.changes.since.name,
          ]
          return rows(errors.changes).map { place + $0 }
        }
      }
      return (
        name, CSV.text(columns: ["model", "step", "level", "probe", "layer", "since"] + columns, rows: all)
      )
    }
    return [
      file("errors.csv", ["class", "tested", "gained", "lost"]) { changes in
        changes.classes.map { [$0.name, "\($0.tested)", "\($0.gained)", "\($0.lost)"] }
      },
      file("confusions.csv", ["truth", "guess", "before", "now"]) { changes in
        changes.pairs.map { [$0.truth, $0.guess, "\($0.before)", "\($0.now)"] }
      },
      file("mistakes.csv", ["change"] + ErrorsCSV.mistakeColumns) { changes in
        changes.broken.map { ["broken"] + ErrorsCSV.mistake($0) }
          + changes.mended.map { ["mended"] + ErrorsCSV.mistake($0) }
      },
    ]
  }
}
