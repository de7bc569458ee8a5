import Foundations
import Tensors
import Testing

@testable import Probing

@Suite("What an interval knows of training") struct TrainingPartTests {
  private static let resamples = 2000

  /// zᵍ of five groups, row 0 zeros.
  private let normals: Matrix = {
    var random = RandomNumbers(seed: 5)
    var normals = Matrix(rows: 1 + resamples, columns: 5)
    for row in 1...resamples { for group in 0..<5 { normals[row, group] = random.normal() } }
    return normals
  }()

  /// Five refits that lie at `offsets`, each resample of which is off by noise of its own.
  private func part(_ offsets: [Double], noise: Double) -> TrainingPart {
    var random = RandomNumbers(seed: 9)
    return TrainingPart(
      refits: offsets.map { offset in
        [offset] + (0..<Self.resamples).map { _ in offset + noise * random.normal() }
      }, normals: normals)
  }

  private func variance(_ values: [Double]) -> Double {
    let values = values.dropFirst()
    return values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
  }

  @Test("is the jackknife's variance where refits answer alike") func jackknife() throws {
    let offsets = [0.01, -0.02, 0.03, 0, -0.02]
    let shifts = try #require(part(offsets, noise: 0).shifts)
    #expect(shifts[0] == 0)
    let expected = 0.8 * offsets.reduce(0) { $0 + $1 * $1 }
    #expect(abs(variance(shifts) / expected - 1) < 0.1)
  }

  @Test("is less what refits differ by chance of what was tested, and nothing below that") func noise()
    throws
  {
    let offsets = [0.01, -0.02, 0.03, 0, -0.02]
    let squares = offsets.reduce(0) { $0 + $1 * $1 }
    // Deviations from the mean of five have four fifths of the variance; in all they are half of the squares here.
    let half = (squares / 2 / 4).squareRoot()
    #expect(abs(variance(try #require(part(offsets, noise: half).shifts)) / (0.4 * squares) - 1) < 0.15)
    let all = (squares / 2).squareRoot()
    #expect(try #require(part(offsets, noise: all).shifts).allSatisfy { $0 == 0 })
  }

  @Test("of a difference is that of the differences, and cancels where both learn the same")
  func difference() throws {
    let (a, b) = (part([0.01, -0.01, 0, 0, 0], noise: 0), part([0.03, 0, 0, 0, -0.03], noise: 0))
    let between = try #require(TrainingPart.difference(a, b))
    #expect(between.refits[0][0] == 0.01 - 0.03 && between.refits[4][1] == 0.03)
    #expect(try #require(TrainingPart.difference(a, a)?.shifts).allSatisfy { $0 == 0 })
    #expect(TrainingPart.difference(nil, a)?.refits[0][0] == -0.01)
    #expect(TrainingPart.difference(a, nil) == a)
  }
}
