import Foundation
import Results
import StrataTestSupport
import Testing

@testable import Reports

/// `layers.tex` and the figures in a paper, by a real LaTeX with booktabs; `scripts/check-latex.sh` installs Debian's.
@Suite("In a paper", .enabled(if: LaTeX.isInstalled, "there is no pdflatex with booktabs here"))
struct LaTeXTests {
  @Test(
    "the table compiles without a word, whatever the names",
    arguments: [SyntheticStudy.small, SyntheticStudy.large, SyntheticStudy.hostile])
  func table(study: StudyResult) throws {
    let log = try LaTeX.log(
      of: "\\input{layers}", with: ["layers.tex": Data(LayersTeX.text(of: study).utf8)])
    #expect(log.contains("Output written on paper.pdf (1 page"))
    #expect(!log.contains("\n!") && !log.contains("LaTeX Warning: Reference"))
  }

  @Test("a fault would be seen") func sensitive() throws {
    let log = try LaTeX.log(of: "\\input{layers}", with: ["layers.tex": Data("a & b \\undefined".utf8)])
    #expect(log.contains("\n!") && !log.contains("Output written"))
  }

  @Test("every figure is included as PDF", .enabled(if: (try? PictureConverter.find()) != nil))
  func figures()
    throws
  {
    let folder = try TemporaryFolder()
    var files: [String: Data] = [:]
    let figures = try SyntheticStudy.whole.figures
    for figure in figures {
      let svg = try folder.write(Data(figure.svg().utf8), to: "\(figure.name).svg")
      let pdf = "\(folder.path)/\(figure.name).pdf"
      let run = try ProgramRun("/usr/bin/env", ["rsvg-convert", "-f", "pdf", "-o", pdf, svg])
      try #require(run.status == 0, "\(run.errors)")
      files["\(figure.name).pdf"] = try Data(contentsOf: URL(filePath: pdf))
    }
    let log = try LaTeX.log(
      of: figures.map { "\\noindent\\includegraphics{\($0.name)}\\clearpage" }.joined(separator: "\n"),
      with: files)
    #expect(log.contains("Output written on paper.pdf (\(figures.count) pages"))
    #expect(!log.contains("\n!") && !log.contains("Overfull \\hbox"))
  }
}

/// Debian's pdflatex.
private enum LaTeX {
  static let isInstalled = (try? ProgramRun("/usr/bin/env", ["kpsewhich", "booktabs.sty"]))?.status == 0

  /// What is said of a paper with `body`, beside which `files` lie. Letters beyond Latin are declared, as a writer who
  /// has them would, or take LuaLaTeX.
  static func log(of body: String, with files: [String: Data]) throws -> String {
    let folder = try TemporaryFolder()
    for (name, data) in files { _ = try folder.write(data, to: name) }
    let paper = """
      \\documentclass[a4paper]{article}
      \\usepackage[margin=12mm]{geometry}
      \\usepackage{booktabs,graphicx}
      \\DeclareUnicodeCharacter{0301}{}
      \\DeclareUnicodeCharacter{FFFD}{?}
      \\begin{document}
      \(body)
      \\end{document}
      """
    _ = try folder.write(Data(paper.utf8), to: "paper.tex")
    _ = try ProgramRun(
      "/usr/bin/env",
      ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper"],
      in: folder.path)
    let log = try Data(contentsOf: URL(filePath: folder.path + "/paper.log"))
    return String(decoding: log, as: UTF8.self)
  }
}
