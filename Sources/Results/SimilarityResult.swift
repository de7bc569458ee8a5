/// What a comparison of layers found: what `similarity.json` holds and its reports are drawn from.
public struct SimilarityResult: Codable, Equatable, Sendable {
  public static let schemaVersion = 1

  public var schema = SimilarityResult.schemaVersion
  /// The model of the rows and, where there is a second, that of the columns.
  public var models: [ModelSummary]
  public var corpus: CorpusSummary
  /// What a compared row is: "phoneme spans", "frames of 20 ms".
  public var unit: String
  /// How layers of different steps were brought onto the same rows.
  public var alignment: String
  /// Rows that were there, and those whose states were kept.
  public var rows: Int
  public var sampled: Int
  public var comparisons: [LayerComparison]
  public var labels: [LabelSimilarity]
  public var spectra: [LayerSpectrum]
  /// Nil where it was not asked for.
  public var intrinsicDimensions: [LayerDimension]?
  public var warnings: [String]
  public var seed: UInt64
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

  public var matrix: SimilarityMatrix
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
  public struct Scale: Codable, Equatable, Sendable {
    public var rows: Int
    public var twoNN, levinaBickel: Double

    public init(rows: Int, twoNN: Double, levinaBickel: Double) {
      (self.rows, self.twoNN, self.levinaBickel) = (rows, twoNN, levinaBickel)
    }
  }

  public var model, layer: String
  public var rows, duplicates: Int
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
  public var model: String
  public var layer: String
  /// The level of the labels, and how many classes there are.
  public var level: String
  public var classes: Int
  /// Debiased linear CKA; nil where it refuses.
  public var debiasedCKA: Double?
  /// CCA fitted and read on different utterances, weighted from the label side; the same with labels shuffled.
  public var heldOutCCA: Double?
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
  public struct Outlier: Codable, Equatable, Sendable {
    public var dimension: Int
    /// Of all variance.
    public var share: Double

    public init(dimension: Int, share: Double) {
      self.dimension = dimension
      self.share = share
    }
  }

  public var model: String
  public var layer: String
  public var rows, width: Int
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
