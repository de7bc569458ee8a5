import Foundation
import Results
import StrataTestSupport
import Testing

@testable import Reports

@Suite("Data files") struct DataFileTests {
  @Test("layers.csv reads back to the study's numbers") func layersReadBack() throws {
    let study = SyntheticStudy.large
    let table = try readCSV(LayersCSV.text(of: study))
    #expect(
      table.first == [
        "model", "layer", "level", "probe", "metric", "value", "ci_low", "ci_high", "n", "classes",
        "of_spans", "of_classes",
      ])
    #expect(table.allSatisfy { $0.count == 12 })
    #expect(Set(table.map { $0[0...4].joined(separator: "\u{0}") }).count == table.count, "each row once")
    func row(_ layer: String, _ level: String, _ metric: String) -> [String]? {
      table.first { $0[1] == layer && $0[2] == level && $0[4] == metric }
    }
    for level in study.levels {
      let name = level.level.rawValue
      for layer in level.layers {
        for metric in layer.metrics?.metrics ?? [] {
          guard let expected = layer.metrics?[metric], let twin = layer.twin?[metric] else { continue }
          let row = try #require(row(layer.layer.name, name, metric.rawValue))
          #expect(
            [row[5], row[6], row[7]].map { Double($0) } == [expected.value, expected.low, expected.high])
          #expect(row[8] == String(level.tested) && row[9] == String(level.classes.count))
          #expect(
            self.row(table, layer.layer.name + "@untrained", name, metric.rawValue)?[5]
              == NumberText.data(twin.value))
        }
      }
      for null in ["majority", "shuffled", "mel"] { #expect(row(null, name, "bits") != nil) }
    }
    let gain = study.levels[1].layers[9].gainOverMel?.value
    #expect(row("hidden.1", "phoneme", "gain_over_mel")?[5] == NumberText.data(gain))
    #expect(row("hidden.1", "phoneme", "gain_over_untrained") != nil)
    #expect(row("hidden.1", "phoneme", "selectivity") != nil)
    #expect(
      row("conv.1", "phrase", "macro_f1") == [
        "wav2vec2-large-960h-lv60-self", "conv.1", "phrase", "phrase", "macro_f1", "", "", "", "0", "38",
        "1375", "40",
      ])
  }

  private func row(_ table: [[String]], _ layer: String, _ level: String, _ metric: String) -> [String]? {
    table.first { $0[1] == layer && $0[2] == level && $0[4] == metric }
  }

  @Test("similarity.csv has a row a cell") func similarity() throws {
    let study = SyntheticStudy.large
    let table = try readCSV(SimilarityCSV.text(of: study))
    #expect(table.count == 1 + 2 * 33 * 33)
    #expect(table[2] == ["debiased_linear_cka", "conv.1", "conv.2", "0.9127", "4871", "phoneme spans"])
  }

  @Test("mistakes read back, class by class, by speaker and duration, and span by span") func errors()
    throws
  {
    var study = SyntheticStudy.small
    #expect(ErrorsCSV.files(of: study).isEmpty)
    study.levels[0].classes = ["class 0", "class 1", "class 2"]
    study.levels[0].errors = [SyntheticStudy.errors]
    let files = try ErrorsCSV.files(of: study).map { ($0.name, try readCSV($0.text)) }
    #expect(files.map(\.0) == ["confusions.csv", "errors.csv", "mistakes.csv"])
    let (confusions, errors, mistakes) = (files[0].1, files[1].1, files[2].1)
    #expect(confusions.count == 1 + 7)
    #expect(
      confusions.last == ["phoneme", "phoneme", "hidden.2", "class 2", "class 2", "11", "0.55"])
    #expect(
      errors[1] == [
        "phoneme", "phoneme", "hidden.2", "class", "class 0", "45", "40", "0.88888889", "conv.1", "12", "1",
      ])
    #expect(
      errors.map { $0[3] } == [
        "kind", "class", "class", "class", "speaker", "speaker", "duration", "duration",
      ])
    #expect(mistakes[1].suffix(7) == ["one-03", "one", "1.25", "1.31", "class 2", "class 0", "0.0015"])
  }

  @Test("deviations read back, by speaker and duration, and span by span") func deviations() throws {
    var study = SyntheticStudy.small
    study.levels[0].deviations = [SyntheticStudy.deviations]
    let files = try ErrorsCSV.files(of: study).map { ($0.name, try readCSV($0.text)) }
    #expect(files.map(\.0) == ["deviations.csv", "outliers.csv"])
    #expect(
      files[0].1 == [
        ["level", "probe", "layer", "kind", "name", "tested", "root_mean_square", "mean"],
        ["phoneme", "phoneme", "hidden.2", "speaker", "one", "60", "0.5", "0.125"],
        ["phoneme", "phoneme", "hidden.2", "duration", "0.02 s", "100", "0.75", "-0.25"],
      ])
    #expect(files[1].1[1].suffix(7) == ["one-03", "one", "1.25", "1.27", "5.5", "3", "2.5"])
    study.levels[0].deviations?[0].worst[0].truth = nil
    #expect(try readCSV(ErrorsCSV.files(of: study)[1].text)[1][7] == "")
  }

  @Test("names with commas, quotation marks and line ends come back as they were") func quoting() throws {
    let study = SyntheticStudy.hostile
    for text in [LayersCSV.text(of: study), SimilarityCSV.text(of: study)] {
      let table = try readCSV(text)
      #expect(Set(table.map(\.count)).count == 1)
      #expect(table.contains { $0.contains(study.model.name) })
    }
    let fields = ["", "a", "a,b", "\"", "a\"\"b", "a\r\n", "\"\u{301}", " x "]
    let both = try readCSV(CSV.text(columns: fields, rows: [fields.reversed()]))
    #expect(both == [fields, fields.reversed()])
    #expect(CSV.field("plain") == "plain")
    #expect(CSV.field("a\"b") == "\"a\"\"b\"")
  }

  @Test("study.json reads back as the same study") func roundTrip() throws {
    for study in [SyntheticStudy.small, SyntheticStudy.large, SyntheticStudy.hostile] {
      let data = try StudyJSON.encode(study)
      let read = try StudyJSON.decode(data)
      #expect(read == study)
      let again = try StudyJSON.encode(StudyJSON.decode(data))
      #expect(again == data)
    }
  }

  @Test("study.json is what the published schema says") func schema() throws {
    let schema = try JSONSchema(published: "study")
    var gaps = SyntheticStudy.small
    gaps.similarity[0].values[0][1] = .nan
    gaps.levels[0].errors = [SyntheticStudy.errors]
    gaps.levels[1].deviations = [SyntheticStudy.deviations]
    gaps.levels[0].subject = "places of articulation"
    gaps.levels[0].plain = [
      DurationBaseline(
        name: "duration", isRequired: true, metrics: gaps.levels[0].majority,
        gainOfPeak: gaps.levels[0].layers[0].gainOverMel)
    ]
    for study in [
      SyntheticStudy.small, SyntheticStudy.mapped, SyntheticStudy.large, SyntheticStudy.hostile, gaps,
    ] {
      let data = try StudyJSON.encode(study)
      let faults = try schema.faults(in: data)
      #expect(faults == [])
    }
    let text = String(decoding: try StudyJSON.encode(SyntheticStudy.small), as: UTF8.self)
    let spoilt = Data(
      text.replacing("\"undecided\"", with: "\"maybe\"").replacing("\"leaks\"", with: "\"lakes\"").utf8)
    let faults = try schema.faults(in: spoilt)
    gaps.levels[0].errors?[0].confusions["class 0"]?["class 1"] = -1
    let miscounted = try schema.faults(in: StudyJSON.encode(gaps))
    #expect(miscounted == ["levels[0].errors[0].confusions.class 0.class 1: below 0.0"])
    #expect(faults.contains("levels[2].verdict.decision: not one of the values allowed"))
    #expect(faults.contains("levels[0]: leaks is missing"))
    #expect(faults.contains("levels[0]: lakes is not known"))
  }

  @Test("a number that is not finite is left empty, and a warning says which") func gaps() throws {
    var study = SyntheticStudy.small
    study.levels[0].layers[3].metrics?.logLoss = Estimate(value: .infinity, low: 1, high: .infinity)
    study.levels[1].mel?.bits = Estimate(value: .nan, low: .nan, high: .nan)
    study.similarity[0].values[2][4] = .nan
    let data = try StudyJSON.encode(study)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.firstMatch(of: #/: "?-?(inf|nan)/#.ignoresCase()) == nil)
    let read = try StudyJSON.decode(data)
    #expect(
      read.warnings.suffix(2) == [
        "2 numbers are not finite and left empty (null in study.json): phoneme, conv.4, log loss; syllable, "
          + "mel, information.",
        "1 number is not finite and left empty (null in study.json): debiased_linear_cka, conv.3 × conv.5.",
      ])
    #expect(read.levels[0].layers[3].metrics?.logLoss.value.isNaN == true)
    #expect(read.similarity[0].values[2][4] == nil)
    #expect(read.announcingGaps.warnings == read.warnings, "announcing twice changes nothing")
    let csv = LayersCSV.text(of: study)
    #expect(csv.contains("conv.4,phoneme,phoneme,log_loss,,1,,3896,39,"))
    #expect(!csv.contains("nan") && !csv.contains("inf,"))
    for page in [
      try ReportPage.html(of: study), SummaryMarkdown.text(of: study), TerminalTable(study).text(),
    ] {
      #expect(page.contains("w2v2-tiny-phones"))
    }
  }

  @Test("a number that must be there and is not finite is refused by its place") func notFinite() {
    var study = SyntheticStudy.small
    study.levels[1].labelEntropy = .nan
    #expect(throws: ReportError.notFinite(place: "levels[1].labelEntropy")) { try StudyJSON.encode(study) }
  }

  @Test("what is not a study is refused with its place") func notAStudy() throws {
    func error(_ text: String) -> String {
      do {
        _ = try StudyJSON.decode(Data(text.utf8), path: "x/study.json")
        return "read"
      } catch { return "\(error)" }
    }
    #expect(
      error("{\"schema\": 9}")
        == "x/study.json has schema version 9, this version of Strata reads 3. Use a newer Strata to draw it."
    )
    #expect(
      error("{}").hasPrefix(
        "x/study.json is not a study written by Strata: at its top, the key \"schema\" is missing."))
    #expect(error("{\"schema\": 1").contains("the text is not valid"))
    #expect(error("").contains("not a study"))
    let text = String(decoding: try StudyJSON.encode(SyntheticStudy.small), as: UTF8.self)
    #expect(
      error(text.replacing("\"tested\" : 649", with: "\"tested\" : \"many\"")).contains(
        "at levels[2].tested, a value of another type"))
    #expect(throws: ReportError.self) { try StudyJSON.read("/nowhere/at/all") }
  }

  /// Every prefix, and many a flipped byte, either reads or throws; nothing crashes.
  @Test("damaged study.json never crashes") func damaged() throws {
    let data = try StudyJSON.encode(SyntheticStudy.small)
    for length in stride(from: 0, to: data.count - 2, by: 997) {
      #expect(throws: ReportError.self) { try StudyJSON.decode(data.prefix(length)) }
    }
    for place in stride(from: 0, to: data.count, by: 1511) {
      var spoilt = data
      spoilt[place] ^= 0x15
      _ = try? StudyJSON.decode(spoilt)
    }
  }
}

