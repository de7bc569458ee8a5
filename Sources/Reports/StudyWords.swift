import Corpora
import Results

extension Level {
  /// "phonemes"
  var plural: String { rawValue + "s" }
}

extension Metric {
  /// The metric's name in running text.
  var words: String {
    switch self {
    case .accuracy: "accuracy"
    case .balancedAccuracy: "balanced accuracy"
    case .macroF1: "macro F1"
    case .logLoss: "log loss"
    case .bits: "information"
    case .r2: "R²"
    case .precision: "precision"
    case .recall: "recall"
    case .f1: "F1"
    case .rValue: "R-value"
    }
  }

  /// "accuracy, %"
  var axisTitle: String {
    let unit = MeasureFormat(self).unit
    return unit.isEmpty ? words : "\(words), \(unit)"
  }

  /// What the metric is, in a sentence.
  var explanation: String {
    switch self {
    case .accuracy: "The share of held-out spans whose label the probe names rightly."
    case .balancedAccuracy: "The mean over classes of the share of each class that is named rightly."
    case .macroF1: "The mean over classes of the harmonic mean of precision and recall."
    case .logLoss: "The mean negative log-likelihood of the right label, in nats; lower is better."
    case .bits:
      "The entropy of the labels minus the probe's cross-entropy: a lower bound on the mutual "
        + "information between states and labels."
    case .r2:
      "The share of the variance of what is read that a linear regression explains on held-out spans; 0 for one "
        + "that always answers the mean, and below it for one that does worse."
    case .precision: "The share of the detected boundaries that lie within 20 ms of a true one."
    case .recall: "The share of the true boundaries that have a detected one within 20 ms."
    case .f1: "The harmonic mean of the precision and the recall of boundaries."
    case .rValue:
      "Boundaries found without others made up (Räsänen, Laine and Altosaar, 2009): 100 % where all are found and "
        + "none is added."
    }
  }
}

extension Verdict.Decision {
  /// One sign a decision, so that it is never told by colour alone.
  var sign: String {
    switch self {
    case .encoded: "✓"
    case .notEncoded: "✗"
    case .undecided: "?"
    }
  }
}

extension StudyResult {
  /// What a level's result is called: its level, and the probe where it reads something else than the labels or
  /// where several read the same level.
  func title(of result: LevelResult) -> String {
    isPlain(result) ? result.level.rawValue : "\(result.level.rawValue) · \(result.probe)"
  }

  /// The plural of the title: "phonemes", "places of articulation", "words · semantic".
  func plural(of result: LevelResult) -> String {
    if let subject = result.subject { return subject }
    return isPlain(result) ? result.level.plural : "\(result.level.plural) · \(result.probe)"
  }

  private func isPlain(_ result: LevelResult) -> Bool {
    guard result.subject == nil else { return false }
    return levels.filter { $0.level == result.level && $0.subject == nil }.count == 1
  }

  /// The study's question: "Which layers of X encode phonemes, syllables and words?"
  var question: String {
    let asked = Level.allCases.filter { level in levels.contains { $0.level == level } }
    let what = asked.isEmpty ? "the speech hierarchy" : list(asked.map(\.plural))
    return "Which layers of \(model.name) encode \(what)?"
  }

  /// The answer in at most five short sentences: what is encoded, and where it is read best.
  var headline: [String] {
    func named(_ decision: Verdict.Decision, readableOnly: Bool = false) -> [String] {
      levels.filter {
        $0.verdict?.decision == decision
          && ($0.verdict?.isOnlyReadable ?? false) == readableOnly
      }.map(plural)
    }
    var sentences: [String] = []
    let (encoded, absent, undecided) = (named(.encoded), named(.notEncoded), named(.undecided))
    let readable = named(.notEncoded, readableOnly: true)
    if !encoded.isEmpty { sentences.append("By these data the model encodes \(list(encoded)).") }
    if !readable.isEmpty {
      let clause = "\(list(readable)) are readable, but not beyond what is simpler."
      sentences.append(clause.prefix(1).uppercased() + clause.dropFirst())
    }
    if !absent.isEmpty { sentences.append("Nothing shows that it encodes \(list(absent, "or")).") }
    if !undecided.isEmpty { sentences.append("Whether it encodes \(list(undecided)) is undecided.") }
    let peaks = levels.compactMap { result in
      result.peak.map { (plural(of: result), $0.layer.name) }
    }
    if let first = peaks.first {
      let rest = peaks.dropFirst().map { "\($0.0) at \($0.1)" }
      let clauses = list(["\(first.0) are read best at \(first.1)"] + rest)
      sentences.append(clauses.prefix(1).uppercased() + clauses.dropFirst() + ".")
    }
    return sentences
  }

  /// What was measured on what, in a few words each.
  var facts: [String] {
    let tapped = Set(levels.flatMap { $0.layers.map(\.layer) }).count
    return [
      // Activations made elsewhere have no parameters that are known.
      model.parameters == 0
        ? model.family : "\(model.family), \(NumberText.grouped(model.parameters)) parameters",
      count(tapped, "layer"),
      "corpus \(corpus.name): \(count(corpus.utterances, corpus.unit)), "
        + "\(count(corpus.speakers, corpus.source)), \(corpus.length)",
    ]
  }
}

