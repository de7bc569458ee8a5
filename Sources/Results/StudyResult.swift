import Corpora

/// Everything that a finished study says: what `study.json` holds and every report is drawn from.
public struct StudyResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to `study.json`.
  public static let schemaVersion = 3

  public var schema: Int
  public var model: ModelSummary
  public var corpus: CorpusSummary
  public var settings: Settings
  /// One result per level and probe, in the order of the hierarchy.
  public var levels: [LevelResult]
  public var similarity: [SimilarityMatrix]
  /// How each layer's variance is spread, over the spans that `similarity` compares; nil in a study of an earlier
  /// version.
  public var spectra: [LayerSpectrum]?
  /// Where in the sound the probe of the finest level finds it; nil where that was not asked for.
  public var maps: ActivationMaps?
  /// Other checkpoints of the same training on the same corpus, by step; nil where none were given.
  public var training: [TrainingPoint]?
  /// What a reader must know before trusting a number; whole sentences.
  public var warnings: [String]
  /// The same as values, of all that was found while the study ran; nil in a study of an earlier version.
  public var findings: [StudyFinding]?

  public init(
    model: ModelSummary, corpus: CorpusSummary, settings: Settings, levels: [LevelResult],
    similarity: [SimilarityMatrix], spectra: [LayerSpectrum] = [], warnings: [String]
  ) {
    schema = Self.schemaVersion
    self.model = model
    self.corpus = corpus
    self.settings = settings
    self.levels = levels
    self.similarity = similarity
    self.spectra = spectra
    self.warnings = warnings
  }
}

/// One tap point of the model, placed in the order of the data.
public struct Layer: Codable, Hashable, Comparable, Sendable {
  /// The tap point's name: `conv.3`, `projection`, `hidden.7`, `final_norm`.
  public let name: String
  /// Its place among the model's tap points, from 0 at the input side.
  public let depth: Int

  public init(name: String, depth: Int) {
    self.name = name
    self.depth = depth
  }

  public static func < (a: Layer, b: Layer) -> Bool { a.depth < b.depth }
}

public struct ModelSummary: Codable, Equatable, Sendable {
  public struct TapPoint: Codable, Equatable, Sendable {
    public var layer: Layer
    public var width: Int
    /// Seconds from one frame to the next; nil where a row is a token, as are the next two.
    public var strideSeconds: Double?
    /// Seconds of input that one frame sees.
    public var receptiveFieldSeconds: Double?
    /// The centre of frame 0, in seconds.
    public var firstCentreSeconds: Double?

    public init(
      layer: Layer, width: Int, strideSeconds: Double?, receptiveFieldSeconds: Double?,
      firstCentreSeconds: Double?
    ) {
      self.layer = layer
      self.width = width
      self.strideSeconds = strideSeconds
      self.receptiveFieldSeconds = receptiveFieldSeconds
      self.firstCentreSeconds = firstCentreSeconds
    }
  }

  public var name: String
  public var family: String
  public var parameters: Int
  /// Nil where it reads text.
  public var samplingRate: Int?
  /// What is done to the waveform before the model sees it, in words.
  public var inputNormalisation: String
  public var tapPoints: [TapPoint]
  /// A hash of the weights' file.
  public var fingerprint: String

  public init(
    name: String, family: String, parameters: Int, samplingRate: Int?, inputNormalisation: String,
    tapPoints: [TapPoint], fingerprint: String
  ) {
    self.name = name
    self.family = family
    self.parameters = parameters
    self.samplingRate = samplingRate
    self.inputNormalisation = inputNormalisation
    self.tapPoints = tapPoints
    self.fingerprint = fingerprint
  }
}

public struct CorpusSummary: Codable, Equatable, Sendable {
  public var name: String
  public var utterances: Int
  public var speakers: Int
  /// Distinct sentences read.
  public var sentences: Int
  /// Of audio; 0 of a text.
  public var seconds: Double
  /// Of a text, in Unicode scalars; nil for recordings.
  public var characters: Int?
  public var silenceLabels: [String]
  public var fingerprint: String

  public init(
    name: String, utterances: Int, speakers: Int, sentences: Int, seconds: Double,
    silenceLabels: [String], fingerprint: String
  ) {
    self.name = name
    self.utterances = utterances
    self.speakers = speakers
    self.sentences = sentences
    self.seconds = seconds
    self.silenceLabels = silenceLabels
    self.fingerprint = fingerprint
  }
}

/// What was asked for: enough to run the study again. Nothing here depends on the number of threads or on
/// the time of day, so that the same study writes the same bytes on processors for which BLAS has the same kernels.
public struct Settings: Codable, Equatable, Sendable {
  public var seed: UInt64
  public var levels: [Level]
  public var layers: [String]
  public var twinSeeds: [UInt64]
  public var bootstrapResamples: Int
  public var version: String
  /// The kernels that BLAS used, and the processor they ran on; nil in a study of an earlier version.
  public var kernel: String?
  public var processor: String?
  /// Principal components in which every layer is read; nil for layers as they are.
  public var dimensions: Int?

  public init(
    seed: UInt64, levels: [Level], layers: [String], twinSeeds: [UInt64], bootstrapResamples: Int,
    version: String
  ) {
    self.seed = seed
    self.levels = levels
    self.layers = layers
    self.twinSeeds = twinSeeds
    self.bootstrapResamples = bootstrapResamples
    self.version = version
  }
}
