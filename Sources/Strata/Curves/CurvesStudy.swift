import Activations
import Corpora
import Foundations
import Probing
import Results

/// How well a level is read at each layer over time around its spans, or over the number of spans learned from.
///
/// ```swift
/// var curves = CurvesStudy(of: LayerStudy(model: model, corpus: corpus), over: .time)
/// let result = try await curves.run()
/// result.curves[0].accuracies[0]        // 200 ms before the spans' middles
/// ```
/// The model, corpus, layers, seed and threads are the study's. Every number is of a linear discriminant on spans whose
/// speaker and sentence it never saw.
public struct CurvesStudy: Sendable {
  /// The study whose model, corpus, layers, seed and threads are taken.
  public var study: LayerStudy
  /// What is varied: the place beside the spans, or the number of training spans.
  public var axis: CurvesResult.Axis
  /// The level whose labels are read.
  public var level: Level = .phoneme
  /// Over time: seconds from the anchor.
  public var offsets = stride(from: -0.2, through: 0.2001, by: 0.04).map { ($0 * 1000).rounded() / 1000 }
  /// Over time: what offsets are counted from.
  public var anchor = CurvesResult.Anchor.centre
  /// Over time at most this many spans are read, drawn from the seed.
  public var spans = 1500
  /// Over examples: shares of the training part, ascending, above 0 and up to 1.
  public var shares = [0.125, 0.25, 0.5, 1]
  /// Over examples: how often each share is drawn, but the whole; accuracies are means over the draws.
  public var draws = 3

  /// Curves along `axis` with the settings of `study`.
  public init(of study: LayerStudy, over axis: CurvesResult.Axis) {
    (self.study, self.axis) = (study, axis)
  }

  /// Runs away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `StudyError.noLabels` where the level has no labels, `.otherInput`, `.nothingToProbe`, and what passes and
  /// probes throw.
  public func run() async throws -> CurvesResult {
    try await study.runBlocking { study in
      var own = self
      own.study = study
      return try own.study.requiringUnchanged { try own.result() }
    }
  }

  private func result() throws -> CurvesResult {
    let corpus = study.corpus
    try corpus.requireReadable(by: study.model)
    guard corpus.utterances.contains(where: { !$0.spans(at: level).isEmpty }) else {
      let available = Level.allCases.filter { level in
        corpus.utterances.contains { !$0.spans(at: level).isEmpty }
      }
      throw StudyError.noLabels(corpus: corpus.name, levels: [level], available: available)
    }
    return switch axis {
    case .time: try CurvesOverTime(self).result()
    case .examples: try CurvesOverExamples(self).result()
    }
  }

  /// A discriminant follows from sums, so that hundreds of fits are cheap.
  var spec: ProbeSpec {
    var spec = ProbeSpec(name: level.rawValue, level: level)
    (spec.kind, spec.penalties, spec.control) = (.lda, [1000, 100, 10], false)
    return spec
  }

  func probeStudy(
    _ examples: PooledSpans, _ plan: SplitPlan, tapPoints: [Layer]? = nil
  ) -> ProbeStudy {
    var probe = ProbeStudy(
      spec: spec, examples: examples, splits: plan, tapPoints: tapPoints, seed: study.seed,
      resamples: study.bootstrapResamples)
    probe.hasJointBaseline = false
    return probe
  }

  func result(
    of found: LevelResult, places: [Double], curves: [CurvesResult.Curve], plan: SplitPlan, clusters: Int,
    ofSpans: Int, ofClasses: Int, warnings: [String] = []
  ) -> CurvesResult {
    var warnings = plan.warnings + warnings
    if clusters < 10 {
      warnings.append(
        "only \(clusters) \(found.intervalUnit) are tested: nothing is decided from fewer than ten")
    }
    return CurvesResult(
      version: Release.version, seed: study.seed, model: study.modelSummary, corpus: study.corpusSummary,
      level: level, axis: axis, anchor: axis == .time ? anchor : nil, places: places,
      probe: "a linear discriminant with one covariance", classes: found.classes.count,
      ofClasses: ofClasses, tested: found.tested, ofSpans: ofSpans, clusters: clusters,
      clusterUnit: found.intervalUnit, folds: plan.description, majority: found.majority.accuracy,
      curves: curves, warnings: warnings)
  }
}
