import Corpora
import Foundation
import Results
import StrataTestSupport
import Testing

@testable import Reports

@Suite("Findings") struct FindingWordsTests {
  static let all: [StudyFinding] = [
    .init(.rareClasses(names: ["a", "b", "c", "d", "e", "f"]), about: "phoneme"),
    .init(.untrainedClasses(examples: 1), about: "word"), .init(.fewUnits(count: 4, unit: "utterances")),
    .init(.unconverged(fits: 2, of: 40)),
    .init(.weakestPenalty(layer: "hidden.3", penalty: 0.001, folds: 3, of: 5)),
    .init(.durationTells(accuracy: Estimate(value: 0.41, low: 0.38, high: 0.45), majority: 0.12)),
    .init(.outliers(layers: 2, first: "hidden.1", utterance: "/data/speaker1/a", start: 0.2)),
    .init(.refusedLayer(layer: "conv.1", reason: "it has values that are not finite")),
    .init(.nothingToProbe(reason: "no class has enough examples")),
    .init(.split(finding: .sharedSpeakers(names: ["anna"]))),
    .init(.split(finding: .sharedSentences(names: ["s0"]))),
    .init(.split(finding: .developmentSharesSpeakers)),
    .init(.split(finding: .developmentSharesSentences)),
    .init(.split(finding: .withoutDevelopment(folds: 1, of: 5))),
    .init(.corpus(issue: CorpusIssue(.warning, path: "a.TextGrid", line: 3, message: "an empty tier"))),
    .init(.otherKernels(kernels: ["Haswell", "SkylakeX"])), .init(.noUntrainedModel(model: "acts.h5")),
  ]

  @Test("each has its sentence, with the words of its corpus, and leaves names as they are")
  func sentences() {
    func words(_ place: Int, _ terms: CorpusTerms = .speech) -> String { Self.all[place].words(terms) }
    #expect(
      words(0)
        == "phoneme: 6 classes with fewer than 5 test examples (“a”, “b”, “c”, “d”, “e”, …): their own share of "
        + "the macro averages is mostly chance")
    #expect(words(1).hasPrefix("word: 1 example left out, since"))
    #expect(words(5).contains("each span's duration has an accuracy of 0.41 [0.38, 0.45], against 0.12"))
    #expect(words(5, .text).hasSuffix("part of what layers show may be length"))
    #expect(words(6, .text).contains("(hidden.1: /data/speaker1/a at 0.20 s, and so on)"))
    #expect(words(9).hasPrefix("the same speaker is in training and in test (“anna”)"))
    #expect(words(9, .text).hasSuffix("what holds within a source, not for new ones; add other sources"))
    #expect(words(14) == "warning: a.TextGrid:3: an empty tier")
    #expect(Set(Self.all.map { $0.words(.speech) }).count == Self.all.count)
  }

  @Test(
    "as values they are read back from study.json, which its schema describes, and earlier studies have none"
  )
  func values() throws {
    var study = SyntheticStudy.small
    study.findings = Self.all
    let data = try StudyJSON.encode(study)
    #expect(try JSONSchema(published: "study").faults(in: data) == [])
    #expect(try StudyJSON.decode(data).findings == Self.all)
    let text = String(decoding: data, as: UTF8.self)
    let earlier = text.replacing("\"schema\" : 3", with: "\"schema\" : 2").replacing(
      "\"findings\"", with: "\"others\"")
    #expect(try StudyJSON.decode(Data(earlier.utf8)).findings == nil)
    let spoilt = text.replacing("\"sharedSpeakers\"", with: "\"sharedPeople\"")
    #expect(try !JSONSchema(published: "study").faults(in: Data(spoilt.utf8)).isEmpty)
  }
}
