import Foundation
import Testing

@testable import Probing

@Suite("Item files of ZeroSpeech") struct ABXItemFileTests {
  private let header = "#file onset offset #phone prev-phone next-phone speaker"

  @Test("are read by the names of their columns, in any order")
  func read() throws {
    let lines = try ABXItemFile.lines(
      of: "\(header)\n6295-244435-0009 0.2925 0.4725 IH L NG 6295\n\nb 1 2.5 AA SIL IH 12\n", path: "a.item"
    )
    #expect(
      lines == [
        ABXItemLine(
          file: "6295-244435-0009", onset: 0.2925, offset: 0.4725, phone: "IH", previous: "L", next: "NG",
          speaker: "6295", line: 2),
        ABXItemLine(
          file: "b", onset: 1, offset: 2.5, phone: "AA", previous: "SIL", next: "IH", speaker: "12", line: 4
        ),
      ])
    let other = try ABXItemFile.lines(
      of: "speaker #file onset offset #phone next-phone prev-phone\n12 b 1 2.5 AA IH SIL", path: "b.item")
    #expect(other.first?.speaker == "12" && other.first?.previous == "SIL" && other.first?.next == "IH")
  }

  @Test(
    "what is none is refused by its line",
    arguments: [
      ("", 1), ("file onset\n", 1), ("#file onset offset #phone prev-phone next-phone speaker\n", 1),
      ("#file onset offset #phone prev-phone next-phone speaker\na 0 1 AA\n", 2),
      ("#file onset offset #phone prev-phone next-phone speaker\n\na 2 1 AA B C s\n", 3),
      ("#file onset offset #phone prev-phone next-phone speaker\na x 1 AA B C s\n", 2),
      ("#file onset offset #phone prev-phone next-phone speaker\na -1 1 AA B C s\n", 2),
      ("#file onset offset #phone prev-phone next-phone speaker\na nan 1 AA B C s\n", 2),
    ])
  func refused(text: String, line: Int) {
    do {
      _ = try ABXItemFile.lines(of: text, path: "a.item")
      Issue.record("taken")
    } catch {
      guard case .badLine("a.item", line, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }
}
