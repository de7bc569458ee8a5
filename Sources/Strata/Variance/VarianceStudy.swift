import Activations
import Corpora
import Foundations
import Probing
import Results
import Tensors

/// How much of each layer's variance is sound, phones, syllables, words, position, duration and speaker.
///
/// ```swift
/// var variance = VarianceStudy(of: LayerStudy(model: model, corpus: corpus))
/// let result = try await variance.run()
/// result.layers.max { $0.shares[2].unique.value < $1.shares[2].unique.value }?.layer
/// ```
/// The model, corpus, layers, seed and threads are the study's; its probes are not looked at.
public struct VarianceStudy: Sendable {
  /// A series from elsewhere as a block: articulator positions, EEG, a feature set.
  public struct Series: Sendable {
    /// What figures and tables call it.
    public var name: String
    /// What gives the series for every utterance of the corpus; several tap points are laid beside each other.
    public var source: any ActivationSource

    public init(name: String, source: any ActivationSource) { (self.name, self.source) = (name, source) }
  }

  /// The study whose model, corpus, layers, seed and threads are taken.
  public var study: LayerStudy
  /// Whose spans are the rows.
  public var level: Level = .phoneme
  /// The groups of features between which variance is divided, the simplest first.
  public var blocks: [SpanFeatures.Name] = SpanFeatures.Name.allCases
  /// Series from elsewhere, each a group of its own.
  public var series: [Series] = []
  /// Whether each dimension of a layer counts alike.
  public var standardises = true
  /// At most this many spans are read, drawn from the seed.
  public var spans = 5000
  /// Whether the untrained model stands beside.
  public var comparesUntrained = false

  /// A division with the settings of `study`.
  public init(of study: LayerStudy) { self.study = study }

  /// Runs away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `StudyError.noLabels` where the level has no labels, `.otherInput`, `ProbeError.noRows` where the corpus
  /// cannot be divided, and what the study would throw.
  public func run() async throws -> VarianceResult {
    try await study.runBlocking { study in
      var own = self
      own.study = study
      return try own.study.requiringUnchanged { try own.result() }
    }
  }

  private func result() throws -> VarianceResult {
    try study.corpus.requireReadable(by: study.model)
    let utterances = study.corpus.utterances
    guard utterances.contains(where: { !$0.spans(at: level).isEmpty }) else {
      let available = Level.allCases.filter { level in
        utterances.contains { !$0.spans(at: level).isEmpty }
      }
      throw StudyError.noLabels(corpus: study.corpus.name, levels: [level], available: available)
    }
    var study = study
    study.twinSeeds = comparesUntrained ? [1] : []
    let pass = LayerStudy.Pass(pool: .mean, probes: [ProbeSpec(name: level.rawValue, level: level)])
    guard let extraction = try study.extraction(of: pass), let found = extraction.levels[level] else {
      throw StudyError.noLabels(corpus: study.corpus.name, levels: [level], available: [])
    }
    let chosen = chosen(found.examples)
    let known = try SpanFeatures(of: chosen, in: utterances).blocks(blocks, threads: study.threads)
    let series = try series.map { series in
      FeatureBlock(
        series.name,
        try SeriesPooling(series.source, utterances).states(of: chosen, threads: study.threads))
    }
    let plan = try SplitPlan.make(for: study.corpus, cells: .diagonal, seed: study.seed)
    let work = try LayerWork(study, level, chosen, known.map(\.block) + series, plan, standardises)
    let layers = try work.layers(of: chosen, "Dividing")
    var untrained: [VarianceResult.LayerVariance] = []
    if comparesUntrained, let twin = try study.extraction(of: pass.twin(0))?.levels[level]?.examples {
      untrained = try work.layers(of: self.chosen(twin), "Dividing the untrained model")
    }
    return VarianceResult(
      version: Release.version, seed: study.seed, model: study.modelSummary, corpus: study.corpusSummary,
      level: level, spans: work.tested, ofSpans: found.spans, clusters: work.clusters,
      clusterUnit: work.clusterUnit, folds: plan.description, isStandardised: standardises,
      blocks: known.map {
        VarianceResult.Block(
          name: $0.block.name, words: $0.words, features: $0.block.states.width, coverage: $0.coverage)
      }
        + series.map {
          VarianceResult.Block(
            name: $0.name, words: "a series from elsewhere, its mean over the span",
            features: $0.states.width, coverage: 1)
        },
      ceilingType: level == .phoneme ? "the phone with its neighbours" : "the \(level.rawValue)",
      layers: layers, untrained: untrained, warnings: warnings(plan, work))
  }

