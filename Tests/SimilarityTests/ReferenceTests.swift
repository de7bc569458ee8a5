import LinearAlgebra
import StrataTestSupport
import Tensors
import Testing

@testable import Similarity

@Suite("Every measure equals its reference") struct ReferenceTests {
  @Test("linear CKA, biased and debiased, in both spaces", arguments: ReferenceCase.names)
  func linearCKA(name: String) throws {
    let reference = try ReferenceCase(name)
    let (x, y) = (reference.x, reference.y)
    for space in [ComparisonSpace.features, .gram] {
      let biased = try LinearCKA(debiased: false).similarity(x, y, space: space)
      #expect(reference.error(biased.value, "linear_cka") < tolerance, "\(biased)")
      let debiased = try LinearCKA().similarity(x, y, space: space)
      #expect(reference.error(debiased.value, "debiased_linear_cka") < tolerance, "\(debiased)")
      #expect(debiased.space == space)
    }
  }

  @Test("RBF CKA at the median and at half of it", arguments: ReferenceCase.names)
  func rbfCKA(name: String) throws {
    let reference = try ReferenceCase(name)
    let (x, y) = (reference.x, reference.y)
    let biased = try RBFCKA(debiased: false).similarity(x, y).value
    #expect(reference.error(biased, "rbf_cka_median") < tolerance, "\(biased)")
    let half = try RBFCKA(bandwidth: 0.5, debiased: false).similarity(x, y).value
    #expect(reference.error(half, "rbf_cka_half_median") < tolerance, "\(half)")
    let debiased = try RBFCKA().similarity(x, y).value
    #expect(reference.error(debiased, "debiased_rbf_cka_median") < tolerance, "\(debiased)")
  }

  @Test("canonical correlations, their mean and their rank", arguments: ReferenceCase.names)
  func meanCCA(name: String) throws {
    let reference = try ReferenceCase(name)
    let (x, y) = (try CanonicalBasis(reference.x), try CanonicalBasis(reference.y))
    #expect(Double(x.kept) == reference.values["rank_x"])
    #expect(Double(y.kept) == reference.values["rank_y"])
    let value = try MeanCCA(rowsPerDimension: 0).similarity(reference.x, reference.y).value
    #expect(reference.error(value, "mean_cca") < tolerance, "\(value)")
    let correlations = try CanonicalCorrelations(x, y).values()
    let squares = correlations.reduce(0) { $0 + $1 * $1 } / Double(correlations.count)
    #expect(reference.error(squares, "mean_squared_cca") < tolerance, "\(squares)")
  }

  @Test("SVCCA with the same directions kept", arguments: ReferenceCase.names)
  func svcca(name: String) throws {
    let reference = try ReferenceCase(name)
    let measure = SVCCA(rowsPerDimension: 0)
    let x = try measure.prepare(reference.x, space: .features)
    let y = try measure.prepare(reference.y, space: .features)
    #expect(Double(x.kept) == reference.values["svcca_kx"])
    #expect(Double(y.kept) == reference.values["svcca_ky"])
    let value = try measure.compare(x, y)
    #expect(reference.error(value, "svcca_0.99") < tolerance, "\(value)")
  }

  @Test("PWCCA weighted by either side, in either order", arguments: ReferenceCase.names)
  func pwcca(name: String) throws {
    let reference = try ReferenceCase(name)
    let (x, y) = (reference.x, reference.y)
    func value(_ weights: PWCCA.Weights, _ x: Tensor, _ y: Tensor) throws -> Double {
      try PWCCA(weights: weights, rowsPerDimension: 0).similarity(x, y).value
    }
    let (ofX, ofY) = (try value(.x, x, y), try value(.y, x, y))
    #expect(reference.error(ofX, "pwcca_x_weighted") < tolerance, "\(ofX)")
    #expect(reference.error(ofY, "pwcca_y_weighted") < tolerance, "\(ofY)")
    // The widths differ in most cases: the roles exchange without a change of the value.
    #expect(abs(try value(.y, y, x) - ofX) < 1e-7)
    #expect(abs(try value(.x, y, x) - ofY) < 1e-7)
    #expect(abs(try value(.symmetrised, x, y) - (ofX + ofY) / 2) < 1e-12)
  }

