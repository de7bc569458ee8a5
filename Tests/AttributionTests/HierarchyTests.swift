import Corpora
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution

@Suite("Evidence and levels") struct HierarchyTests {
  @Test("attention at boundaries is summed in the order of time, the same to the last bit in every run")
  func order() {
    // 300 phones of two frames; magnitudes so different that the order of a sum shows.
    let phone = (0..<600).map { $0 / 2 }
    let columns = (0..<600).map { exp(Double($0 * 7919 % 600) / 20) / 1e12 }
    let expected = columns[1..<599].reduce(0, +)
    for _ in 0..<10 {
      let labels = FrameLabels(phone: phone, word: phone.map { _ in -1 }, shift: 0)
      let sums = [Double](repeating: 0, count: 600 * 601)
      #expect(labels.shares(sums, columns)[.boundary] == expected)
    }
  }

  @Test("relevance inside a span, its peak, and its distance on each side")
  func spanEvidence() throws {
    // Frames of 10 ms; the span holds the middles of frames 4 and 5.
    let evidence = try #require(
      SpanEvidence(
        profile: [0, 1, -5, 1, 4, 2, 0, 2, 0, 0], step: 0.01, span: 0.04..<0.06, utterance: 0))
    #expect(abs(evidence.inside - 0.6) < 1e-12)
    #expect(abs(evidence.chance - 0.2) < 1e-12)
    #expect(evidence.isPointed)
    // Middles at 15 and 35 ms before 40 ms, and at 75 ms after 60 ms.
    #expect(abs(try #require(evidence.before) - 15) < 1e-9)
    #expect(abs(try #require(evidence.after) - 15) < 1e-9)
    #expect(SpanEvidence(profile: [-1, 0], step: 0.01, span: 0..<0.01, utterance: 0) == nil)
    let level = try #require(
      LevelLocalisation([evidence, evidence], layer: "hidden.1", level: .word, probe: "", seed: 0))
    #expect(level.spans == 2 && level.utterances == 1 && level.pointed == 1)
    #expect(level.inside.low == level.inside.mean && level.inside.high == level.inside.mean)
  }

  /// Phones of three frames, two to a word, silence at both ends.
  private let phones = [-1, -1, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, -1, -1]
  private let words = [-1, -1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, -1, -1]

  private func reading(_ weight: (Int, Int) -> Float) -> HeadReading {
    let count = phones.count
    var weights: [Float] = []
    for query in 0..<count {
      let row = (0..<count).map { weight(query, $0) }
      let sum = max(row.reduce(0, +), 1e-9)
      weights += row.map { $0 / sum }
    }
    return HeadReading(
      weights: weights[...], labels: FrameLabels(phone: phones, word: words, shift: 0),
      moved: (1..<count).map { FrameLabels(phone: phones, word: words, shift: $0) }, frames: count,
      frameSeconds: 0.02)
  }

  @Test("attention spread evenly falls on each place by its length")
  func evenAttention() throws {
    let even = reading { _, _ in 1 }
    #expect(abs(try #require(even.shares[.samePhone]) - 3.0 / 16) < 1e-6)
    #expect(abs(try #require(even.shares[.sameWord]) - 3.0 / 16) < 1e-6)
    #expect(abs(try #require(even.shares[.silence]) - 4.0 / 16) < 1e-6)
    #expect(abs(try #require(even.shares[.boundary]) - 10.0 / 16) < 1e-6)
    #expect(abs(even.entropy - 4) < 1e-5 && even.mostEntropy == 4)
    // Σ|i − j| / n² = (n² − 1) / 3n
    #expect(abs(try #require(even.distance) - 20 * 255.0 / 48) < 1e-3)
    #expect(HeadProfile(layer: "attention.1", head: 1, readings: [even]).name == "nothing of these")
  }

  @Test("a head that looks at the phone before is named so")
  func previousPhone() throws {
    let lengths = [3, 5, 2, 4, 7, 3, 2, 6, 4, 5, 3, 8, 2, 4, 6, 3]
    let phones = [-1, -1] + lengths.enumerated().flatMap { Array(repeating: $0, count: $1) } + [-1]
    let count = phones.count
    var weights: [Float] = []
    for query in phones {
      let row = phones.map { Float(query > 0 && $0 == query - 1 ? 1 : 0.001) }
      weights += row.map { $0 / row.reduce(0, +) }
    }
    let head = HeadReading(
      weights: weights[...], labels: FrameLabels(phone: phones, word: phones, shift: 0),
      moved: (8..<(count - 8)).map { FrameLabels(phone: phones, word: phones, shift: $0) },
      frames: count, frameSeconds: 0.02)
    let profile = HeadProfile(layer: "attention.1", head: 1, readings: [head])
    let share = try #require(profile.shares.first { $0.place == .previousPhone })
    #expect(share.share > 0.9 && share.chance < 0.6)
    #expect(profile.name == "previous phone", "\(profile.shares)")
  }

  @Test("a picture of few frames is the weights, of many their means")
  func picture() {
    let few = sines([9, 9])
    #expect(HeadMap.picture(of: few.values[...], queries: 9, keys: 9) == few)
    func sums(_ side: Int, _ scale: Int) -> [Float] {
      (0..<(side * side)).map { index in
        let (row, column) = (index / side / scale, index % side / scale)
        return Float(row + column)
      }
    }
    let many = HeadMap.picture(of: sums(128, 2)[...], queries: 128, keys: 128)
    #expect(many.shape == [64, 64] && many.values == sums(64, 1))
  }

  @Test("every head below the target's layer, in order; without labels none is named")
  func heads() throws {
    let (model, samples) = try tinyModel("wav2vec2_variant")
    let point = try #require(model.taps.first { $0.name == "hidden.2" })
    let attribution = try Attribution(model, samples: samples, target: .unit(1, of: point))
    let heads = try attribution.heads(labelledBy: nil)
    let taps = model.attentionTaps.prefix(2)
    let expected = taps.flatMap { tap in (1...tap.width).map { "\(tap.name)/\($0)" } }
    #expect(heads.map { "\($0.profile.layer)/\($0.profile.head)" } == expected)
    for head in heads {
      #expect(head.profile.entropy <= head.profile.mostEntropy && head.profile.entropy > 0)
      #expect(try #require(head.profile.distance) > 0 && head.profile.shares.isEmpty)
      let cells = head.picture.rows
      for query in 0..<cells where cells < 64 {
        #expect(abs(head.picture[row: query].reduce(0, +) - 1) < 1e-4)
      }
    }
  }

  @Test("rows that lost keys are brought to one again")
  func lostKeys() {
    let one = HeadReading(
      weights: [0.25, 0.25, 0.5, 0][...], labels: FrameLabels(phone: [0, 0], word: [0, 0], shift: 0),
      moved: [], frames: 2, frameSeconds: 0.02)
    // Rows of one and of no bit.
    #expect(abs(one.entropy - 0.5) < 1e-12)
  }
}
