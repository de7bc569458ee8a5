import Results
import Testing

@testable import Reports

@Suite("On a terminal") struct TerminalTests {
  @Test("no line of the table is wider than the terminal", arguments: [60, 80, 100, 120, 200])
  func fits(width: Int) {
    for study in [SyntheticStudy.small, SyntheticStudy.large] {
      let text = TerminalTable(study).text(TerminalStyle(width: width))
      let widest = text.split(separator: "\n").map { TextLayout.width(String($0)) }.max() ?? 0
      #expect(widest <= width)
    }
  }

  @Test("colours add nothing but escape sequences") func coloursAreExtra() {
    let study = SyntheticStudy.small
    let plain = TerminalTable(study).text(TerminalStyle(width: 80))
    let coloured = TerminalTable(study).text(TerminalStyle(width: 80, colour: true))
    let stripped = coloured.replacing(#/\x{1B}\[[0-9;]*m/#, with: "")
    func trimmed(_ text: String) -> [String] {
      text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        String(line.reversed().drop { $0 == " " }.reversed())
      }
    }
    #expect(trimmed(stripped) == trimmed(plain))
    #expect(coloured.contains("\u{1B}[1;32m★ 71.2 [68.4, 74.0]"))
  }

  @Test("ASCII stands in where Unicode cannot be shown") func ascii() {
    let text = TerminalTable(SyntheticStudy.small).text(TerminalStyle(width: 80, unicode: false))
    #expect(text.unicodeScalars.allSatisfy { $0.isASCII })
    #expect(text.contains("* 71.2 [68.4, 74.0]"))
    #expect(text.contains("[-1.2, 18.4]"))
  }

  @Test("a name cannot draw on the terminal") func harmless() {
    let text = TerminalTable(SyntheticStudy.hostile).text(TerminalStyle(width: 80))
    #expect(!text.contains("\u{1B}"))
    #expect(text.contains("\u{FFFD}[2J"))
  }

  @Test("colour only on a terminal, none with NO_COLOR or a dumb one") func detection() {
    let utf8 = ["LANG": "en_GB.UTF-8"]
    func style(_ more: [String: String], isTerminal: Bool = true, columns: Int? = nil) -> TerminalStyle {
      let environment = utf8.merging(more) { $1 }
      return .detect(environment: environment, isTerminal: isTerminal, columns: columns)
    }
    #expect(style([:]) == TerminalStyle(width: 80, colour: true))
    #expect(style(["NO_COLOR": "1"]).colour == false)
    #expect(style(["NO_COLOR": ""]).colour)
    #expect(style(["TERM": "dumb"]).colour == false)
    #expect(style([:], isTerminal: false) == TerminalStyle(width: 80))
    #expect(style(["COLUMNS": "132"], isTerminal: false).width == 132)
    #expect(style(["COLUMNS": "132"], columns: 100).width == 100)
    #expect(style([:], columns: 7).width == 40)
    #expect(style(["LC_ALL": "C"]).unicode == false)
    #expect(TerminalStyle.detect(environment: [:], isTerminal: false, columns: nil).unicode)
  }

  @Test("wide characters count double, combining marks not at all") func widths() {
    #expect(TextLayout.width("音素") == 4)
    #expect(TextLayout.width("e\u{301}") == 1)
    #expect(TextLayout.padLeft("音", to: 4) == "  音")
  }

  @Test("lines break at spaces, but never inside an interval or before a percentage sign") func wrapping() {
    let text = "names 71.2 % [68.4, 74.0] of them"
    for columns in 5...40 {
      let lines = TextLayout.wrap(text, columns: columns, indent: 2).split(separator: "\n")
      let joined = lines.map { $0.drop { $0 == " " } }.joined(separator: " ")
      #expect(joined == text)
      #expect(lines.allSatisfy { !$0.hasPrefix("  %") && !$0.hasPrefix("  74.0]") })
      #expect(lines.allSatisfy { $0.count <= max(columns, 14) })
    }
  }

  @Test("a study without levels still says what it is of") func empty() throws {
    var study = SyntheticStudy.small
    study.levels = []
    study.similarity = []
    study.spectra = []
    let text = TerminalTable(study).text()
    #expect(text.hasPrefix("w2v2-tiny-phones on unseen\n"))
    #expect(try study.figures.isEmpty)
  }

  @Test("a layer without a number shows a dash and the reason below") func missing() {
    var study = SyntheticStudy.small
    study.levels[2].layers[0].metrics = nil
    study.levels[2].layers[0].reason = "it sees 0.6 ms"
    let text = TerminalTable(study).text()
    #expect(text.contains("— Word has no number at conv.1: it sees 0.6 ms."))
    #expect(text.split(separator: "\n").contains { $0.hasPrefix("conv.1 ") && $0.hasSuffix("—") })
  }
}
