import Activations
import Foundation
import Foundations
import Models
import Strata
import StrataTestSupport
import Testing

@Suite("A study of texts")
struct TextStudyTests {
  private let texts = Repository.path("fixtures/made.conllu")
  private let textModel = Repository.path("fixtures/bert-made")
  private let speechModel = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")

  @Test("probes what a text has, against its characters, and speaks of sentences and characters")
  func study() async throws {
    let corpus = try Corpus.load(texts)
    var study = LayerStudy(
      model: try LoadedModel.load(textModel, ofText: true).source, corpus: corpus)
    #expect(
      Set(study.probes.map(\.name)) == [
        "character", "word", "part-of-speech", "phrase", "clause", "sentence",
      ])
    try study.select(probes: "part-of-speech")
    study.twinSeeds = [1]
    study.layers = ["hidden.3"]
    study.bootstrapResamples = 200
    let result = try await study.run()
    #expect(result.corpus.characters == corpus.utterances.reduce(0) { $0 + Int($1.seconds) })
    #expect(result.corpus.seconds == 0 && result.model.samplingRate == nil)
    #expect(result.levels.map(\.probe) == ["part-of-speech"])
    for level in result.levels {
      #expect(level.baseline == "n-grams" && level.mel != nil)
      #expect(level.layers.allSatisfy { $0.twin != nil })
      for words in [level.split, level.intervalUnit, level.verdict?.sentence ?? ""] {
        #expect(!words.contains("utterance") && !words.contains("speaker") && !words.contains("mel "))
      }
    }
    // A word of the made-up language mostly has one part of speech, which its embedding tells.
    let best = try #require(result.levels[0].peak)
    #expect(best.estimate.value > 0.9)
    #expect(try #require(result.levels[0].verdict).sentence.contains("over the n-grams baseline"))
  }

  @Test("a model and a corpus that do not fit are refused before anything is run")
  func refusals() async throws {
    let recordings = try Corpus.load(Repository.path("fixtures/human"))
    let ofText = LayerStudy(model: try TextModel.load(textModel), corpus: recordings)
    let first = await #expect(throws: StudyError.self) { try await ofText.run() }
    #expect(first?.description.contains("bert-made reads text and human holds recordings") == true)
    let ofSpeech = LayerStudy(
      model: try LoadedModel.load(speechModel, ofText: true).source, corpus: try Corpus.load(texts))
    // Over recordings what is loaded reads their words.
    #expect(try LoadedModel.load(textModel, ofText: false).source is TranscriptTextModel)
    let second = await #expect(throws: StudyError.self) { try await ofSpeech.run() }
    #expect(second?.description.contains("reads speech and made.conllu holds texts") == true)
    #expect(second.flatMap { FailureKind($0) } == .badInput)
  }
}
