import Foundation
import Foundations
import Testing

@testable import Corpora

private func tiers(_ text: String) throws -> [Tier] {
  try tiers(Array(text.utf8))
}

private func tiers(_ bytes: [UInt8]) throws -> [Tier] {
  let text = try LabelText(bytes, path: "a.TextGrid")
  return try #require(try TextGridReader().recordings(in: text).first).tiers
}

private func message(_ text: String) -> String {
  do {
    _ = try tiers(text)
    return "no error"
  } catch {
    return "\(error)"
  }
}

private let header = "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n"

@Suite("A TextGrid") struct TextGridReaderTests {
  @Test(
    "is the same in every encoding, line end and form",
    arguments: [
      "crlf", "utf8-bom", "utf16le-bom", "utf16be-bom", "utf16le-nobom", "short",
    ])
  func encodings(name: String) throws {
    let reference = try LabelFile.read(resource("formats/austen_0880.TextGrid"))
    let other = try LabelFile.read(resource("formats/austen_0880.\(name).TextGrid"))
    #expect(reference.map(\.name) == ["phones", "syllables", "words", "phrases", "utterance"])
    #expect(reference.map(\.intervals.count) == [27, 11, 10, 3, 3])
    #expect(reference[2].intervals[1] == Interval(start: 0.21, end: 0.35, label: "he"))
    #expect(other.map(\.intervals) == reference.map(\.intervals))
    #expect(other.map(\.name) == reference.map(\.name))
  }

