import Reports
import Results

/// A result that fills a folder with a report, tables, figures and JSON.
public protocol FolderResult: Sendable {
  /// The name of its JSON in the folder, such as `study.json`.
  static var fileName: String { get }
  /// What it was made of.
  var inputs: ResultInputs { get }
  /// What it says on standard output: in colour and as wide as the terminal where there is one.
  var terminalSummary: String { get }
  /// All of it or, where something fails, nothing; `pictures` are also made of each figure, `records` tell of the run.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  func write(to folder: String, pictures: [PictureFormat], records: [StudyWriter.Record]) throws
}

/// The names and fingerprints of what a result was made of.
public struct ResultInputs: Equatable, Sendable {
  /// One thing that went into a result.
  public struct Input: Equatable, Sendable {
    /// The name that reports have, and a hash of the content.
    public var name, fingerprint: String

    /// An input under the name that reports have.
    public init(_ name: String, _ fingerprint: String) {
      (self.name, self.fingerprint) = (name, fingerprint)
    }
  }

  /// The models, in the order that they were given.
  public var models: [Input]
  /// The corpus; nil where one recording alone was looked at.
  public var corpus: Input?
  /// A sound's file, where it alone was looked at.
  public var recording: Input?

  public init(models: [Input], corpus: Input?, recording: Input? = nil) {
    (self.models, self.corpus, self.recording) = (models, corpus, recording)
  }

  /// The inputs of a study over a corpus.
  public init(_ models: [ModelSummary], _ corpus: CorpusSummary) {
    self.init(
      models: models.map { Input($0.name, $0.fingerprint) }, corpus: Input(corpus.name, corpus.fingerprint))
  }
}

extension StudyResult: FolderResult {
  public static var fileName: String { "study.json" }
  public var inputs: ResultInputs { ResultInputs([model], corpus) }
}

extension SimilarityResult: FolderResult {
  public static var fileName: String { "similarity.json" }
  public var inputs: ResultInputs { ResultInputs(models, corpus) }
}

extension VarianceResult: FolderResult {
  public static var fileName: String { "variance.json" }
  public var inputs: ResultInputs { ResultInputs([model], corpus) }
}

extension ModelComparison: FolderResult {
  public static var fileName: String { "comparison.json" }
  public var inputs: ResultInputs {
    // The names under which they are compared, not those of their files.
    ResultInputs(
      models: models.map { .init($0.name, $0.summary.fingerprint) },
      corpus: .init(corpus.name, corpus.fingerprint))
  }
}

extension InterventionResult: FolderResult {
  public static var fileName: String { "intervene.json" }
  public var inputs: ResultInputs {
    ResultInputs(models: [.init(model, fingerprint)], corpus: .init(corpus, corpusFingerprint))
  }
}

extension MeasuresResult: FolderResult {
  public static var fileName: String { "measures.json" }
  public var inputs: ResultInputs { ResultInputs([model], corpus) }
}

extension CurvesResult: FolderResult {
  public static var fileName: String { "curves.json" }
  public var inputs: ResultInputs { ResultInputs([model], corpus) }
}

extension GeometryResult: FolderResult {
  public static var fileName: String { "geometry.json" }
  public var inputs: ResultInputs { ResultInputs([model], corpus) }
}

extension ReplicatesResult: FolderResult {
  public static var fileName: String { "replicates.json" }
  public var inputs: ResultInputs {
    ResultInputs(models: studies.map { .init($0.model, $0.modelFingerprint) }, corpus: nil)
  }
}
