import Foundation
import Foundations
import LinearAlgebra
import Probing
import StrataTestSupport
import Tensors
import Testing

@testable import Interventions

/// Labelled states whose classes have different means, `[count × width]`.
struct Labelled {
  var states: Matrix
  var labels: [Int]
  let classes: Int

  init(count: Int, width: Int, classes: Int, seed: UInt64, mean: Double = 0) {
    var numbers = RandomNumbers(seed: seed, stream: "labelled states")
    let labels = (0..<count).map { _ in numbers.index(below: classes) }
    let centres = (0..<classes).map { _ in (0..<width).map { _ in 2 * numbers.normal() } }
    let mixing = Matrix(
      rows: width, columns: width, values: (0..<(width * width)).map { _ in numbers.normal() })
    let noise = Matrix(
      rows: count, columns: width, values: (0..<(count * width)).map { _ in numbers.normal() })
    var states = matrixProduct(noise, .none, mixing)
    for i in 0..<count { for k in 0..<width { states[i, k] += centres[labels[i]][k] + mean } }
    (self.states, self.labels, self.classes) = (states, labels, classes)
  }

  init(states: Matrix, labels: [Int]) {
    (self.states, self.labels) = (states, labels)
    classes = (labels.max() ?? 0) + 1
  }

  /// In double precision.
  var moments: LabelMoments {
    let (n, width) = (states.rows, states.columns)
    let mean = (0..<width).map { k in (0..<n).reduce(0) { $0 + states[$1, k] } / Double(n) }
    var (gram, sums) = (Matrix(rows: width, columns: width), Matrix(rows: classes, columns: width))
    var counts = [Int](repeating: 0, count: classes)
    for i in 0..<n {
      counts[labels[i]] += 1
      for a in 0..<width {
        sums[labels[i], a] += states[i, a] - mean[a]
        for b in a..<width { gram[a, b] += (states[i, a] - mean[a]) * (states[i, b] - mean[b]) }
      }
    }
    return LabelMoments(
      count: n, classes: Array(0..<classes), counts: counts, mean: mean, gram: gram, sums: sums)
  }

  var tensor: Tensor { Tensor(states.values.map(Float.init), shape: [states.rows, states.columns]) }

  /// The largest covariance of a dimension with a class's indicator, over the deviation of the dimension.
  func largestCovariance(in other: Matrix) -> Double {
    var copy = self
    copy.states = other
    let (own, before) = (copy.moments, moments)
    var largest = 0.0
    for c in 0..<classes {
      for k in 0..<states.columns {
        let deviation = (before.gram[k, k] / Double(states.rows)).squareRoot()
        largest = max(largest, abs(own.sums[c, k]) / Double(states.rows) / deviation)
      }
    }
    return largest
  }
}

@Suite("Least-squares erasure") struct ErasureTests {
  private struct Reference: Decodable {
    let name: String
    let states: [[Double]]
    let labels: [Int]
    let projection: [[Double]]
    let erased: [[Double]]
  }

  private static func matrix(_ rows: [[Double]]) -> Matrix {
    Matrix(rows: rows.count, columns: rows.first?.count ?? 0, values: Array(rows.joined()))
  }

  private static func difference(_ a: Matrix, _ b: Matrix, by column: (Int) -> Double = { _ in 1 })
    -> Double
  {
    a.values.indices.map { abs(a.values[$0] - b.values[$0]) / column($0 % a.columns) }.max() ?? .infinity
  }

  @Test("is that of concept-erasure 0.2.4 to a millionth, whatever the units, means and dependencies")
  func reference() throws {
    let path = Repository.path("Tests/InterventionsTests/Resources/leace.json")
    let cases = try JSONDecoder().decode([Reference].self, from: Data(contentsOf: URL(filePath: path)))
    #expect(cases.count == 5)
    for reference in cases {
      let data = Labelled(states: Self.matrix(reference.states), labels: reference.labels)
      let erasure = try LEACE.erasure(of: data.moments)
      #expect(erasure.rank == data.classes - 1, "\(reference.name)")
      // In the unit of each dimension.
      let moments = data.moments
      func deviation(_ k: Int) -> Double { (moments.gram[k, k] / Double(moments.count)).squareRoot() }
      let found = Self.difference(erasure(data.states), Self.matrix(reference.erased), by: deviation)
      #expect(found < 1e-6, "\(reference.name): \(found)")
      #expect(data.largestCovariance(in: erasure(data.states)) < 1e-9, "\(reference.name)")
    }
  }

