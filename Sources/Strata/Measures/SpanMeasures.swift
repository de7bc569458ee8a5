import Activations
import Corpora
import Foundations
import Probing
import Results
import Similarity
import Tensors

/// The measures of pooled spans.
struct SpanMeasures {
  private let settings: LayerMeasures
  private let study: LayerStudy
  private let examples: PooledSpans
  private let splits: SplitPlan
  /// Spans of classes that are frequent enough, drawn from the seed.
  private let chosen: PooledSpans
  private let classes: [Int]
  private let spec: ProbeSpec
  private let draws: UtteranceDraws

  /// So many spans for each cluster at least.
  private static let spansOfCluster = 20
  private static let utterancesOfCode = 10
  private static let nullDraws = 200
  /// Each is fitted anew.
  private static let codeDraws = 3

  init(_ settings: LayerMeasures, _ examples: PooledSpans) throws {
    self.settings = settings
    study = settings.study
    splits = try SplitPlan.make(for: study.corpus, seed: study.seed)
    self.examples = examples
    var spec = ProbeSpec(name: settings.level.rawValue, level: settings.level)
    (spec.metric, spec.control, spec.penalties) = (.bits, false, [1000, 100, 10])
    self.spec = spec
    let counts = Dictionary(grouping: examples.items.map(\.label)) { $0 }.mapValues(\.count)
    let frequent = counts.filter { $0.key >= 0 && $0.value >= (spec.minimumCount ?? 10) }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(spec.maximumClasses ?? 100).map(\.key)
      .sorted()
    classes = frequent
    let isFrequent = Set(frequent)
    var numbers = RandomNumbers(seed: study.seed, stream: "measures")
    let rows = numbers.permutation(examples.items.count).filter {
      isFrequent.contains(examples.items[$0].label)
    }
    chosen = examples.selecting(rows.prefix(settings.spans).sorted())
    draws = UtteranceDraws(
      utterances: chosen.items.map(\.utterance), resamples: 200, seed: study.seed)
  }

  /// Of each chosen span, its class among the frequent ones.
  private var labels: [Int] {
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    return chosen.items.map { places[$0.label] ?? 0 }
  }

  /// Those of one layer; a number that would mean nothing has its reason in its place.
  func measures(of layer: Layer) throws -> [LayerMeasure] {
    let states = try chosen.states(of: layer.name)
    guard states.firstNonFinite() == nil, classes.count > 1, states.rows > 2 else { return [] }
    var found = try clusterMeasures(layer, states) + codeMeasures(layer, states) + contrast(layer, states)
    if let correlation = try? LabelCCA(seed: study.seed).correlations(
      chosen.relabelled(classes: classes.map { examples.classes[$0] }, labels: labels),
      layers: [layer.name],
      folds: splits.folds, threads: study.threads
    ).first {
      found += [
        measure(layer, .labelCCA, alone(correlation.value)),
        measure(layer, .shuffledCCA, alone(correlation.shuffled)),
      ]
    }
    if let beyond = try beyondMel(layer) {
      found.append(
        LayerMeasure(
          layer: layer, level: settings.level,
          name: chosen.baselineOfText == nil ? .beyondMel : .beyondNGrams, estimate: beyond.gain,
          count: beyond.tested, utterances: draws.rows.count))
    }
    return found
  }

  private func measure(
    _ layer: Layer, _ name: LayerMeasure.Name, _ estimate: Estimate, null: Estimate? = nil
  ) -> LayerMeasure {
    LayerMeasure(
      layer: layer, level: settings.level, name: name, estimate: estimate, null: null,
      count: chosen.items.count, utterances: draws.rows.count)
  }

  private func alone(_ value: Double) -> Estimate { Estimate(value: value, low: value, high: value) }

  private func missing(_ layer: Layer, _ names: [LayerMeasure.Name], _ reason: String) -> [LayerMeasure] {
    names.map { name in
      LayerMeasure(
        layer: layer, level: settings.level, name: name, estimate: .missing, count: chosen.items.count,
        utterances: draws.rows.count, reason: reason)
    }
  }

