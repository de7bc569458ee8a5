/// What a comparison of layers found: what `similarity.json` holds and its reports are drawn from.
public struct SimilarityResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to its JSON file; a change of meaning raises it.
  public static let schemaVersion = 1

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = SimilarityResult.schemaVersion
  /// The model of the rows and, where there is a second, that of the columns.
  public var models: [ModelSummary]
  /// The corpus that it was studied on.
  public var corpus: CorpusSummary
  /// What a compared row is: "phoneme spans", "frames of 20 ms".
  public var unit: String
  /// How layers of different steps were brought onto the same rows.
  public var alignment: String
  /// Rows of the corpus that layers could be compared over.
  public var rows: Int
  /// Rows whose states were kept for measures that need them all at once.
  public var sampled: Int
  /// One for each measure that was asked for.
  public var comparisons: [LayerComparison]
  /// Each layer beside the labels; empty where that was not asked for.
  public var labels: [LabelSimilarity]
  /// Each layer's eigenvalue spectrum; empty where that was not asked for.
  public var spectra: [LayerSpectrum]
  /// Nil where it was not asked for.
  public var intrinsicDimensions: [LayerDimension]?
  /// What a reader must know before trusting a number; whole sentences.
  public var warnings: [String]
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// The version of Strata that made it.
  public var version: String

  public init(
    models: [ModelSummary], corpus: CorpusSummary, unit: String, alignment: String, rows: Int, sampled: Int,
    comparisons: [LayerComparison], labels: [LabelSimilarity], spectra: [LayerSpectrum], warnings: [String],
    seed: UInt64, version: String
  ) {
    self.models = models
    self.corpus = corpus
    self.unit = unit
    self.alignment = alignment
    self.rows = rows
    self.sampled = sampled
    self.comparisons = comparisons
    self.labels = labels
    self.spectra = spectra
    self.warnings = warnings
    self.seed = seed
    self.version = version
  }
}

/// One measure between layers, and what it was computed from.
public struct LayerComparison: Codable, Equatable, Sendable {
  /// What a similarity is computed from; all but `minibatch` give the same value of the same rows.
  public enum Source: String, Codable, Sendable {
    /// Moments of every row, gathered in one pass.
    case moments
    /// Products of the dimensions, `[p × q]`, of the sampled rows.
    case features = "feature space"
    /// Products of the sampled rows, `[n × n]`.
    case gram = "Gram space"
    /// Some layers the one, some the other.
    case mixed = "feature and Gram space"
    /// The mean over batches of sampled rows, an estimate of its own.
    case minibatch
  }

  /// The values, `[row layers × column layers]`.
  public var matrix: SimilarityMatrix
  /// From what they were computed.
  public var source: Source
  /// Beside whole utterances in another order; nil where that was not asked for, or there are fewer than ten.
  public var calibration: LayerCalibration?

  public init(matrix: SimilarityMatrix, source: Source, calibration: LayerCalibration? = nil) {
    self.matrix = matrix
    self.source = source
    self.calibration = calibration
  }
}

/// Whether layers are more alike than with whole utterances of one side in another order. Tables are `[rows × columns]` as
/// the matrix's; nil for a layer and itself, and where a value is not a number.
public struct LayerCalibration: Codable, Equatable, Sendable {
  /// Rows that were compared, the utterances they are from, and the orders of utterances that were drawn.
  public var rows, utterances, draws: Int
  /// The similarity on these rows, which are not all of the measure's own.
  public var values: [[Double?]]
  /// (s − threshold)/(1 − threshold) with the null's 95 % quantile as threshold, 0 below it.
  public var calibrated: [[Double?]]
  /// (1 + draws that reach the value)/(1 + draws), and the same adjusted over all pairs (Benjamini & Hochberg 1995).
  public var p, adjustedP: [[Double?]]

  public init(
    rows: Int, utterances: Int, draws: Int, values: [[Double?]], calibrated: [[Double?]], p: [[Double?]],
    adjustedP: [[Double?]]
  ) {
    (self.rows, self.utterances, self.draws) = (rows, utterances, draws)
    (self.values, self.calibrated) = (values, calibrated)
    (self.p, self.adjustedP) = (p, adjustedP)
  }
}

