import Foundation
import Foundations
import Tensors
import Testing

@testable import Probing

/// `scripts/banded-ridge-fixtures.py`
private struct Reference: Decodable {
  struct Case: Decodable {
    let penalties: [Double]
    let predictions: [[Double]]
    let r2: [Double]
    /// By block, then output.
    let split: [[Double]]
  }

  let himalaya: String
  let train: Int
  let blocks: [[[Double]]]
  let categorical: [Bool]
  let outputs: [[Double]]
  let cases: [Case]

  static func load() throws -> Reference {
    try JSONDecoder().decode(Reference.self, from: Data(contentsOf: resource("banded.json")))
  }

  var joined: JoinedBlocks {
    get throws {
      try JoinedBlocks(
        zip(blocks, categorical).enumerated().map { place, block in
          FeatureBlock(
            "block \(place)",
            Tensor(block.0.joined().map(Float.init), shape: [block.0.count, block.0[0].count]),
            isCategorical: block.1)
        })
    }
  }
}

@Suite("Banded ridge") struct BandedRidgeTests {
  @Test("gives himalaya's predictions, R² and parts at the same penalties", arguments: 0..<3)
  func himalaya(number: Int) throws {
    let reference = try Reference.load()
    let expected = reference.cases[number]
    let blocks = try reference.joined
    let training = FeatureMoments(blocks, rows: Array(0..<reference.train))
    let testing = FeatureMoments(
      blocks, rows: Array(reference.train..<reference.outputs.count), mean: training.mean)
    let outputs = Matrix(
      rows: reference.outputs.count, columns: reference.outputs[0].count,
      values: Array(reference.outputs.joined()))
    let mean = outputs.mean(of: training.rows)
    let cross = matrixProduct(
      training.centred, .transposed, outputs.selecting(rows: training.rows).less(mean))
    let truth = outputs.selecting(rows: testing.rows).less(mean)
    let weights = try BandedRidge(blocks, training: training).coefficients(
      expected.penalties, cross: cross)
    let prediction = matrixProduct(testing.centred, .none, weights)
    let error = zip(prediction.values, expected.predictions.joined()).map { abs($0 - $1) }.max() ?? 1
    // Features are stored in single precision, the reference's are not.
    #expect(error < 1e-5, "the largest difference of predictions is \(error)")
    for output in 0..<truth.columns {
      let rows = 0..<truth.rows
      let own = rows.reduce(0.0) { $0 + truth[$1, output] } / Double(truth.rows)
      let residual = rows.reduce(0.0) { $0 + pow(truth[$1, output] - prediction[$1, output], 2) }
      let spread = rows.reduce(0.0) { $0 + pow(truth[$1, output] - own, 2) }
      #expect(abs(1 - residual / spread - expected.r2[output]) < 1e-6)
      let total = rows.reduce(0.0) { $0 + truth[$1, output] * truth[$1, output] }
      for (block, columns) in blocks.columns.enumerated() {
        var part = 0.0
        for row in rows {
          let own = columns.reduce(0.0) { $0 + testing.centred[row, $1] * weights[$1, output] }
          part += own * (2 * truth[row, output] - prediction[row, output])
        }
        #expect(abs(part / total - expected.split[block][output]) < 1e-6)
      }
    }
  }

  @Test("a penalty of infinity is the same as having no such block")
  func leavesOut() throws {
    let reference = try Reference.load()
    let blocks = try reference.joined
    let two = try JoinedBlocks([
      FeatureBlock(
        "block 0",
        Tensor(
          reference.blocks[0].joined().map(Float.init),
          shape: [reference.blocks[0].count, reference.blocks[0][0].count]))
    ])
    let rows = Array(0..<reference.train)
    let outputs = Matrix(
      rows: rows.count, columns: 5, values: Array(reference.outputs.prefix(rows.count).joined()))
    func weights(_ blocks: JoinedBlocks, _ penalties: [Double]) throws -> [Double] {
      let moments = FeatureMoments(blocks, rows: rows)
      return try BandedRidge(blocks, training: moments).coefficients(
        penalties, cross: matrixProduct(moments.centred, .transposed, outputs)
      ).values
    }
    let alone = try weights(two, [0.01])
    let without = try weights(blocks, [0.01, .infinity, .infinity])
    #expect(zip(alone, without).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(without.dropFirst(alone.count).allSatisfy { $0 == 0 })
  }
}

