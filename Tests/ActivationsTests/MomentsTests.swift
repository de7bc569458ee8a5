import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

/// Two layers of 3 and 2 dimensions and three classes.
private struct Data {
  var x: [[Double]]
  var y: [[Double]]
  var labels: [Int?]

  init(rows: Int, offset: Double, seed: UInt64) {
    var random = RandomNumbers(seed: seed)
    (x, y, labels) = ([], [], [])
    for row in 0..<rows {
      let common = random.normal()
      // Rounded to what a float32 row will hold, so that both sides see the same numbers.
      x.append((0..<3).map { Double(Float(offset * Double($0 + 1) + common + random.normal())) })
      y.append((0..<2).map { Double(Float(-offset + 2 * common + random.normal() + Double($0))) })
      labels.append(row % 4 == 3 ? nil : row % 4)
    }
  }

  func moments(_ rows: Range<Int>, extent: Moments.Extent = .pairs, step: Int = .max) -> Moments {
    var moments = Moments(
      layers: [("x", 3), ("y", 2)], classes: ["a", "b", "c"], extent: extent)
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: min(step, rows.count)) {
      let part = first..<min(first + min(step, rows.count), rows.upperBound)
      moments.add([tensor(x, part), tensor(y, part)], labels: Array(labels[part]))
    }
    return moments
  }

  private func tensor(_ rows: [[Double]], _ range: Range<Int>) -> Tensor {
    Tensor(range.flatMap { rows[$0].map(Float.init) }, shape: [range.count, rows[0].count])
  }

  /// Rows with their mean taken off, in a second pass.
  static func centred(_ rows: [[Double]]) -> [[Double]] {
    let means = rows[0].indices.map { k in rows.reduce(0) { $0 + $1[k] } / Double(rows.count) }
    return rows.map { row in zip(row, means).map { $0 - $1 } }
  }

  static func product(_ a: [[Double]], _ b: [[Double]]) -> [Double] {
    a[0].indices.flatMap { i in
      b[0].indices.map { j in zip(a, b).reduce(0) { $0 + $1.0[i] * $1.1[j] } }
    }
  }
}

private func expectClose(
  _ found: [Double], _ expected: [Double], _ tolerance: Double, _ comment: Comment,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let scale = expected.map(abs).max() ?? 0
  let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  #expect(
    found.count == expected.count && worst <= tolerance * max(scale, .leastNormalMagnitude),
    "\(comment): largest difference \(worst) of \(scale)", sourceLocation: sourceLocation)
}

@Suite("Moments") struct MomentsTests {
  @Test("two rows by hand") func byHand() throws {
    var moments = Moments(layers: [("x", 2)], classes: ["a", "b"])
    moments.add([Tensor([1, 2, 3, 6], shape: [2, 2])], labels: [0, 1])
    #expect(moments.count == 2 && moments.classCounts == [1, 1])
    #expect(try moments.mean(of: "x") == [2, 4])
    #expect(try moments.secondMoment(of: "x").values == [2, 4, 4, 8])
    #expect(try moments.classSums(of: "x").values == [-1, -2, 1, 2])
    #expect(try moments.sumOfSquaredNorms(of: "x") == 10)
    #expect(try moments.sumOfNormProducts("x", "x") == 50)  // 5² + 5²
  }

