import Foundation
import Reports
import Results

extension StudyResult {
  /// The study set among finished studies of other checkpoints of its training, which lie at `paths`: studies' folders,
  /// comparisons' folders (`probe-layers compare`), or folders of these.
  ///
  /// They stand in the order of the steps in their names where only numbers tell these apart, else as given with this
  /// study last. One of this study's own weights counts once.
  /// - Throws: `StudyError.otherTraining` for a study of another corpus or seed; `ReportError` for what is no study.
  public func among(_ paths: [String]) throws -> StudyResult {
    among(try TrainingPoint.found(at: paths, corpus: corpus.fingerprint, seed: settings.seed))
  }

  /// The same of what `TrainingPoint.found` has read.
  public func among(_ others: [TrainingPoint]) -> StudyResult {
    var points = others.filter { $0.fingerprint != model.fingerprint }
    guard !points.isEmpty else { return self }
    points.append(TrainingPoint(name: model.name, step: nil, fingerprint: model.fingerprint, levels: []))
    var result = self
    result.training = TrainingPoint.ordered(points)
    return result
  }
}

extension TrainingPoint {
  /// What finished studies at `paths` found, each checkpoint once.
  /// - Throws: `StudyError.otherTraining` for a study of another corpus (by its fingerprint) or seed; `ReportError` for
  ///   what is no study.
  public static func found(at paths: [String], corpus: String, seed: UInt64) throws -> [TrainingPoint] {
    var points: [TrainingPoint] = []
    for found in try paths.flatMap(studies) {
      guard found.corpus == corpus, found.seed == seed else {
        throw StudyError.otherTraining(
          path: found.path,
          reason: found.corpus == corpus
            ? "its seed is \(found.seed), this study's \(seed)" : "it is of another corpus")
      }
      points += found.points.filter { point in !points.contains { $0.fingerprint == point.fingerprint } }
    }
    return points
  }

  private typealias Found = (path: String, corpus: String, seed: UInt64, points: [TrainingPoint])

  private static func studies(at path: String) throws -> [Found] {
    func holds(_ folder: String, _ name: String) -> Bool {
      FileManager.default.fileExists(atPath: folder + "/" + name)
    }
    if holds(path, "comparison.json") {
      let comparison = try ModelComparisonWriter.read(path + "/comparison.json")
      let points = comparison.models.enumerated().map { place, model in
        TrainingPoint(
          name: model.name, step: model.step, fingerprint: model.summary.fingerprint,
          levels: comparison.levels.compactMap { $0.results[place] })
      }
      return [(path, comparison.corpus.fingerprint, comparison.settings.seed, points)]
    }
    let inner = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
      .map { path + "/" + $0 }.filter { holds($0, "study.json") || holds($0, "comparison.json") }
    if !holds(path, "study.json"), !inner.isEmpty { return try inner.flatMap(studies) }
    let study = try StudyFolder.read(path).study
    let point = TrainingPoint(
      name: study.model.name, step: nil, fingerprint: study.model.fingerprint, levels: study.levels)
    return [(path, study.corpus.fingerprint, study.settings.seed, [point])]
  }

  fileprivate static func ordered(_ points: [TrainingPoint]) -> [TrainingPoint] {
    let bare = Set(points.map { $0.name.filter { !$0.isNumber } })
    let steps = points.map { $0.step ?? ModelListing.step(of: $0.name) }
    guard bare.count == 1, !steps.contains(nil) else { return points }
    return zip(points, steps).map { point, step in
      var point = point
      point.step = step
      return point
    }.sorted { ($0.step ?? 0, $0.name) < ($1.step ?? 0, $1.name) }
  }
}