/// RFC 4180, strictly: throws where a quotation mark stands where it may not.
func readCSV(_ text: String) throws -> [[String]] {
  struct Malformed: Error { var line: Int }
  var (rows, row, field): ([[String]], [String], String) = ([], [], "")
  var (isQuoted, wasQuoted) = (false, false)
  var scalars = Array(text.unicodeScalars)[...]
  while let scalar = scalars.popFirst() {
    if isQuoted {
      if scalar != "\"" {
        field.unicodeScalars.append(scalar)
      } else if scalars.first == "\"" {
        field.unicodeScalars.append("\"")
        scalars.removeFirst()
      } else {
        (isQuoted, wasQuoted) = (false, true)
      }
      continue
    }
    switch scalar {
    case ",", "\n":
      row.append(field)
      (field, wasQuoted) = ("", false)
      if scalar == "\n" {
        rows.append(row)
        row = []
      }
    case "\"":
      guard field.isEmpty, !wasQuoted else { throw Malformed(line: rows.count + 1) }
      isQuoted = true
    default:
      guard !wasQuoted else { throw Malformed(line: rows.count + 1) }
      field.unicodeScalars.append(scalar)
    }
  }
  guard !isQuoted, field.isEmpty, row.isEmpty else { throw Malformed(line: rows.count + 1) }
  return rows
}