@Suite("Variance, divided") struct VariancePartitionTests {
  /// Rows of `clusters` utterances; three blocks of Gaussian features make up 0.5, 0.3 and 0.2 of what is no noise.
  struct Planted {
    var blocks: [FeatureBlock]
    var states: Tensor
    var clusters: [Int]
    var folds: [VariancePartition.Fold]

    init(
      shares: [Double], noise: Double = 0, rows: Int = 2000, widths: [Int] = [8, 12, 5], outputs: Int = 24,
      seed: UInt64
    ) {
      var numbers = RandomNumbers(seed: seed, stream: "planted mixture")
      var blocks: [FeatureBlock] = []
      var states = [Double](repeating: 0, count: rows * outputs)
      for (place, share) in shares.enumerated() {
        let width = widths[place]
        let features = (0..<rows * width).map { _ in numbers.normal() }
        let weights = (0..<width * outputs).map { _ in numbers.normal() }
        // Each output's own weights have this share of its variance.
        for k in 0..<outputs {
          let norm = (0..<width).reduce(0.0) { $0 + weights[$1 * outputs + k] * weights[$1 * outputs + k] }
          let scale = (share / norm).squareRoot()
          for row in 0..<rows {
            var sum = 0.0
            for j in 0..<width { sum += features[row * width + j] * weights[j * outputs + k] }
            states[row * outputs + k] += scale * sum
          }
        }
        blocks.append(
          FeatureBlock("block \(place)", Tensor(features.map(Float.init), shape: [rows, width])))
      }
      for i in states.indices { states[i] += noise.squareRoot() * numbers.normal() }
      self.blocks = blocks
      self.states = Tensor(states.map(Float.init), shape: [rows, outputs])
      clusters = (0..<rows).map { $0 * 40 / rows }
      folds = (0..<4).map { [clusters] fold in
        func part(_ number: Int) -> [Int] { clusters.indices.filter { clusters[$0] % 4 == number % 4 } }
        let outer = clusters.indices.filter { clusters[$0] % 4 != fold }
        let development = part(fold + 1)
        let isDevelopment = Set(development)
        return VariancePartition.Fold(
          train: outer.filter { !isDevelopment.contains($0) }, development: development, outer: outer,
          test: part(fold))
      }
    }

    func shares() throws -> VarianceShares {
      var partition = try VariancePartition(blocks: blocks, folds: folds, clusters: clusters)
      partition.resamples = 200
      return try partition.shares(of: states)
    }
  }

  @Test("finds three blocks at 0.5, 0.3 and 0.2 to 0.02", arguments: [1, 2, 3] as [UInt64])
  func mixture(seed: UInt64) throws {
    let found = try Planted(shares: [0.5, 0.3, 0.2], seed: seed).shares()
    for (block, truth) in zip(found.blocks, [0.5, 0.3, 0.2]) {
      #expect(abs(block.alone.value - truth) < 0.02, "alone \(block.alone)")
      #expect(abs(block.unique.value - truth) < 0.02, "unique \(block.unique)")
      #expect(abs(block.part.value - truth) < 0.02, "part \(block.part)")
    }
    #expect(found.together.value > 0.99)
    #expect(abs(found.shared.value) < 0.02)
  }

  @Test("finds them under as much noise, and nothing in noise")
  func noise() throws {
    let found = try Planted(shares: [0.25, 0.15, 0.1], noise: 0.5, seed: 4).shares()
    for (block, truth) in zip(found.blocks, [0.25, 0.15, 0.1]) {
      #expect(abs(block.unique.value - truth) < 0.02, "\(block)")
      #expect(block.unique.low < truth && truth < block.unique.high + 0.01, "\(block)")
    }
    let nothing = try Planted(shares: [0, 0, 0], noise: 1, rows: 600, seed: 5).shares()
    #expect(abs(nothing.together.value) < 0.01)
    #expect(nothing.blocks.allSatisfy { abs($0.unique.value) < 0.01 && abs($0.alone.value) < 0.01 })
  }

