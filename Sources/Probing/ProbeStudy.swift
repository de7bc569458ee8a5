import Activations
import Corpora
import Results
import Tensors

/// One level of a model, probed with all its controls.
///
/// ```swift
/// let study = ProbeStudy(spec: spec, examples: trained, twins: twins, splits: plan, tapPoints: layers, seed: 0)
/// let outcome = try study.run(threads: 2)
/// outcome.result.peak?.layer.name      // "hidden.3"
/// ```
/// For every layer, and for the same layers of untrained models, the mel baseline and a probe of durations
/// alone: in each fold the penalty is chosen on the development part, the probe is fitted again on all that
/// may be learned from, and the fold's test part is predicted, so that each example is predicted once, while
/// its speaker and its sentence are held out. The trained model's layers have control tasks too, at the
/// penalty that was chosen on the true labels, and fits without one group of clusters after another, which tell
/// how much hangs on what was learned from. The peak layer is probed once more beside the joint baseline. All use
/// the same examples, folds and resamples.
///
/// The result does not depend on the number of threads.
public struct ProbeStudy: Sendable {
  /// What is probed, and how.
  public var spec: ProbeSpec
  /// Of the trained model: its layers, `mel` or `n-grams` for the baseline where there is one; and what is read of them.
  public var targeted: ProbeDataset
  /// The pooled spans of the trained model.
  public var examples: PooledSpans { targeted.examples }
  /// Of untrained models of its architecture: the same spans, whose own labels are not looked at.
  public var twins: [PooledSpans]
  /// How utterances are divided into folds.
  public var splits: SplitPlan
  /// The layers that are reported, each with its place; those that `examples` knows nothing of are left out.
  public var tapPoints: [Layer]
  /// The seed of shuffles, control tasks and the bootstrap.
  public var seed: UInt64
  /// Of the bootstrap.
  public var resamples: Int
  /// Layers whose mistakes are looked at beside the peak's.
  public var errorLayers: Set<String> = []
  /// Whether the peak layer is read beside the joint baseline, on which a verdict hangs; two dear fits a fold.
  public var hasJointBaseline = true
  /// Where finished fits are kept; nil keeps none. The result does not depend on it.
  public var fits: (any FitCache)?

  /// A study of the spans' own labels.
  public init(
    spec: ProbeSpec, examples: PooledSpans, twins: [PooledSpans] = [], splits: SplitPlan,
    tapPoints: [Layer]? = nil, seed: UInt64, resamples: Int = 1000
  ) {
    self.init(
      spec: spec, targeted: ProbeDataset(examples), twins: twins, splits: splits, tapPoints: tapPoints,
      seed: seed, resamples: resamples)
  }

  public init(
    spec: ProbeSpec, targeted: ProbeDataset, twins: [PooledSpans] = [], splits: SplitPlan,
    tapPoints: [Layer]? = nil, seed: UInt64, resamples: Int = 1000
  ) {
    self.spec = spec
    self.targeted = targeted
    self.twins = twins
    self.splits = splits
    self.tapPoints =
      tapPoints
      ?? targeted.examples.layers.filter { $0 != targeted.examples.baseline }.enumerated().map {
        Layer(name: $1, depth: $0)
      }
    self.seed = seed
    self.resamples = resamples
  }

  /// What a study found, and what its reader must know.
  public struct Outcome: Sendable {
    /// The numbers, layer by layer, with peak and verdict.
    public var result: LevelResult
    /// What a reader must know before trusting the numbers.
    public var findings: [StudyFinding.Kind]
    /// The level's metric on every resample, by layer, so that models can be compared on the same ones.
    package var draws: [String: Draws] = [:]
    /// What the peak's probe read; nil of a regression.
    package var reading: PeakReading?
  }

  /// Runs every probe of every layer. The result is the same for any number of threads.
  /// - Parameters:
  ///   - threads: how many fits run at once.
  ///   - progress: told how many of how many fits are done, from any thread, one at a time.
  ///   - isCancelled: asked before every fit; true ends the study with `ProbeError.interrupted`.
  /// - Throws: `ProbeError` where examples do not fit together, no layer can be probed, or when cancelled.
  public func run(
    threads: Int = 1, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Outcome {
    try requireSameItems()
    let layers = tapPoints.filter {
      examples.layers.contains($0.name) || examples.reasons[$0.name] != nil
    }
    let design = StudyDesign(targeted, plan: splits, spec: spec)
    guard design.reason == nil else { return nothing(design, layers) }
    let clusters = ResamplingUnits(examples, design: design, terms: splits.terms)
    let runner = try StudyRunner(
      study: self, design: design, clusters: clusters, threads: threads, progress: progress,
      isCancelled: isCancelled)
    let measured = try runner.measure(layers)
    return try StudySummary(study: self, design: design, clusters: clusters, measured: measured)
      .outcome(layers, runner: runner)
  }

  /// Twins must have the same spans in the same order, or nothing is paired.
  private func requireSameItems() throws(ProbeError) {
    for twin in twins {
      let isSame =
        twin.items.count == examples.items.count
        && zip(twin.items, examples.items).allSatisfy {
          $0.utterance == $1.utterance && $0.start == $1.start && $0.end == $1.end
        }
      guard isSame else {
        throw .examplesDiffer(
          what: "the spans", first: "\(examples.items.count) spans", second: "\(twin.items.count) spans")
      }
    }
  }

  /// A result that says why there is none.
  private func nothing(_ design: StudyDesign, _ layers: [Layer]) -> Outcome {
    let zero = MetricTable(spec.target.metrics()) { _ in Draws(values: [0]) }
    let reason = design.reason ?? ""
    var result = LevelResult(
      level: examples.level, probe: spec.name, isDerived: examples.isDerived, metric: spec.metric,
      classes: design.classes, examples: design.examples, tested: 0, speakers: 0,
      split: splits.description, leaks: splits.leaks, intervalUnit: splits.terms.utterances,
      labelEntropy: 0,
      majorityClass: design.classes.first ?? "", majority: zero, shuffled: nil, mel: nil,
      layers: layers.map { LayerResult(layer: $0, reason: examples.reasons[$0.name] ?? reason) },
      peak: nil, verdict: nil)
    result.subject = spec.target.subject(of: spec.level)
    result.baselineName = examples.baselineOfText
    result.scope = design.scope
    return Outcome(result: result, findings: [.nothingToProbe(reason: reason)])
  }
}
