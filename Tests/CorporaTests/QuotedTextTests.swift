import Foundation
import StrataTestSupport
import Testing

@testable import Corpora

@Suite("What errors quote of a file") struct QuotedTextTests {
  @Test("200 characters at most, combining marks too", arguments: ["x", "\u{301}", "é"])
  func short(piece: String) {
    let long = String(repeating: piece, count: 5000)
    #expect(long.quotable.unicodeScalars.count == 201 && long.quotable.hasSuffix("…"))
    #expect("AH0".quotable == "AH0")
  }

  @Test("control characters are shown and not sent") func controls() {
    #expect("a\u{1b}[2J\u{7}\u{202e}b\u{9b}".quotable == "a\\u{1b}[2J\\u{7}\\u{202e}b\\u{9b}")
  }

  @Test(
    "in the message of a line as long as a file",
    arguments: ["silence: [%]\nfoo%: 1\n", "version: %\n", "%: [\n"])
  func settings(yaml: String) throws {
    let folder = try TemporaryFolder()
    let long = yaml.replacingOccurrences(of: "%", with: String(repeating: "\u{1b}[31m", count: 100_000))
    try folder.write("corpus.yaml", long)
    try folder.write("a.wav")
    do {
      _ = try Corpus.load(folder.path) { _ in 1 }
      Issue.record("read")
    } catch {
      #expect("\(error)".count < 1500 && !"\(error)".contains("\u{1b}"), "\("\(error)".count)")
    }
  }
}