  private func clusterMeasures(_ layer: Layer, _ states: Tensor) throws -> [LayerMeasure] {
    typealias Score = (name: LayerMeasure.Name, of: KeyPath<ClusterScores, Double>)
    let scores: [Score] = [
      (.labelPurity, \.labelPurity), (.clusterPurity, \.clusterPurity), (.pnmi, \.pnmi),
      (.adjustedInformation, \.adjustedInformation),
    ]
    let count = min(settings.clusters, states.rows / Self.spansOfCluster)
    guard count > 1 else {
      let reason =
        "\(states.rows) spans are too few to cluster: two clusters need \(2 * Self.spansOfCluster)"
      return missing(layer, scores.map(\.name), reason)
    }
    let (labels, clusters) = (
      labels, try KMeans(clusters: count).fit(states, seed: study.seed).assignments
    )
    let exchanged = draws.exchanged(labels, draws: Self.nullDraws).map {
      ClusterScores(labels: $0, clusters: clusters)
    }
    return scores.map { name, score in
      measure(
        layer, name,
        draws.estimate(within: -1...1) {
          ClusterScores(labels: labels, clusters: clusters, weights: $0)[keyPath: score]
        }, null: UtteranceDraws.null(exchanged.map { $0[keyPath: score] }))
    }
  }

  private func codeMeasures(_ layer: Layer, _ states: Tensor) throws -> [LayerMeasure] {
    guard draws.rows.count >= Self.utterancesOfCode else {
      let reason =
        "an online code is sent utterance by utterance and needs \(Self.utterancesOfCode) of them; "
        + "these spans are from \(draws.rows.count)"
      return missing(layer, [.compression, .compressionOfEntropy], reason)
    }
    var numbers = RandomNumbers(seed: study.seed, stream: "online code")
    let utterances = numbers.permutation(draws.rows.count).map { draws.rows[$0] }
    func code(_ labels: [Int]) throws -> OnlineCode.Length {
      try OnlineCode().length(
        states: states, labels: labels, classCount: classes.count, utterances: utterances,
        threads: study.threads)
    }
    let own = try code(labels)
    var bits = [Double](repeating: 0, count: states.rows)
    for (row, cost) in zip(utterances.joined(), own.rows) { bits[row] = cost }
    let exchanged = try draws.exchanged(labels, draws: Self.codeDraws).map(code)
    func compression(
      _ name: LayerMeasure.Name, of total: Double, _ null: KeyPath<OnlineCode.Length, Double>
    ) -> LayerMeasure {
      let price = total / Double(states.rows)
      let estimate = draws.estimate { weights in
        let spent = zip(weights, bits).reduce(0.0) { $0 + Double($1.0) * $1.1 }
        return price * Double(weights.reduce(0, +)) / spent
      }
      return measure(layer, name, estimate, null: UtteranceDraws.null(exchanged.map { $0[keyPath: null] }))
    }
    return [
      compression(.compression, of: own.uniformBits, \.compression),
      compression(.compressionOfEntropy, of: own.entropyBits, \.compressionOfEntropy),
    ]
  }

  private func rows(_ utterances: [Int]) -> [Int] {
    let own = Set(utterances)
    return chosen.items.indices.filter { own.contains(chosen.items[$0].utterance) }
  }

