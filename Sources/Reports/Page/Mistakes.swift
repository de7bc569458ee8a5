import Results

/// What the page says of one level's mistakes at its peak layer.
struct Mistakes {
  let id: String
  let title: String
  let sentences: [String]
  /// Nil of a regression, which has no confusions.
  let drawing: PageContent.Drawing?
  let tables: [PageContent.Table]

  private static let listed = 12

  /// One for each level with a confusion figure, then one for each regression.
  static func all(of study: StudyResult) -> [Mistakes] {
    confusions(of: study) + deviations(of: study)
  }

  private static func confusions(of study: StudyResult) -> [Mistakes] {
    study.confusions.enumerated().map { index, entry in
      Mistakes(
        id: "mistakes-\(index + 1)",
        title: "\(study.title(of: entry.level).capitalizedFirst) at "
          + entry.analysis.layer.name,
        sentences: sentences(entry.analysis),
        drawing: PageContent.drawing(
          entry.figure,
          note: "Point at a cell for its count. Brightness grows with the share's square root."),
        tables: [pairs(entry.analysis), worst(entry.analysis, of: entry.level), parts(entry.analysis)]
          .compactMap(\.self))
    }
  }

  private static func deviations(of study: StudyResult) -> [Mistakes] {
    study.levels.enumerated().compactMap { index, level in
      guard let peak = level.peak?.layer,
        let analysis = level.deviations?.first(where: { $0.layer == peak })
      else { return nil }
      return Mistakes(
        id: "deviations-\(index + 1)",
        title: "\(study.title(of: level).capitalizedFirst) at \(peak.name)",
        sentences: [
          "How far off it is, in standard deviations of what is read: always answering the mean is 1 off."
        ], drawing: nil, tables: [parts(analysis), worst(analysis, of: level)].compactMap(\.self))
    }
  }

  private static func parts(_ analysis: DeviationAnalysis) -> PageContent.Table? {
    table(
      "By speaker and by duration", ["spans", "tested", "off by", "on average"],
      analysis.parts.map { part in
        [
          part.kind == .speaker ? "speaker \(part.name)" : part.name, NumberText.grouped(part.tested),
          NumberText.fixed(part.rootMeanSquare, 2),
          (part.mean > 0 ? "+" : "") + NumberText.fixed(part.mean, 2),
        ]
      })
  }

  private static func worst(_ analysis: DeviationAnalysis, of level: LevelResult) -> PageContent.Table? {
    let hasValues = analysis.worst.contains { $0.truth != nil }
    return table(
      "Where to listen: furthest off",
      ["file", level.isOfText ? "characters" : "seconds"] + (hasValues ? ["true", "predicted"] : []) + [
        "off by"
      ],
      analysis.worst.map { span in
        [
          span.utterance,
          NumberText.stretch(span.start, span.end, isOfText: level.isOfText),
        ]
          + (hasValues ? [span.truth, span.guess].map { $0.map { NumberText.fixed($0, 2) } ?? "—" } : [])
          + [NumberText.fixed(span.deviation, 2)]
      })
  }

  private static func sentences(_ analysis: ErrorAnalysis) -> [String] {
    guard let changes = analysis.changes else { return [] }
    return ["Against \(changes.since.name), " + changes.words]
  }

  private static func pairs(_ analysis: ErrorAnalysis) -> PageContent.Table? {
    table(
      "Most often confused", ["true", "predicted", "times", "of the class"],
      analysis.mostConfused(listed).map {
        [$0.truth, $0.guess, NumberText.grouped($0.count), ConfusionFigure.percent($0.share)]
      })
  }

  private static func worst(_ analysis: ErrorAnalysis, of level: LevelResult) -> PageContent.Table? {
    table(
      "Where to listen: what the probe was surest of and wrong",
      [
        "file", level.isOfText ? "characters" : "seconds", "true", "predicted",
        "probability of the true class",
      ],
      analysis.worst.map { mistake in
        [
          mistake.utterance,
          NumberText.stretch(mistake.start, mistake.end, isOfText: level.isOfText),
          mistake.truth,
          mistake.guess, NumberText.probability(mistake.probability),
        ]
      })
  }

