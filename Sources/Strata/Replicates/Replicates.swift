import Corpora
import Foundation
import Foundations
import Reports
import Results

/// Sets finished studies beside each other as replicates: what holds over them, and how much differs between them.
///
/// ```swift
/// let result = try Replicates(of: ["seed-0", "seed-1", "seed-2"]).result()
/// result.levels[0].layers.max { $0.value.mean.value < $1.value.mean.value }?.layer
/// ```
public struct Replicates: Sendable {
  private let studies: [(path: String, study: StudyResult)]

  /// Reads the studies' folders.
  /// - Throws: `ReplicatesError`, and `ReportError` for what is no study.
  public init(of paths: [String]) throws {
    try self.init(paths.map { ($0, try StudyFolder.read($0).study) })
  }

  /// - Throws: `ReplicatesError` for fewer than two studies, one that is given twice, or studies without a level in
  ///   common.
  public init(_ studies: [(path: String, study: StudyResult)]) throws {
    guard studies.count > 1 else { throw ReplicatesError.tooFew(studies.count) }
    for (place, own) in studies.enumerated() {
      let twin = studies.prefix(place).first {
        $0.study.model.fingerprint == own.study.model.fingerprint
          && $0.study.corpus.fingerprint == own.study.corpus.fingerprint
          && $0.study.settings.seed == own.study.settings.seed
      }
      if let twin { throw ReplicatesError.same(twin.path, own.path) }
    }
    self.studies = studies
  }

  /// Every level that all studies have, with the random-effects mean of each layer's numbers (Paule & Mandel 1982;
  /// Hartung & Knapp 2001).
  /// - Throws: `ReplicatesError.nothingShared` where no probe has numbers at the same layer in all studies.
  public func result() throws -> ReplicatesResult {
    let levels = (studies.first?.study.levels ?? []).compactMap(replicated)
    guard !levels.isEmpty else { throw ReplicatesError.nothingShared(studies.map(\.path)) }
    return ReplicatesResult(
      version: Release.version,
      studies: studies.map { path, study in
        ReplicatesResult.Study(
          path: path, model: study.model.name, modelFingerprint: study.model.fingerprint,
          corpus: study.corpus.name, corpusFingerprint: study.corpus.fingerprint, seed: study.settings.seed)
      }, levels: levels, warnings: warnings)
  }

  /// A level that every study has with the same metric; nil of others.
  private func replicated(_ first: LevelResult) -> ReplicatesResult.Replicated? {
    let found = studies.compactMap { entry in
      entry.study.levels.first {
        $0.probe == first.probe && $0.level == first.level && $0.metric == first.metric
      }
    }
    guard found.count == studies.count else { return nil }
    func summary(_ layer: Layer, _ value: (LayerResult) -> Estimate?) -> ReplicatesResult.Summary? {
      let own = found.compactMap { level in
        level.layers.first { $0.layer.name == layer.name }.flatMap(value)
      }
      return own.count == found.count ? Self.summary(own) : nil
    }
    let layers = first.layers.compactMap { own -> ReplicatesResult.LayerSummary? in
      guard let value = summary(own.layer, { $0.metrics?[first.metric] }) else { return nil }
      return ReplicatesResult.LayerSummary(
        layer: own.layer, value: value, gainOverMel: summary(own.layer) { $0.gainOverMel },
        gainOverTwin: summary(own.layer) { $0.gainOverTwin },
        selectivity: summary(own.layer) { $0.selectivity },
        inPeakSets: found.count { $0.peak?.peakSet.contains { $0.name == own.layer.name } ?? false })
    }
    guard !layers.isEmpty else { return nil }
    return ReplicatesResult.Replicated(
      level: first.level, probe: first.probe, metric: first.metric,
      decisions: found.map { $0.verdict?.decision }, peaks: found.map { $0.peak?.layer.name },
      layers: layers)
  }

  /// A study's variance is read off its interval, which is of 95 %; nil where one has none.
  static func summary(_ estimates: [Estimate]) -> ReplicatesResult.Summary? {
    let normal = Normal.quantile(twoSidedTail: 0.05)
    let variances = estimates.map { pow(($0.high - $0.low) / 2 / normal, 2) }
    guard let found = RandomEffects(values: estimates.map(\.value), variances: variances) else {
      return nil
    }
    func around(_ margin: Double) -> Estimate {
      Estimate(value: found.mean, low: found.mean - margin, high: found.mean + margin)
    }
    return ReplicatesResult.Summary(
      studies: found.count, mean: around(found.margin), between: found.betweenVariance.squareRoot(),
      inconsistency: found.inconsistency, prediction: found.predictionMargin.map(around))
  }

  private var warnings: [String] {
    var warnings: [String] = []
    if Set(studies.map { $0.study.corpus.fingerprint }).count < studies.count {
      warnings.append(
        "some studies are of the same corpus: their spans are the same, so that they differ less than studies of other "
          + "speech would, and intervals over them say nothing of other speech")
    }
    if studies.count < 5 {
      warnings.append(
        "\(studies.count) studies say little of what lies between studies: it is known to no better than a factor of two"
      )
    }
    return warnings
  }
}

/// What keeps studies from being replicates.
public enum ReplicatesError: StrataError, Equatable, CustomStringConvertible {
  case tooFew(Int)
  case same(String, String)
  case nothingShared([String])

  public var description: String {
    switch self {
    case .tooFew(let count): "\(count) study is no replication; give two studies' folders or more"
    case .same(let first, let second):
      "\(first) and \(second) are the same study (model, corpus and seed); leave one out"
    case .nothingShared(let paths):
      "no probe has numbers at the same layer in all of \(paths.joined(separator: ", ")); study the same levels and layers"
    }
  }

  public var kind: FailureKind { .badInput }
}
