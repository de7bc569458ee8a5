import Testing

@testable import FineTuning

/// Alignments against jiwer's counts.
@Suite("Alignments") struct AlignmentTests {
  struct Reference: Decodable {
    struct Pair: Decodable {
      var reference, found: [String]
      var hits, substitutions, deletions, insertions: Int
    }
    var rate: Double
    var pairs: [Pair]
  }

  @Test("have jiwer's counts and rate")
  func counts() throws {
    let known = try json(Reference.self, "alignments.json")
    #expect(known.pairs.count == 150)
    var total = Alignment()
    for pair in known.pairs {
      let found = Alignment(of: pair.found, with: pair.reference)
      total = total + found
      #expect(
        found
          == Alignment(
            hits: pair.hits, substitutions: pair.substitutions, deletions: pair.deletions,
            insertions: pair.insertions), "\(pair.reference) and \(pair.found)")
    }
    #expect(abs(Double(total.errors) / Double(total.reference) - known.rate) < 1e-12)
  }

  @Test("of an empty side are all insertions or all deletions")
  func empty() {
    #expect(Alignment(of: [1, 2], with: []) == Alignment(insertions: 2))
    #expect(Alignment(of: [], with: [1, 2]) == Alignment(deletions: 2))
    #expect(Alignment(of: [Int](), with: []).errors == 0)
  }
}