  /// Held-out accuracies over the first two folds, of a linear probe and of one with a hidden layer.
  private func contrast(_ layer: Layer, _ states: Tensor) throws -> [LayerMeasure] {
    let labels = labels
    var isRight: [Int: (linear: Bool, hidden: Bool)] = [:]
    for fold in splits.folds.prefix(2) {
      let (train, development, test) = (rows(fold.train), rows(fold.development), rows(fold.test))
      guard Set(train.map { labels[$0] }).count > 1, !test.isEmpty else { continue }
      let linear = try TunedSoftmaxProbe(penalties: ProbeSpec.defaultPenalties).fit(
        states: states, labels: labels, classCount: classes.count, train: train, development: development)
      let held = states.selectingRows(test)
      let answers = try linear.predictions(of: held)
      let curved = try HiddenLayerProbe(seed: study.seed).fit(
        states: states, labels: labels, classCount: classes.count, train: train, development: development)
      let logs = try curved.logProbabilities(of: held)
      for (i, row) in test.enumerated() {
        let best = (0..<classes.count).max { (logs[i, $0], $1) < (logs[i, $1], $0) } ?? 0
        isRight[row] = (answers[i] == labels[row], best == labels[row])
      }
    }
    guard !isRight.isEmpty else { return [] }
    let rows = isRight.keys.sorted()
    func share(_ isRight: (Int) -> Bool) -> Estimate { accuracy(of: rows, isRight: rows.map(isRight)) }
    return [
      measure(layer, .linearAccuracy, share { isRight[$0]?.linear == true }),
      measure(layer, .hiddenAccuracy, share { isRight[$0]?.hidden == true }),
    ]
  }

  /// Of rows, some of which are right, with its interval over utterances.
  private func accuracy(of rows: [Int], isRight: [Bool]) -> Estimate {
    draws.estimate(within: 0...1) { weights in
      let (all, right) = zip(rows, isRight).reduce((0, 0)) { sum, row in
        (sum.0 + weights[row.0], sum.1 + (row.1 ? weights[row.0] : 0))
      }
      return Double(right) / Double(all)
    }
  }

  /// What [mel, layer] has beyond [mel] (Hewitt et al. 2021), in bits; of a text, beyond its characters' n-grams.
  private func beyondMel(_ layer: Layer) throws -> (gain: Estimate, tested: Int)? {
    guard let baseline = chosen.baseline, layer.name != baseline else { return nil }
    let mel = try chosen.states(of: baseline)
    let own = try chosen.states(of: layer.name)
    let both = Tensor(shape: [own.rows, mel.width + own.width]) { out in
      mel.withUnsafeBuffer { mel in
        own.withUnsafeBuffer { own in
          let (a, b) = (mel.count / max(1, chosen.items.count), own.count / max(1, chosen.items.count))
          for i in 0..<chosen.items.count {
            for k in 0..<a { out[i * (a + b) + k] = mel[i * a + k] }
            for k in 0..<b { out[i * (a + b) + a + k] = own[i * b + k] }
          }
        }
      }
    }
    let joined = PooledSpans(
      level: chosen.level, isDerived: chosen.isDerived, classes: chosen.classes, types: chosen.types,
      speakers: chosen.speakers, utterances: chosen.utterances, items: chosen.items,
      states: [(layer: baseline, states: mel), (layer: layer.name, states: both)])
    var probing = ProbeStudy(
      spec: spec, examples: joined, splits: splits, seed: study.seed, resamples: study.bootstrapResamples)
    probing.hasJointBaseline = false
    let result = try probing.run(threads: study.threads, isCancelled: study.isCancelled).result
    return result.layers.first?.gainOverMel.map { ($0, result.tested) }
  }

  /// Over the layers of the commonest width, mel and the input side's others left out.
  func mixture(of layers: [Layer]) throws -> [LayerMeasure] {
    let widths = try layers.filter { $0.name.contains("hidden.") }.map {
      ($0, try chosen.states(of: $0.name))
    }
    guard let width = widths.last?.1.width, classes.count > 1, let fold = splits.folds.first else {
      return []
    }
    let own = widths.filter { $0.1.width == width && $0.1.firstNonFinite() == nil }
    let (train, test) = (rows(fold.outer), rows(fold.test))
    guard own.count > 1, !train.isEmpty, !test.isEmpty else { return [] }
    let fitted = try LayerMixture().fit(
      layers: own.map(\.1), labels: labels, classCount: classes.count, train: train, test: test)
    let right = accuracy(of: test, isRight: fitted.isRight)
    return zip(own, fitted.weights).flatMap { layer, weight in
      [measure(layer.0, .mixtureWeight, alone(weight)), measure(layer.0, .mixtureAccuracy, right)]
    }
  }
}
