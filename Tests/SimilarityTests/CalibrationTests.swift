import Foundation
import Foundations
import Results
import Tensors
import Testing

@testable import Similarity

/// The inputs of `Resources/neighbours.json`, whose values other libraries printed (`Resources/README.md`).
private enum Closed {
  static let rows = 60
  static let t = states(4, first)
  static let u = states(3, second)

  private static func states(_ width: Int, _ row: (Double) -> [Double]) -> Tensor {
    var values: [Float] = []
    for i in 0..<rows { for value in row(Double(i)) { values.append(Float(value)) } }
    return Tensor(values, shape: [rows, width])
  }

  private static func first(_ x: Double) -> [Double] {
    let a: Double = sin(0.7 * x) + 0.01 * x
    let b: Double = cos(1.3 * x)
    let c: Double = sin(2.1 * x + 0.5)
    let d: Double = 0.1 * cos(0.3 * x)
    return [a, b, c, d]
  }

  private static func second(_ x: Double) -> [Double] {
    let t = first(x)
    let a: Double = cos(0.9 * x) + 0.5 * t[0]
    let b: Double = sin(0.4 * x)
    let c: Double = t[1] + 0.3 * sin(1.9 * x)
    return [a, b, c]
  }
}

/// One-hot rows.
private func oneHot(_ labels: [Int], classes: Int) -> Tensor {
  var values = [Float](repeating: 0, count: labels.count * classes)
  for (row, label) in labels.enumerated() { values[row * classes + label] = 1 }
  return Tensor(values, shape: [labels.count, classes])
}

@Suite("Mutual neighbours") struct MutualNeighboursTests {
  @Test("are scikit-learn's", arguments: [(5, 0.116666667), (10, 0.238333333)])
  func reference(count: Int, expected: Double) throws {
    let found = try MutualNeighbours(neighbours: count).similarity(Closed.t, Closed.u).value
    #expect(abs(found - expected) < 1e-8)
  }

  @Test("rows that are equally far are neighbours by chance, and not by their place")
  func ties() throws {
    // Four directions, 25 rows of each: of 24 copies ten are neighbours, each with 10/24.
    let x = Tensor(
      (0..<100).flatMap { row in (0..<4).map { Float(row % 4 == $0 ? 1 : 0) } }, shape: [100, 4])
    let found = try MutualNeighbours().similarity(x, x).value
    let chance = 10.0 / 24
    #expect(abs(found - 24 * chance * chance / 10) < 1e-12)
    let order = Array((0..<100).reversed())
    #expect(
      try MutualNeighbours().similarity(x.selectingRows(order), x.selectingRows(order)).value == found)
  }

  @Test("neighbours of the same utterance do not count")
  func groups() throws {
    // Slow signals: single rows find their own utterance on both sides.
    let groups = (0..<200).map { $0 / 20 }
    let centres = (gaussian(10, 30, "slow a"), gaussian(10, 30, "slow b"))
    func slow(_ centres: Tensor, _ stream: String) -> Tensor {
      sum(1, centres.selectingRows(groups), 0.05, gaussian(200, 30, stream))
    }
    let (x, y) = (slow(centres.0, "noise a"), slow(centres.1, "noise b"))
    let naive = try MutualNeighbours().similarity(x, y).value
    let apart = try MutualNeighbours(groups: groups).similarity(x, y).value
    #expect(naive > 0.4 && apart < 0.15, "\(naive), \(apart)")
    #expect(throws: SimilarityError.self) {
      try MutualNeighbours(groups: Array(repeating: 0, count: 200)).similarity(x, y)
    }
  }
}

@Suite("Partial CKA") struct PartialCKATests {
  private var confounds: Tensor {
    var values: [Float] = []
    for i in 0..<Closed.rows {
      for label in 0..<3 { values.append(i % 3 == label ? 1 : 0) }
      let angle: Double = 1.3 * Double(i) + 0.2
      values.append(Float(cos(angle)))
    }
    return Tensor(values, shape: [Closed.rows, 4])
  }

  @Test("is debiased CKA of scikit-learn's residuals")
  func reference() throws {
    let found = try PartialCKA(confounds: confounds).similarity(Closed.t, Closed.u).value
    #expect(abs(found - 0.1301340038838669) < 1e-6)
  }

