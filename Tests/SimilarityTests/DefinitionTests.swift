import Foundations
import LinearAlgebra
import Tensors
import Testing

@testable import Similarity

/// The published mistakes that docs/Methods.md guards against, each against the definition written out plainly.
@Suite("Definitions") struct DefinitionTests {
  /// HSIC₁ of two kernels as Song et al. 2012 write it, term by term.
  private func hsic(_ k: Matrix, _ l: Matrix) -> Double {
    let n = k.rows
    var (k, l) = (k, l)
    for i in 0..<n {
      k[i, i] = 0
      l[i, i] = 0
    }
    let kl = matrixProduct(k, .none, l)
    let trace = (0..<n).reduce(0) { $0 + kl[$1, $1] }
    let m = Double(n)
    return
      (trace + k.values.reduce(0, +) * l.values.reduce(0, +) / ((m - 1) * (m - 2))
      - 2 * kl.values.reduce(0, +) / (m - 2)) / (m * (m - 3))
  }

  private func kernel(_ x: Matrix) -> Matrix { matrixProduct(x, .none, x, .transposed) }

  /// The ratio of three HSIC₁ over the kernels' rows `rows`.
  private func debiased(_ x: Tensor, _ y: Tensor) -> Double {
    let (k, l) = (kernel(centred(x)), kernel(centred(y)))
    return hsic(k, l) / (hsic(k, k) * hsic(l, l)).squareRoot()
  }

  @Test("debiased CKA takes off zeroed diagonals, in both spaces", arguments: [(4, 3), (30, 6), (25, 60)])
  func debiasedCKA(n: Int, p: Int) throws {
    let x = decaying(n, p, "x")
    let y = related(to: x, width: p + 2)
    let expected = debiased(x, y)
    for space in [ComparisonSpace.features, .gram] {
      // Kernels are kept in single precision, moments of the dimensions in double.
      let tolerance = space == .gram ? 1e-5 : 1e-12
      #expect(abs(try LinearCKA().similarity(x, y, space: space).value - expected) < tolerance)
    }
  }

  @Test(
    "one row of 500 scaled by 1e5 leaves debiased CKA right to 1e-6", arguments: [1, 1e3, 1e5] as [Float])
  func outlierRow(factor: Float) throws {
    var x = gaussian(500, 32, "outlier")
    var y = related(to: x, width: 30)
    x = x.scalingRow(7, by: factor)
    #expect(abs(try LinearCKA().similarity(x, y, space: .features).value - debiased(x, y)) < 1e-6)
    y = y.scalingRow(7, by: factor)
    #expect(abs(try LinearCKA().similarity(x, y, space: .features).value - debiased(x, y)) < 1e-6)
  }

