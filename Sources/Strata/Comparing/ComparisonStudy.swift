import Activations
import Corpora
import Foundation
import Foundations
import Probing
import Results
import Similarity
import Synchronization
import Tensors

/// Studies several models alike and sets them beside each other: two models, a model before and after fine-tuning, or
/// the checkpoints of a run.
///
/// ```swift
/// let comparison = try await ComparisonStudy(models: [before, after]) { LayerStudy(model: $0, corpus: corpus) }.run()
/// print(comparison.summary)
/// ```
/// All see the same spans, splits and resamples, so that differences are paired. At most three models' states are held
/// at once.
public struct ComparisonStudy: Sendable {
  /// In their order; the first is what the others are compared with.
  public var models: [ComparedModel]
  /// The study of one of them: the same corpus, levels, seed and resamples for all.
  public var study: @Sendable (any ActivationSource) throws -> LayerStudy
  /// Spans over which layers are compared between models.
  public var driftRows = 4_000

  public init(
    models: [ComparedModel], study: @escaping @Sendable (any ActivationSource) throws -> LayerStudy
  ) {
    self.models = models
    self.study = study
  }

  /// Throws `ComparisonError.fewModels`, or what a study throws.
  public func run() async throws -> ModelComparison {
    guard models.count > 1 else { throw ComparisonError.fewModels(models.map(\.name)) }
    // The last goes second: layers are compared with those of the first and of the last.
    let order = [0, models.count - 1] + Array(1..<(models.count - 1))
    var studied: [Int: StudiedModel] = [:]
    var drifts: [Int: [ModelComparison.Drift]] = [:]
    for place in order {
      try Task.checkCancellation()
      let found = try await StudiedModel(models[place], study, rows: driftRows)
      studied[place] = found
      if place > 0, let first = studied[0], let last = studied[models.count - 1] {
        drifts[place] = try found.drifts(place: place, first: first, last: last)
        if place == models.count - 1 {
          drifts[0] = try first.drifts(place: 0, first: first, last: last)
        } else {
          studied[place]?.releaseStates()
        }
      }
    }
    let all = models.indices.compactMap { studied[$0] }
    return comparison(all, drifts: models.indices.flatMap { drifts[$0] ?? [] })
  }

  private func comparison(_ all: [StudiedModel], drifts: [ModelComparison.Drift]) -> ModelComparison {
    let first = all[0]
    var warnings = warnings(of: all)
    if !drifts.contains(where: { $0.model > 0 && $0.toFirst != nil }) {
      warnings.append(
        "No layer has the same name in two of the models: layers are not compared one by one.")
    }
    var keys: [StudiedModel.Key] = []
    for key in all.flatMap(\.keys) where !keys.contains(key) { keys.append(key) }
    var levels: [ModelComparison.Probed] = []
    for key in keys {
      let (differences, unpaired) = PairedDifferences(key, all).differences()
      for place in unpaired {
        warnings.append(
          "\(models[place].name) was probed on other \(key.level.rawValue) spans than \(models[0].name): no differences "
            + "are given.")
      }
      levels.append(
        ModelComparison.Probed(
          level: key.level, probe: key.probe, results: all.map { $0.result(of: key) },
          differences: differences, errors: errorChanges(key, all)))
    }
    return ModelComparison(
      models: zip(models, all).map {
        ModelComparison.Model(name: $0.name, step: $0.step, summary: $1.result.model)
      },
      corpus: first.result.corpus, settings: first.result.settings, levels: levels, drifts: drifts,
      driftUnit: first.unit, driftRows: first.rows.count, warnings: warnings)
  }

  private func errorChanges(
    _ key: StudiedModel.Key, _ all: [StudiedModel]
  ) -> [ModelComparison.ErrorChanges] {
    guard let first = all[0].readings[key] else { return [] }
    return all.indices.dropFirst().compactMap { place in
      guard let reading = all[place].readings[key], let changes = reading.changes(since: first) else {
        return nil
      }
      return ModelComparison.ErrorChanges(model: place, layer: reading.layer, changes: changes)
    }
  }

  /// What every model's study warns of is said once.
  private func warnings(of all: [StudiedModel]) -> [String] {
    let shared = all[0].result.warnings.filter { warning in
      all.allSatisfy { $0.result.warnings.contains(warning) }
    }
    let own = zip(models, all).flatMap { model, found in
      found.result.warnings.filter { !shared.contains($0) }.map { "\(model.name): \($0)" }
    }
    return shared + own
  }
}

/// What is kept of one model's study.
struct StudiedModel: Sendable {
  struct Key: Hashable, Sendable {
    let level: Level
    let probe: String
  }

  /// A span, for telling that two models saw the same one.
  struct Row: Hashable, Sendable {
    let utterance: String
    let start, end: Double
    let label: String
  }

  let result: StudyResult
  /// By probe, the metric's resamples by layer.
  let draws: [Key: [String: Draws]]
  /// By probe, what its peak's probe read.
  let readings: [Key: PeakReading]
  /// By level, the spans that were probed.
  let spans: [Level: [Row]]
  /// What its layers are compared over.
  let unit: String
  private(set) var rows: [Row] = []
  private var states: [LayerStates] = []
  private let threads: Int

