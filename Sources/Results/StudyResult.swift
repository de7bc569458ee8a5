import Corpora

/// Everything that a finished study says: what `study.json` holds and every report is drawn from.
public struct StudyResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to `study.json`.
  public static let schemaVersion = 3

  /// The version of the JSON structure that the value was made with or read from.
  public var schema: Int
  /// The model that was studied, with its tap points.
  public var model: ModelSummary
  /// The corpus that it was studied on.
  public var corpus: CorpusSummary
  /// What was asked for.
  public var settings: Settings
  /// One result per level and probe, in the order of the hierarchy.
  public var levels: [LevelResult]
  /// How like every two layers are, a matrix a measure.
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

/// What there is to know of a model without its weights.
public struct ModelSummary: Codable, Equatable, Sendable {
  /// One of the model's layers, and how its frames lie in time.
  public struct TapPoint: Codable, Equatable, Sendable {
    /// The layer's name and place.
    public var layer: Layer
    /// Numbers in a frame: columns of the layer's states.
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

  /// Its name in reports: its folder's or its file's.
  public var name: String
  /// The architecture, such as `wav2vec2`.
  public var family: String
  /// How many numbers its weights have.
  public var parameters: Int
  /// Nil where it reads text.
  public var samplingRate: Int?
  /// What is done to the waveform before the model sees it, in words.
  public var inputNormalisation: String
  /// Every layer that can be studied, in the order of the data.
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

/// What there is to know of a corpus without its recordings.
public struct CorpusSummary: Codable, Equatable, Sendable {
  /// Its name in reports: its folder's.
  public var name: String
  /// Utterances that were studied.
  public var utterances: Int
  /// Distinct speakers of these.
  public var speakers: Int
  /// Distinct sentences read.
  public var sentences: Int
  /// Of audio; 0 of a text.
  public var seconds: Double
  /// Of a text, in Unicode scalars; nil for recordings.
  public var characters: Int?
  /// The labels that count as silence, sorted.
  public var silenceLabels: [String]
  /// A hash of each utterance's name, speaker, sentence, length and labels; of the sound it knows the length alone.
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
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// The levels that were asked for, in the order of the hierarchy.
  public var levels: [Level]
  /// The names of the layers that were studied, in the order of the data.
  public var layers: [String]
  /// The seeds of the untrained models; empty without one.
  public var twinSeeds: [UInt64]
  /// How often units were resampled for each interval.
  public var bootstrapResamples: Int
  /// The version of Strata that made it.
  public var version: String
  /// The kernels that BLAS used, and the processor they ran on; nil in a study of an earlier version.
  public var kernel: String?
  /// The processor's name, as the system gives it.
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
