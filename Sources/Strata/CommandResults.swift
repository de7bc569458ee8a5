import Corpora
import Foundation
import Reports
import Results

/// Results as JSON, which `schemas/*.schema.json` describe.
public enum ResultJSON {
  /// With sorted keys, without a line end.
  /// - Throws: `ReportError.notFinite` where a number that must be there cannot be written.
  public static func text(of result: some Encodable) throws -> String {
    String(decoding: try PlainJSON.encode(result), as: UTF8.self).trimmingCharacters(in: .newlines)
  }
}

/// What `probe-layers measures` found.
public struct MeasuresResult: Codable, Equatable, Sendable {
  public var schema = 1
  public var version = Release.version
  public var seed: UInt64
  public var model: ModelSummary
  public var corpus: CorpusSummary
  public var measures: [LayerMeasure]

  public init(_ measures: [LayerMeasure], of study: LayerStudy) {
    self.measures = measures
    (seed, model, corpus) = (study.seed, study.modelSummary, study.corpusSummary)
  }

  /// The table for standard output.
  public var terminalSummary: String { MeasuresTable.text(measures) }

  /// Writes `report.html`, `summary.md`, `measures.csv` and `measures.json`; all or none. `records` tell of the run. There
  /// are no figures to make pictures of.
  public func write(to folder: String, pictures: [PictureFormat] = [], records: [StudyWriter.Record] = [])
    throws
  {
    try MeasuresWriter.write(
      measures, MeasuresWriter.Facts(model: model, corpus: corpus, seed: seed, version: version),
      json: try PlainJSON.encode(self), to: folder, records: records)
  }
}

/// What a corpus holds and what is wrong with it.
public struct CorpusResult: Codable, Equatable, Sendable {
  public struct LevelCount: Codable, Equatable, Sendable {
    public var level: Level
    public var spans, classes: Int
    /// From other tiers by rule.
    public var isDerived: Bool
  }

  public var schema = 1
  public var version = Release.version
  public var corpus: CorpusSummary
  public var levels: [LevelCount]
  public var issues: [CorpusIssue]

  public init(_ corpus: Corpus) {
    self.corpus = CorpusSummary(corpus)
    levels = CorpusOverview(corpus).levels.map {
      LevelCount(level: $0.level, spans: $0.spans, classes: $0.classes, isDerived: $0.isDerived)
    }
    issues = corpus.issues
  }
}

/// Where in a corpus a unit is most active.
public struct UnitResult: Codable, Equatable, Sendable {
  public struct Maximum: Codable, Equatable, Sendable {
    public var utterance: String
    /// The middle of the frame, in seconds.
    public var seconds, value: Double
    /// Empty where nothing is labelled.
    public var phone, word: String
  }

  public var schema = 1
  public var version = Release.version
  public var model, fingerprint, corpus, corpusFingerprint, layer: String
  public var unit: Int
  /// The largest first.
  public var maxima: [Maximum]
}

/// What a command has written.
public struct WrittenFiles: Codable, Equatable, Sendable {
  public var schema = 1
  public var version = Release.version
  public var output: String
  /// Recordings or utterances.
  public var items: Int

  public init(output: String, items: Int) { (self.output, self.items) = (output, items) }
}

/// What a self-test has found.
public struct SelfTestResult: Codable, Equatable, Sendable {
  public var schema = 1
  public var version = Release.version
  public var seed: UInt64
  public var checks: [SelfTest.Check]

  public init(_ checks: [SelfTest.Check], seed: UInt64) { (self.checks, self.seed) = (checks, seed) }
}
