import Foundation
import Strata
import StrataTestSupport
import Testing

@Suite("The release") struct ReleaseTests {
  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: Repository.path(path), encoding: .utf8)
  }

  @Test("the changelog, the citation and the Python package have the program's version and one date")
  func agree() throws {
    let heading = try #require(
      text("CHANGELOG.md").firstMatch(of: #/\n## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)\n/#))
    #expect(heading.1 == Release.version)
    let citation = try text("CITATION.cff")
    #expect(citation.contains("\nversion: \(Release.version)\n"))
    #expect(citation.contains("\ndate-released: \(heading.2)\n"))
    #expect(try text("python/strata/_version.py").contains("\n__version__ = \"\(Release.version)\"\n"))
  }

  @Test("the Python package reads studies of the form that this program writes")
  func forms() throws {
    #expect(
      try text("python/strata/_study.py").contains("\n_SCHEMA = \(StudyResult.schemaVersion)\n"))
  }
}
