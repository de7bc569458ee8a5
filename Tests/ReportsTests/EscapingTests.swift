import Results
import Testing

@testable import Reports

@Suite("Hostile names in text formats") struct EscapingTests {
  @Test("Markdown shows them as text and keeps its columns") func markdown() {
    let text = SummaryMarkdown.text(of: SyntheticStudy.hostile)
    #expect(!text.contains("<") && !text.contains("\u{1B}"))
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("|") }
    let pipes = rows.map { row in row.replacing("\\|", with: "").filter { $0 == "|" }.count }
    #expect(Set(pipes) == [5])
    #expect(SummaryMarkdown.escape("a*b_c`d|e<g>") == "a\\*b\\_c\\`d\\|e&lt;g&gt;")
    #expect(SummaryMarkdown.escape("![x](y) [1, 2] [z]: [u][v]") == "\\![x\\](y) [1, 2] [z\\]: [u\\][v]")
  }

  @Test("LaTeX reads none of them as commands") func latex() {
    let text = LayersTeX.text(of: SyntheticStudy.hostile)
    #expect(!text.contains("\\input{"))
    let bare = text.replacing("\\{", with: "").replacing("\\}", with: "")
    #expect(bare.filter { $0 == "{" }.count == bare.filter { $0 == "}" }.count)
    #expect(LayersTeX.escape("50% of a_b & {c} \\d") == "50\\% of a\\_b \\& \\{c\\} \\textbackslash{}d")
    let rows = text.split(separator: "\n").filter { $0.hasSuffix("\\\\") }
    #expect(rows.allSatisfy { $0.replacing("\\&", with: "").filter { $0 == "&" }.count == 3 })
  }
}
