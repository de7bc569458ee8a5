import Corpora
import Foundations
import Tensors
import Testing

@testable import Activations

@Suite("The sample") struct SampleTests {
  @Test("a quota fills the total and touches the largest classes only") func quota() {
    #expect(SampleLimits.quota(counts: [5, 10, 100], perClass: 1000, total: 1000) == 1000)
    #expect(SampleLimits.quota(counts: [5, 10, 100], perClass: 50, total: 1000) == 50)
    #expect(SampleLimits.quota(counts: [5, 10, 100], perClass: 1000, total: 45) == 30)
    #expect(SampleLimits.quota(counts: [5, 10, 100], perClass: 1000, total: 21) == 8)
    for total in [1, 7, 30, 64, 200] {
      let counts = [3, 50, 20, 20, 1, 77]
      let quota = SampleLimits.quota(counts: counts, perClass: 1000, total: total)
      #expect(counts.reduce(0) { $0 + min($1, quota) } <= total)
      if quota < 77 { #expect(counts.reduce(0) { $0 + min($1, quota + 1) } > total) }
    }
  }

  @Test("too many classes lose the rarest, not all but a few spans each") func manyClasses() {
    let counts = (0..<1000).map { $0 < 10 ? 100 : 3 }
    let quotas = SampleLimits(perClass: 1000, total: 200).quotas(counts: counts, width: 1)
    #expect(quotas.reduce(0, +) <= 200)
    #expect(quotas[0..<10].allSatisfy { $0 >= 10 })
    #expect(quotas.count { $0 > 0 } == 20)
  }

  @Test("memory bounds it too") func bytes() {
    #expect(SampleLimits(total: 20_000, bytes: 4_000_000).total(forWidth: 1000) == 1000)
  }

  private func chosen(_ utterances: [Utterance], seed: UInt64, perClass: Int = 4) -> Set<String> {
    guard
      let plan = LevelPlan(
        .phoneme, of: utterances, limits: SampleLimits(perClass: perClass), width: 1, seed: seed)
    else { return [] }
    return Set(
      zip(utterances, plan.sampled).flatMap { utterance, spans in spans.map { "\(utterance.id) \($0)" } })
  }

  @Test("depends on ids and the seed, not on the order of the utterances") func order() throws {
    let utterances = try SyntheticCorpus(utterances: 12).utterances
    let sample = chosen(utterances, seed: 1)
    #expect(sample.count == 12)  // three classes, four each
    #expect(chosen(utterances.reversed(), seed: 1) == sample)
    #expect(chosen(utterances, seed: 2) != sample)
    // The smallest hashes: a larger sample holds the smaller one.
    #expect(chosen(utterances, seed: 1, perClass: 6).isSuperset(of: sample))
  }

  @Test("what is kept while spans stream by is what sorting them all gives", arguments: [0, 1, 3, 40])
  func streamed(quota: Int) {
    var random = RandomNumbers(seed: 5)
    let spans = (0..<500).map { index in
      // Few different hashes, so that many are equal.
      (
        label: index % 7 == 0 ? 0 : 1, hash: UInt64(random.index(below: 60)),
        place: SampleChoice.Place(utterance: index / 9, span: index % 9)
      )
    }
    let counts = [0, 1].map { label in spans.count { $0.label == label } }
    var choice = SampleChoice(counts: counts, quotas: [quota, 80])
    for span in spans { choice.offer(span.place, of: span.label) { span.hash } }
    let expected = [(0, quota), (1, 80)].flatMap { label, quota in
      spans.filter { $0.label == label }.sorted { ($0.hash, $0.place) < ($1.hash, $1.place) }
        .prefix(quota).map(\.place)
    }
    #expect(choice.chosen() == expected.sorted())
  }

  @Test("each span is as likely as another") func uniform() throws {
    let utterances = try SyntheticCorpus(utterances: 10).utterances
    var hits: [String: Int] = [:]
    for seed in 0..<400 {
      for span in chosen(utterances, seed: UInt64(seed), perClass: 10) { hits[span, default: 0] += 1 }
    }
    let spans = utterances.reduce(0) { $0 + $1.spans(at: .phoneme).count }
    let expected = 400.0 * 30 / Double(spans)
    #expect(hits.count == spans, "every span is chosen by some seed")
    #expect(hits.values.allSatisfy { abs(Double($0) - expected) < 5 * expected.squareRoot() })
  }
}

@Suite("Examples") struct ExamplesTests {
  let examples = PooledSpans(
    level: .word, isDerived: false, classes: ["a", "b"], types: ["a", "b"], speakers: ["s"],
    utterances: ["u"],
    items: (0..<3).map {
      PooledSpans.Item(
        label: $0 % 2, type: $0 % 2, utterance: 0, speaker: 0, start: Double($0), end: Double($0 + 1))
    },
    states: [("hidden.0", .init([1, 2, 3, 4, 5, 6], shape: [3, 2]))],
    reasons: ["conv.7": "its step is too long"])

  @Test("rows are chosen with their items") func selecting() throws {
    let chosen = examples.selecting([2, 0])
    #expect(chosen.items.map(\.start) == [2, 0])
    #expect(try chosen.states(of: "hidden.0").values == [5, 6, 1, 2])
  }

  @Test("samples of other layers are not put together") func mismatch() {
    let other = PooledSpans(
      level: .word, isDerived: false, classes: [], types: [], speakers: [], utterances: [], items: [],
      states: [("hidden.1", .init([], shape: [0, 2]))])
    #expect(
      throws: ActivationError.samplesDiffer(
        what: "layers", first: "[\"hidden.0\"]", second: "[\"hidden.1\"]")
    ) { try examples.merging(other) }
  }

  @Test("a missing layer says why") func missing() {
    #expect {
      try examples.states(of: "conv.7")
    } throws: {
      "\($0)" == "layer conv.7 has no numbers at the level word: its step is too long"
    }
    #expect {
      try examples.states(of: "hidden.9")
    } throws: {
      "\($0)" == "there is no layer hidden.9 at the level word; the layers are hidden.0"
    }
  }
}
