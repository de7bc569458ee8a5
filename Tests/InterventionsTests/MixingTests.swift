import Attribution
import Audio
import Checkpoints
import Corpora
import Foundation
import Models
import Results
import StrataTestSupport
import Tensors
import Testing

@testable import Interventions

@Suite("Context mixing") struct MixingTests {
  private struct Fixture: Decodable {
    struct Layer: Decodable {
      var layer: Int
      var zeroing, norms: [Double]
    }
    var frames: Int
    var layers: [Layer]
  }

  @Test("value zeroing and norms of weighted values are those of the definitions by PyTorch, to 1e-5")
  func reference() throws {
    let path = Repository.path("Tests/InterventionsTests/Resources/mixing.json")
    let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: URL(filePath: path)))
    let folder = "fixtures/w2v2-tiny-phones"
    let model = try SpeechModel.load(Repository.path("\(folder)/model.ckpt"))
    let sound = try Checkpoint.open(Repository.path("\(folder)/reference_austen_0880.safetensors"))
      .tensor("input_values").values
    let samples = Array(sound[16_000..<20_800])
    let pass = try RecordedPass(model, samples, upTo: "hidden.6")
    #expect(fixture.layers.map(\.layer) == [2, 6])
    for layer in fixture.layers {
      let attention = try #require(pass.attention(of: "hidden.\(layer.layer)"))
      var weights: Tensor?
      try model.forward(inputValues: samples, taps: ["attention.\(layer.layer)"]) { weights = $1 }
      let zeroing = try pass.zeroedValues(of: attention)
      let norms = try pass.weightedValues(of: attention, try #require(weights))
      for (found, expected) in [(zeroing, layer.zeroing), (norms, layer.norms)] {
        #expect(found.count == fixture.frames * fixture.frames)
        let furthest = zip(found, expected).map { abs($0 - $1) }.max() ?? 1
        #expect(furthest < 1e-5, "hidden.\(layer.layer): \(furthest)")
        for row in 0..<fixture.frames {
          let sum = found[(row * fixture.frames)..<((row + 1) * fixture.frames)].reduce(0, +)
          #expect(abs(sum - 1) < 1e-9)
        }
      }
    }
    #expect(pass.attention(of: "projection") == nil)
  }

  @Test("rollout through one block is half a residual and half its attention")
  func rollout() {
    let weights = Tensor([0.5, 0.5, 1, 0, 1, 0, 0.5, 0.5], shape: [2, 2, 2])
    let found = RecordedPass.attention(through: [weights])
    #expect(found.last == [0.75, 0.25, 0.75, 0.25])
    #expect(found.rollout == [0.875, 0.125, 0.375, 0.625])
  }

  @Test("the parts of a recording are those of its labels, and frames that all count alike are at chance")
  func parts() throws {
    func tier(_ level: Level, _ edges: [(Double, Double, String)]) -> Tier {
      Tier(
        name: level.rawValue, level: level,
        intervals: edges.map { Interval(start: $0.0, end: $0.1, label: $0.2) })
    }
    let utterance = Utterance(
      id: "u", audioPath: "u.wav", labelPath: "u.TextGrid", speaker: "s", sentence: "u", seconds: 10,
      tiers: [
        .phoneme: tier(.phoneme, [(0, 2, "a"), (2, 4, "b"), (4, 6, "c"), (6, 8, "d")]),
        .word: tier(.word, [(0, 6, "x"), (6, 8, "y")]),
      ])
    let timing = FrameTiming(
      samplingRate: 1, strideSamples: 1, receptiveFieldSamples: 1, firstCentreSample: 0)
    let frames = SpanFrames(utterance, .phoneme, timing, count: 10)
    #expect(frames.spans.map(\.frames) == [0..<2, 2..<4, 4..<6, 6..<8])
    // The span itself, before, after, the rest of its word, other words, no word.
    #expect(frames.spans[0].parts == [0, 0, 2, 2, 3, 3, 4, 4, 5, 5])
    #expect(frames.spans[3].parts == [4, 4, 4, 4, 1, 1, 0, 0, 5, 5])
    let none = [Set<Int>](repeating: [], count: 4)
    let even = frames.sums([Double](repeating: 0.1, count: 100), groups: none, groupCount: 0)[0]
    #expect(zip(even.shares, even.chances).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(abs(even.distance - even.distanceByChance) < 1e-12)
    #expect(
      abs(even.outsideDistance / even.outside - even.outsideDistanceByChance / even.outsideFrames) < 1e-12)
    // Frames that are themselves alone.
    let own = frames.sums((0..<100).map { $0 / 10 == $0 % 10 ? 1 : 0 }, groups: none, groupCount: 0)[0]
    #expect(own.shares == [4, 0, 0, 0, 0, 0] && own.spans == 4 && own.distance == 2 && own.outside == 0)
    // Each frame is made of the one three frames on, or of itself: what lies outside of a span of two is two or three
    // frames from its edge.
    let ahead = (0..<100).map { place -> Double in
      let (row, column) = (place / 10, place % 10)
      return column == (row < 7 ? row + 3 : row) ? 1 : 0
    }
    let grouped = frames.sums(ahead, groups: [[0], [], [1], [0, 1]], groupCount: 2)
    #expect(grouped.map(\.spans) == [4, 2, 2])
    #expect(grouped[1].outside == 1.5 && grouped[1].outsideDistance == 0.5 * 2 + 0.5 * 3 + 0.5 * 2)
    #expect((grouped[0] - grouped[1]).spans == 2)
    let first = frames.sums(ahead, groups: [[0], [], [], []], groupCount: 1)
    #expect(first[1].outsideDistance == 0.5 * 2 + 0.5 * 3 && first[1].outsideFrames == 8)
    #expect(first[1].outsideDistanceByChance == 36)
  }

  @Test("a corpus' spans have shares that sum to one, with intervals")
  func corpus() throws {
    let corpus = try Corpus.load(Repository.path("fixtures/unseen/kal")) { try Waveform.header($0).seconds }
    let model = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    let few = Corpus(
      name: corpus.name, path: corpus.path, utterances: Array(corpus.utterances.prefix(2)),
      silenceLabels: [], issues: [])
    var study = MixingStudy(model: model, corpus: few, level: .phoneme)
    (study.layers, study.resamples) = (["hidden.1", "hidden.6"], 50)
    let result = try study.run(threads: 2)
    #expect(result.count == 16)
    #expect(Set(result.map(\.group)) == [SpanGroups.all, SpanGroups.reduced])
    let reduced = try #require(result.first { $0.group == SpanGroups.reduced })
    #expect(reduced.spans > 0 && reduced.outsideBeyondOthers == nil && reduced.outside != nil)
    // Interrupted and run again it is the same, and nothing is made twice.
    let full = MemoryStore(limit: 1)
    study.store = full
    #expect(throws: InterventionError.interrupted) { try study.run(threads: 1) }
    let rest = full.unlimited
    study.store = rest
    try study.keep(try #require(WorkShare(1, of: 2)))
    #expect(rest.made == 0)
    #expect(try study.run(threads: 2) == result && rest.made == 1)
    study.store = nil
    for mixing in result {
      #expect(abs(mixing.parts.reduce(0) { $0 + $1.share.value } - 1) < 1e-6, "\(mixing.method)")
      #expect(abs(mixing.parts.reduce(0) { $0 + $1.chance } - 1) < 1e-9)
      let own = mixing.parts[0]
      #expect(own.share.low <= own.share.value && own.share.value <= own.share.high)
    }
    // Half of rollout through one block is the residual: a span is of itself by half at least.
    let first = try #require(result.first { $0.method == "rollout" && $0.layer == "hidden.1" })
    #expect(first.parts[0].share.value >= 0.5 && first.parts[0].beyondChance.isPositive)
    #expect(first.distance.value < first.distanceByChance)
  }

  @Test("homophones are words of one sound and two spellings, reduced phones the shortest of their kind")
  func groups() throws {
    func tier(_ level: Level, _ edges: [(Double, Double, String)]) -> Tier {
      Tier(
        name: level.rawValue, level: level,
        intervals: edges.map { Interval(start: $0.0, end: $0.1, label: $0.2) })
    }
    let utterance = Utterance(
      id: "u", audioPath: "u.wav", labelPath: "u.TextGrid", speaker: "s", sentence: "u", seconds: 20,
      tiers: [
        .phoneme: tier(
          .phoneme,
          [
            (0, 1, "t"), (1, 3, "u"), (3, 4, "t"), (4, 5, "u"), (5, 6, "t"), (6, 9, "u"), (9, 10, "s"),
            (10, 12.5, "u"), (12.5, 14.5, "u"),
          ]),
        .word: tier(
          .word, [(0, 3, "two"), (3, 5, "Too"), (5, 9, "two"), (9, 12.5, "sue"), (12.5, 14.5, "ooh")]),
      ])
    let corpus = Corpus(
      name: "c", path: "c", utterances: [utterance], silenceLabels: [], issues: [])
    let words = try SpanGroups(corpus, .word, labels: ["SUE", "ooh"])
    #expect(words.names == [SpanGroups.homophones, "SUE, ooh"])
    #expect(words.members == [[[0], [0], [0], [1], [1]]])
    // Of five u the shortest one; t and s are too few to tell.
    let phones = try SpanGroups(corpus, .phoneme)
    #expect(phones.names == [SpanGroups.reduced])
    #expect(phones.members[0].indices.filter { !phones.members[0][$0].isEmpty } == [3])
    #expect(try SpanGroups(corpus, .syllable).names.isEmpty)
    #expect(
      throws: InterventionError.noLabel(name: "zoo", level: "word", known: ["ooh", "sue", "too", "two"])
    ) {
      try SpanGroups(corpus, .word, labels: ["zoo"])
    }
  }
}
