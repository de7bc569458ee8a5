import Corpora
import Foundation
import Results

/// What the page's templates are filled with: words and drawings, no decisions left to make. The names of
/// the properties are the names in the templates.
struct PageContent {
  struct Answer {
    let id: String
    let level: String
    let colour: String
    let decision: Decision?
    let peak: String?
    let value: String
    let sentence: String
    let facts: [Fact]
    let doubts: [String]
    let hasDoubts: Bool
  }

  struct Decision {
    let kind: String
    let sign: String
    let words: String
  }

  struct Fact {
    let name: String
    let value: String
  }

  struct Drawing {
    let id: String
    let title: String
    let note: String
    let svg: String
    let table: Table
    let download: String
    let file: String
    /// Drawings that would be illegible at a phone's width scroll instead of shrinking below this.
    let leastWidth: Int
    /// Nor are they stretched until their labels are larger than the page's text.
    let mostWidth: Int
  }

  struct Table {
    let caption: String
    let groups: [Heading]
    let headings: [String]
    let rows: [Row]
  }

  struct Heading {
    let title: String
    let unit: String
  }

  struct Row {
    let name: String
    let isReference: Bool
    /// The first row of what layers have to beat.
    let isFirstReference: Bool
    let cells: [Cell]
  }

  struct Cell {
    let value: String
    let interval: String
    let isPeak: Bool
    let isInPeakSet: Bool
  }

  struct MeasuresSection {
    let level: String
    let sentences: [String]
  }

  struct Tap {
    let name: String
    let width: String
    let stride: String
    let field: String
    let centre: String
  }

  let question: String
  let title: String
  let headline: [String]
  let facts: [String]
  let css: String
  let answers: [Answer]
  let map: Drawing?
  let profiles: [Drawing]
  let heatmaps: [DrawingChoice]
  let spectra: Drawing?
  let mistakes: [Mistakes]
  let maps: MapsSection?
  let training: TrainingSection?
  let hasProfiles: Bool
  let hasHeatmaps: Bool
  let hasSpectra: Bool
  let hasMistakes: Bool
  let hasWarnings: Bool
  let warningCount: String
  let warnings: [String]
  let numbers: Table
  /// What the baseline is, in words.
  let baseline: String
  let intervalNote: String
  let missing: [String]
  let measured: [MeasuresSection]
  let metrics: [Fact]
  let similarityNotes: [String]
  let modelFacts: [Fact]
  let corpusFacts: [Fact]
  let taps: [Tap]
  let provenance: [Fact]
  let version: String

  /// - Throws: `ReportError.conversionFailed` where a map's picture cannot be made.
  init(_ study: StudyResult) throws {
    let table = StudyTable(study)
    question = study.question
    title = "\(study.model.name): which layers encode what"
    headline = study.headline
    facts = study.facts
    let sides =
      study.similarity.flatMap { [$0.rowLayers.count, $0.columnLayers.count] }
      + study.confusions.map(\.figure.data.rows.count)
    css = PageStyle.sheet + PageStyle.linking(rows: sides.max() ?? 0)
    answers = study.levels.enumerated().map { Self.answer($1, title: study.title(of: $1), index: $0) }
    map = study.layerMap.map {
      Self.drawing(
        $0,
        note:
          "Colour: how far from the majority class to the level's own peak. Point at a cell for its interval."
      )
    }
    profiles = study.profiles.map {
      Self.drawing(
        $0,
        note: "Line: the trained model, with its 95 % interval. Filled points cannot be told from the peak."
      )
    }
    heatmaps = DrawingChoice.all(
      study.heatmaps.map { ($0, "Point at a cell for its two layers and its value.") })
    spectra = study.spectraFigure.map {
      Self.drawing(
        $0,
        note: "Both counts say how many directions the layer's variance takes; far below the width, few do."
      )
    }
    hasSpectra = spectra != nil
    mistakes = Mistakes.all(of: study)
    hasMistakes = !mistakes.isEmpty
    maps = try study.maps.map { try MapsSection($0) }
    training = TrainingSection(study)
    hasProfiles = !profiles.isEmpty
    hasHeatmaps = !heatmaps.isEmpty
    warnings = study.warnings.map(unbroken)
    hasWarnings = !warnings.isEmpty
    warningCount = count(warnings.count, "warning")
    numbers = Self.table(table)
    baseline = study.corpus.isText ? "the n-grams of the text's characters" : "mel spectra"
    intervalNote = table.intervalNote
    missing = table.missing
    measured = study.levels.map {
      MeasuresSection(level: study.title(of: $0).capitalizedFirst, sentences: Description.measured($0))
    }
    metrics = Description.metrics(study).map { Fact(name: $0.name, value: $0.value) }
    similarityNotes = zip(study.similarity, study.heatmaps).flatMap { matrix, figure in
      matrix.notes.map { "\(figure.measure), over \(matrix.unit): \($0)" }
    }
    modelFacts = Description.model(study.model).map { Fact(name: $0.name, value: $0.value) }
    corpusFacts = Description.corpus(study.corpus).map { Fact(name: $0.name, value: $0.value) }
    taps = study.model.tapPoints.map(Self.tap)
    provenance = Description.provenance(study).map { Fact(name: $0.name, value: $0.value) }
    version = study.settings.version
  }