  @Test("Procrustes", arguments: ReferenceCase.names)
  func procrustes(name: String) throws {
    let reference = try ReferenceCase(name)
    let value = try Procrustes().similarity(reference.x, reference.y).value
    #expect(reference.error(value, "procrustes_nuclear_similarity") < tolerance, "\(value)")
    let distance = Procrustes.squaredDistance(ofSimilarity: value)
    #expect(abs(distance - (reference.values["procrustes_distance_squared"] ?? .nan)) < tolerance)
    #expect(
      abs(1 - value * value - (reference.values["procrustes_disparity_1_minus_nuc2"] ?? .nan)) < tolerance)
  }

  @Test("RSA with correlation and with Euclidean distance", arguments: ReferenceCase.names)
  func rsa(name: String) throws {
    let reference = try ReferenceCase(name)
    let correlation = try RSA().similarity(reference.x, reference.y).value
    #expect(reference.error(correlation, "rsa_spearman_correlation_rdm") < tolerance, "\(correlation)")
    let euclidean = try RSA(dissimilarity: .euclidean).similarity(reference.x, reference.y).value
    #expect(reference.error(euclidean, "rsa_spearman_euclidean_rdm") < tolerance, "\(euclidean)")
  }

  @Test("spectra", arguments: ReferenceCase.names)
  func spectra(name: String) throws {
    let reference = try ReferenceCase(name)
    for (side, states) in [("x", reference.x), ("y", reference.y)] {
      let spectrum = try Spectrum(of: states)
      #expect(
        reference.error(spectrum.effectiveRank, "effective_rank_centred_\(side)") < tolerance,
        "\(spectrum.effectiveRank)")
      #expect(reference.error(spectrum.rankMe, "rankme_\(side)") < tolerance, "\(spectrum.rankMe)")
      #expect(
        reference.error(spectrum.participationRatio, "participation_ratio_\(side)") < tolerance,
        "\(spectrum.participationRatio)")
      #expect(Double(spectrum.directions(holding: 0.99)) == reference.values["svcca_k\(side)"])
    }
  }

  /// Every fourth frame of HuBERT base (block 9, every fifth dimension) and large (block 20, every sixth) on
  /// one utterance; fewer frames than dimensions, and outlier dimensions. Expected values are NumPy's in
  /// float64.
  @Test("features of trained models")
  func trainedModels() throws {
    let x = try readNumpy(resource("real_hubert_base_L9_x.npy"))  // [149 × 154]
    let y = try readNumpy(resource("real_hubert_large_L20_y.npy"))  // [149 × 171]
    for space in [ComparisonSpace.features, .gram] {
      let biased = try LinearCKA(debiased: false).similarity(x, y, space: space).value
      #expect(abs(biased / 0.23902262032291902 - 1) < tolerance)
      let debiased = try LinearCKA().similarity(x, y, space: space).value
      #expect(abs(debiased / 0.14110237932193637 - 1) < tolerance)
    }
    #expect(try LinearCKA().similarity(x, y).space == .gram)
    #expect(abs(try Procrustes().similarity(x, y).value / 0.6745032755873865 - 1) < tolerance)
    let spectrum = try Spectrum(of: x)
    #expect(abs(spectrum.effectiveRank / 99.86998764992873 - 1) < tolerance)
    #expect(abs(spectrum.participationRatio / 30.059034556797936 - 1) < tolerance)
    #expect(abs(spectrum.topShare(10) / 0.5029586419276048 - 1) < tolerance)
    #expect(abs((spectrum.anisotropy ?? 0) / 0.02515405808377008 - 1) < tolerance)
    #expect(throws: SimilarityError.tooFewRowsForCCA(rows: 149, dimensions: 154, needed: 770)) {
      try MeanCCA().similarity(x, y)
    }
  }
}
