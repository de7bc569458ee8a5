import Activations
import Results

/// What a reader must know of one level's study, in whole sentences.
struct StudyWarnings {
  let study: ProbeStudy
  let design: StudyDesign
  let clusters: ResamplingUnits
  let measured: StudyRunner.FitResults
  let result: LevelResult
  let duration: MetricDraws?

  var sentences: [String] {
    [rareClasses, untrained, fewClusters, unconverged, edgeOfPenalties, durations, outliers]
      .compactMap(\.self)
      + measured.refused.sorted { $0.key < $1.key }.map { "layer \($0): \($1)" }
  }

  private var rareClasses: String? {
    guard !design.isRegression else { return nil }
    let rare = zip(design.classes, design.testCounts).filter { (1..<5).contains($1) }.map(\.0)
    guard !rare.isEmpty else { return nil }
    return
      "\(counted(rare.count, "class")) with fewer than 5 test examples (\(listed(rare))): their own share of the "
      + "macro averages is mostly chance"
  }

  private var untrained: String? {
    guard design.untrained > 0 else { return nil }
    return
      "\(counted(design.untrained, "example")) left out, since their classes do not occur in what may be learned "
      + "from while they are held out"
  }

  private var fewClusters: String? {
    guard clusters.count < 10 else { return nil }
    return
      "intervals are drawn from \(clusters.count) \(clusters.unit) only and are too narrow; ten are the least that "
      + "can be trusted, and nothing is decided from fewer"
  }

  private var unconverged: String? {
    let all =
      Array(measured.layers.values) + measured.twins.flatMap(\.values) + [measured.mel].compactMap(\.self)
    let count = all.reduce(0) { $0 + $1.unconverged }
    guard count > 0 else { return nil }
    return
      "\(counted(count, "fit")) of \(all.count * design.folds.count) did not come down to the gradient that was "
      + "asked for; try stronger penalties"
  }

  /// Better fits may lie beyond the weakest penalty.
  private var edgeOfPenalties: String? {
    guard let peak = result.peak, let weakest = study.spec.penalties.min(), study.spec.penalties.count > 1,
      let penalties = measured.layers[peak.layer.name]?.penalties
    else { return nil }
    let count = penalties.count { $0 == weakest }
    guard count * 2 > penalties.count else { return nil }
    return
      "at \(peak.layer.name) the weakest penalty (\(weakest)) was chosen in \(count) of \(penalties.count) folds; "
      + "weaker ones may read more"
  }

  /// Labels that go with the length of their spans can be guessed without hearing anything.
  private var durations: String? {
    guard !design.isRegression, let duration, let peak = result.peak,
      let best = result.layers.first(where: { $0.layer == peak.layer })?.metrics?.accuracy.value
    else { return nil }
    let (alone, chance) = (duration[.accuracy].estimate(), result.majority.accuracy.value)
    guard alone.low > chance, alone.value - chance > 0.25 * (best - chance) else { return nil }
    return
      "a probe that knows nothing but each span's duration has an accuracy of \(NumberWords.interval(alone)), against "
      + "\(NumberWords.number(chance)) for the commonest class: part of what layers show may be duration"
  }

  /// A few rows decide what the layer's probe learns.
  private var outliers: String? {
    let found = result.layers.filter { $0.outliers != nil }
    guard let first = found.first, let row = first.outliers?.rows.first else { return nil }
    let names = found.count == 1 ? "layer \(first.layer.name) has" : "\(found.count) layers have"
    return
      "\(names) spans whose norm is more than \(Int(OutlierRows.factor)) times the median (\(first.layer.name): "
      + "\(row.utterance) at \(NumberWords.number(row.start)) s, and so on): their numbers stand beside those without "
      + "these spans; look for clicks, padding or a broken file"
  }

  private func counted(_ count: Int, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)\(noun.hasSuffix("s") ? "es" : "s")"
  }

  private func listed(_ names: [String]) -> String {
    names.prefix(5).map { "“\($0)”" }.joined(separator: ", ") + (names.count > 5 ? ", …" : "")
  }
}
