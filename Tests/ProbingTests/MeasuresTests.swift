import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Probing

/// Of `linear.json`.
private struct MeasureReference: Decodable {
  struct Clusters: Decodable {
    let initialRows, assignments: [Int]
    let inertia, phonePurity, clusterPurity, pnmiMiOverLabelEntropy, vMeasure: Double
  }
  struct Code: Decodable {
    struct Block: Decodable {
      let end: Int
      let bits: Double
    }
    let permutation: [Int]
    let codelengthBits, uniformBits, compression: Double
    let blocks: [Block]
  }
  let kmeans: Clusters
  let mdlOnline: Code
  let classes: Int

  static func load(_ name: String) throws -> MeasureReference {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let all = try decoder.decode(
      [String: MeasureReference].self, from: Data(contentsOf: resource("linear.json")))
    guard let own = all[name] else { throw CocoaError(.fileReadCorruptFile) }
    return own
  }
}

@Suite("Measures beside the probes")
struct MeasuresTests {
  @Test("k-means and its scores are the reference's", arguments: LinearProbesTests.sets)
  func kMeans(set: String) throws {
    let (_, x, y) = try LinearReference.load(set)
    let reference = try MeasureReference.load(set).kmeans
    let found = try KMeans(clusters: reference.initialRows.count).fit(x, initialRows: reference.initialRows)
    #expect(found.assignments == reference.assignments)
    #expect(abs(found.inertia / reference.inertia - 1) < 1e-6)
    let scores = ClusterScores(labels: y, clusters: found.assignments)
    #expect(abs(scores.labelPurity - reference.phonePurity) < 1e-12)
    #expect(abs(scores.clusterPurity - reference.clusterPurity) < 1e-12)
    #expect(abs(scores.pnmi - reference.pnmiMiOverLabelEntropy) < 1e-9)
    #expect(abs(scores.vMeasure - reference.vMeasure) < 1e-9)
  }

  @Test("clusters that lie apart are found from drawn centres; labels that they are have scores of 1")
  func clustersApart() throws {
    let (states, labels) = planted(90, width: 3, classes: 3, signal: 30)
    let found = try KMeans(clusters: 3).fit(states, seed: 5)
    let scores = ClusterScores(labels: labels, clusters: found.assignments)
    #expect(scores.labelPurity == 1 && scores.clusterPurity == 1 && abs(scores.pnmi - 1) < 1e-12)
    #expect(try KMeans(clusters: 3).fit(states, seed: 5).assignments == found.assignments)
    let blind = ClusterScores(labels: labels, clusters: labels.map { _ in 0 })
    #expect(blind.pnmi == 0 && abs(blind.labelPurity - 1 / 3.0) < 1e-12 && blind.clusterPurity == 1)
    #expect(throws: ProbeError.self) { try KMeans(clusters: 91).fit(states, seed: 1) }
  }

  @Test("online codes have the reference's length", arguments: LinearProbesTests.sets)
  func onlineCode(set: String) throws {
    let (_, x, y) = try LinearReference.load(set)
    let whole = try MeasureReference.load(set)
    let reference = whole.mdlOnline
    let code = OnlineCode(
      penalty: 1, standardises: false,
      shares: reference.blocks.map { Double($0.end) / Double(y.count) })
    let found = try code.length(
      states: x, labels: y, classCount: whole.classes, order: reference.permutation, threads: 2)
    for (block, expected) in zip(found.blocks, reference.blocks) {
      #expect(abs(block - expected.bits) < 2e-3 * expected.bits)
    }
    #expect(abs(found.bits / reference.codelengthBits - 1) < 1e-3)
    #expect(abs(found.uniformBits - reference.uniformBits) < 1e-9)
    #expect(abs(found.compression / reference.compression - 1) < 1e-3)
  }

  @Test("labels that nothing tells of are not compressed, and a class that comes late has a price")
  func incompressible() throws {
    let states = gaussian(400, 4, "code")
    var numbers = RandomNumbers(seed: 3)
    let labels = (0..<400).map { $0 < 390 ? numbers.index(below: 2) : 2 }
    let length = try OnlineCode().length(
      states: states, labels: labels, classCount: 3, order: Array(0..<400))
    // Two classes at a bit each of log₂ 3.
    #expect(length.bits.isFinite && length.compression < 1.55 && length.compression > 1)
    #expect(length.blocks.reduce(0, +) == length.bits)
  }

  /// Two classes in the four quadrants: no line parts them, one hidden layer does.
  @Test("a hidden layer reads what no linear probe can, and the same each time")
  func hiddenLayer() throws {
    let states = gaussian(900, 2, "xor")
    let labels = (0..<900).map { states.values[2 * $0] * states.values[2 * $0 + 1] > 0 ? 1 : 0 }
    let probe = HiddenLayerProbe(hidden: 12, penalty: 0.01, seed: 4)
    let (train, development, test) = (Array(0..<500), Array(500..<700), Array(700..<900))
    let fitted = try probe.fit(
      states: states, labels: labels, classCount: 2, train: train, development: development)
    let logs = try fitted.logProbabilities(of: states)
    let right = test.count { (logs[$0, 1] > logs[$0, 0] ? 1 : 0) == labels[$0] }
    #expect(right > 185, "\(right) of 200")
    #expect(abs(exp(logs[0, 0]) + exp(logs[0, 1]) - 1) < 1e-12)
    let linear = try SoftmaxProbe(penalty: 1).fit(
      states: states.rows(0..<500), labels: Array(labels.prefix(500)), classCount: 2)
    let linearRight = zip(try linear.predictions(of: states.rows(700..<900)), labels.dropFirst(700))
      .count { $0 == $1 }
    #expect(linearRight < 130)
    let again = try probe.fit(
      states: states, labels: labels, classCount: 2, train: train, development: development)
    #expect(try again.logProbabilities(of: states).values == logs.values)
  }

  @Test("a mixture of layers looks at the one that tells, with weights of sum 1")
  func mixture() throws {
    let (told, labels) = planted(600, width: 6, classes: 3, signal: 2.5, "told")
    let layers = [gaussian(600, 6, "a"), told, gaussian(600, 6, "b")]
    let fitted = try LayerMixture(penalty: 1).fit(
      layers: layers, labels: labels, classCount: 3, train: Array(0..<400), test: Array(400..<600))
    #expect(abs(fitted.weights.reduce(0, +) - 1) < 1e-12)
    #expect(fitted.weights[1] > 0.8 && fitted.accuracy > 0.85, "\(fitted)")
    #expect(throws: ProbeError.self) {
      try LayerMixture().fit(
        layers: [told, gaussian(600, 5)], labels: labels, classCount: 3, train: [0, 1], test: [2])
    }
  }
}
