import Corpora

/// One number about one layer that is no linear probe's: what `probe-layers measures` gives.
public struct LayerMeasure: Codable, Equatable, Sendable {
  /// What is measured; the raw value is its name in `measures.csv`.
  public enum Name: String, Codable, Sendable, CaseIterable {
    /// ABX error of phones said by one speaker, and across speakers, along the best alignment or of pooled frames.
    case abxWithin = "abx_within"
    case abxWithinPooled = "abx_within_pooled"
    case abxAcross = "abx_across"
    case abxAcrossPooled = "abx_across_pooled"
    /// k-means of spans: share with the cluster's commonest label, with the label's commonest cluster, and
    /// I(label; cluster)/H(label).
    case labelPurity = "label_purity"
    case clusterPurity = "cluster_purity"
    case pnmi
    /// Mutual information of labels and clusters, adjusted for what any clusters of these sizes share by chance.
    case adjustedInformation = "ami"
    /// Held-out CCA with one-hot labels, and with labels dealt at random.
    case labelCCA = "cca_labels"
    case shuffledCCA = "cca_shuffled_labels"
    /// Online code (minimum description length): codelength of the uniform code, and of the code of the labels'
    /// frequencies, over its own.
    case compression = "mdl_compression"
    case compressionOfEntropy = "mdl_compression_of_entropy"
    /// Held-out accuracies of a linear probe and of one with a hidden layer, on the same folds.
    case linearAccuracy = "linear_accuracy"
    case hiddenAccuracy = "hidden_layer_accuracy"
    /// Bits that [mel, layer] has beyond [mel].
    case beyondMel = "bits_beyond_mel"
    /// Of a text: bits that [n-grams, layer] has beyond its characters' [n-grams].
    case beyondNGrams = "bits_beyond_n-grams"
    /// The layer's weight in a learnt mixture of all layers of its width.
    case mixtureWeight = "mixture_weight"
    /// The held-out accuracy of that mixture.
    case mixtureAccuracy = "mixture_accuracy"

    /// The column's head.
    public var words: String {
      switch self {
      case .abxWithin: "ABX within"
      case .abxWithinPooled: "pooled"
      case .abxAcross: "ABX across"
      case .abxAcrossPooled: "pooled"
      case .labelPurity: "purity"
      case .clusterPurity: "cluster p."
      case .pnmi: "PNMI"
      case .adjustedInformation: "AMI"
      case .labelCCA: "CCA"
      case .shuffledCCA: "shuffled"
      case .compression: "MDL"
      case .compressionOfEntropy: "MDL/H"
      case .linearAccuracy: "linear"
      case .hiddenAccuracy: "hidden"
      case .beyondMel: "bits>mel"
      case .beyondNGrams: "bits>n-grams"
      case .mixtureWeight: "mixture"
      case .mixtureAccuracy: "accuracy"
      }
    }
  }

  /// The layer that is measured.
  public var layer: Layer
  /// The level whose labels are used.
  public var level: Level
  /// Which measure it is.
  public var name: Name
  /// With its interval over utterances where one was drawn, else with the value at both ends; missing where there is
  /// a `reason` for that.
  public var estimate: Estimate
  /// What the measure gives where layers know nothing: the mean and the middle 95 % over labels exchanged between whole
  /// utterances; of ABX one half, by symmetry.
  public var null: Estimate?
  /// Spans, or triplets of them, that it was taken over.
  public var count: Int
  /// Utterances that these are from.
  public var utterances: Int?
  /// Why there is no number.
  public var reason: String?

  public init(
    layer: Layer, level: Level, name: Name, estimate: Estimate, null: Estimate? = nil, count: Int,
    utterances: Int? = nil, reason: String? = nil
  ) {
    self.layer = layer
    self.level = level
    self.name = name
    self.estimate = estimate
    self.null = null
    self.count = count
    self.utterances = utterances
    self.reason = reason
  }
}