/// How many dimensions a layer's states lie on.
public struct LayerDimension: Codable, Equatable, Sendable {
  /// Both estimates over a share of the rows: a dimension that holds does not change with it.
  public struct Scale: Codable, Equatable, Sendable {
    /// Rows that were drawn.
    public var rows: Int
    /// The estimates of TwoNN (Facco et al. 2017), and of Levina & Bickel (2004), averaged as MacKay & Ghahramani
    /// (2005) do.
    public var twoNN, levinaBickel: Double

    public init(rows: Int, twoNN: Double, levinaBickel: Double) {
      (self.rows, self.twoNN, self.levinaBickel) = (rows, twoNN, levinaBickel)
    }
  }

  /// The names of model and layer.
  public var model, layer: String
  /// Rows that were used, and those that were dropped as copies of others.
  public var rows, duplicates: Int
  /// The estimates of TwoNN and of Levina & Bickel over all rows, each with an interval by subsampling.
  public var twoNN, levinaBickel: Estimate
  /// At all rows, a half and a quarter of them.
  public var scales: [Scale]

  public init(
    model: String, layer: String, rows: Int, duplicates: Int, twoNN: Estimate, levinaBickel: Estimate,
    scales: [Scale]
  ) {
    (self.model, self.layer, self.rows, self.duplicates) = (model, layer, rows, duplicates)
    (self.twoNN, self.levinaBickel, self.scales) = (twoNN, levinaBickel, scales)
  }
}

/// How alike a layer and one-hot labels are.
public struct LabelSimilarity: Codable, Equatable, Sendable {
  /// The model's name.
  public var model: String
  /// The layer's name.
  public var layer: String
  /// The level of the labels.
  public var level: String
  /// How many classes the labels have.
  public var classes: Int
  /// Debiased linear CKA; nil where it refuses.
  public var debiasedCKA: Double?
  /// CCA fitted and read on different utterances, weighted from the label side, 0 to 1.
  public var heldOutCCA: Double?
  /// The same with labels shuffled between spans: what CCA finds by chance.
  public var shuffledCCA: Double?
  /// Spans that the CCA was read on.
  public var tested: Int

  public init(
    model: String, layer: String, level: String, classes: Int, debiasedCKA: Double?, heldOutCCA: Double?,
    shuffledCCA: Double?, tested: Int
  ) {
    self.model = model
    self.layer = layer
    self.level = level
    self.classes = classes
    self.debiasedCKA = debiasedCKA
    self.heldOutCCA = heldOutCCA
    self.shuffledCCA = shuffledCCA
    self.tested = tested
  }
}

/// How a layer's variance is spread.
public struct LayerSpectrum: Codable, Equatable, Sendable {
  /// A dimension that holds much of the variance.
  public struct Outlier: Codable, Equatable, Sendable {
    /// The column of the states, counted from 0.
    public var dimension: Int
    /// Of all variance.
    public var share: Double

    public init(dimension: Int, share: Double) {
      self.dimension = dimension
      self.share = share
    }
  }

  /// The model's name.
  public var model: String
  /// The layer's name.
  public var layer: String
  /// Rows that the spectrum is of, and columns.
  public var rows, width: Int
  /// The exponential of the entropy of the singular values (Roy & Vetterli 2007), the same of uncentred states (RankMe,
  /// Garrido et al. 2023), and (Σλ)²/Σλ² over eigenvalues λ; all 1 to the width.
  public var effectiveRank, rankMe, participationRatio: Double
  /// The mean cosine of pairs of rows; nil where a row is zero.
  public var anisotropy: Double?
  /// Of the variance in the largest direction, and in the ten largest.
  public var topShare, topTenShare: Double
  /// Dimensions with more variance than the mean by over three standard deviations, the largest first.
  public var outliers: [Outlier]
  /// Dimensions that do not vary.
  public var dead: [Int]

  public init(
    model: String, layer: String, rows: Int, width: Int, effectiveRank: Double, rankMe: Double,
    participationRatio: Double, anisotropy: Double?, topShare: Double, topTenShare: Double,
    outliers: [Outlier], dead: [Int]
  ) {
    self.model = model
    self.layer = layer
    self.rows = rows
    self.width = width
    self.effectiveRank = effectiveRank
    self.rankMe = rankMe
    self.participationRatio = participationRatio
    self.anisotropy = anisotropy
    self.topShare = topShare
    self.topTenShare = topTenShare
    self.outliers = outliers
    self.dead = dead
  }
}