  var keys: [Key] { result.levels.map { Key(level: $0.level, probe: $0.probe) } }

  func result(of key: Key) -> LevelResult? {
    result.levels.first { $0.level == key.level && $0.probe == key.probe }
  }

  init(
    _ model: ComparedModel, _ template: @Sendable (any ActivationSource) throws -> LayerStudy,
    rows limit: Int
  ) async throws {
    var study = try template(try model.open())
    let seen = Mutex<(extractions: [Extraction], outcomes: [Key: ProbeStudy.Outcome])>(([], [:]))
    let (onExtraction, level) = (study.onExtraction, study.similarityLevel)
    study.onExtraction = { extraction in
      onExtraction(extraction)
      seen.withLock { $0.extractions.append(extraction) }
    }
    study.onOutcome = { outcome in
      let key = Key(level: outcome.result.level, probe: outcome.result.probe)
      seen.withLock { $0.outcomes[key] = outcome }
    }
    threads = study.threads
    result = try await study.run()
    let (extractions, outcomes) = seen.withLock { $0 }
    draws = outcomes.mapValues(\.draws)
    readings = outcomes.compactMapValues(\.reading)
    spans = extractions.reduce(into: [:]) { spans, extraction in
      for (level, activations) in extraction.levels where spans[level] == nil {
        spans[level] = activations.examples.items.map { Row($0, activations.examples) }
      }
    }
    let compared = extractions.first?.levels
    guard let examples = (compared?[level] ?? compared?.min { $0.key < $1.key }?.value)?.examples else {
      unit = ""
      return
    }
    unit = "\(examples.level.rawValue) spans"
    let count = examples.items.count
    let kept = count <= limit ? Array(0..<count) : (0..<limit).map { $0 * count / limit }
    rows = kept.map { Row(examples.items[$0], examples) }
    states = try examples.layers.filter { $0 != examples.baseline }.map {
      LayerStates(layer: $0, states: try examples.states(of: $0).selectingRows(kept))
    }
  }

  mutating func releaseStates() {
    states = []
    rows = []
  }

  /// How like each layer is to its first and to its last self.
  func drifts(place: Int, first: StudiedModel, last: StudiedModel) throws -> [ModelComparison.Drift] {
    let (toFirst, toLast) = (try similarities(to: first), try similarities(to: last))
    return states.map {
      ModelComparison.Drift(
        model: place, layer: $0.layer, toFirst: toFirst[$0.layer], toLast: toLast[$0.layer])
    }
  }

  /// Debiased linear CKA with the layers of the same names, over the spans that both have; nothing where it refuses.
  private func similarities(to other: StudiedModel) throws -> [String: Double] {
    let places = Dictionary(zip(other.rows, other.rows.indices), uniquingKeysWith: { first, _ in first })
    let pairs = rows.indices.compactMap { row in places[rows[row]].map { (row, $0) } }
    let names = states.map(\.layer).filter { name in other.states.contains { $0.layer == name } }
    let values = try parallelMap(names.count, threads: threads) { index -> Double? in
      guard let own = states.first(where: { $0.layer == names[index] }),
        let its = other.states.first(where: { $0.layer == names[index] })
      else { return nil }
      do {
        return try LinearCKA().similarity(
          own.states.selectingRows(pairs.map(\.0)), its.states.selectingRows(pairs.map(\.1))
        ).value
      } catch is SimilarityError {
        return nil
      }
    }
    return zip(names, values).reduce(into: [:]) { $0[$1.0] = $1.1 }
  }
}

extension StudiedModel.Row {
  init(_ item: PooledSpans.Item, _ examples: PooledSpans) {
    self.init(
      utterance: examples.utterances[item.utterance], start: item.start, end: item.end,
      label: item.label >= 0 ? examples.classes[item.label] : "")
  }
}

/// Each model less the first, layer by layer.
struct PairedDifferences {
  private let key: StudiedModel.Key
  private let all: [StudiedModel]

  init(_ key: StudiedModel.Key, _ all: [StudiedModel]) {
    self.key = key
    self.all = all
  }

  /// Also the places of models that were probed on other spans than the first, of which there are none.
  func differences() -> (differences: [ModelComparison.Difference], unpaired: [Int]) {
    guard let first = all[0].draws[key], let spans = all[0].spans[key.level] else { return ([], []) }
    var found: [(place: Int, layer: String, draws: Draws)] = []
    var unpaired: [Int] = []
    for (place, model) in all.enumerated().dropFirst() {
      guard let draws = model.draws[key] else { continue }
      guard model.spans[key.level] == spans else {
        unpaired.append(place)
        continue
      }
      let layers = model.result(of: key)?.layers.map(\.layer.name) ?? []
      found += layers.compactMap { layer in
        guard let own = draws[layer], let its = first[layer] else { return nil }
        return (place, layer, own - its)
      }
    }
    let standing = SimultaneousInference.changes(found.map(\.draws))
    return (
      zip(found, standing).map {
        ModelComparison.Difference(
          model: $0.place, layer: $0.layer, estimate: $0.draws.estimate(), isBeyondChance: $1)
      }, unpaired
    )
  }
}
