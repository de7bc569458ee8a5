import Foundation
import Results
import Testing

@testable import Reports

@Suite("Reports of comparisons") struct ComparisonDocumentTests {
  private let result: SimilarityResult = {
    let study = SyntheticStudy.hostile
    let matrix = SimilarityMatrix(
      measure: "debiased_linear_cka", unit: "phoneme spans", examples: 1200,
      rowLayers: ["<b>a</b>", "hidden.1"],
      columnLayers: ["x|y", "hidden.10"], values: [[0.5, nil], [.nan, -0.001]], notes: ["over <all> rows"])
    return SimilarityResult(
      models: [study.model, study.model], corpus: study.corpus, unit: "phoneme spans",
      alignment: "By time.",
      rows: 1200, sampled: 1200, comparisons: [LayerComparison(matrix: matrix, source: .features)],
      labels: [
        LabelSimilarity(
          model: "m", layer: "hidden.1", level: "phoneme", classes: 39, debiasedCKA: 0.25, heldOutCCA: nil,
          shuffledCCA: -0.01, tested: 400)
      ],
      spectra: [
        LayerSpectrum(
          model: "m", layer: "hidden.1", rows: 1200, width: 64, effectiveRank: 12.34, rankMe: 13,
          participationRatio: 5.5, anisotropy: nil, topShare: 0.25, topTenShare: 0.9,
          outliers: [.init(dimension: 7, share: 0.2)], dead: [3])
      ], warnings: ["a <script> warns"], seed: 0, version: "1")
  }()

  @Test("the terminal's table is aligned, a number that is not there is a dash")
  func terminal() {
    let text = result.document.text(.plain)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.contains("<b>a</b>  0.50          —"), "\(text)")
    #expect(lines.contains("hidden.1   NaN       0.00"))
    #expect(text.contains("from products of the dimensions (feature space), 1,200 rows"))
    #expect(lines.allSatisfy { $0.count <= 80 || !$0.drop { $0 == " " }.contains(" ") })
  }

  @Test("columns that do not fit go below, and none is lost")
  func blocks() {
    let columns = (1...20).map { "layer.\($0)" }
    let table = NamedTable(title: "", columns: columns, rows: [("a", columns.map { "v" + $0 })])
    let text = table.text(TerminalStyle(width: 40))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 40 })
    #expect(columns.allSatisfy { text.contains(" v\($0)") })
    #expect(text.components(separatedBy: "\n\n").count > 3)
  }

  @Test("Markdown and the page show names as text")
  func escaping() throws {
    let markdown = result.document.markdown
    #expect(!markdown.contains("<") && markdown.contains("x\\|y"))
    let page = try ComparisonPage(result.document).html()
    #expect(!page.contains("<b>a") && !page.contains("<script") && page.contains("a &lt;script&gt; warns"))
    #expect(page.contains("Layers and labels") && page.contains(">0.25</td>"))
    // A figure's numbers stand beside it once, not again below.
    #expect(page.components(separatedBy: "hidden.10</th>").count == 2)
  }

  @Test("a folder has every number; JSON has null where there is none")
  func files() throws {
    let folder = NSTemporaryDirectory() + "comparison-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let paths = try SimilarityWriter.write(result, to: folder)
    #expect(
      paths.map { ($0 as NSString).lastPathComponent } == [
        "report.html", "summary.md", "similarity.csv", "similarity.json", "spectra.csv", "labels.csv",
        "similarity-debiased-linear-cka.svg",
      ])
    let csv = try String(contentsOfFile: folder + "/similarity.csv", encoding: .utf8)
    #expect(csv.contains("debiased_linear_cka,hidden.1,hidden.10,-0.001,1200,phoneme spans\n"))
    let json = try Data(contentsOf: URL(fileURLWithPath: folder + "/similarity.json"))
    let read = try JSONDecoder().decode(SimilarityResult.self, from: json)
    #expect(read.comparisons[0].matrix.values == [[0.5, nil], [nil, -0.001]])
    #expect(read.spectra == result.spectra && read.comparisons[0].source == .features)
  }
}
