import Tensors
import Testing

@testable import Similarity

@Suite("Spectrum") struct SpectrumTests {
  /// Rows ±aⱼeⱼ: the second moment is diagonal with 2aⱼ², the mean zero.
  private func axes(_ lengths: [Float]) -> Tensor {
    let p = lengths.count
    var values: [Float] = []
    for (j, length) in lengths.enumerated() {
      for sign in [Float(1), -1] {
        var row = [Float](repeating: 0, count: p)
        row[j] = sign * length
        values += row
      }
    }
    return Tensor(values, shape: [2 * p, p])
  }

  @Test("equal axes have the full rank, one long axis has one")
  func closedForms() throws {
    let even = try Spectrum(of: axes([2, 2, 2, 2, 2]))
    #expect(abs(even.effectiveRank - 5) < 1e-9 && abs(even.participationRatio - 5) < 1e-9)
    #expect(abs(even.topShare(2) - 0.4) < 1e-9 && even.topShare(9) == 1 && even.topShare(-1) == 0)
    #expect(even.variances.allSatisfy { abs($0 - 8) < 1e-5 })

    let single = try Spectrum(of: axes([3, 0, 0]))
    #expect(abs(single.effectiveRank - 1) < 1e-9 && abs(single.participationRatio - 1) < 1e-9)
    #expect(single.directions(holding: 0.99) == 1)

    // λ = 2·(1, 4, 16): (21)²/(1 + 16 + 256).
    let uneven = try Spectrum(of: axes([1, 2, 4]))
    #expect(abs(uneven.participationRatio - 441.0 / 273) < 1e-9)
    #expect(abs(uneven.topShare(1) - 16.0 / 21) < 1e-9)
    #expect(uneven.directions(holding: 0.95) == 2)
  }

  @Test("opposite rows cancel, rows along one vector have a cosine of 1")
  func anisotropy() throws {
    // Of 6 rows each has one opposite and is orthogonal to the others: −1/5.
    #expect(abs((try Spectrum(of: axes([1, 5, 2])).anisotropy ?? 0) + 0.2) < 1e-9)
    let cone = Tensor([1, 2, 2, 4, 3, 6, 10, 20], shape: [4, 2])
    #expect(abs((try Spectrum(of: cone).anisotropy ?? 0) - 1) < 1e-9)
    let zeroRow = Tensor([1, 2, 0, 0, 3, 5], shape: [3, 2])
    #expect(try Spectrum(of: zeroRow).anisotropy == nil)
  }

  @Test("does not change with the size of the states, nor with their offset where centred")
  func invariances() throws {
    let x = decaying(120, 10, "x")
    let before = try Spectrum(of: x)
    let after = try Spectrum(of: sum(1e12, x, 0, x))
    #expect(abs(after.effectiveRank - before.effectiveRank) < 1e-5)
    #expect(abs(after.rankMe - before.rankMe) < 1e-5)
    #expect(abs(after.variances[0] / before.variances[0] / 1e24 - 1) < 1e-5)
    let shifted = try Spectrum(of: Tensor(x.values.map { $0 + 64 }, shape: x.shape))
    #expect(abs(shifted.effectiveRank - before.effectiveRank) < 1e-3)
    #expect(shifted.rankMe < before.rankMe - 1)
  }

  @Test("names the dimensions that own the variance")
  func outliers() throws {
    var x = gaussian(300, 40, "x")
    x.withUnsafeMutableBuffer { values in
      for i in 0..<300 {
        values[i * 40 + 17] *= 30
        values[i * 40 + 5] *= 25
      }
    }
    let outliers = try Spectrum(of: x).outlierDimensions()
    #expect(outliers.map(\.dimension) == [17, 5])
    #expect(outliers[0].share > 0.5 && outliers.map(\.share).reduce(0, +) > 0.95)
    #expect(try Spectrum(of: gaussian(300, 40, "x")).outlierDimensions().count <= 1)
  }

  @Test("from moments is the same as from states, and refuses what does not vary")
  func fromMoments() throws {
    let x = decaying(150, 8, "x")
    let direct = try Spectrum(of: x)
    let rows = Matrix(x)
    let mean = (0..<8).map { j in (0..<150).reduce(0) { $0 + rows[$1, j] } / 150 }
    let c = centred(x)
    let moment = matrixProduct(c, .transposed, c)
    let found = try Spectrum(secondMoment: moment, mean: mean, rows: 150)
    #expect(abs(found.effectiveRank - direct.effectiveRank) < 1e-9)
    #expect(abs(found.rankMe - direct.rankMe) < 1e-9)
    #expect(abs(found.participationRatio - direct.participationRatio) < 1e-9)
    #expect(throws: SimilarityError.noVariance) {
      try Spectrum(secondMoment: Matrix(rows: 3, columns: 3), mean: [1, 2, 3], rows: 9)
    }
    #expect(throws: SimilarityError.noVariance) { try Spectrum(of: Tensor(repeating: 1, shape: [9, 3])) }
  }
}
