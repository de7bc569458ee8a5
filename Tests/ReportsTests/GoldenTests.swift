import Foundation
import Results
import Testing

@testable import Reports

@Suite("What is written, against files that were looked at") struct GoldenTests {
  let study = SyntheticStudy.small

  @Test("the terminal's table at 80 columns") func terminal() throws {
    try expectGolden(TerminalTable(study).text(), "terminal-80.txt")
  }

  @Test("the terminal's table with colour, at 120 columns, six levels and 33 layers") func wideTerminal()
    throws
  {
    let style = TerminalStyle(width: 120, colour: true)
    try expectGolden(TerminalTable(SyntheticStudy.large).text(style), "terminal-large-120.txt")
  }

  @Test("summary.md") func markdown() throws {
    try expectGolden(SummaryMarkdown.text(of: SyntheticStudy.whole), "summary.md")
  }

  @Test("layers.csv and similarity.csv") func csv() throws {
    try expectGolden(LayersCSV.text(of: study), "layers.csv")
    try expectGolden(SimilarityCSV.text(of: study), "similarity.csv")
  }

  @Test("study.json") func json() throws {
    try expectGolden(String(decoding: try StudyJSON.encode(study), as: UTF8.self), "study.json")
  }

  @Test("layers.tex") func latex() throws {
    try expectGolden(LayersTeX.text(of: study), "layers.tex")
  }

  @Test("every figure") func figures() throws {
    for figure in try SyntheticStudy.whole.figures { try expectGolden(figure.svg(), "\(figure.name).svg") }
  }
}
