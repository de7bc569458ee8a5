import Foundation
import Testing

@testable import Corpora

/// What ELAN's own files can say that no export does.
@Suite("ELAN documents") struct ELANDocumentTests {
  private func document(_ slots: String, _ tiers: String, units: String = "milliseconds") -> String {
    """
    <?xml version="1.0" encoding="UTF-16"?>
    <ANNOTATION_DOCUMENT FORMAT="3.0"><HEADER TIME_UNITS="\(units)"/>
    <TIME_ORDER>\(slots)</TIME_ORDER>
    \(tiers)
    </ANNOTATION_DOCUMENT>
    """
  }

  private func slot(_ id: String, _ time: Int?) -> String {
    "<TIME_SLOT TIME_SLOT_ID=\"\(id)\"\(time.map { " TIME_VALUE=\"\($0)\"" } ?? "")/>"
  }

  private func aligned(_ id: String, _ start: String, _ end: String, _ label: String) -> String {
    "<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"\(id)\" TIME_SLOT_REF1=\"\(start)\" TIME_SLOT_REF2=\"\(end)\">"
      + "<ANNOTATION_VALUE>\(label)</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
  }

  private func reference(_ id: String, _ to: String, _ label: String) -> String {
    "<ANNOTATION><REF_ANNOTATION ANNOTATION_ID=\"\(id)\" ANNOTATION_REF=\"\(to)\">"
      + "<ANNOTATION_VALUE>\(label)</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
  }

  private func tier(_ name: String, _ annotations: String...) -> String {
    "<TIER TIER_ID=\"\(name)\">\(annotations.joined())</TIER>"
  }

  private func tiers(_ content: String) throws -> [Tier] {
    try #require(
      try LabelFile.recordings(LabelText(Array(content.utf8), path: "a.eaf")).first
    ).tiers
  }

  private func message(_ content: String) -> String {
    do { return "no error: \(try tiers(content))" } catch { return "\(error)" }
  }

  private var three: String { slot("a", 0) + slot("b", nil) + slot("c", nil) + slot("d", 900) }

  @Test("slots without a time lie evenly, references have the time of what they refer to") func times()
    throws
  {
    let found = try tiers(
      document(
        three,
        tier(
          "words", aligned("1", "a", "b", "one &amp; <![CDATA[<two>]]>"), aligned("2", "b", "c", ""),
          aligned("3", "c", "d", "  three\n lines "))
          + tier("pos", reference("4", "1", "N"), reference("5", "3", "V"))
          + tier(
            "gloss", reference("6", "5", "go"), reference("7", "5", "PAST"), reference("8", "4", "dog"))
          + tier("empty")))
    #expect(found.map(\.name) == ["words", "pos", "gloss", "empty"])
    #expect(
      found[0].intervals == [
        Interval(start: 0, end: 0.3, label: "one & <two>"), Interval(start: 0.3, end: 0.6, label: ""),
        Interval(start: 0.6, end: 0.9, label: "three lines"),
      ])
    #expect(
      found[1].intervals == [
        Interval(start: 0, end: 0.3, label: "N"), Interval(start: 0.6, end: 0.9, label: "V"),
      ])
    // In the order of time; two that share one annotation are one interval.
    #expect(
      found[2].intervals == [
        Interval(start: 0, end: 0.3, label: "dog"), Interval(start: 0.6, end: 0.9, label: "go PAST"),
      ])
    #expect(found[3].intervals.isEmpty)
  }

  @Test("says the line of what it does not understand") func wrong() {
    func one(_ annotation: String) -> String { document(three, tier("w", annotation)) }
    #expect(
      message(one(aligned("1", "a", "x", "")))
        == "a.eaf:4: expected a TIME_SLOT_ID of the TIME_ORDER, found “x”")
    #expect(
      message(one(aligned("1", "a", "b", "")))
        == "a.eaf:4: expected time slots with a TIME_VALUE before and after it, found none")
    #expect(
      message(one(reference("1", "2", "")))
        == "a.eaf:4: expected the ANNOTATION_ID of another annotation, found “2”")
    #expect(
      message(one(reference("1", "2", "") + reference("2", "1", ""))).hasPrefix(
        "a.eaf:4: expected a reference that ends at an aligned annotation"))
    #expect(
      message(one(aligned("1", "a", "d", "") + reference("1", "1", "")))
        == "a.eaf:4: expected an ANNOTATION_ID of its own, found “1” a second time")
    #expect(
      message(document(slot("a", 0).replacing("\"0\"", with: "\"soon\""), ""))
        == "a.eaf:3: expected a time in milliseconds, found “soon”")
    #expect(
      message(document("", "", units: "PAL-frames")).contains("a.eaf:2: expected times in milliseconds"))
    #expect(
      message("<a/>")
        == "a.eaf:1: expected an ANNOTATION_DOCUMENT, as ELAN writes them, found another kind of XML")
    #expect(message(document("", "<TIER/>")) == "a.eaf:4: expected TIER_ID of a TIER, found none")
    #expect(message(document(three, aligned("1", "a", "d", ""))).contains("expected a TIER around"))
    #expect(message("<ANNOTATION_DOCUMENT>\n<TIER>").hasPrefix("a.eaf:2: expected"))
    #expect(message(document(three, "").replacing("</TIME_ORDER>", with: "")).contains("well-formed XML"))
  }

  /// Entities that grow, that read a file or ask the network, nesting without end, and long texts.
  @Test("hostile documents are refused at once") func hostile() throws {
    let bomb =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY a \"x\">"
      + (0..<20).map {
        "<!ENTITY a\($0) \"\(String(repeating: $0 == 0 ? "&a;" : "&a\($0 - 1);", count: 20))\">"
      }
      .joined() + "]><ANNOTATION_DOCUMENT>&a19;</ANNOTATION_DOCUMENT>"
    let folder = try TemporaryFolder()
    let secret = folder.path + "/secret.txt"
    try folder.write("secret.txt", "a secret")
    let outside =
      "<!DOCTYPE a [<!ENTITY x SYSTEM \"file://\(secret)\">]><ANNOTATION_DOCUMENT>&x;</ANNOTATION_DOCUMENT>"
    for text in [bomb, outside] {
      #expect(message(text).contains("expected no document type, which label files do not need"))
    }
    #expect(message("<ANNOTATION_DOCUMENT>&unknown;</ANNOTATION_DOCUMENT>").contains("well-formed XML"))
    let deep = String(repeating: "<a>", count: 100_000)
    #expect(message("<ANNOTATION_DOCUMENT>" + deep).contains("well-formed XML"))
    let include =
      "<ANNOTATION_DOCUMENT xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"file://\(secret)\"/>"
      + "</ANNOTATION_DOCUMENT>"
    #expect(try tiers(include).isEmpty)
    let long = document(three, tier("w", aligned("1", "a", "d", String(repeating: "x", count: 11_000_000))))
    #expect(message(long).contains("well-formed XML"))
  }

  @Test("the file is checked and converted like any other") func convert() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: resource("formats/austen_0880.eaf"), toPath: folder.path + "/a.eaf")
    try folder.write("a.wav")
    try folder.write("b.eaf", "<ANNOTATION_DOCUMENT>")
    try folder.write("b.wav")
    let corpus = try Corpus.load(folder.path) { _ in 2.99 }
    #expect(corpus.utterances.map(\.id) == ["a"])
    #expect(
      corpus.issues.contains { $0.description.contains("b.eaf:1: left out: expected well-formed XML") })
    try CorpusConverter(corpus).write(.textGrid, to: folder.path + "/new")
    let again = try Corpus.load(folder.path + "/new") { _ in 2.99 }
    #expect(
      again.utterances.map { $0.spans(at: .phoneme) } == corpus.utterances.map { $0.spans(at: .phoneme) })
    #expect(again.utterances.first?.spans(at: .phoneme).count == 25)
  }
}
