import Corpora
import Results

/// How a study was made, in words that `summary.md` and the page share.
enum Description {
  /// How one level was measured, each in a sentence.
  static func measured(_ level: LevelResult) -> [String] {
    let entropy = NumberText.fixed(level.labelEntropy, 2)
    var sentences = [
      "\(count(level.examples, "span")) of \(count(level.classes.count, "class", "classes")) by "
        + "\(count(level.speakers, level.isOfText ? "source" : "speaker")), \(NumberText.grouped(level.tested)) of them predicted while "
        + "held out.",
      ending(level.split),
      "Probe \(level.probe), read in \(level.metric.words).",
      "The commonest class is \(level.majorityClass); the labels' entropy is \(entropy) bits.",
      "Intervals resample \(level.intervalUnit).",
    ]
    if let crossed = level.crossed { sentences.append(words(crossed, level)) }
    if let search = level.search, let layer = level.layers.first(where: { $0.layer == level.peak?.layer }),
      let tried = layer.search, let chosen = layer.penalty
    {
      let trials = tried.reduce(0) { $0 + $1.count }
      sentences.append(
        "Penalties by \(search == "bayesian" ? "Bayesian" : search) search on development data: at \(layer.layer.name) "
          + "\(count(trials, "trial")) in \(count(tried.count, "fold")), a penalty of "
          + "\(LayerResult.name(ofPenalty: chosen)) in the middle one (study.json has each with its loss).")
    }
    if level.isDerived { sentences.append("The labels come from other tiers by rule.") }
    return sentences
  }

  private static func words(_ crossed: CrossedAccuracy, _ level: LevelResult) -> String {
    func percent(_ share: Double) -> String { "\(NumberText.fixed(100 * share, 0)) %" }
    return
      "For new \(level.isOfText ? "source" : "speaker")s and types the accuracy at \(crossed.layer.name) is "
      + "\(NumberWords.interval(crossed.accuracy)) (both as crossed random effects): of the variance of right and wrong "
      + "\(percent(crossed.ofSpeakers)) lies between \(count(crossed.speakers, level.isOfText ? "source" : "speaker")), "
      + "\(percent(crossed.ofTypes)) between \(count(crossed.types, "type"))."
  }

  static func provenance(_ study: StudyResult) -> [(name: String, value: String)] {
    let settings = study.settings
    return [
      ("Strata", settings.version),
      ("model", "\(study.model.name), fingerprint \(study.model.fingerprint)"),
      ("corpus", "\(study.corpus.name), fingerprint \(study.corpus.fingerprint)"),
      ("levels", settings.levels.map(\.rawValue).joined(separator: ", ")),
      ("layers", settings.layers.joined(separator: ", ")),
      ("seed", String(settings.seed)),
      ("untrained model's seeds", settings.twinSeeds.map { String($0) }.joined(separator: ", ")),
      ("principal components of each layer", settings.dimensions.map { NumberText.grouped($0) } ?? ""),
      ("bootstrap resamples", NumberText.grouped(settings.bootstrapResamples)),
      ("BLAS kernels", settings.kernel ?? ""), ("processor", settings.processor ?? ""),
      ("schema of study.json", String(study.schema)),
    ].filter { !$0.1.isEmpty }
  }

  /// What the numbers are, for those that occur.
  static func metrics(_ study: StudyResult) -> [(name: String, value: String)] {
    let used = Metric.allCases.filter { metric in study.levels.contains { $0.metric == metric } }
    let hasSelectivity = study.levels.contains { $0.layers.contains { $0.selectivity != nil } }
    return used.map { ($0.words, $0.explanation) }
      + (hasSelectivity
        ? [
          (
            "selectivity",
            "Accuracy minus the same probe's accuracy where every type has a random label of its own (Hewitt and "
              + "Liang, 2019): high where the probe reads the layer rather than learning the labels by heart."
          )
        ] : [])
  }

  static func model(_ model: ModelSummary) -> [(name: String, value: String)] {
    [
      ("name", model.name),
      ("family", model.family),
      ("parameters", model.parameters == 0 ? "not known" : NumberText.grouped(model.parameters)),
      (
        "input",
        model.samplingRate.map { "\(NumberText.grouped($0)) Hz; \(model.inputNormalisation)" }
          ?? model.inputNormalisation
      ),
    ]
  }

  static func corpus(_ corpus: CorpusSummary) -> [(name: String, value: String)] {
    let silences = corpus.silenceLabels.map { $0.isEmpty ? "(empty)" : $0 }.joined(separator: ", ")
    return [
      ("name", corpus.name),
      ("\(corpus.unit)s", NumberText.grouped(corpus.utterances)),
      ("\(corpus.source)s", NumberText.grouped(corpus.speakers)),
      ("distinct sentences", NumberText.grouped(corpus.sentences)),
      (corpus.isText ? "text" : "audio", corpus.length),
      ("taken as silence", silences),
    ].filter { !$0.1.isEmpty }
  }

  /// The sentence with a full stop.
  private static func ending(_ sentence: String) -> String {
    guard let last = sentence.last else { return "" }
    return ".!?".contains(last) ? sentence : sentence + "."
  }
}

func count(_ number: Int, _ one: String, _ many: String) -> String {
  "\(NumberText.grouped(number)) \(number == 1 ? one : many)"
}
