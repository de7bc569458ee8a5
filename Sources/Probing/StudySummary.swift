import Activations
import Foundations
import Results
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns what was counted into numbers with intervals, a peak and a verdict.
struct StudySummary {
  let study: ProbeStudy
  let design: StudyDesign
  private let clusters: ResamplingUnits
  private let measured: StudyRunner.FitResults
  private let bootstrap: Bootstrap

  init(
    study: ProbeStudy, design: StudyDesign, clusters: ResamplingUnits, measured: StudyRunner.FitResults
  ) {
    self.study = study
    self.design = design
    self.clusters = clusters
    self.measured = measured
    bootstrap = Bootstrap(clusters: clusters.count, resamples: study.resamples, seed: study.seed)
  }

  var metric: Metric { study.spec.metric }
  /// −1 where less is better.
  var direction: Double { metric == .logLoss ? -1 : 1 }

  /// What always answering the commonest class is compared in.
  private var yardstick: Metric {
    if design.isRegression { return .r2 }
    if study.targeted.boundaries != nil { return .rValue }
    return study.spec.isBalanced ? .balancedAccuracy : .accuracy
  }

  func draws(of measured: StudyRunner.LayerPredictions) -> MetricDraws {
    bootstrap.metrics(of: measured.tally, refits: measured.refits)
  }

  func outcome(_ layers: [Layer], runner: StudyRunner) throws -> ProbeStudy.Outcome {
    let majority = bootstrap.metrics(of: majorityTally(runner))
    let mel = measured.mel.map(draws)
    var draws: [String: MetricDraws] = [:]
    for (name, layer) in measured.layers { draws[name] = self.draws(of: layer) }
    let results = layers.map { layerResult($0, draws[$0.name], mel: mel) }
    let peak = peak(layers, draws)
    let shuffled = try peak.map { bootstrap.metrics(of: try runner.shuffledNull(of: $0.layer.name).tally) }

    var result = LevelResult(
      level: study.examples.level, probe: study.spec.name, isDerived: study.examples.isDerived,
      metric: metric, classes: zip(design.classes, design.testCounts).filter { $1 > 0 }.map(\.0),
      examples: design.examples, tested: design.tested, speakers: clusters.speakers,
      split: study.splits.description, leaks: study.splits.leaks, intervalUnit: clusters.unit,
      labelEntropy: entropy, majorityClass: majorityClass, majority: majority.table,
      shuffled: shuffled?.table, mel: mel?.table, layers: results, peak: peak, verdict: nil)
    result.subject = study.spec.target.subject(of: study.spec.level)
    result.baselineName = study.examples.baselineOfText
    result.search = study.spec.search == .grid ? nil : study.spec.search.rawValue
    result.scope = design.scope
    if let counts = measured.layers.values.compactMap(\.control).first {
      result.controlDraws = counts.draws * counts.seen.columns
    }
    let plain = zip(runner.spanStatistics, measured.statistics).map { ($0, self.draws(of: $1)) }
    if let peak, let joint = runner.joint {
      var parts = plain.map { SimplerPart(name: $0.name, states: $0.states, draws: $1) }
      if let mel, let name = study.examples.baseline {
        parts.append(SimplerPart(name: name, states: try study.examples.states(of: name), draws: mel))
      }
      result.joint = try self.joint(joint, peak.layer, runner, parts: parts)
    }
    if study.spec.hasPlainBaselines {
      result.plain = plain.map { features, own in
        let ofPeak = peak.flatMap { draws[$0.layer.name] }
        return DurationBaseline(
          name: features.name, isRequired: features.isRequired, metrics: own.table,
          gainOfPeak: ofPeak.map { gain($0[metric], over: own[metric]).estimate() })
      }
    }
    if let analyser = runner.deviationAnalyser {
      result.deviations = deviations(layers, peak: peak, analyser)
    } else {
      result.errors = errors(layers, peak: peak, classes: result.classes)
    }
    if let layer = peak?.layer, let guesses = measured.layers[layer.name]?.guesses {
      result.crossed = try crossed(layer, guesses)
    }
    if let peak, let own = draws[peak.layer.name] {
      let evidence = VerdictRule(
        result: result, peak: peak, gainOverMajority: (own[yardstick] - majority[yardstick]).estimate(),
        hasTrueProbabilities: !study.spec.isBalanced, isOfSignal: study.spec.target.isOfSignal,
        isBeyondSelection: isBeyondSelection(at: peak.layer, draws, mel: mel, plain: plain),
        units: clusters.count)
      result.verdict = evidence.verdict
    }
    return ProbeStudy.Outcome(
      result: result,
      findings: StudyFindings(
        study: study, design: design, clusters: clusters, measured: measured, result: result,
        duration: plain.first?.1
      ).all, draws: draws.mapValues { $0[metric] }, reading: reading(peak, classes: result.classes))
  }