  @Test("takes out what two layers share of a speaker, and leaves what they share beside it")
  func speakers() throws {
    let speakers = (0..<400).map { $0 % 8 }
    let voices = gaussian(8, 20, "voices")
    let names = oneHot(speakers, classes: 8)
    let heard = voices.selectingRows(speakers)
    let (x, y) = (
      sum(2, heard, 1, gaussian(400, 20, "own x")), sum(2, heard, 1, gaussian(400, 20, "own y"))
    )
    let partial = try PartialCKA(confounds: names)
    #expect(partial.directions == 7)
    #expect(try LinearCKA().similarity(x, y).value > 0.7)
    #expect(abs(try partial.similarity(x, y).value) < 0.03)
    #expect(try partial.similarity(x, sum(1, x, 0.5, heard)).value > 0.999)
    for space in [ComparisonSpace.gram, .features] {
      let (there, back) = (
        try partial.similarity(x, y, space: space).value, try partial.similarity(y, x, space: space).value
      )
      #expect(abs(there - back) < 1e-9)
    }
    #expect(throws: SimilarityError.noVariance) { try partial.similarity(heard, x) }
    #expect(throws: SimilarityError.tooFewRows(rows: 60, needed: 70, measure: "partial_cka")) {
      try PartialCKA(confounds: names.rows(0..<60))
    }
  }
}

@Suite("Calibrated similarity") struct CalibrationTests {
  @Test("has calibrated-similarity's threshold, value and p over all cyclic shifts")
  func reference() throws {
    let measure = LinearCKA(debiased: false)
    let value = try measure.similarity(Closed.t, Closed.u).value
    let draws = try (1..<Closed.rows).map { shift in
      let order = (0..<Closed.rows).map { ($0 - shift + Closed.rows) % Closed.rows }
      return try measure.similarity(Closed.t, Closed.u.selectingRows(order)).value
    }
    let found = try #require(CalibratedValue(value, draws: draws))
    #expect(abs(found.calibrated - 0.211652965) < 1e-6)
    #expect(abs(found.threshold - 0.209265324) < 1e-6)
    #expect(found.p == 1.0 / 60)
    #expect(CalibratedValue(.nan, draws: draws) == nil && CalibratedValue(1, draws: []) == nil)
  }

  /// Signals that change little within an utterance.
  private func slow(_ groups: [Int], _ stream: String) -> Tensor {
    let count = (groups.max() ?? 0) + 1
    return sum(
      1, gaussian(count, 8, stream).selectingRows(groups), 0.3, gaussian(groups.count, 8, stream + " own"))
  }

  @Test("independent slow signals are alike by chance, as often as the level says")
  func slowSignals() throws {
    let groups = (0..<240).map { $0 / 12 }
    var calibration = SimilarityCalibration()
    calibration.draws = 39
    var found = 0
    for trial in 0..<40 {
      let layers = ["a", "b"].map { LayerStates(layer: $0, states: slow(groups, "\($0) \(trial)")) }
      let table = try #require(
        try calibration.calibration(rows: layers, groups: groups, measure: LinearCKA()))
      let p = try #require(table.p[0][1])
      #expect(table.p[1][0] == p && table.p[0][0] == nil)
      let (value, calibrated) = (try #require(table.values[0][1]), try #require(table.calibrated[0][1]))
      #expect(value < 1 && (calibrated == 0 || calibrated < value))
      let measure = LinearCKA()
      let plain = try measure.compare(
        measure.prepare(layers[0].states, space: .gram), measure.prepare(layers[1].states, space: .gram))
      #expect(value == plain)
      if p <= 0.05 { found += 1 }
    }
    // Of 40 at 5 % two are expected; seven or more have a chance of 0.3 %.
    #expect(found < 7, "\(found) of 40")
  }