  private static func answer(_ level: LevelResult, title: String, index: Int) -> Answer {
    let format = level.format
    let decision = level.verdict.map {
      Decision(kind: slug($0.decision.rawValue), sign: $0.decision.sign, words: $0.decisionWords)
    }
    let peak = level.peakResult
    let differences: [(String, Estimate?, MeasureFormat)] = [
      ("over the joint baseline", level.joint?.gain, format),
      ("over \(level.baseline)", peak?.gainOverMel, format),
      ("over the untrained model", peak?.gainOverTwin, format),
      ("selectivity", peak?.selectivity, MeasureFormat(.accuracy)),
    ]
    let majority = level.majority[level.metric]
    return Answer(
      id: "answer-\(index + 1)", level: title.capitalizedFirst, colour: Colours.of(level.level),
      decision: decision, peak: level.peak?.layer.name,
      value: unbroken(
        level.peak.map { "\(format.intervalWithUnit($0.estimate)) \(level.metric.words)" } ?? ""),
      sentence: unbroken(level.verdict?.sentence ?? "No layer has a number for this level."),
      facts: differences.compactMap { name, estimate, format in
        estimate.map { Fact(name: name, value: unbroken(format.gain($0))) }
      } + [
        Fact(name: "majority class", value: format.interval(majority)),
        Fact(name: "scope", value: level.scopeWords),
      ],
      doubts: level.doubts, hasDoubts: !level.doubts.isEmpty)
  }

  static func drawing(_ figure: any Figure, note: String) -> Drawing {
    let points = figure.size.points.width
    let data = figure.data
    let allowed = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
    let encoded = data.csv.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    return Drawing(
      id: figure.name, title: figure.title, note: note, svg: figure.svg(.page),
      table: Table(
        caption: figure.title, groups: [], headings: data.headings,
        rows: data.rows.map { row in
          Row(
            name: row.first?.shown ?? "", isReference: false, isFirstReference: false,
            cells: row.dropFirst().map {
              Cell(value: $0.shown, interval: "", isPeak: false, isInPeakSet: false)
            })
        }),
      download: "data:text/csv;charset=utf-8," + encoded, file: figure.name + ".csv",
      // A point is 4/3 of a CSS pixel; 7 pt labels stay above 8.5 px.
      leastWidth: Int((points * 4 / 3 * 0.92).rounded()),
      mostWidth: Int((points * 16 / Canvas.textSize).rounded()))
  }

  private static func table(_ table: StudyTable) -> Table {
    func row(_ row: StudyTable.Row, isReference: Bool, isFirst: Bool) -> Row {
      Row(
        name: row.name, isReference: isReference, isFirstReference: isFirst,
        cells: zip(row.cells, table.columns).map { cell, column in
          Cell(
            value: cell.estimate.map { column.format.value($0.value) } ?? "—",
            interval: cell.estimate.map(column.format.brackets) ?? "",
            isPeak: cell.mark == .peak, isInPeakSet: cell.mark == .peakSet)
        })
    }
    return Table(
      caption: "Every layer and level",
      groups: table.columns.map {
        Heading(
          title: $0.title.capitalizedFirst,
          unit: ([$0.metric.axisTitle] + [$0.scope].compactMap(\.self)).joined(separator: "; "))
      }, headings: [],
      rows: table.layers.map { row($0, isReference: false, isFirst: false) }
        + table.references.enumerated().map { row($1, isReference: true, isFirst: $0 == 0) })
  }

  private static func tap(_ tap: ModelSummary.TapPoint) -> Tap {
    func milliseconds(_ seconds: Double?, _ digits: Int) -> String {
      seconds.map { NumberText.fixed($0 * 1000, digits) } ?? "a token"
    }
    return Tap(
      name: tap.layer.name, width: NumberText.grouped(tap.width),
      stride: milliseconds(tap.strideSeconds, 3),
      field: milliseconds(tap.receptiveFieldSeconds, 3), centre: milliseconds(tap.firstCentreSeconds, 3))
  }
}

/// The text with no-break spaces inside intervals and before percentage signs, so that no line ends there.
func unbroken(_ text: String) -> String {
  text.replacing(" %", with: "\u{A0}%").replacing(#/\[[−0-9.]+, [−0-9.]+\]/#) { match in
    String(match.output).replacing(" ", with: "\u{A0}")
  }
}
