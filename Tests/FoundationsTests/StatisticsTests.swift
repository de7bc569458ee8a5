import Foundations
import Testing

@Suite("Ranks and correlations") struct RankTests {
  @Test("Spearman's correlation with ties, as scipy 1.17 gives it")
  func spearman() throws {
    #expect(abs(try #require(rankCorrelation([1, 2, 3, 4], [10, 30, 20, 40])) - 0.8) < 1e-12)
    let tied = try #require(rankCorrelation([1, 2, 2, 3, 7], [1, 3, 2, 4, 0]))
    #expect(abs(tied + 0.051_298_917_604_257_7) < 1e-12)
    #expect(rankCorrelation([1, 1, 1], [1, 2, 3]) == nil)
  }
}

@Suite("Nearest names") struct NearestTests {
  @Test("edits are counted once for each insertion, deletion and substitution")
  func edits() {
    #expect(Nearest.edits("kitten", "sitting") == 3)
    #expect(Nearest.edits("", "abc") == 3 && Nearest.edits("abc", "") == 3)
    #expect(Nearest.nearest(to: "phonme", among: ["word", "phoneme"]) == "phoneme")
    #expect(Nearest.nearest(to: "zzz", among: ["word", "phoneme"]) == nil)
    #expect(
      Nearest.ordered(to: "hidden.9", among: ["conv.1", "hidden.1", "hidden.10"], count: 2).first
        == "hidden.1")
  }
}
