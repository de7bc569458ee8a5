import Corpora
import StrataTestSupport
import Testing

@testable import Strata

extension Corpus {
  /// The same with labels whose times are multiplied and moved, and of some utterances only.
  fileprivate func changed(
    by shift: Double = 0, times factor: Double = 1, where isChanged: (Utterance) -> Bool = { _ in true },
    every step: Int = 1, levels: Set<Level>? = nil
  ) -> Corpus {
    let kept = stride(from: 0, to: utterances.count, by: step).map { utterances[$0] }
    let changed = kept.map { utterance in
      utterance.with(
        tiers: utterance.tiers.filter { levels?.contains($0.key) ?? true }.mapValues { tier in
          guard isChanged(utterance) else { return tier }
          var tier = tier
          tier.intervals = tier.intervals.map {
            Interval(start: $0.start * factor + shift, end: $0.end * factor + shift, label: $0.label)
          }
          return tier
        })
    }
    return Corpus(name: name, path: path, utterances: changed, silenceLabels: silenceLabels, issues: [])
  }

  fileprivate func alone(_ speaker: String) -> Corpus {
    Corpus(
      name: name, path: path, utterances: utterances.filter { $0.speaker == speaker },
      silenceLabels: silenceLabels, issues: [])
  }
}

@Suite("The alignment check") struct AlignmentCheckTests {
  private static let unseen = Result { try Corpus.load(Repository.path("fixtures/unseen")) }
  private static let human = Result { try Corpus.load(Repository.path("fixtures/human")) }

  @Test("finds nothing in labels that fit, of a whole corpus or of any speaker")
  func quiet() throws {
    for corpus in [try Self.unseen.get(), try Self.human.get()] {
      #expect(AlignmentCheck(corpus).findings() == [])
      for speaker in Set(corpus.utterances.map(\.speaker)).sorted() {
        #expect(AlignmentCheck(corpus.alone(speaker)).findings() == [], "\(speaker)")
      }
    }
  }

  @Test(
    "finds a shift of 25 utterances",
    arguments: [-0.3, -0.15, -0.105, -0.066, -0.04, 0.04, 0.066, 0.15, 0.3, 1.0])
  func shifted(shift: Double) throws {
    let corpus = try Self.unseen.get().changed(by: shift, every: 5)
    #expect(corpus.utterances.count == 25)
    let findings = AlignmentCheck(corpus).findings()
    // One for all where every speaker's five utterances tell it, else one for each that does.
    #expect(findings.count == 1 ? findings[0].speaker == nil : findings.count >= 4, "\(findings)")
    for finding in findings {
      #expect(finding.stretch == 0)
      #expect(abs(finding.shift + shift) <= 0.011, "\(finding)")
      #expect(finding.agreeing * 10 >= finding.pieces * 7)
      #expect(finding.fix.contains("shift: "))
    }
  }

  @Test("finds the one speaker whose labels are late, and says so")
  func speaker() throws {
    let corpus = try Self.unseen.get().changed(by: 0.066, where: { $0.speaker == "kal" })
    let findings = AlignmentCheck(corpus).findings()
    #expect(findings.map(\.speaker) == ["kal"])
    #expect(abs((findings.first?.shift ?? 0) + 0.066) <= 0.011)
    #expect(
      findings.first?.description.hasPrefix(
        "the labels of kal fit the sound clearly better when moved by -") == true)
    let issue = try #require(corpus.alignmentChecked().issues.last)
    #expect(issue.severity == .warning)
    #expect(issue.fix?.contains("shift: {kal: -0.0") == true)
  }

  @Test("finds a change of speed", arguments: [0.8, 44.1 / 48, 1.05, 48 / 44.1, 1.25])
  func stretched(factor: Double) throws {
    let corpus = try Self.unseen.get().changed(times: factor, every: 5)
    let finding = try #require(AlignmentCheck(corpus).findings().first)
    #expect(abs((1 + finding.stretch) * factor - 1) < 0.025, "\(finding)")
  }

  @Test("finds late words where there are no phones")
  func words() throws {
    let corpus = try Self.unseen.get()
    #expect(AlignmentCheck(corpus.changed(levels: [.word])).findings() == [])
    let finding = try #require(AlignmentCheck(corpus.changed(by: 0.15, levels: [.word])).findings().first)
    #expect(abs(finding.shift + 0.15) <= 0.03, "\(finding)")
  }

  @Test("of too little, of texts and of audio that is not there finds nothing")
  func little() throws {
    let corpus = try Self.unseen.get().changed(by: 0.15, every: 100)
    #expect(AlignmentCheck(corpus).findings() == [])
    let gone = Corpus(
      name: "x", path: "x",
      utterances: corpus.utterances.map {
        Utterance(
          id: $0.id, audioPath: "gone.wav", labelPath: "", speaker: "s", sentence: "x", seconds: 1,
          tiers: $0.tiers)
      }, silenceLabels: [], issues: [])
    #expect(AlignmentCheck(gone).findings() == [])
  }
}