  @Test("is the same re-encoded here", arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian])
  func reencoded(encoding: String.Encoding) throws {
    let text = textGrid([("phones", [(0, 0.5, "ə̃ː"), (0.5, 1, "𝄞 \"ŋ\"")])])
    for lineEnd in ["\n", "\r", "\r\n"] {
      let ended = text.replacing("\n", with: lineEnd)
      let expected = try tiers(ended)
      #expect(expected[0].intervals.map(\.label) == ["ə̃ː", "𝄞 \"ŋ\""])
      #expect(expected[0].lines == [13, 16])
      let data = try #require(ended.data(using: encoding))
      let mark: [UInt8] = encoding == .utf16LittleEndian ? [0xff, 0xfe] : [0xfe, 0xff]
      #expect(try tiers(Array(data)) == expected)
      #expect(try tiers(mark + data) == expected)
      #expect(try tiers([0xef, 0xbb, 0xbf] + ended.utf8) == expected)
    }
  }

  @Test("keeps points, quotes and any name")
  func points() throws {
    let tiers = try LabelFile.read(resource("formats/austen_0880.points.TextGrid"))
    #expect(tiers.map(\.kind) == [.intervals, .intervals, .points])
    #expect(tiers[1].name == "note \"quoted\" é")
    #expect(tiers[1].intervals[0].label == "she said \"hi\" — naïve")
    #expect(tiers[2].intervals.map(\.label) == ["H*", "L-L%"])
    #expect(tiers[2].intervals.map(\.start) == [0.5, 1.25])
  }

  @Test(
    "made by hand is read",
    arguments: [
      ("mary", ["phone", "word", "pitch"], [16, 6, 4]), ("bobby_phones", ["phone"], [15]),
      ("bobby_words", ["word", "phrase"], [6, 3]),
    ])
  func handmade(name: String, names: [String], counts: [Int]) throws {
    let tiers = try LabelFile.read(resource("handmade/\(name).TextGrid"))
    #expect(tiers.map(\.name) == names)
    #expect(tiers.map(\.intervals.count) == counts)
  }

  @Test("may have comments, exponents, units, labels of two lines, and no words at all")
  func oddButRight() throws {
    let tiers = try tiers(
      header + """
        ! made by hand ! "not a text" 12
        0s 1s <exists> 1 ! "five"
        "IntervalTier" "words" 0 +1.0 2
        -0 5e-05 "a
        b" 5E-05 1 "!"
        """)
    #expect(
      tiers == [
        Tier(
          name: "words",
          intervals: [
            Interval(start: 0, end: 5e-5, label: "a\nb"), Interval(start: 5e-5, end: 1, label: "!"),
          ],
          lines: [7, 8], extent: 0...1)
      ])
    #expect(try self.tiers(header + "xmin=0 xmax=2\ntiers? <absent>").isEmpty)
    #expect(try self.tiers(header + "0 1 <exists> 0").isEmpty)
  }

  private func tiers(_ text: String) throws -> [Tier] { try CorporaTests.tiers(text) }

  @Test(
    "that is wrong says where and what was expected",
    arguments: [
      (
        "0 x 1\n<exists> \"x\"",
        "a.TextGrid:5: expected the number of tiers (a whole number), found the text “x”"
      ),
      ("0 1 <exists> 1.5", "a.TextGrid:4: expected the number of tiers (a whole number), found 1.5"),
      ("0 1 <perhaps> 1", "a.TextGrid:4: expected <exists> or <absent>, found <perhaps>"),
      ("2 1 <exists> 1", "a.TextGrid:4: expected the TextGrid to begin before it ends, found 2.0 … 1.0"),
      (
        "0 1 <exists> 1\n\"Interval\" \"x\"",
        "a.TextGrid:5: expected “IntervalTier” or “TextTier” to begin tier 1, found “Interval”"
      ),
      (
        "0 1 <exists> 1\n\"IntervalTier\" \"words\" 0 1 2\n0 1 \"a\"\n1 \"b\"",
        "a.TextGrid:7: expected the end of interval 2 of 2 in tier 1 “words” (a number), found the text “b”"
      ),
      (
        "0 1 <exists> 1\n\"IntervalTier\" \"words\" 0 1 1\n0 1,5 \"a\"",
        "a.TextGrid:6: expected the end of interval 1 of 1 in tier 1 “words” (a number), found “1,5”"
      ),
      (
        "0 1 <exists> 1\n\"IntervalTier\" \"words\" 0 1 1\n0 1 \"say \"hi\" now\"",
        "a.TextGrid:6: expected the label of interval 1 of 1 in tier 1 “words” (a text in double quotes) with each "
          + "quote inside it written twice, found “hi\"” right after a closing quote"
      ),
      (
        "0 1 <exists> 1\n\"IntervalTier\" \"words\" 0 1 2\n0 1 \"a\"\n",
        "a.TextGrid:7: the file ends where the start of interval 2 of 2 in tier 1 “words” (a number) was expected; it "
          + "is cut off, export it again"
      ),
      (
        "0 1 <exists> 1\n\"IntervalTier\" \"words\" 0 1 1\n0 1 \"a\n\n",
        "a.TextGrid:8: the file ends where the closing quote of the text that begins at line 6 was expected; it is cut "
          + "off, export it again"
      ),
      (
        "0 1 <exists> 1\n\"IntervalTier\" \"words\" 0 1 0\n\"IntervalTier\"",
        "a.TextGrid:6: expected the end of the file, after the 1 tiers that it promises, found the text “IntervalTier”"
      ),
    ])
  func wrong(body: String, expected: String) {
    #expect(message(header + body) == expected)
  }

  @Test("is told from other files")
  func others() {
    #expect(
      message("hello")
        == CorpusError.unknownFormat(
          path: "a.TextGrid", looksLike: "it begins “hello”, a TextGrid begins with “ooTextFile”"
        ).description)
    #expect(message("ooBinaryFile\u{8}TextGrid").contains("cut off"))
    #expect(message("\"Praat chronological TextGrid text file\"\n0 1").contains("chronological"))
    #expect(
      message("File type = \"ooTextFile\"\nObject class = \"Pitch 1\"").contains("“TextGrid”, the class"))
    #expect(message("File ty").contains("cut off"))
    #expect(message("") == "a.TextGrid is empty (0 bytes); copy or export it again")
    #expect(throws: CorpusError.badText(path: "a.TextGrid", line: 3, encoding: "UTF-8")) {
      try CorporaTests.tiers(Array("\"ooTextFile\"\n\n".utf8) + [0xe9, 0x20, 10, 10])
    }
    #expect(throws: CorpusError.badText(path: "a.TextGrid", line: 1, encoding: "UTF-16 (little-endian)")) {
      try CorporaTests.tiers([0xff, 0xfe, 65])
    }
  }

  @Test("that promises more than there is allocates nothing for it")
  func promises() {
    let huge = "0 1 <exists> 1\n\"IntervalTier\" \"words\" 0 1 999999999999\n0 1 \"a\""
    #expect(message(header + huge).contains("start of interval 2 of 999999999999"))
    #expect(message(header + "0 1 <exists> 9e18").contains("to begin tier 1"))
    #expect(message(header + "0 1 <exists> 1e300").contains("a whole number"))
    #expect(message(header + "0 1e400 <exists> 1").contains("found “1e400”"))
    #expect(message(header + "0 0x10 <exists> 1").contains("found “0x10”"))
  }

  @Test("cut at any byte is an error, and never half of its labels")
  func cut() throws {
    let small = textGrid([("words", [(0, 0.5, "ŋ \"ə\""), (0.5, 1, "")])])
    let wide = try #require(small.data(using: .utf16BigEndian))
    for whole in [try bytes("formats/austen_0880.short.TextGrid"), Array(small.utf8), Array(wide)] {
      let complete = try tiers(whole)
      for length in 0..<whole.count {
        // What is left out at the very end may be white space.
        if let read = try? CorporaTests.tiers(Array(whole.prefix(length))) {
          #expect(read == complete, "cut at \(length)")
        }
      }
    }
  }

  private func tiers(_ bytes: [UInt8]) throws -> [Tier] { try CorporaTests.tiers(bytes) }
}

@Suite("A numeral") struct NumeralTests {
  @Test("is what the standard library reads")
  func equal() {
    var numbers = SplitMix64(seed: 5)
    for _ in 0..<2000 {
      let value = Double.random(in: -100...100, using: &numbers)
      let digits = Int.random(in: 0...18, using: &numbers)
      for text in [String(format: "%.\(digits)f", value), "\(value)", String(format: "%.3e", value)] {
        #expect(Numeral.parse(Array(text.utf8)[...]) == Double(text), "\(text)")
      }
    }
  }

  @Test(
    "is nothing else",
    arguments: ["", "-", ".", "e5", "1e", "0x1", "nan", "inf", "1e999", "1..2", "--1", "1,5"])
  func refused(text: String) {
    #expect(Numeral.parse(Array(text.utf8)[...]) == nil)
  }
}
