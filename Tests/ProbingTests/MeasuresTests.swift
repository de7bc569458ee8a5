import Foundation
import Foundations
import LinearAlgebra
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

  @Test("adjusted information is scikit-learn's, and is nothing on average where clusters know nothing")
  func adjustedInformation() {
    let labels = (0..<60).map { $0 * $0 % 7 % 4 }
    let clusters = (0..<60).map { ($0 * 3 + $0 / 5) % 6 }
    let scores = ClusterScores(labels: labels, clusters: clusters)
    #expect(abs(scores.adjustedInformation + 0.04169598813573431) < 1e-12)
    let few = ClusterScores(
      labels: [0, 0, 0, 1, 1, 2, 2, 2, 2, 3], clusters: [0, 0, 1, 1, 1, 2, 2, 0, 2, 3])
    #expect(abs(few.adjustedInformation - 0.46041593263509145) < 1e-12)
    #expect(abs(ClusterScores(labels: labels, clusters: labels).adjustedInformation - 1) < 1e-12)

    var numbers = RandomNumbers(seed: 6, stream: "noise")
    let noise = (0..<100).map { _ in
      ClusterScores(
        labels: (0..<54).map { _ in numbers.index(below: 20) },
        clusters: (0..<54).map { _ in numbers.index(below: 50) })
    }
    let means = [\ClusterScores.pnmi, \.adjustedInformation].map { score in
      noise.reduce(0) { $0 + $1[keyPath: score] } / 100
    }
    #expect(means[0] > 0.7 && abs(means[1]) < 0.03, "\(means)")
  }

  @Test("a point of weight 2 is two points, one of weight 0 none")
  func weightedClusters() {
    let (labels, clusters) = ([0, 1, 2, 1, 0], [0, 0, 1, 2, 2])
    let weighted = ClusterScores(labels: labels, clusters: clusters, weights: [2, 1, 0, 1, 3])
    let repeated = ClusterScores(labels: [0, 0, 1, 1, 0, 0, 0], clusters: [0, 0, 0, 2, 2, 2, 2])
    #expect(
      weighted.labelPurity == repeated.labelPurity && weighted.clusterPurity == repeated.clusterPurity)
    #expect(abs(weighted.pnmi - repeated.pnmi) < 1e-12)
    #expect(abs(weighted.adjustedInformation - repeated.adjustedInformation) < 1e-12)
  }

  /// Each utterance has a place of its own and few labels: a probe that saw its first spans knows the rest.
  @Test(
    "what only tells utterances apart is compressed when spans are sent singly, not when utterances are")
  func codeOfUtterances() throws {
    var numbers = RandomNumbers(seed: 9, stream: "code of utterances")
    let (utterances, each, classes) = (60, 10, 6)
    let own = (0..<utterances).map { _ in (0..<24).map { _ in 4 * numbers.normal() } }
    let label = (0..<utterances).map { _ in numbers.index(below: classes) }
    let rows = (0..<(utterances * each)).map { $0 / each }
    let states = Tensor(
      rows.flatMap { utterance in own[utterance].map { Float($0 + 0.1 * numbers.normal()) } },
      shape: [rows.count, 24])
    let labels = rows.map { label[$0] }
    let single = try OnlineCode().length(
      states: states, labels: labels, classCount: classes, order: numbers.permutation(rows.count))
    let whole = try OnlineCode().length(
      states: states, labels: labels, classCount: classes,
      utterances: (0..<utterances).map { Array(($0 * each)..<(($0 + 1) * each)) })
    #expect(single.compression > 1.8 && whole.compression < 1, "\(single.compression) \(whole.compression)")
    #expect(whole.ends.allSatisfy { $0 % each == 0 } && whole.ends.last == rows.count)
    #expect(whole.rows.count == rows.count && abs(whole.rows.reduce(0, +) - whole.bits) < 1e-6)
  }

  @Test("labels of unequal frequency compress the uniform code, not that of their frequencies")
  func skewedLabels() throws {
    var numbers = RandomNumbers(seed: 10, stream: "skewed")
    let labels = (0..<900).map { _ in numbers.index(below: 10) < 7 ? 0 : 1 + numbers.index(below: 3) }
    let length = try OnlineCode().length(
      states: gaussian(900, 4, "skewed"), labels: labels, classCount: 4, order: Array(0..<900))
    #expect(length.compression > 1.2 && length.compressionOfEntropy < 1, "\(length.compression)")
    #expect(length.entropyBits < length.uniformBits)
  }

  @Test("an interval over utterances holds its value, and labels are exchanged between whole utterances")
  func utteranceDraws() throws {
    // Clusters that are the utterances, labels that are constant in each: as good as clusters get, and by chance.
    let utterances = (0..<120).map { $0 / 6 }
    let labels = utterances.map { $0 % 4 }
    let draws = UtteranceDraws(utterances: utterances, resamples: 100, seed: 3)
    func score(_ labels: [Int], _ weights: [Int]?) -> Double {
      ClusterScores(labels: labels, clusters: utterances, weights: weights).pnmi
    }
    let exchanged = draws.exchanged(labels, draws: 20)
    let null = try #require(UtteranceDraws.null(exchanged.map { score($0, nil) }))
    #expect(abs(null.value - 1) < 1e-9 && abs(null.low - 1) < 1e-9)
    for labels in exchanged {
      #expect(labels.indices.allSatisfy { labels[$0] == labels[$0 / 6 * 6] })
    }

    var numbers = RandomNumbers(seed: 4, stream: "clusters")
    let clusters = labels.map { numbers.index(below: 3) > 0 ? $0 : numbers.index(below: 12) }
    let estimate = draws.estimate { ClusterScores(labels: labels, clusters: clusters, weights: $0).pnmi }
    #expect(estimate.value == ClusterScores(labels: labels, clusters: clusters).pnmi)
    #expect(estimate.low < estimate.value && estimate.value < estimate.high)
    let one = UtteranceDraws(utterances: [7, 7, 7], resamples: 10, seed: 1)
    #expect(one.exchanged([0, 1, 2], draws: 5).isEmpty && UtteranceDraws.null([]) == nil)
  }

  @Test("copies of a layer, scaled, shifted or rotated, share the mixture's weight alike")
  func mixtureOfCopies() throws {
    let (states, labels) = planted(400, width: 6, classes: 3, signal: 2, "copies")
    var numbers = RandomNumbers(seed: 2, stream: "rotation")
    let rotation = try SingularValueDecomposition(
      of: Matrix(rows: 6, columns: 6, values: (0..<36).map { _ in numbers.normal() })
    ).u
    let rotated = Tensor(
      matrixProduct(Matrix(states), .none, rotation).values.map { Float($0) }, shape: [400, 6])
    let moved = Tensor(states.values.map { 7 * $0 + 3 }, shape: [400, 6])
    let fitted = try LayerMixture(penalty: 1).fit(
      layers: [states, states, moved, rotated], labels: labels, classCount: 3, train: Array(0..<300),
      test: Array(300..<400))
    #expect(fitted.weights.allSatisfy { abs($0 - 0.25) < 1e-3 }, "\(fitted.weights)")
    #expect(fitted.accuracy > 0.75 && fitted.isRight.count == 100)
  }
}