  @Test("a block and its copy explain nothing uniquely; the parts sum to the whole, whatever the threads")
  func properties() throws {
    var planted = Planted(shares: [0.6, 0.2], noise: 0.2, rows: 800, seed: 6)
    planted.blocks.append(FeatureBlock("copy", planted.blocks[0].states))
    let found = try planted.shares()
    #expect(abs(found.blocks[0].unique.value) < 0.005 && abs(found.blocks[2].unique.value) < 0.005)
    #expect(abs(found.shared.value - 0.6) < 0.03)
    #expect(abs(found.blocks.reduce(0) { $0 + $1.part.value } - found.together.value) < 1e-9)
    let partition = try VariancePartition(
      blocks: planted.blocks, folds: planted.folds, clusters: planted.clusters)
    let states = [planted.states, planted.states]
    let alone = try partition.shares(of: states, threads: 1) { _ in }
    let shared = try partition.shares(of: states, threads: 2) { _ in }
    #expect(alone.map(\.together) == shared.map(\.together))
  }

  @Test("refuses blocks of other lengths, values that are not finite, and no folds")
  func refuses() throws {
    let planted = Planted(shares: [0.5], noise: 0.5, rows: 80, seed: 7)
    #expect(throws: ProbeError.rowMismatch(states: 3, labels: 80)) {
      try VariancePartition(
        blocks: planted.blocks + [FeatureBlock("short", Tensor([1, 2, 3], shape: [3, 1]))],
        folds: planted.folds, clusters: planted.clusters)
    }
    #expect(throws: ProbeError.self) {
      try VariancePartition(
        blocks: [FeatureBlock("bad", Tensor([1, .nan], shape: [2, 1]))], folds: planted.folds,
        clusters: [0, 1])
    }
    #expect(throws: ProbeError.noRows) {
      try VariancePartition(blocks: planted.blocks, folds: [], clusters: planted.clusters)
    }
  }

  @Test(
    "the ceiling is what tokens of a type have in common, and not what a speaker's or a sentence's have")
  func ceiling() throws {
    var numbers = RandomNumbers(seed: 8, stream: "ceiling")
    let (rows, width, types) = (3000, 16, 60)
    let typeStates = (0..<types * width).map { _ in numbers.normal() }
    let speakerStates = (0..<10 * width).map { _ in numbers.normal() }
    let sentenceStates = (0..<50 * width).map { _ in numbers.normal() }
    // A speaker reads ten of the sentences, and each type is in many of them.
    let speakers = (0..<rows).map { $0 * 10 / rows }
    let sentences = (0..<rows).map { ($0 * 100 / rows * 7) % 50 }
    let own = (0..<rows).map { _ in numbers.index(below: types) }
    let states = Tensor(
      (0..<rows * width).map { i in
        let (row, k) = (i / width, i % width)
        return Float(
          0.4.squareRoot() * typeStates[own[row] * width + k]
            + 0.2.squareRoot() * speakerStates[speakers[row] * width + k]
            + 0.1.squareRoot() * sentenceStates[sentences[row] * width + k]
            + 0.3.squareRoot() * numbers.normal())
      }, shape: [rows, width])
    let found = try #require(
      NoiseCeiling(
        states, types: own, speakers: speakers, sentences: sentences,
        clusters: (0..<rows).map { $0 * 100 / rows }))
    #expect(abs(found.estimate.value - 0.4) < 0.05, "\(found.estimate)")
    #expect(found.rows == rows && found.types == types)
    #expect(found.estimate.low < found.estimate.value && found.estimate.value < found.estimate.high)
    let noise = try #require(
      NoiseCeiling(
        Tensor((0..<rows * width).map { _ in Float(numbers.normal()) }, shape: [rows, width]), types: own,
        speakers: speakers, sentences: sentences, clusters: speakers))
    #expect(abs(noise.estimate.value) < 0.01)
    #expect(
      NoiseCeiling(
        states, types: Array(0..<rows), speakers: speakers, sentences: sentences, clusters: speakers) == nil
    )
  }
}