  @Test("leaves no covariance with any class, and no linear reader better than the commonest class")
  func guarantee() throws {
    let data = Labelled(count: 600, width: 12, classes: 5, seed: 3, mean: 4)
    let erasure = try LEACE.erasure(of: data.moments)
    let erased = erasure(data.states)
    #expect(data.largestCovariance(in: data.states) > 0.1)
    #expect(data.largestCovariance(in: erased) < 1e-9)

    let commonest = (0..<5).map { label in data.labels.count { $0 == label } }.max() ?? 0
    func right(_ states: Matrix) throws -> Int {
      let tensor = Tensor(states.values.map(Float.init), shape: [states.rows, states.columns])
      let fitted = try SoftmaxProbe(penalty: 1e-3).fit(states: tensor, labels: data.labels, classCount: 5)
      return zip(try fitted.predictions(of: tensor), data.labels).count { $0 == $1 }
    }
    #expect(try right(data.states) > commonest + 150)
    #expect(try right(erased) == commonest)
  }

  @Test("done twice is done once, and undoes nothing at the mean")
  func idempotence() throws {
    let data = Labelled(count: 200, width: 8, classes: 4, seed: 5, mean: -30)
    let erasure = try LEACE.erasure(of: data.moments)
    let once = erasure(data.states)
    #expect(Self.difference(erasure(once), once) < 1e-9)
    let projection = erasure.projection
    #expect(Self.difference(matrixProduct(projection, .none, projection), projection) < 1e-9)
    let mean = Matrix(rows: 1, columns: 8, values: erasure.mean)
    #expect(Self.difference(erasure(mean), mean) < 1e-12)
  }

  @Test("follows any invertible affine change of the layer, and any unit of it")
  func affine() throws {
    let data = Labelled(count: 300, width: 6, classes: 3, seed: 7)
    var numbers = RandomNumbers(seed: 8)
    let map = Matrix(rows: 6, columns: 6, values: (0..<36).map { _ in numbers.normal() })
    func moved(_ states: Matrix) -> Matrix {
      var result = matrixProduct(states, .none, map, .transposed)
      for i in result.values.indices { result.values[i] += 3 }
      return result
    }
    var other = data
    other.states = moved(data.states)
    // The oblique projection W⁺PW of moved states is that of the states, moved: P follows the whitened coordinates.
    let there = try LEACE.erasure(of: other.moments)(other.states)
    let here = moved(try LEACE.erasure(of: data.moments)(data.states))
    #expect(Self.difference(there, here) < 1e-8)

    var scaled = data
    for i in 0..<scaled.states.rows { for k in 0..<6 { scaled.states[i, k] *= k % 2 == 0 ? 1e-4 : 1e4 } }
    // Sixteen powers of ten lie between the variances.
    let erasure = try LEACE.erasure(of: scaled.moments)
    #expect(erasure.rank == 2)
    #expect(scaled.largestCovariance(in: erasure(scaled.states)) < 1e-9)
  }

  @Test("is the least change: the orthogonal projection of the same guarantee moves states further")
  func least() throws {
    let data = Labelled(count: 400, width: 6, classes: 3, seed: 9)
    let erasure = try LEACE.erasure(of: data.moments)
    let trace = (0..<6).reduce(0) { $0 + erasure.projection[$1, $1] }
    #expect(abs(trace - 4) < 1e-9, "two of six directions go")
    func distance(_ other: Matrix) -> Double {
      zip(other.values, data.states.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    let classMeans = data.moments.sums.transposed
    let basis = try SingularValueDecomposition(of: classMeans).u.columns(0..<2)
    let orthogonal = LinearErasure(mean: erasure.mean, left: basis, right: basis.transposed, share: 0)
    #expect(data.largestCovariance(in: orthogonal(data.states)) < 1e-9)
    #expect(distance(erasure(data.states)) < 0.999 * distance(orthogonal(data.states)))
  }

  @Test("of labels that go with nothing, and of a layer that does not vary, is an error by name")
  func errors() throws {
    // Both classes have the same mean exactly.
    let states = Matrix(rows: 4, columns: 2, values: [1, 0, -1, 0, 1, 0, -1, 0])
    let data = Labelled(states: states, labels: [0, 0, 1, 1])
    #expect(throws: InterventionError.nothingToErase(concept: "stress", layer: "hidden.2", rank: 0)) {
      try LEACE.erasure(of: data.moments, concept: "stress", layer: "hidden.2")
    }
    let dead = Labelled(states: Matrix(rows: 4, columns: 2, repeating: 3), labels: [0, 1, 0, 1])
    #expect(throws: InterventionError.deadLayer(layer: "conv.1")) {
      try LEACE.erasure(of: dead.moments, layer: "conv.1")
    }
  }