  @Test("equal a two-pass reference, however far from zero the data lie", arguments: [0.0, 1e2, 1e4])
  func twoPass(offset: Double) throws {
    let data = Data(rows: 3000, offset: offset, seed: 1)
    let moments = data.moments(0..<3000, step: 700)
    let (x, y) = (Data.centred(data.x), Data.centred(data.y))
    let tolerance = 1e-9
    expectClose(try moments.secondMoment(of: "x").values, Data.product(x, x), tolerance, "XᵀX")
    expectClose(try moments.crossMoment("x", "y").values, Data.product(x, y), tolerance, "XᵀY")
    expectClose(try moments.crossMoment("y", "x").values, Data.product(y, x), tolerance, "YᵀX")
    expectClose(
      try moments.mean(of: "y"),
      (0..<2).map { k in data.y.reduce(0) { $0 + $1[k] } / 3000 }, tolerance, "mean")

    func norm(_ row: [Double]) -> Double { row.reduce(0) { $0 + $1 * $1 } }
    expectClose(
      [try moments.sumOfSquaredNorms(of: "x")], [x.reduce(0) { $0 + norm($1) }], tolerance, "Σ‖x‖²")
    for (pair, a, b) in [(("x", "x"), x, x), (("x", "y"), x, y), (("y", "x"), y, x)] {
      let expected = zip(a, b).reduce(0) { $0 + norm($1.0) * norm($1.1) }
      expectClose([try moments.sumOfNormProducts(pair.0, pair.1)], [expected], tolerance, "Σ‖x‖²‖y‖²")
    }

    let sums: [Double] = (0..<9).map { index in
      let (label, k) = (index / 3, index % 3)
      return x.indices.reduce(0.0) { $0 + (data.labels[$1] == label ? x[$1][k] : 0) }
    }
    expectClose(try moments.classSums(of: "x").values, sums, tolerance, "class sums")
    #expect(moments.classCounts == [750, 750, 750])
  }

  @Test("give debiased CKA without any n × n matrix") func debiased() throws {
    let data = Data(rows: 40, offset: 3, seed: 2)
    let moments = data.moments(0..<40)
    let (x, y) = (Data.centred(data.x), Data.centred(data.y))
    let n = 40.0

    func fromGram(_ a: [[Double]], _ b: [[Double]]) -> Double {
      func gram(_ rows: [[Double]]) -> [[Double]] {
        rows.indices.map { i in
          rows.indices.map { j in i == j ? 0 : zip(rows[i], rows[j]).reduce(0) { $0 + $1.0 * $1.1 } }
        }
      }
      let (k, l) = (gram(a), gram(b))
      let (kRows, lRows) = (k.map { $0.reduce(0, +) }, l.map { $0.reduce(0, +) })
      let trace = zip(k, l).reduce(0) { $0 + zip($1.0, $1.1).reduce(0) { $0 + $1.0 * $1.1 } }
      let sums = kRows.reduce(0, +) * lRows.reduce(0, +) / ((n - 1) * (n - 2))
      return (trace + sums - 2 * zip(kRows, lRows).reduce(0) { $0 + $1.0 * $1.1 } / (n - 2)) / (n * (n - 3))
    }
    func fromMoments(_ a: String, _ b: String) throws -> Double {
      let cross = try moments.crossMoment(a, b).values.reduce(0) { $0 + $1 * $1 }
      let norms = try moments.sumOfSquaredNorms(of: a) * moments.sumOfSquaredNorms(of: b)
      return
        (cross - n / (n - 2) * (try moments.sumOfNormProducts(a, b)) + norms / ((n - 1) * (n - 2)))
        / (n * (n - 3))
    }
    expectClose([try fromMoments("x", "y")], [fromGram(x, y)], 1e-10, "HSIC₁(x, y)")
    expectClose([try fromMoments("x", "x")], [fromGram(x, x)], 1e-10, "HSIC₁(x, x)")
  }

  @Test("shards add up to the whole, in any grouping", arguments: [Moments.Extent.layers, .pairs])
  func merging(extent: Moments.Extent) throws {
    let data = Data(rows: 900, offset: 50, seed: 3)
    let whole = data.moments(0..<900, extent: extent)
    let (a, b, c) = (
      data.moments(0..<100, extent: extent), data.moments(100..<500, extent: extent),
      data.moments(500..<900, extent: extent)
    )
    let (left, right) = (try (a + b) + c, try a + (b + c))
    for merged in [left, right, try c + a + b] {
      #expect(merged.count == 900 && merged.classCounts == whole.classCounts)
      for layer in ["x", "y"] {
        expectClose(
          try merged.secondMoment(of: layer).values, try whole.secondMoment(of: layer).values, 1e-12, "XᵀX")
        expectClose(try merged.mean(of: layer), try whole.mean(of: layer), 1e-12, "mean")
        expectClose(
          try merged.classSums(of: layer).values, try whole.classSums(of: layer).values, 1e-11, "class sums"
        )
        expectClose(
          [try merged.sumOfNormProducts(layer, layer)], [try whole.sumOfNormProducts(layer, layer)], 1e-12,
          "Σ‖x‖⁴")
      }
      guard extent == .pairs else { continue }
      expectClose(
        try merged.crossMoment("x", "y").values, try whole.crossMoment("x", "y").values, 1e-12, "XᵀY")
      expectClose(
        [try merged.sumOfNormProducts("y", "x")], [try whole.sumOfNormProducts("y", "x")], 1e-12,
        "Σ‖y‖²‖x‖²")
    }
  }