  private func reading(_ peak: Peak?, classes: [String]) -> PeakReading? {
    guard !design.isRegression, let layer = peak?.layer, let measured = measured.layers[layer.name] else {
      return nil
    }
    // Which outlives the study and its states.
    let analyser = ErrorAnalyser(examples: study.examples.withoutStates, design: design, classes: classes)
    return PeakReading(layer: layer, guesses: measured.guesses, analyser: analyser)
  }

  /// Of the peak and of the layers asked for, each against the one before it among them, the first against the
  /// first layer that has a number.
  private func errors(_ layers: [Layer], peak: Peak?, classes: [String]) -> [ErrorAnalysis] {
    let analyser = ErrorAnalyser(examples: study.examples, design: design, classes: classes)
    let read = layers.compactMap { layer in measured.layers[layer.name].map { (layer, $0.guesses) } }
    var before = read.first
    return read.filter { $0.0 == peak?.layer || study.errorLayers.contains($0.0.name) }.map {
      layer, guesses in
      defer { before = (layer, guesses) }
      return analyser.analysis(of: layer, guesses, since: before?.0 == layer ? nil : before)
    }
  }

  /// Of a regression, of the peak and of the layers asked for.
  private func deviations(
    _ layers: [Layer], peak: Peak?, _ analyser: DeviationAnalyser
  ) -> [DeviationAnalysis] {
    layers.filter { $0 == peak?.layer || study.errorLayers.contains($0.name) }.compactMap { layer in
      measured.layers[layer.name].map {
        analyser.analysis(of: layer, $0.deviations, examples: study.examples)
      }
    }
  }

  private func layerResult(_ layer: Layer, _ own: MetricDraws?, mel: MetricDraws?) -> LayerResult {
    guard let own, let measured = measured.layers[layer.name] else {
      return LayerResult(
        layer: layer,
        reason: self.measured.refused[layer.name] ?? study.examples.reasons[layer.name])
    }
    let twins = self.measured.twins.compactMap { $0[layer.name] }.map { bootstrap.metrics(of: $0.tally) }
    // A twin's number is the mean of its seeds' numbers, resample by resample.
    func twin(_ metric: Metric) -> Draws? { Draws.mean(twins.map { $0[metric] }) }
    let gainOverTwin = twin(metric).map { gain(own[metric], over: $0) }
    var result = LayerResult(
      layer: layer, metrics: own.table,
      twin: twins.first.map { first in
        MetricTable(first.metrics) { twin($0) ?? Draws(values: [0]) }
      },
      gainOverTwin: gainOverTwin?.estimate(),
      gainOverMel: mel.map { gain(own[metric], over: $0[metric]).estimate() },
      selectivity: selectivity(measured)?.estimate(),
      penalty: median(measured.penalties), search: search(measured.trials))
    result.outliers = self.measured.outliers[layer.name].map { rows, without in
      var rows = rows
      rows.metricsWithout = draws(of: without).table
      return rows
    }
    return result
  }

  /// What was lost on development data at each penalty that was tried, fold by fold; nil where none was.
  private func search(_ folds: [[PenaltySearch.Trial]]) -> [[String: Double]]? {
    guard folds.contains(where: { !$0.isEmpty }) else { return nil }
    return folds.map { trials in
      Dictionary(trials.filter(\.loss.isFinite).map { (LayerResult.name(ofPenalty: $0.penalty), $0.loss) })
      {
        first, _ in first
      }
    }
  }

