import Foundation
import Foundations
import Tensors
import Testing

@testable import Similarity

@Suite("How states move") struct GeometryTests {
  /// `scripts/geometry-fixtures.py`.
  private struct Reference: Decodable {
    let states, changed: [[Double]]
    let curvature, entropy, wideEntropy, change: Double

    static func load() throws -> Reference {
      let path = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Resources/geometry.json")
      return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: path))
    }
  }

  private func tensor(_ rows: [[Double]]) -> Tensor {
    Tensor(rows.joined().map { Float($0) }, shape: [rows.count, rows[0].count])
  }

  private func curvature(_ states: Tensor) -> Double {
    let angles = Trajectory.angles(of: states)
    return angles.sum / Double(angles.count)
  }

  private func scale(_ states: Tensor) -> StateChange {
    var (sums, squares) = (
      [Double](repeating: 0, count: states.width), [Double](repeating: 0, count: states.width)
    )
    for (place, value) in states.values.enumerated() {
      sums[place % states.width] += Double(value)
      squares[place % states.width] += Double(value) * Double(value)
    }
    return StateChange(sums: sums, squares: squares, count: states.rows)
  }

  private func change(_ before: Tensor, _ after: Tensor) -> Double {
    let sums = scale(before).sums(before, after)
    return sums.moved / sums.apart
  }

  @Test("curvature, entropy and change are NumPy's")
  func reference() throws {
    let reference = try Reference.load()
    let (states, changed) = (tensor(reference.states), tensor(reference.changed))
    #expect(abs(curvature(states) - reference.curvature) < 1e-4)
    let entropy = try #require(try Spectrum(of: states).entropy)
    #expect(abs(entropy - reference.entropy) < 1e-6)
    let wide = try #require(try Spectrum(of: tensor(Array(reference.states.prefix(5)))).entropy)
    #expect(abs(wide - reference.wideEntropy) < 1e-6)
    #expect(abs(change(states, changed) - reference.change) < 1e-5)
  }

  @Test("a straight line has no curvature, a random walk 90°, independent draws 120°, there and back 180°")
  func curvatures() {
    let line = tensor((0..<10).map { [Double($0), 2 * Double($0) + 1, 0] })
    #expect(curvature(line) < 1e-3)
    let back = tensor((0..<10).map { [Double($0 % 2), 0, 0] })
    #expect(abs(curvature(back) - 180) < 1e-9)
    var numbers = RandomNumbers(seed: 1, stream: "curvature")
    let width = 200
    let draws = (0..<300).map { _ in (0..<width).map { _ in numbers.normal() } }
    #expect(abs(curvature(tensor(draws)) - 120) < 1)
    var place = [Double](repeating: 0, count: width)
    let walk = draws.map { step -> [Double] in
      place = zip(place, step).map { $0 + $1 }
      return place
    }
    #expect(abs(curvature(tensor(walk)) - 90) < 1)
    // Frames that stand still have no direction, and two frames no turn.
    #expect(Trajectory.angles(of: tensor([[1, 1], [1, 1], [1, 1]])).count == 0)
    #expect(Trajectory.angles(of: tensor([[1, 1], [2, 1]])).count == 0)
  }

  @Test("entropy is 1 where all directions have as much variance and 0 where one has all of it")
  func entropies() throws {
    func axes(_ lengths: [Double]) -> Tensor {
      tensor(
        lengths.indices.flatMap { axis in
          [1.0, -1].map { sign in lengths.indices.map { $0 == axis ? sign * lengths[axis] : 0 } }
        })
    }
    let even = try #require(try Spectrum(of: axes([2, 2, 2])).entropy)
    #expect(abs(even - 1) < 1e-9)
    let single = try #require(try Spectrum(of: axes([3, 0, 0])).entropy)
    #expect(abs(single) < 1e-9)
    #expect(try Spectrum(of: tensor([[1], [2], [4]])).entropy == nil)
  }

  @Test("states that stay have a change of 0, others of the same distribution 1, mirrored ones 2")
  func changes() {
    var numbers = RandomNumbers(seed: 2, stream: "changes")
    func draws() -> Tensor {
      tensor(
        (0..<2000).map { _ in [numbers.normal() + 3, 100 * numbers.normal(), 1e-3 * numbers.normal()] })
    }
    let states = draws()
    #expect(change(states, states) == 0)
    #expect(abs(change(states, draws()) - 1) < 0.05)
    let mean = (0..<3).map { k in
      states.values.indices.filter { $0 % 3 == k }.reduce(0) { $0 + states.values[$1] } / 2000
    }
    let mirrored = Tensor(
      states.values.enumerated().map { 2 * mean[$0.offset % 3] - $0.element }, shape: states.shape)
    #expect(abs(change(states, mirrored) - 2) < 1e-3)
  }

  @Test("every dimension counts alike, whatever its unit, and one that does not vary not at all")
  func units() {
    var numbers = RandomNumbers(seed: 3, stream: "units")
    let rows = (0..<500).map { _ in [numbers.normal(), numbers.normal(), 7] }
    let other = rows.map { [$0[0] + 0.5 * numbers.normal(), $0[1] + 0.5 * numbers.normal(), 9] }
    func scaled(_ rows: [[Double]]) -> [[Double]] { rows.map { [1000 * $0[0] - 5, $0[1], $0[2]] } }
    let (plain, rescaled) = (
      change(tensor(rows), tensor(other)), change(tensor(scaled(rows)), tensor(scaled(other)))
    )
    #expect(abs(plain - rescaled) < 1e-4)
    // Var(x) = 1, noise of 0.25: 0.25 / (1 + 1.25).
    #expect(abs(plain - 0.25 / 2.25) < 0.02)
  }
}
