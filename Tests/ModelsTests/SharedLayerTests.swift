import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Layers that several families share, each beside its definition written out in double precision.
@Suite("Layers that families share") struct SharedLayerTests {
  private let run = Evaluation(threads: 2, pool: MemoryPool())

  private func noise(_ shape: [Int], _ seed: UInt64) -> Tensor {
    var numbers = RandomNumbers(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in Float(numbers.normal()) }, shape: shape)
  }

  @Test("a root mean square norm takes no mean off")
  func rootMeanSquare() {
    let (x, weight) = (noise([5, 7], 1), noise([7], 2))
    let norm = LayerNorm(weight: weight, bias: Tensor(shape: [7]), epsilon: 1e-3, centres: false)
    let found = norm(x, run)
    for row in 0..<5 {
      let square = x[row: row].reduce(0.0) { $0 + Double($1) * Double($1) } / 7
      for column in 0..<7 {
        let expected =
          Double(x[row: row][column]) / (square + 1e-3).squareRoot() * Double(weight.values[column])
        #expect(abs(Double(found[row: row][column]) - expected) < 1e-6)
      }
    }
    let plain = LayerNorm(weight: nil, bias: nil, epsilon: 1e-3, centres: false)(x, run)
    let ones = LayerNorm(
      weight: Tensor(repeating: 1, shape: [7]), bias: Tensor(shape: [7]), epsilon: 1e-3, centres: false)
    #expect(plain == ones(x, run))
  }

  /// Pair p of position t is turned by `t · base^(−p / pairs)`, and no other value.
  @Test("rotary positions, halves or pairs, of a part of each head", arguments: [true, false])
  func rotary(isInterleaved: Bool) {
    let positions = RotaryPositions(headSize: 10, turned: 6, base: 50, isInterleaved: isInterleaved)
    let x = noise([4, 20], 3)
    let found = run.rotated(x, by: positions.rotation(frames: 4, run))
    for frame in 0..<4 {
      for head in 0..<2 {
        let (before, after) = (x[row: frame], found[row: frame])
        for pair in 0..<3 {
          let angle = Double(frame) * pow(50, -Double(pair) / 3)
          let places = isInterleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + 3]
          let (a, b) = (Double(before[head * 10 + places[0]]), Double(before[head * 10 + places[1]]))
          #expect(abs(Double(after[head * 10 + places[0]]) - (a * cos(angle) - b * sin(angle))) < 1e-6)
          #expect(abs(Double(after[head * 10 + places[1]]) - (b * cos(angle) + a * sin(angle))) < 1e-6)
        }
        for place in 6..<10 { #expect(after[head * 10 + place] == before[head * 10 + place]) }
      }
    }
  }

  @Test("which keys a query reaches")
  func reaches() {
    func keys(_ reach: AttentionReach) -> [Range<Int>] { (0..<5).map { reach.keys(of: $0, count: 5) } }
    #expect(keys(.all) == Array(repeating: 0..<5, count: 5))
    #expect(keys(.causal) == [0..<1, 0..<2, 0..<3, 0..<4, 0..<5])
    #expect(keys(.near(back: 1, ahead: 1)) == [0..<2, 0..<3, 1..<4, 2..<5, 3..<5])
    #expect(keys(.near(back: .max, ahead: 0)) == keys(.causal))
    #expect(keys(.near(back: .max, ahead: .max)) == keys(.all))
    #expect(keys(.blocks(size: 2)) == [0..<2, 0..<2, 2..<4, 2..<4, 4..<5])
    #expect(keys(.blocks(size: 2, before: 1)) == [0..<2, 0..<2, 0..<4, 0..<4, 2..<5])
    // A query of padding has no key of its own; it gets one, which means nothing.
    #expect(AttentionReach.near(back: 0, ahead: 0).keys(of: 7, count: 5) == 4..<5)
  }

  /// Softmax over the keys that are reached, and nothing of the others.
  @Test(
    "attention of limited reach",
    arguments: [
      AttentionReach.causal, .near(back: 3, ahead: 1), .blocks(size: 4), .blocks(size: 3, before: 1),
    ])
  func limited(reach: AttentionReach) throws {
    let (frames, heads, size) = (11, 2, 4)
    let (q, k, v) = (noise([frames, 8], 4), noise([frames, 8], 5), noise([frames, 8], 6))
    var weights: Tensor? = Tensor(shape: [0])
    let found = run.attention(q, k, v, heads: heads, validFrames: frames, reach: reach, weights: &weights)
    let kept = try #require(weights).values
    for head in 0..<heads {
      for query in 0..<frames {
        let keys = reach.keys(of: query, count: frames)
        let scores = keys.map { key in
          (0..<size).reduce(0.0) {
            $0 + Double(q[row: query][head * size + $1]) * Double(k[row: key][head * size + $1])
          } / Double(size).squareRoot()
        }
        let total = scores.reduce(0) { $0 + exp($1) }
        for key in 0..<frames {
          let expected = keys.contains(key) ? exp(scores[key - keys.lowerBound]) / total : 0
          #expect(abs(Double(kept[(head * frames + query) * frames + key]) - expected) < 1e-6)
        }
        for column in 0..<size {
          let expected = zip(keys, scores).reduce(0.0) {
            $0 + exp($1.1) / total * Double(v[row: $1.0][head * size + column])
          }
          #expect(abs(Double(found[row: query][head * size + column]) - expected) < 1e-5)
        }
      }
    }
  }

  @Test("a gated feed-forward network weighs what goes up by the gate's nonlinearity")
  func gated() {
    func linear(_ inputs: Int, _ outputs: Int, _ seed: UInt64) -> Linear {
      Linear(weight: noise([outputs, inputs], seed), bias: noise([outputs], seed + 1))
    }
    let network = FeedForward(
      up: linear(4, 6, 10), down: linear(6, 4, 20), activation: .silu, gate: linear(4, 6, 30))
    let x = noise([3, 4], 7)
    func product(_ layer: Linear, _ x: [Double]) -> [Double] {
      (0..<layer.outputs).map { row in
        zip(layer.weight[row: row], x).reduce(Double(layer.bias.values[row])) { $0 + Double($1.0) * $1.1 }
      }
    }
    let found = network(x, adding: x, run)
    for row in 0..<3 {
      let input = x[row: row].map(Double.init)
      let gates = network.gate.map { product($0, input).map { $0 / (1 + exp(-$0)) } } ?? []
      let expected = product(network.down, zip(product(network.up, input), gates).map { $0 * $1 })
      for column in 0..<4 {
        #expect(abs(Double(found[row: row][column]) - expected[column] - input[column]) < 1e-4)
      }
    }
  }

  /// PyTorch 2.13's values.
  @Test("nonlinearities by the names that configurations have for them")
  func activations() throws {
    let expected: [String: [Float]] = [
      "quick_gelu": [-0.018_071_3, -0.149_611_6, 0, 0.350_388_4, 2.981_928_8],
      "mish": [-0.145_647_5, -0.220_743_8, 0, 0.375_245_2, 2.986_535],
    ]
    for (name, values) in expected {
      let activation = try #require(Activation(named: name))
      var x: [Float] = [-3, -0.5, 0, 0.5, 3]
      x.withUnsafeMutableBufferPointer { activation.apply(to: $0) }
      for (found, value) in zip(x, values) { #expect(abs(found - value) < 1e-6, "\(name)") }
    }
    var x: [Float] = [-40, -1, 0.5, 7, 40]
    let before = x
    func apply(_ name: String) throws -> [Float] {
      x = before
      let activation = try #require(Activation(named: name))
      x.withUnsafeMutableBufferPointer { activation.apply(to: $0) }
      return x
    }
    #expect(try apply("linear") == before)
    #expect(try apply("relu6") == [0, 0, 0.5, 6, 6])
    #expect(try apply("relu2") == [0, 0, 0.25, 49, 1600])
    #expect(try apply("leaky_relu") == [-40 * 0.01, -0.01, 0.5, 7, 40])
    #expect(try apply("gelu_10").suffix(2) == [7, 10])
    #expect(try apply("gelu_python") == apply("gelu") && apply("gelu_accurate") == apply("gelu_new"))
    #expect(Activation(named: "softmax") == nil)
  }
}