  @Test("a value outside a measure's range is an error, but for what rounding adds")
  func range() throws {
    let measure = LinearCKA()
    #expect(try LayerSimilarity.inRange(1 + 1e-9, of: measure) == 1)
    #expect(try LayerSimilarity.inRange(-0.3, of: measure) == -0.3)
    #expect(throws: SimilarityError.outOfRange(value: 2.73, measure: measure.name)) {
      try LayerSimilarity.inRange(2.73, of: measure)
    }
  }

  @Test("U-centred kernels multiply to HSIC₁, whatever the kernel")
  func unbiasedCentring() {
    let n = 14
    var k = kernel(Matrix(gaussian(n, 5, "k")))
    let l = kernel(Matrix(gaussian(n, 5, "l")))
    for i in 0..<k.values.count { k.values[i] += 0.3 }
    let expected = hsic(k, l) * Double(n * (n - 3))
    let found = KernelMatrix(centring: k, .unbiased).product(with: KernelMatrix(centring: l, .unbiased))
    #expect(abs(found / expected - 1) < 1e-5)
  }

  @Test("minibatch CKA is the ratio of mean HSIC₁, not the mean of ratios, and drops a rest under four")
  func minibatch() throws {
    let x = decaying(43, 6, "x")
    let y = related(to: x, width: 5)
    let measure = MinibatchCKA(batch: 20, seed: 5)
    var numbers = RandomNumbers(seed: 5, stream: "minibatch CKA")
    let order = numbers.permutation(43)
    var sums = (xy: 0.0, xx: 0.0, yy: 0.0)
    for start in [0, 20] {
      let rows = order[start..<start + 20].sorted()
      let k = kernel(centred(Tensor(rows.flatMap { x[row: $0] }, shape: [20, 6])))
      let l = kernel(centred(Tensor(rows.flatMap { y[row: $0] }, shape: [20, 5])))
      sums = (sums.xy + hsic(k, l), sums.xx + hsic(k, k), sums.yy + hsic(l, l))
    }
    let expected = sums.xy / (sums.xx * sums.yy).squareRoot()
    #expect(abs(try measure.similarity(x, y).value - expected) < 1e-6)
    // One batch of everything is debiased CKA.
    let whole = try MinibatchCKA(batch: 43).similarity(x, y).value
    #expect(abs(whole - debiased(x, y)) < 1e-6)
  }

  @Test("biased CKA of independent Gaussians is as high as published, debiased is zero")
  func bias() throws {
    // p = 768 and n = 1,000 give 0.44, in expectation p/(n + p) of wide layers: the same at a tenth.
    let (x, y) = (gaussian(100, 77, "x"), gaussian(100, 77, "y"))
    let biased = try LinearCKA(debiased: false).similarity(x, y).value
    #expect(abs(biased - 0.44) < 0.02, "\(biased)")
    #expect(abs(try LinearCKA().similarity(x, y).value) < 0.03)
  }

  @Test("the share of SVCCA is of σ²: 56 directions of a 1/k spectrum, not 715")
  func svccaThreshold() {
    let variances = (1...768).map { 1 / Double($0 * $0) }
    #expect(PrincipalDirections.kept(variances: variances, share: 0.99) == 56)
    let deviations = (1...768).map { 1 / Double($0) }
    #expect(PrincipalDirections.kept(variances: deviations, share: 0.99) == 715)
    #expect(PrincipalDirections.kept(variances: [1], share: 0.99) == 1)
    #expect(PrincipalDirections.kept(variances: [1, 1e-20], share: 1) == 1)
    #expect(PrincipalDirections.kept(variances: [0, 0], share: 0.99) == 0)
  }

  @Test("PWCCA weighs by hand-computed variates, with either side the wider")
  func pwccaByHand() throws {
    let x = decaying(60, 4, "x")
    let y = related(to: x, width: 7)
    let (a, b) = (centred(x), centred(y))
    let (u, w) = (try SingularValueDecomposition(of: a).u, try SingularValueDecomposition(of: b).u)
    let svd = try SingularValueDecomposition(of: matrixProduct(u, .transposed, w))
    func weighted(_ variates: Matrix, _ side: Matrix) -> Double {
      var (sum, total) = (0.0, 0.0)
      for i in 0..<svd.values.count {
        var alpha = 0.0
        for j in 0..<side.columns {
          alpha += abs((0..<side.rows).reduce(0) { $0 + variates[$1, i] * side[$1, j] })
        }
        sum += alpha * svd.values[i]
        total += alpha
      }
      return sum / total
    }
    let ofX = weighted(matrixProduct(u, .none, svd.u), a)
    let ofY = weighted(matrixProduct(w, .none, svd.vTransposed, .transposed), b)
    #expect(abs(try PWCCA(weights: .x).similarity(x, y).value - ofX) < 1e-6)
    #expect(abs(try PWCCA(weights: .x).similarity(y, x).value - ofY) < 1e-6)
    #expect(abs(try PWCCA().similarity(x, y).value - (ofX + ofY) / 2) < 1e-6)
    #expect(abs(ofX - ofY) > 1e-3)
  }

  @Test("CCA refuses few rows with a reason")
  func fewRows() throws {
    let (x, y) = (gaussian(40, 5, "x"), gaussian(40, 9, "y"))
    let error = SimilarityError.tooFewRowsForCCA(rows: 40, dimensions: 9, needed: 45)
    #expect(throws: error) { try MeanCCA().similarity(x, y) }
    #expect(throws: error) { try PWCCA().similarity(y, x) }
    #expect(throws: error) { try SVCCA(share: 1).similarity(x, y) }
    #expect(
      error.description == "40 rows are too few for canonical correlations of 9 dimensions, which would be "
        + "mostly noise: 45 are needed; use debiased CKA, or more spans")
    #expect(try MeanCCA(rowsPerDimension: 4).similarity(x, y).value > 0)
  }

  @Test("a measure over all pairs of rows refuses more than its memory allows")
  func manyRows() throws {
    let x = gaussian(2049, 2, "x")
    #expect(throws: SimilarityError.tooManyRows(rows: 2049, limit: 2048, measure: "rsa")) {
      try RSA().similarity(x, x)
    }
    #expect(throws: SimilarityError.tooManyRows(rows: 2049, limit: 2048, measure: "debiased_rbf_cka")) {
      try RBFCKA().similarity(x, x)
    }
  }

  @Test("RSA shares the ranks of ties and refuses a row without variance")
  func ties() throws {
    #expect(averageRanks([3, 1, 3, -2, 3, -0.0, 0]) == [6, 4, 6, 1, 6, 2.5, 2.5])
    #expect(averageRanks([]) == [])
    var flat = decaying(20, 5, "x")
    flat.withUnsafeMutableBuffer { values in
      for j in 0..<5 { values[3 * 5 + j] = 0.7 }
    }
    #expect(throws: SimilarityError.constantRow(3)) { try RSA().similarity(flat, flat) }
  }

  @Test("order statistics are those of a sorted array")
  func orderStatistics() {
    let values =
      gaussian(1, 501, "values").values.map { Double($0) * 1e3 } + [0, -0.0, 1e300, -1e300, 1, 1, 1]
    let sorted = values.sorted()
    for index in stride(from: 0, to: sorted.count, by: 7) {
      #expect(orderStatistic(index, of: values) == sorted[index])
    }
  }

  @Test("the cheaper space is that of fewer numbers")
  func spaces() {
    #expect(ComparisonSpace.cheaper(rows: 596, totalWidth: 768 + 1024) == .gram)
    #expect(ComparisonSpace.cheaper(rows: 20_000, totalWidth: 13 * 768) == .features)
    #expect(ComparisonSpace.cheaper(rows: 3_000, totalWidth: 13 * 768) == .gram)
    // Cheaper by count, but a row product a layer would not fit.
    #expect(ComparisonSpace.cheaper(rows: 9_000, totalWidth: 13 * 768) == .features)
  }
}

extension Tensor {
  fileprivate func scalingRow(_ row: Int, by factor: Float) -> Tensor {
    withUnsafeBuffer { values in
      Tensor(shape: shape) { target in
        for i in 0..<values.count { target[i] = i / width == row ? factor * values[i] : values[i] }
      }
    }
  }
}