  @Test("moments around another vector hold the same data") func shifting() throws {
    let data = Data(rows: 300, offset: 5, seed: 4)
    let moments = data.moments(0..<300)
    let shifted = moments.shifted(to: [[1, -2, 3], [10, 20]])
    expectClose(
      try shifted.crossMoment("x", "y").values, try moments.crossMoment("x", "y").values, 1e-11, "XᵀY")
    expectClose(
      [try shifted.sumOfNormProducts("x", "y")], [try moments.sumOfNormProducts("x", "y")], 1e-9, "norms")
    expectClose(try shifted.mean(of: "x"), try moments.mean(of: "x"), 1e-12, "mean")
  }

  @Test("nothing is added to nothing") func empty() throws {
    let data = Data(rows: 10, offset: 1, seed: 5)
    let (none, some) = (
      Moments(layers: [("x", 3), ("y", 2)], classes: ["a", "b", "c"]), data.moments(0..<10)
    )
    #expect(try none.secondMoment(of: "x").values.allSatisfy { $0 == 0 })
    #expect(try (none + some).secondMoment(of: "x") == some.secondMoment(of: "x"))
    #expect(try (some + none).secondMoment(of: "x") == some.secondMoment(of: "x"))
  }

  @Test("moments of another form are refused, and what was not kept says so") func mismatch() {
    let small = Moments(layers: [("x", 3), ("y", 2)], extent: .layers)
    #expect(throws: ActivationError.noCrossMoment("x", "y")) { try small.crossMoment("x", "y") }
    #expect(
      throws: ActivationError.noSuchLayer("z", level: "moments", reason: nil, available: ["x", "y"])
    ) { try small.mean(of: "z") }
    let other = Moments(layers: [("x", 3), ("y", 4)], extent: .layers)
    #expect(throws: ActivationError.momentsDiffer(what: "widths", first: "[3, 2]", second: "[3, 4]")) {
      try small + other
    }
  }

  @Test("their memory is what is said", arguments: [Moments.Extent.layers, .pairs])
  func bytes(extent: Moments.Extent) throws {
    let moments = Data(rows: 10, offset: 0, seed: 6).moments(0..<10, extent: extent)
    let said = Moments.bytes(widths: [3, 2], classes: 3, extent: extent)
    #expect(said == 8 * moments.flattened.count)

    var restored = Moments(layers: [("x", 3), ("y", 2)], classes: ["a", "b", "c"], extent: extent)
    let isTaken = restored.restore(moments.bits, count: 10, classCounts: moments.classCounts)
    #expect(isTaken)
    #expect(restored.flattened == moments.flattened && restored.count == 10)
    let isCutTaken = restored.restore(
      moments.bits.rows(0..<(moments.flattened.count - 1)), count: 10, classCounts: [0, 0, 0])
    #expect(!isCutTaken)
  }

  @Test("a layer can be left out afterwards", arguments: [Moments.Extent.layers, .pairs])
  func dropping(extent: Moments.Extent) throws {
    let data = Data(rows: 50, offset: 2, seed: 7)
    let (whole, part) = (
      data.moments(0..<50, extent: extent), data.moments(0..<50, extent: extent).dropping(["x"])
    )
    #expect(part.layers == ["y"])
    #expect(try part.secondMoment(of: "y") == whole.secondMoment(of: "y"))
    #expect(try part.sumOfNormProducts("y", "y") == whole.sumOfNormProducts("y", "y"))
    #expect(try part.classSums(of: "y") == whole.classSums(of: "y"))
  }
}

extension Moments {
  /// Every sum in one list.
  var flattened: [Double] {
    let bits = bits
    return bits.doublesFromBits(0..<bits.shape[0])
  }
}