extension CorpusSummary {
  var isText: Bool { characters != nil }
  /// What an utterance is called, and whom it is of.
  var unit: String { isText ? "sentence" : "utterance" }
  var source: String { isText ? "source" : "speaker" }

  var length: String {
    characters.map { count($0, "character") } ?? NumberText.duration(seconds)
  }
}

extension LevelResult {
  var format: MeasureFormat { MeasureFormat(metric) }

  /// What stands in the way of trusting this level's numbers, each in a sentence.
  var doubts: [String] {
    var doubts: [String] = []
    if leaks {
      doubts.append("Training and test share speakers or sentences, so the numbers may be too high.")
    }
    if isDerived {
      doubts.append("The \(level.rawValue) labels come from other tiers by rule.")
    }
    let others = peak.map { peak in peak.peakSet.filter { $0 != peak.layer } } ?? []
    if !others.isEmpty {
      doubts.append("\(ranges(of: others)) cannot be told from the peak.")
    }
    // Studies of today say it in the verdict's sentence, as a range.
    if verdict?.needed == nil, let needed = verdict?.utterancesToDecide, verdict?.decision == .undecided {
      let units = isOfText ? "sentences" : "utterances"
      doubts.append("About \(NumberText.grouped(needed)) \(units) like these would decide.")
    }
    return doubts + asides
  }

  /// What was left out, by rule, and what owns a layer.
  var asides: [String] { (scope?.leftOutWords ?? []) + layers.compactMap(\.outlierWords) }

  /// "hidden.2–hidden.4 and hidden.6": neighbours among the probed layers are folded together.
  func ranges(of chosen: [Layer]) -> String {
    let order = layers.map(\.layer).sorted()
    var runs: [[Layer]] = []
    var previous: Int?
    for (place, layer) in order.enumerated() where chosen.contains(layer) {
      if previous == place - 1, !runs.isEmpty {
        runs[runs.count - 1].append(layer)
      } else {
        runs.append([layer])
      }
      previous = place
    }
    return list(
      runs.flatMap { run -> [String] in
        guard run.count > 2, let first = run.first, let last = run.last else { return run.map(\.name) }
        return ["\(first.name)–\(last.name)"]
      })
  }

  /// "3 of 69 classes, 80 of 352 spans"; of a study of an earlier version what is known of them.
  var scopeWords: String {
    scope?.words
      ?? (classes.count > 1
        ? "\(NumberText.grouped(classes.count)) classes, \(NumberText.grouped(tested)) spans"
        : "\(NumberText.grouped(tested)) spans")
  }

  /// The layer that peaks, with everything known of it.
  var peakResult: LayerResult? {
    peak.flatMap { peak in layers.first { $0.layer == peak.layer } }
  }
}

extension Verdict {
  /// Not encoded, but read by a linear reader all the same: what is simpler has it as well.
  var isOnlyReadable: Bool {
    decision == .notEncoded && isReadable == true && isBeyondBaseline == false
  }

  /// The decision in few words, as the sentences have it.
  var decisionWords: String {
    isOnlyReadable ? "readable, but not beyond what is simpler" : decision.rawValue
  }
}

extension LayerResult {
  /// "hidden.1: 2 spans have a norm of up to 1,000 times the median (s00/u00_03 at 0.20–0.26 s, …); accuracy 80.1 [77.0, 83.0]
  /// with, 85.0 [83.0, 87.1] without."; nil where none has.
  var outlierWords: String? {
    guard let outliers else { return nil }
    let named = outliers.rows.prefix(3).map {
      "\($0.utterance) at \(NumberWords.number($0.start))–\(NumberWords.number($0.end)) s"
    }
    let most = NumberText.grouped(Int(min(1e15, (outliers.rows.first?.timesMedian ?? 0).rounded())))
    let metric = metrics?.metrics.first ?? .accuracy
    let format = MeasureFormat(metric)
    let without = outliers.metricsWithout.map { "\(format.interval($0[metric])) without" }
    let with = metrics.map { "; \(metric.words) \(format.interval($0[metric])) with, " }
    let effect = with.flatMap { with in without.map { with + $0 } }
    return
      "\(layer.name): \(outliers.count == 1 ? "1 span has" : "\(NumberText.grouped(outliers.count)) spans have") "
      + "a norm of up to \(most) times the median "
      + "(\(named.joined(separator: ", "))\(outliers.count > named.count ? ", …" : ""))\(effect ?? "")."
  }
}

/// "a, b and c".
func list(_ items: [String], _ conjunction: String = "and") -> String {
  guard let last = items.last, items.count > 1 else { return items.first ?? "" }
  return items.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
}

/// "1 speaker", "12 speakers".
func count(_ number: Int, _ noun: String) -> String {
  "\(NumberText.grouped(number)) \(noun)\(number == 1 ? "" : "s")"
}