  private static func parts(_ analysis: ErrorAnalysis) -> PageContent.Table? {
    table(
      "By speaker and by duration", ["spans", "tested", "right", "accuracy"],
      analysis.parts.map { part in
        [
          part.kind == .speaker ? "speaker \(part.name)" : part.name, NumberText.grouped(part.tested),
          NumberText.grouped(part.right),
          part.tested > 0 ? ConfusionFigure.percent(Double(part.right) / Double(part.tested)) : "—",
        ]
      })
  }

  private static func table(_ title: String, _ headings: [String], _ rows: [[String]]) -> PageContent.Table?
  {
    rows.isEmpty
      ? nil
      : PageContent.Table(
        caption: title, groups: [], headings: headings,
        rows: rows.map { row in
          PageContent.Row(
            name: unbroken(row[0]), isReference: false, isFirstReference: false,
            cells: row.dropFirst().map {
              PageContent.Cell(value: unbroken($0), interval: "", isPeak: false, isInPeakSet: false)
            })
        })
  }
}

extension ErrorAnalysis.Changes {
  /// "12 spans more are predicted correctly and 3 no longer. …", to go after whom it is against.
  var words: String {
    func most(_ name: String, _ value: (OfClass) -> Int) -> String? {
      let most = classes.filter { value($0) > 0 }.sorted { value($1) < value($0) }.prefix(3)
      return most.isEmpty
        ? nil : "\(name) most: " + most.map { "\($0.name) (\(value($0)))" }.joined(separator: ", ")
    }
    let gains = [most("Gained", \.gained), most("lost", \.lost)].compactMap(\.self)
    let confused = pairs.prefix(3).map { "\($0.truth) as \($0.guess) (\($0.before) → \($0.now))" }
    return
      ([
        "\(count(gained, "span")) more are predicted correctly and \(NumberText.grouped(lost)) no longer.",
        gains.isEmpty ? nil : gains.joined(separator: "; ").capitalizedFirst + ".",
        confused.isEmpty ? nil : "Confusions that changed most: \(confused.joined(separator: ", ")).",
      ]).compactMap(\.self).joined(separator: " ")
  }
}

extension StudyResult {
  typealias Confused = (level: LevelResult, analysis: ErrorAnalysis, figure: ConfusionFigure)

  /// The confusions of every level at its peak; those of other layers that were asked for are in `confusions.csv`.
  var confusions: [Confused] {
    let names = distinct(levels.map { "confusions-" + slug(title(of: $0)) })
    return zip(levels, names).compactMap { level, name in
      guard let peak = level.peak?.layer, let analysis = level.errors?.first(where: { $0.layer == peak }),
        let figure = ConfusionFigure(analysis, classes: level.classes, title: title(of: level), name: name)
      else { return nil }
      return (level, analysis, figure)
    }
  }
}

extension PageTemplates {
  static let mistakes = """
    <section id="mistakes" aria-labelledby="mistakes-title">
    <h2 id="mistakes-title">Confusions</h2>
    <p class="text">Held-out spans, read by the probe on each level's peak layer. The CSV files beside this page have them all.</p>
    {{#mistakes}}<h3 id="{{id}}">{{title}}</h3>
    {{#sentences}}<p class="text">{{.}}</p>
    {{/sentences}}<div class="mistakes">
    {{#drawing}}{{>drawing}}{{/drawing}}
    <div>
    {{#tables}}<div class="scroll" tabindex="0" role="region" aria-label="{{caption}}">
    {{>table}}
    </div>
    {{/tables}}</div>
    </div>
    {{/mistakes}}</section>

    """

  /// The first cell of a row names it.
  static let table = """
    <table>
    <caption>{{caption}}</caption>
    <thead><tr>{{#headings}}<th scope="col">{{.}}</th>{{/headings}}</tr></thead>
    <tbody>
    {{#rows}}<tr><th scope="row">{{name}}</th>{{#cells}}<td>{{value}}</td>{{/cells}}</tr>
    {{/rows}}</tbody>
    </table>
    """
}