  @Test(
    "finds what is shared, in either space and for any threads; says nothing of fewer than ten utterances")
  func shared() throws {
    let groups = (0..<240).map { $0 / 12 }
    let x = slow(groups, "x")
    let layers = [
      LayerStates(layer: "x", states: x),
      LayerStates(layer: "near", states: sum(1, x, 0.3, gaussian(240, 8, "off"))),
      LayerStates(layer: "far", states: slow(groups, "far")),
    ]
    var calibration = SimilarityCalibration()
    calibration.draws = 99
    let one = try #require(try calibration.calibration(rows: layers, groups: groups, measure: LinearCKA()))
    #expect(one.p[0][1] == 0.01 && (one.p[0][2] ?? 0) > 0.02)
    #expect((one.calibrated[0][1] ?? 0) > 0.7)
    #expect(abs((one.adjustedP[0][1] ?? 0) - 0.03) < 1e-9)
    let two = try calibration.calibration(
      rows: layers, groups: groups, measure: LinearCKA(), threads: 3)
    #expect(one == two)
    let across = try #require(
      try calibration.calibration(
        rows: [layers[0]], columns: [layers[1], layers[2]], groups: groups, measure: LinearCKA()))
    #expect(across.p[0][0] == one.p[0][1])
    #expect(
      try calibration.calibration(
        rows: layers, groups: (0..<240).map { $0 / 30 }, measure: LinearCKA()) == nil)
  }

  @Test("p values are adjusted by Benjamini and Hochberg's rule")
  func adjusted() {
    // statsmodels' multipletests(method="fdr_bh").
    let found = benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.5])
    for (value, expected) in zip(found, [0.025, 0.05, 0.05, 0.025, 0.5]) {
      #expect(abs(value - expected) < 1e-12)
    }
  }
}

@Suite("Intrinsic dimension") struct IntrinsicDimensionTests {
  @Test("is scikit-dimension's")
  func reference() throws {
    let table = try NeighbourTable(Closed.t, nil)
    let all = Array(0..<Closed.rows)
    #expect(abs(try table.dimensions(of: all, neighbours: 20).twoNN - 3.184411825) < 1e-4)
    #expect(abs(try table.dimensions(of: all, neighbours: 20).levinaBickel - 1.958193966) < 1e-5)
    #expect(abs(try table.dimensions(of: all, neighbours: 5).levinaBickel - 2.210607883) < 1e-5)
  }

  @Test("finds five dimensions among forty, whatever their rotation; copies are counted")
  func planted() throws {
    let states = matrixProduct(gaussian(600, 5, "plane"), .none, gaussian(5, 40, "embedding"))
    let found = try IntrinsicDimension(of: states)
    #expect(found.twoNN.low < 5.2 && found.twoNN.high > 4.6, "\(found.twoNN)")
    #expect(abs(found.levinaBickel.value - 5) < 0.6, "\(found.levinaBickel)")
    #expect(found.scales.map(\.rows) == [600, 300, 150] && found.duplicates == 0)
    let doubled = states.selectingRows((0..<600).map { $0 / 2 })
    let copies = try IntrinsicDimension(of: doubled)
    #expect(copies.duplicates == 300 && copies.rows == 300)
    #expect(throws: SimilarityError.self) { try IntrinsicDimension(of: states.rows(0..<15)) }
    #expect(throws: SimilarityError.noVariance) {
      try IntrinsicDimension(of: Tensor(repeating: 1, shape: [50, 3]))
    }
  }

  @Test("neighbours in time of the same utterance do not make a line of it")
  func groups() throws {
    // Each utterance is a thread through ten dimensions.
    let groups = (0..<900).map { $0 / 30 }
    let starts = gaussian(30, 10, "starts").selectingRows(groups)
    let ways = gaussian(30, 10, "ways").selectingRows(groups)
    let directions = ways.values
    let places = gaussian(900, 1, "places").values
    var states = starts
    states.withUnsafeMutableBuffer { values in
      for row in 0..<900 {
        let along = 0.05 * places[row]
        for k in 0..<10 { values[row * 10 + k] += along * directions[row * 10 + k] }
      }
    }
    let naive = try IntrinsicDimension(of: states)
    let apart = try IntrinsicDimension(of: states, groups: groups)
    #expect(naive.twoNN.value < 2 && apart.twoNN.value > 3, "\(naive.twoNN), \(apart.twoNN)")
  }
}