  private func chosen(_ examples: PooledSpans) -> PooledSpans {
    var numbers = RandomNumbers(seed: study.seed, stream: "variance")
    let order = numbers.permutation(examples.items.count)
    return order.count <= spans ? examples : examples.selecting(order.prefix(spans).sorted())
  }

  private func warnings(_ plan: SplitPlan, _ work: LayerWork) -> [String] {
    var warnings = plan.warnings
    if work.clusters < 10 {
      warnings.append(
        "only \(work.clusters) \(work.clusterUnit) are tested: nothing is decided from fewer than ten, whatever the "
          + "intervals are")
    }
    return warnings
  }
}

/// The partition with what every layer needs.
private struct LayerWork {
  let study: LayerStudy
  let clusters: Int
  let clusterUnit: String
  let tested: Int
  private let partition: VariancePartition
  private let clusterOfRow: [Int]
  private let sentences: [Int]

  init(
    _ study: LayerStudy, _ level: Level, _ examples: PooledSpans, _ blocks: [FeatureBlock],
    _ plan: SplitPlan, _ standardises: Bool
  ) throws {
    self.study = study
    let utterances = examples.items.map(\.utterance)
    let folds = plan.folds.map { VariancePartition.Fold($0, utterances: utterances) }
    let rows = try VariancePartition(blocks: blocks, folds: folds, clusters: utterances).tested
    let speakers = Set(rows.map { examples.items[$0].speaker }).count
    let bySpeaker = speakers >= 10
    clusterOfRow = bySpeaker ? examples.items.map(\.speaker) : utterances
    clusterUnit = bySpeaker ? "speakers" : study.corpus.isText ? "texts" : "utterances"
    clusters = Set(rows.map { [clusterOfRow] in clusterOfRow[$0] }).count
    tested = rows.count
    var partition = try VariancePartition(blocks: blocks, folds: folds, clusters: clusterOfRow)
    (partition.standardises, partition.seed, partition.resamples) = (
      standardises, study.seed, study.bootstrapResamples
    )
    self.partition = partition
    let names = Set(study.corpus.utterances.map(\.sentence)).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    sentences = utterances.map { places[study.corpus.utterances[$0].sentence] ?? 0 }
  }

  func layers(of examples: PooledSpans, _ stage: String) throws -> [VarianceResult.LayerVariance] {
    var reasons = examples.reasons
    var finite: [(layer: Layer, states: Tensor)] = []
    for layer in study.layersOfModel where examples.layers.contains(layer.name) {
      let states = try examples.states(of: layer.name)
      if states.firstNonFinite() == nil {
        finite.append((layer, states))
      } else {
        reasons[layer.name] = "it has values that are not finite"
      }
    }
    let readable = finite
    let total = readable.count * partition.stepCount
    let found = try partition.shares(
      of: readable.map(\.states), threads: study.threads, isCancelled: study.isCancelled
    ) { [study] done in
      study.onProgress(StudyProgress(stage: stage, done: done, total: total, detail: nil))
    }
    let items = examples.items
    let ceilings = try parallelMap(readable.count, threads: study.threads) { index in
      NoiseCeiling(
        readable[index].states, types: items.map(\.type), speakers: items.map(\.speaker),
        sentences: sentences, clusters: clusterOfRow, standardises: partition.standardises)
    }
    var layers = zip(readable, zip(found, ceilings)).map { layer, found in
      VarianceResult.LayerVariance(
        layer: layer.layer,
        shares: found.0.blocks.map {
          VarianceResult.Share(block: $0.name, alone: $0.alone, unique: $0.unique, part: $0.part)
        }, together: found.0.together, shared: found.0.shared, ceiling: found.1?.estimate,
        ceilingSpans: found.1?.rows ?? 0)
    }
    let asked = Set(study.layers ?? study.layersByDefault)
    for layer in study.layersOfModel where asked.contains(layer.name) {
      guard let reason = reasons[layer.name] else { continue }
      layers.append(
        VarianceResult.LayerVariance(
          layer: layer, shares: [], together: .missing, shared: .missing, ceiling: nil, ceilingSpans: 0,
          reason: reason))
    }
    return layers.sorted { $0.layer < $1.layer }
  }
}