  @Test("in single precision gives the same frames, and leaves those that are not marked as they are")
  func frames() throws {
    let data = Labelled(count: 100, width: 8, classes: 3, seed: 11, mean: 2)
    let erasure = try LEACE.erasure(of: data.moments)
    let exact = erasure(data.states)
    #expect(Self.difference(Matrix(erasure(data.tensor)), exact) < 1e-4)
    let marks = data.labels.map { $0 == 1 }
    let some = erasure(data.tensor, changes: marks)
    for row in 0..<100 {
      let expected = marks[row] ? erasure(data.tensor)[row: row] : data.tensor[row: row]
      #expect(some[row: row] == expected)
    }
  }
}

@Suite("Angles between subspaces") struct AngleTests {
  private func erasure(_ axes: [Int], width: Int) -> LinearErasure {
    var left = Matrix(rows: width, columns: axes.count)
    for (column, axis) in axes.enumerated() { left[axis, column] = Double(column + 2) }
    return LinearErasure(
      mean: [Double](repeating: 0, count: width), left: left, right: left.transposed, share: 0)
  }

  @Test("are those of coordinate planes, whatever the units")
  func planes() throws {
    let units = [Double](repeating: 1, count: 6)
    let shared = try SubspaceAngles(erasure([0, 1], width: 6), erasure([1, 2, 3], width: 6), units: units)
    #expect(zip(shared.cosines, [1, 0]).allSatisfy { abs($0 - $1) < 1e-12 } && shared.cosines.count == 2)
    #expect(abs(shared.overlap - 0.5) < 1e-12 && shared.chance == 0.5)
    let apart = try SubspaceAngles(erasure([0], width: 6), erasure([4, 5], width: 6), units: units)
    #expect(apart.overlap < 1e-12)
    // A line between two axes, one of which is a hundred times as loud: in its own units it is half way.
    var line = Matrix(rows: 2, columns: 1)
    (line[0, 0], line[1, 0]) = (100, 1)
    let slanted = LinearErasure(mean: [0, 0], left: line, right: line.transposed, share: 0)
    let angles = try SubspaceAngles(slanted, erasure([1], width: 2), units: [100, 1])
    #expect(abs(angles.cosines[0] - 0.5.squareRoot()) < 1e-12)
  }
}

@Suite("Random subspaces") struct SubspaceTests {
  @Test(
    "have the rank and the share of variance of the erasure that they are a control of, and differ",
    arguments: [2, 5, 9])
  func rankAndShare(classes: Int) throws {
    let data = Labelled(count: 500, width: 10, classes: classes, seed: UInt64(classes))
    let moments = data.moments
    let erasure = try LEACE.erasure(of: moments)
    let subspaces = try SubspaceErasure(like: erasure, in: moments)
    var numbers = RandomNumbers(seed: 1)
    let draws = try (0..<5).map { _ in try subspaces.draw(using: &numbers) }
    let total = (0..<10).reduce(0) { $0 + moments.gram[$1, $1] }
    for draw in draws {
      #expect(draw.rank == erasure.rank)
      #expect(abs(draw.share - erasure.share) < 1e-6)
      // The share that is told is the share that is lost.
      var left = data
      left.states = draw(data.states)
      let kept = (0..<10).reduce(0) { $0 + left.moments.gram[$1, $1] } / total
      #expect(abs(1 - kept - erasure.share) < 1e-6)
      let projection = draw.projection
      let twice = matrixProduct(projection, .none, projection)
      #expect(zip(twice.values, projection.values).allSatisfy { abs($0 - $1) < 1e-8 })
    }
    #expect(draws[0] != draws[1])
    #expect(data.largestCovariance(in: draws[0](data.states)) > 1e-3)
  }

  @Test("cannot be had of all directions, nor with a share that none has")
  func impossible() throws {
    let data = Labelled(count: 200, width: 4, classes: 6, seed: 2)
    let erasure = try LEACE.erasure(of: data.moments)
    #expect(erasure.rank == 4)
    let all = try SubspaceErasure(like: erasure, in: data.moments)
    #expect(!all.isPossible)
    var numbers = RandomNumbers(seed: 1)
    #expect(throws: InterventionError.self) { try all.draw(using: &numbers) }
    let none = SubspaceErasure(
      whitening: try Whitening(data.moments, layer: ""), rank: 1, share: 0.9999)
    #expect(throws: InterventionError.self) { try none.draw(using: &numbers) }
  }
}