  /// Which gains at the peak stand after Holm's correction over all layers: the peak was picked among them, and the
  /// best of many tries is good by chance.
  private func isBeyondSelection(
    at peak: Layer, _ draws: [String: MetricDraws], mel: MetricDraws?,
    plain: [(SpanStatistics, MetricDraws)]
  ) -> Set<VerdictRule.Gain> {
    let names = draws.keys.sorted()
    var standing: Set<VerdictRule.Gain> = []
    func judge(_ gain: VerdictRule.Gain, _ value: (String) -> Draws?) {
      let family = names.compactMap { name in value(name).map { (name, $0.pValue) } }
      let rejected = holmRejections(family.map(\.1))
      if zip(family, rejected).contains(where: { $0.0 == peak.name && $1 }) { standing.insert(gain) }
    }
    judge(.overMel) { name in
      guard let mel, let own = draws[name] else { return nil }
      return gain(own[metric], over: mel[metric])
    }
    judge(.overTwin) { name in
      let twins = measured.twins.compactMap { $0[name] }.map { bootstrap.metrics(of: $0.tally)[metric] }
      guard let own = draws[name], let twin = Draws.mean(twins) else { return nil }
      return gain(own[metric], over: twin)
    }
    for (features, own) in plain {
      judge(.overPlain(features.name)) { name in draws[name].map { gain($0[metric], over: own[metric]) } }
    }
    judge(.overControl) { measured.layers[$0].flatMap(selectivity) }
    return standing
  }

  func gain(_ a: Draws, over b: Draws) -> Draws { direction > 0 ? a - b : b - a }

  /// Accuracy less control accuracy; nil without a control task. What refits of control tasks would tell is not known:
  /// all that the level's own refits differ by is taken for what training might have been.
  private func selectivity(_ measured: StudyRunner.LayerPredictions) -> Draws? {
    measured.control.map {
      bootstrap.selectivity(of: $0).with(draws(of: measured)[.accuracy].training?.withNoise)
    }
  }

  private func peak(_ layers: [Layer], _ draws: [String: MetricDraws]) -> Peak? {
    let measured = layers.filter { draws[$0.name] != nil }
    func values(_ layer: Layer) -> Draws { draws[layer.name]?[metric] ?? Draws(values: [0]) }
    func height(_ layer: Layer) -> Double { direction * (values(layer).values.first ?? 0) }
    guard var best = measured.first else { return nil }
    for layer in measured where height(layer) > height(best) { best = layer }
    let zero = Draws(values: values(best).values.map { _ in 0 }, clusters: clusters.count)
    let isPossible = SimultaneousInference.possibleBest(measured.map { gain(values($0), over: zero) })
    let members = zip(measured, isPossible).filter { $1 || $0 == best }.map(\.0)
    return Peak(
      layer: best, estimate: values(best).estimate(within: metric.range), peakSet: members.sorted())
  }

  /// Always the fold's commonest class, each class with its share of the training part; of a regression always the
  /// mean of the training part.
  private func majorityTally(_ runner: StudyRunner) -> ClusterCounts {
    var tally = ClusterCounts(clusters: clusters.count, runner.layout)
    for fold in design.folds {
      if let numbers = study.targeted.numbers {
        let mean = (0..<numbers.columns).map { k in
          fold.outer.reduce(0.0) { $0 + numbers[$1, k] } / Double(fold.outer.count)
        }
        runner.add(
          Matrix(
            rows: fold.test.count, columns: mean.count,
            values: Array(repeatElement(mean, count: fold.test.count).joined())), fold, to: &tally)
        continue
      }
      for row in fold.test {
        let truth = design.labels[row]
        tally.add(
          cluster: clusters.ofRow[row], truth: truth, prediction: fold.majority,
          logProbability: fold.logShares[truth])
      }
      runner.addBoundaries(fold.test.map { _ in fold.majority == 0 }, fold, to: &tally)
    }
    return tally
  }

  /// Of the tested labels, bits.
  private var entropy: Double {
    let total = Double(design.tested)
    return design.testCounts.filter { $0 > 0 }
      .reduce(0) { $0 - Double($1) / total * log2(Double($1) / total) }
  }

  private var majorityClass: String {
    if design.isRegression { return "the mean" }
    let counts = design.counts
    return counts.indices.max { (counts[$0], $1) < (counts[$1], $0) }.map { design.classes[$0] } ?? ""
  }

  /// The middle of the folds' penalties, the stronger of two.
  private func median(_ penalties: [Double]) -> Double? {
    penalties.isEmpty ? nil : penalties.sorted(by: >)[(penalties.count - 1) / 2]
  }
}
