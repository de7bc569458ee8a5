import Foundation
import Testing

@testable import Corpora

/// Utterances of lengths, with labels that are changed.
private func corpus(
  _ lengths: [Double], settings: String = "", labels: (Double) -> String
) throws -> Corpus {
  let folder = try TemporaryFolder()
  for (index, length) in lengths.enumerated() {
    try folder.write("kal/u\(index).wav", "\(length)")
    try folder.write("kal/u\(index).TextGrid", labels(length))
  }
  if !settings.isEmpty { try folder.write("corpus.yaml", settings) }
  return try Corpus.load(folder.path) { path in
    Double(String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self))
  }
}

private func warnings(_ corpus: Corpus) -> [String] {
  corpus.issues.filter { $0.severity > .note }.map(\.message)
}

@Suite("The times of labels") struct LabelTimeTests {
  private let lengths = [1.0, 1.7, 2.4, 3.1]

  private func whole(_ length: Double, from start: Double = 0) -> String {
    textGrid(
      [("words", [(start, start + length / 2, "a"), (start + length / 2, start + length, "b")])],
      end: length
    )
    .replacing("0\n\(length)", with: "\(start)\n\(start + length)")
  }

  @Test("of another length than the audio are told with how much and why")
  func lengthsDiffer() throws {
    func told(_ change: (Double) -> Double) throws -> String {
      warnings(try corpus(lengths) { whole(change($0)) }).filter { $0.contains("different length") }
        .joined()
    }
    #expect(try told { $0 + 0.03 } == "")
    #expect(
      try told { $0 - 0.2 }.contains(
        "in 4 of 4 files: the audio is 0.2 s longer; something was added to it"))
    #expect(try told { $0 + 0.5 }.contains("the audio is 0.5 s shorter"))
    #expect(
      try told { $0 * 0.8 }.contains(
        "labels are 0.8 times as long as the audio; the audio was changed in speed"))
    #expect(try told { $0 * 48 / 44.1 }.contains("labels are 1.088 times as long"))
    #expect(try told { $0 > 2 ? $0 + 1 : $0 }.contains("in 2 of 4 files"))
  }

  @Test("that count at another rate are told where no file says how long it is")
  func counts() throws {
    let folder = try TemporaryFolder()
    for (index, length) in lengths.enumerated() {
      try folder.write("kal/u\(index).wav", "\(length)")
      // At 8 kHz, where TIMIT counts at 16.
      try folder.write(
        "kal/u\(index).PHN", "0 \(Int(length * 4000)) ah\n\(Int(length * 4000)) \(Int(length * 8000)) h#\n")
    }
    let corpus = try Corpus.load(folder.path) { path in
      Double(String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self))
    }
    #expect(
      warnings(corpus).contains {
        $0.contains("all end at 0.5 of their audio") && $0.contains("another rate")
      })
  }

  @Test("that begin with a long recording's clock are moved, or asked about")
  func origin() throws {
    let moved = try corpus(lengths) { whole($0, from: 10) }
    #expect(moved.utterances[0].tiers[.word]?.intervals.map(\.start) == [0, 0.5])
    #expect(warnings(moved) == [])
    #expect(
      moved.issues.contains {
        $0.message.contains("clock runs from 10.0 to 11.0 s") && $0.message.contains("moved to begin at 0")
      })
    // The audio holds all that comes before, too.
    let absolute = try corpus([11]) { _ in whole(1, from: 10) }
    #expect(absolute.utterances[0].tiers[.word]?.intervals.map(\.start) == [10, 10.5])
    #expect(warnings(absolute) == [])
    let unclear = try corpus([20]) { _ in whole(1, from: 10) }
    #expect(warnings(unclear).contains { $0.contains("taken as the audio's own times") })
  }

  @Test("are moved by shift:, for all or for a speaker")
  func shift() throws {
    func starts(_ settings: String) throws -> [Double]? {
      try corpus([1.0], settings: settings, labels: { whole($0) }).utterances.first?.tiers[.word]?.intervals
        .map(\.start)
    }
    #expect(try starts("shift: 0.066") == [0.066, 0.566])
    #expect(try starts("shift: {kal: -0.1}") == [0, 0.4])
    #expect(try starts("shift: {slt: -0.1}") == [0, 0.5])
    #expect(throws: CorpusError.self) { try starts("shift: soon") }
    #expect(throws: CorpusError.self) { try starts("shift: 1e9") }
  }
}

@Suite("Words and phones") struct TierAgreementTests {
  private let phones = [
    (0.0, 0.2, "sil"), (0.2, 0.3, "G"), (0.3, 0.5, "OW1"), (0.5, 0.8, "sil"), (0.8, 1.0, "AY1"),
    (1.0, 1.3, "sil"),
  ]

  private func told(_ words: [(Double, Double, String)]) throws -> String? {
    let corpus = try corpus([1.3, 1.3, 1.3]) { textGrid([("words", words), ("phones", phones)], end: $0) }
    return warnings(corpus).first { $0.contains("do not fit") }
  }

  @Test("that fit are not mentioned; late words and words with the silence behind them are")
  func agreement() throws {
    #expect(try told([(0.2, 0.5, "go"), (0.8, 1.0, "I")]) == nil)
    #expect(try told([(0.21, 0.48, "go"), (0.8, 1.02, "I")]) == nil)
    let late = try #require(try told([(0.35, 0.65, "go"), (0.95, 1.15, "I")]))
    #expect(late.contains("6 of 6 words"))
    #expect(late.contains("the words lie about 150 ms after their phones"))
    let before = try #require(try told([(0.0, 0.5, "go"), (0.5, 1.0, "I")]))
    #expect(before.contains("6 hold the silence beside them"))
    let held = try #require(try told([(0.2, 0.8, "go"), (0.8, 1.3, "I")]))
    #expect(held.contains("6 hold the silence beside them, of about 300 ms"))
  }
}
