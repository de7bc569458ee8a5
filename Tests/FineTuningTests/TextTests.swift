import Foundation
import Testing

@testable import FineTuning

/// BLEU and chrF against sacrebleu, boundaries against counts by hand.
@Suite("Scores of texts and boundaries") struct TextTests {
  struct Facts: Decodable {
    struct Case: Decodable {
      var found, references: [String]
      var bleu, chrf: Double
    }
    struct Tokens: Decodable {
      var text: String
      var tokens: [String]
    }
    var cases: [Case]
    var tokens: [Tokens]
    var signatures: [String]
  }

  @Test("are sacrebleu's")
  func parity() throws {
    let facts = try json(Facts.self, "texts.json")
    for text in facts.tokens { #expect(BLEU.tokens(text.text) == text.tokens, "\(text.text)") }
    for (number, texts) in facts.cases.enumerated() {
      let pairs = zip(texts.found, texts.references).map { (found: $0, reference: $1) }
      #expect(abs(BLEU(pairs).score - texts.bleu) < 1e-9 * max(1, texts.bleu), "BLEU of \(number)")
      #expect(abs(CharacterF(pairs).score - texts.chrf) < 1e-9 * max(1, texts.chrf), "chrF of \(number)")
    }
    for (own, theirs) in zip([BLEU.signature, CharacterF.signature], facts.signatures) {
      #expect(theirs.hasPrefix(own), "\(theirs)")
    }
  }

  @Test("of the reference itself are full, of nothing none")
  func ends() {
    let text = (found: "one two three four five", reference: "one two three four five")
    #expect(abs(BLEU([text]).score - 100) < 1e-9 && abs(CharacterF([text]).score - 100) < 1e-9)
    #expect(BLEU([]).score == 0 && CharacterF([("", "")]).score == 0)
  }

  @Test("boundaries are found once each, within the tolerance")
  func boundaries() {
    let labels: [Int?] = [0, 0, 0, 1, 1, 1, nil, 2, 2, 3, 3, 3]
    // Changes at 3 and 9; those at the gap are left out.
    let exact = BoundaryScores(labels: labels, found: [0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3], tolerance: 0)
    #expect((exact.hits, exact.found, exact.reference) == (2, 2, 2) && exact.f1 == 1)
    let late = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3]
    #expect(BoundaryScores(labels: labels, found: late, tolerance: 0).hits == 0)
    #expect(BoundaryScores(labels: labels, found: late, tolerance: 1).hits == 1)
    #expect(BoundaryScores(labels: labels, found: late, tolerance: 2).hits == 2)
    // One found change serves one true one.
    let close = BoundaryScores(labels: [0, 1, 2], found: [0, 0, 1], tolerance: 2)
    #expect((close.hits, close.found, close.reference) == (1, 1, 2))
    #expect(close.precision == 1 && close.recall == 0.5 && abs((close.f1 ?? 0) - 2.0 / 3) < 1e-12)
    let sum = close + exact
    #expect((sum.hits, sum.found, sum.reference) == (3, 3, 4))
    #expect(BoundaryScores().f1 == nil)
  }
}
