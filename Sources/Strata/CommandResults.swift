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
  /// The version of the JSON structure that the value was made with or read from.
  public var schema = 1
  /// The version of Strata that made it.
  public var version = Release.version
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// The model that was measured, with its tap points.
  public var model: ModelSummary
  /// The corpus that it was measured on.
  public var corpus: CorpusSummary
  /// One number for each layer, level and measure, in the order of the data.
  public var measures: [LayerMeasure]

  /// The measures of a study, with what the study knows of its model and corpus.
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
  /// What a corpus holds at one level.
  public struct LevelCount: Codable, Equatable, Sendable {
    /// The level.
    public var level: Level
    /// Labelled spans, and distinct labels among them; silence is not counted.
    public var spans, classes: Int
    /// From other tiers by rule.
    public var isDerived: Bool
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = 1
  /// The version of Strata that made it.
  public var version = Release.version
  /// The corpus: its size, speakers and fingerprint.
  public var corpus: CorpusSummary
  /// The levels that have labels, in the order of the hierarchy.
  public var levels: [LevelCount]
  /// What is wrong or odd, with the file and the way to mend it.
  public var issues: [CorpusIssue]

  /// What a corpus, as it was read, holds.
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
  /// A moment at which the unit's value is among the largest.
  public struct Maximum: Codable, Equatable, Sendable {
    /// The utterance's name in the corpus.
    public var utterance: String
    /// The middle of the frame, in seconds.
    public var seconds, value: Double
    /// Empty where nothing is labelled.
    public var phone, word: String
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = 1
  /// The version of Strata that made it.
  public var version = Release.version
  /// The names and fingerprints of model and corpus, and the layer that the unit belongs to.
  public var model, fingerprint, corpus, corpusFingerprint, layer: String
  /// The column of the layer's states, counted from 0.
  public var unit: Int
  /// The largest first.
  public var maxima: [Maximum]
}

/// What a command has written.
public struct WrittenFiles: Codable, Equatable, Sendable {
  /// The version of the JSON structure that the value was made with or read from.
  public var schema = 1
  /// The version of Strata that made it.
  public var version = Release.version
  /// The path of the file or folder that was written.
  public var output: String
  /// Recordings or utterances.
  public var items: Int

  public init(output: String, items: Int) { (self.output, self.items) = (output, items) }
}

/// What a self-test has found.
public struct SelfTestResult: Codable, Equatable, Sendable {
  /// The version of the JSON structure that the value was made with or read from.
  public var schema = 1
  /// The version of Strata that made it.
  public var version = Release.version
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// Every check, passed or not, in the order that they were made.
  public var checks: [SelfTest.Check]

  /// The result of `SelfTest.run` with that seed.
  public init(_ checks: [SelfTest.Check], seed: UInt64) { (self.checks, self.seed) = (checks, seed) }
}
