import Corpora
import Testing

@Suite("An issue") struct CorpusIssueTests {
  @Test("says the file and the line")
  func description() {
    let issue = CorpusIssue(.warning, path: "a/b.TextGrid", line: 7, message: "two intervals overlap")
    #expect(issue.description == "warning: a/b.TextGrid:7: two intervals overlap")
  }
}
