import Corpora
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

/// “He laughs.” with its words and the letters that these begin with.
private let sentence: Utterance = {
  let words = [Interval(start: 0, end: 2, label: "he"), Interval(start: 3, end: 9, label: "laughs")]
  var labelling = Labelling(silence: [""])
  labelling.isText = true
  return Utterance(
    id: "a/1", audioPath: "a.conllu", text: "He laughs.", labelPath: "a.conllu", speaker: "a",
    sentence: "he laughs", seconds: 10,
    tiers: [
      .word: Tier(name: "words", level: .word, intervals: words),
      .character: Tier(
        name: "letters", level: .character,
        intervals: words.map { Interval(start: $0.start, end: $0.end, label: String($0.label.prefix(1))) }),
    ], labelling: labelling)
}()

@Suite("A text model over a corpus of texts") struct TextSourceTests {
  private func model() throws -> TextModel { try TextModel.load(Repository.path("fixtures/bert-made")) }

  @Test("tokens lie in the middle of their characters, those that frame a text before and after all of it")
  func centres() {
    let tokens = [
      Token(id: 0, text: "[CLS]", range: nil), Token(id: 1, text: "he", range: 0..<2),
      Token(id: 2, text: "##llo", range: 2..<5), Token(id: 3, text: "[SEP]", range: nil),
    ]
    #expect(TextModel.centres(of: tokens) == [-.infinity, 1, 3.5, .infinity])
    #expect(TextModel.centres(of: [tokens[0], tokens[3]]) == [.infinity, .infinity])
  }

  @Test("a span's vector is the mean of its tokens' rows, at the levels below the word too")
  func pooling() throws {
    let model = try model()
    let pass = ExtractionPass(
      of: model, over: [sentence],
      settings: ExtractionSettings(levels: [.character, .word], layers: ["hidden.2"]))
    let extraction = try pass.run()
    let tokens = try model.tokens(of: "He laughs.")
    var rows: Tensor?
    try model.forward("He laughs.", taps: ["hidden.2"]) { rows = $1 }
    let values = try #require(rows).values
    for level in [Level.character, .word] {
      let examples = try #require(extraction.levels[level]?.examples)
      #expect(examples.layers == ["n-grams", "hidden.2"])
      let states = try examples.states(of: "hidden.2")
      for (row, span) in [0..<2, 3..<9].enumerated() {
        let own = tokens.indices.filter { index in
          tokens[index].range.map { span.contains($0.lowerBound) } ?? false
        }
        #expect(!own.isEmpty)
        for k in 0..<states.width {
          let mean = own.reduce(0) { $0 + values[$1 * states.width + k] } / Float(own.count)
          #expect(abs(mean - states.values[row * states.width + k]) < 1e-5)
        }
      }
    }
  }

  @Test("the baseline sees the characters: three before and with each, in any case, and no more")
  func ngrams() {
    func last(_ text: String) -> ArraySlice<Float> {
      CharacterNGrams.features(of: text).values.suffix(CharacterNGrams.width)
    }
    #expect(CharacterNGrams.features(of: "İab").shape == [3, CharacterNGrams.width])
    #expect(last("xxabc") == last("yABC"))
    #expect(last("abc") != last("bbc"))
    // Three n-grams of ±1 each; a text's first letter has two, itself and with the space before it.
    #expect(last("abc").allSatisfy { [-3, -1, 1, 3].contains($0) })
    #expect(last("a").allSatisfy { [-2, 0, 2].contains($0) })
    #expect(CharacterNGrams.features(of: "").rows == 0)
  }

  @Test("a recording is refused by name, and a text by a speech model")
  func otherInput() throws {
    let recording = Utterance(
      id: "b", audioPath: "b.wav", labelPath: "", speaker: "b", sentence: "b", seconds: 1, tiers: [:])
    let model = try model()
    #expect(throws: ActivationError.noText(utterance: "b", source: "bert-made")) {
      try model.forward(recording, nil, taps: ["hidden.0"], threads: 1) { _, _ in }
    }
    let speech = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    #expect(throws: ActivationError.noSound(utterance: "a/1", source: "w2v2-tiny-phones")) {
      try speech.forward(sentence, nil, taps: ["hidden.0"], threads: 1) { _, _ in }
    }
  }

  @Test("over speech it reads the words, and its tokens lie in the time of their letters")
  func spoken() throws {
    let words = [Interval(start: 1, end: 2, label: "he"), Interval(start: 2.5, end: 5.5, label: "laughs")]
    func utterance(_ words: [Interval]) -> Utterance {
      Utterance(
        id: "u", audioPath: "u.wav", labelPath: "u.TextGrid", speaker: "s", sentence: "u", seconds: 6,
        tiers: [.word: Tier(name: "words", level: .word, intervals: words)])
    }
    let source = TranscriptTextModel(try model())
    let tap = try #require(source.taps.last)
    let centres = try #require(try source.centres(of: tap, in: utterance(words)))
    let tokens = try source.model.tokens(of: "he laughs")
    #expect(centres.count == tokens.count && centres.contains { (1...2).contains($0) })
    #expect(centres.contains { (2.5...5.5).contains($0) })
    for (token, centre) in zip(tokens, centres) {
      guard let range = token.range else {
        #expect(!centre.isFinite)
        continue
      }
      let (word, before) = range.lowerBound < 3 ? (words[0], 0) : (words[1], 3)
      let share =
        (Double(range.lowerBound + range.upperBound) / 2 - Double(before)) / Double(word.label.count)
      #expect(abs(centre - (word.start + share * (word.end - word.start))) < 1e-9)
    }
    var (spoken, written): (Tensor?, Tensor?)
    try source.forward(utterance(words), nil, taps: [tap.name], threads: 1) { spoken = $1 }
    try source.model.forward("he laughs", taps: [tap.name]) { written = $1 }
    #expect(spoken?.values == written?.values && spoken?.rows == centres.count)
    #expect(throws: ActivationError.self) { try source.centres(of: tap, in: utterance([])) }
  }
}
