import Activations
import Corpora
import Foundation
import Foundations
import Probing
import Results
import Similarity
import Tensors

/// What layers tell of a level beside a linear probe: distances, clusters, correlations, codelengths, a probe with a
/// hidden layer, what is beyond mel, and where a reader of all layers looks.
///
/// ```swift
/// let measures = try LayerMeasures(of: study, level: .phoneme).run()
/// measures.filter { $0.name == .abxAcross }.min { $0.estimate.value < $1.estimate.value }?.layer
/// ```
/// The model, corpus, layers, seed and threads are the study's; its probes are not looked at.
public struct LayerMeasures: Sendable {
  let study: LayerStudy
  let level: Level
  /// Clusters of k-means.
  public var clusters = 50
  /// Of the sample, at most this many spans are read by what is dear: codes, hidden layers, mixtures.
  public var spans = 3000
  /// Whether ABX compares phones in one context only.
  public var sameContext = true

  public init(of study: LayerStudy, level: Level) {
    self.study = study
    self.level = level
  }

  /// Throws `StudyError.otherInput` for a model of speech and texts or the reverse, `.noLabels` where the level has no
  /// labels, and what the study would throw.
  public func run() throws -> [LayerMeasure] {
    try study.corpus.requireReadable(by: study.model)
    guard study.corpus.utterances.contains(where: { !$0.spans(at: level).isEmpty }) else {
      let available = Level.allCases.filter { level in
        study.corpus.utterances.contains { !$0.spans(at: level).isEmpty }
      }
      throw StudyError.noLabels(corpus: study.corpus.name, levels: [level], available: available)
    }
    let pass = LayerStudy.Pass(pool: .mean, probes: [ProbeSpec(name: level.rawValue, level: level)])
    guard let examples = try study.extraction(of: pass)?.levels[level]?.examples else { return [] }
    let read = try SpanMeasures(self, examples)
    let layers = study.layersOfModel.filter { examples.layers.contains($0.name) }
    var measures: [LayerMeasure] = []
    for (done, layer) in layers.enumerated() {
      guard !study.isCancelled() else { throw StudyError.interrupted }
      measures += try read.measures(of: layer)
      study.onProgress(StudyProgress(stage: "Measuring", done: done + 1, total: layers.count, detail: nil))
    }
    measures += try read.mixture(of: layers)
    if level == .phoneme { measures += try PhoneABX(self).measures(of: layers) }
    return measures.sorted { ($0.layer, place($0.name)) < ($1.layer, place($1.name)) }
  }

  private func place(_ name: LayerMeasure.Name) -> Int {
    LayerMeasure.Name.allCases.firstIndex(of: name) ?? 0
  }
}

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
  }

  /// Of each chosen span, its class among the frequent ones.
  private var labels: [Int] {
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    return chosen.items.map { places[$0.label] ?? 0 }
  }

  func measures(of layer: Layer) throws -> [LayerMeasure] {
    let states = try chosen.states(of: layer.name)
    guard states.firstNonFinite() == nil, classes.count > 1, states.rows > 2 else { return [] }
    func measure(_ name: LayerMeasure.Name, _ value: Double) -> LayerMeasure {
      LayerMeasure(
        layer: layer, level: settings.level, name: name,
        estimate: Estimate(value: value, low: value, high: value), count: states.rows)
    }
    let labels = labels
    let clusters = try KMeans(clusters: min(settings.clusters, states.rows)).fit(states, seed: study.seed)
    let scores = ClusterScores(labels: labels, clusters: clusters.assignments)
    var numbers = RandomNumbers(seed: study.seed, stream: "online code")
    let code = try OnlineCode().length(
      states: states, labels: labels, classCount: classes.count, order: numbers.permutation(states.rows),
      threads: study.threads)
    var found = [
      measure(.labelPurity, scores.labelPurity), measure(.clusterPurity, scores.clusterPurity),
      measure(.pnmi, scores.pnmi), measure(.compression, code.compression),
    ]
    let contrast = try contrast(states, labels)
    found +=
      contrast.map { [measure(.linearAccuracy, $0.linear), measure(.hiddenAccuracy, $0.hidden)] } ?? []
    if let correlation = try? LabelCCA(seed: study.seed).correlations(
      chosen.relabelled(classes: classes.map { examples.classes[$0] }, labels: labels),
      layers: [layer.name],
      folds: splits.folds, threads: study.threads
    ).first {
      found += [measure(.labelCCA, correlation.value), measure(.shuffledCCA, correlation.shuffled)]
    }
    if let beyond = try beyondMel(layer) {
      found.append(
        LayerMeasure(
          layer: layer, level: settings.level,
          name: chosen.baselineOfText == nil ? .beyondMel : .beyondNGrams, estimate: beyond.gain,
          count: beyond.tested
        ))
    }
    return found
  }

  private func rows(_ utterances: [Int]) -> [Int] {
    let own = Set(utterances)
    return chosen.items.indices.filter { own.contains(chosen.items[$0].utterance) }
  }

  /// Held-out accuracies over the first two folds.
  private func contrast(_ states: Tensor, _ labels: [Int]) throws -> (linear: Double, hidden: Double)? {
    var (linear, hidden, tested) = (0, 0, 0)
    for fold in splits.folds.prefix(2) {
      let (train, development, test) = (rows(fold.train), rows(fold.development), rows(fold.test))
      guard Set(train.map { labels[$0] }).count > 1, !test.isEmpty else { continue }
      let plain = try TunedSoftmaxProbe(penalties: ProbeSpec.defaultPenalties).fit(
        states: states, labels: labels, classCount: classes.count, train: train, development: development)
      let held = states.selectingRows(test)
      linear += zip(try plain.predictions(of: held), test).count { $0 == labels[$1] }
      let curved = try HiddenLayerProbe(seed: study.seed).fit(
        states: states, labels: labels, classCount: classes.count, train: train, development: development)
      let logs = try curved.logProbabilities(of: held)
      for (i, row) in test.enumerated() {
        let best = (0..<classes.count).max { (logs[i, $0], $1) < (logs[i, $1], $0) } ?? 0
        if best == labels[row] { hidden += 1 }
      }
      tested += test.count
    }
    return tested > 0 ? (Double(linear) / Double(tested), Double(hidden) / Double(tested)) : nil
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
    let result = try ProbeStudy(
      spec: spec, examples: joined, splits: splits, seed: study.seed, resamples: study.bootstrapResamples
    ).run(threads: study.threads, isCancelled: study.isCancelled).result
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
    return zip(own, fitted.weights).map { layer, weight in
      LayerMeasure(
        layer: layer.0, level: settings.level, name: .mixtureWeight,
        estimate: Estimate(value: weight, low: weight, high: weight), count: train.count)
    }
  }
}
