import Results

/// The measures that can be asked for by name.
public enum MeasureName: String, CaseIterable, Sendable {
  case debiasedLinearCKA = "debiased_linear_cka"
  case linearCKA = "linear_cka"
  case minibatchCKA = "minibatch_linear_cka"
  case debiasedRBFCKA = "debiased_rbf_cka"
  case rbfCKA = "rbf_cka"
  case meanCCA = "mean_cca"
  case svcca
  case pwcca
  case procrustes
  case rsa
  case mutualNeighbours = "mutual_knn"
  /// Debiased linear CKA of what speaker and mel leave; its confounds are the study's.
  case partialCKA = "partial_cka"

  /// The name as above; `cka` is the debiased one.
  public init?(_ name: String) {
    guard let found = name == "cka" ? .debiasedLinearCKA : MeasureName(rawValue: name) else { return nil }
    self = found
  }

  /// With its usual settings; `partialCKA` and `mutualNeighbours` without what must be known of the rows.
  public var measure: any SimilarityMeasure {
    switch self {
    case .debiasedLinearCKA: LinearCKA()
    case .linearCKA: LinearCKA(debiased: false)
    case .minibatchCKA: MinibatchCKA()
    case .debiasedRBFCKA: RBFCKA()
    case .rbfCKA: RBFCKA(debiased: false)
    case .meanCCA: MeanCCA()
    case .svcca: SVCCA()
    case .pwcca: PWCCA()
    case .procrustes: Procrustes()
    case .rsa: RSA()
    case .mutualNeighbours: MutualNeighbours()
    case .partialCKA: PartialCKA()
    }
  }
}

/// What linear CKA between all pairs of layers over the same rows would cost, in multiply-adds.
///
/// With n rows, widths p, W = Σp and L layers: products of the dimensions n·W²/2; products of the rows n²·W/2 and
/// n²·L²/2 for the pairs, with n² numbers of memory a layer; batches of b rows n·b·W/2 and n·b·L²/2.
public struct CKACost: Sendable, Equatable {
  /// Multiply-adds through products of dimensions, through products of rows, and in batches.
  public let features, gram, minibatch: Double
  /// Whether the kernels of all layers fit into memory.
  public let gramFits: Bool

  /// The cost of all pairs of layers with these widths over the same rows.
  public init(rows: Int, widths: [Int], batch: Int = 256) {
    let (n, width, layers) = (Double(rows), Double(widths.reduce(0, +)), Double(widths.count))
    features = n * width * width / 2
    gram = n * n * (width + layers * layers) / 2
    minibatch = n * Double(min(batch, rows)) * (width + layers * layers) / 2
    gramFits = rows <= 4096
  }

  /// The exact value in the cheaper space up to `affordable` multiply-adds (an hour of a core by default), else the
  /// estimate by batches.
  public func choice(affordable: Double = 1e14) -> LayerComparison.Source {
    if min(features, gramFits ? gram : .infinity) > affordable { return .minibatch }
    return gramFits && gram < features ? .gram : .features
  }
}
