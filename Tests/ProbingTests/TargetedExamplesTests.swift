import Activations
import Corpora
import Tensors
import Testing

@testable import Probing

@Suite("What is read off spans")
struct TargetedExamplesTests {
  /// “the bat”, with the phones, syllables and words.
  private let utterance: Utterance = {
    func tier(_ level: Level, _ parts: [(Double, Double, String)]) -> Tier {
      Tier(
        name: level.rawValue, level: level,
        intervals: parts.map { Interval(start: $0.0, end: $0.1, label: $0.2) })
    }
    return Utterance(
      id: "u", audioPath: "", labelPath: "", speaker: "anna", sentence: "x", seconds: 0.5,
      tiers: [
        .phoneme: tier(
          .phoneme,
          [(0, 0.1, "DH"), (0.1, 0.2, "AH0"), (0.2, 0.3, "B"), (0.3, 0.4, "AE1"), (0.4, 0.5, "T")]),
        .syllable: tier(.syllable, [(0, 0.2, "DH AH0"), (0.2, 0.5, "B AE1 T")]),
        .word: tier(.word, [(0, 0.2, "the"), (0.2, 0.5, "bat")]),
        .sentence: tier(.sentence, [(0, 0.5, "the bat")]),
      ], labelling: Labelling(phoneSet: .arpabet))
  }()

  private func examples(_ level: Level, _ spans: [(Double, Double, String)]) -> PooledSpans {
    let classes = Set(spans.map(\.2)).sorted()
    return PooledSpans(
      level: level, isDerived: false, classes: classes, types: ["t"], speakers: ["anna"], utterances: ["u"],
      items: spans.map {
        PooledSpans.Item(
          label: classes.firstIndex(of: $0.2) ?? -1, type: 0, utterance: 0, speaker: 0, start: $0.0,
          end: $0.1)
      }, states: [(layer: "hidden.1", states: gaussian(spans.count, 2))])
  }

  private var phones: PooledSpans {
    examples(
      .phoneme, [(0, 0.1, "DH"), (0.1, 0.2, "AH"), (0.2, 0.3, "B"), (0.3, 0.4, "AE"), (0.4, 0.5, "T")])
  }

  private func read(_ target: ProbeTarget, _ examples: PooledSpans) throws -> [String?] {
    let targeted = try ProbeDataset(
      examples, for: ProbeSpec(name: "x", level: examples.level, target: target), in: [utterance])
    return targeted.examples.items.map { $0.label < 0 ? nil : targeted.examples.classes[$0.label] }
  }

  @Test("phones by how they are made")
  func articulation() throws {
    #expect(try read(.voicing, phones) == ["voiced", "voiced", "voiced", "voiced", "voiceless"])
    #expect(try read(.manner, phones) == ["fricative", "vowel", "plosive", "vowel", "plosive"])
    #expect(try read(.place, phones) == ["dental", nil, "bilabial", nil, "alveolar"])
    #expect(try read(.height, phones) == [nil, "mid", nil, "open", nil])
  }

  @Test("what words and sentences are made of, as baselines")
  func contents() throws {
    func contents(_ examples: PooledSpans, _ target: ProbeTarget = .identity) throws -> [SpanStatistics] {
      try ProbeDataset(
        examples, for: ProbeSpec(name: "x", level: examples.level, target: target), in: [utterance]
      ).contents
    }
    let words = try contents(examples(.word, [(0, 0.2, "the"), (0.2, 0.5, "bat")]))
    #expect(words.map(\.name) == ["length", "bag-of-phones"] && words.map(\.isRequired) == [true, false])
    // Phones and syllables, each as a number and as the logarithm of one more.
    let log2 = Float(0.6931472)
    let log3 = Float(1.0986123)
    #expect(words[0].states.values == [2, log3, 1, log2, 3, 2 * log2, 1, log2])
    // AE1, AH0, B, DH, T.
    #expect(words[1].states.values == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    let sentence = try contents(examples(.sentence, [(0, 0.5, "the bat")]))
    #expect(sentence[1].states.values == [1, 1, 1, 1, 1] && sentence[0].states.values[2] == 2)
    let syllables = try contents(examples(.syllable, [(0, 0.2, "DH AH0"), (0.2, 0.5, "B AE1 T")]))
    #expect(syllables.map(\.name) == ["length", "bag-of-phones"])
    #expect(
      try contents(examples(.syllable, [(0, 0.2, "DH AH0")]), .structure).map(\.name) == ["length"])
    // A word's length would be told by itself.
    #expect(try contents(examples(.word, [(0, 0.2, "the")]), .phoneCount).map(\.name) == ["bag-of-phones"])
    #expect(try contents(phones).isEmpty)
  }

  @Test("phones by where they stand, with their stress, and by who speaks")
  func positions() throws {
    #expect(try read(.partOfSyllable, phones) == ["onset", "nucleus", "onset", "nucleus", "coda"])
    #expect(try read(.positionInWord, phones) == ["initial", "final", "initial", "medial", "final"])
    #expect(try read(.phoneWithStress, phones) == ["DH", "AH0", "B", "AE1", "T"])
    #expect(try read(.speaker, phones) == Array(repeating: "anna", count: 5))
    #expect(try read(.identity, phones) == ["DH", "AH", "B", "AE", "T"])
  }

  @Test("syllables and words by their parts")
  func larger() throws {
    let syllables = examples(.syllable, [(0, 0.2, "DH AH"), (0.2, 0.5, "B AE T")])
    #expect(try read(.structure, syllables) == ["CV", "CVC"])
    #expect(try read(.stress, syllables) == ["unstressed", "primary"])
    let words = examples(.word, [(0, 0.2, "the"), (0.2, 0.5, "bat")])
    #expect(try read(.phoneCount, words) == [" 2", " 3"])
    #expect(try read(.syllableCount, words) == [" 1", " 1"])
    #expect(try read(.positionInSentence, words) == ["initial", "final"])
  }

  @Test("durations as logarithms")
  func durations() throws {
    let spec = ProbeSpec(name: "x", level: .phoneme, target: .duration)
    let numbers = try #require(try ProbeDataset(phones, for: spec, in: [utterance]).numbers)
    #expect(numbers.rows == 5 && numbers.values.allSatisfy { abs($0 + 2.302585) < 1e-5 })
  }

  @Test("frames by the boundaries near them; frames of whole utterances as spans")
  func frames() throws {
    let framed = FrameSpans.framed([utterance], seed: 1)
    let spans = framed[0].spans(at: .sound)
    #expect(spans.count == 25)
    let items = examples(.sound, (0..<25).map { (0.02 * Double($0), 0.02 * Double($0 + 1), "f") })
    let spec = ProbeSpec(name: "x", level: .sound, target: .wordBoundary)
    let targeted = try ProbeDataset(items, for: spec, in: [utterance])
    // Boundaries at 0, 0.2 and 0.5; frames' middles at 0.01, 0.03, …
    let near = targeted.examples.items.indices.filter { targeted.examples.items[$0].label == 0 }
    #expect(near == [0, 9, 10, 24] && targeted.boundaries?.first?.count == 3)
    #expect(spec.pool == .center && spec.metric == .rValue)
    #expect(FrameSpans.framed([utterance], frames: 10, seed: 1)[0].spans(at: .sound).isEmpty)
  }
}
