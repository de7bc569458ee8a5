import Results

/// What a verdict says, in one sentence or two, from its values.
///
/// ```swift
/// VerdictWords(result).text
/// // "Phonemes are encoded: the best layer is hidden.5 with an accuracy of 0.71 [0.68, 0.73], …"
/// ```
public struct VerdictWords {
  private let result: LevelResult

  /// The words for one level's verdict.
  public init(_ result: LevelResult) { self.result = result }

  /// Nil where no layer has a number.
  public var text: String? {
    guard let verdict = result.verdict, let peak = result.peak else { return nil }
    let clauses =
      [whereItPeaks(peak), scope].compactMap(\.self) + joint + gains + objections(verdict)
    return "\(opening(verdict)): \(clauses.joined(separator: "; "))." + dataNeeded(verdict)
  }

  private var layer: LayerResult? { result.peakResult }

  private var subject: String { result.subject ?? result.level.plural }

  private func opening(_ verdict: Verdict) -> String {
    let subject = result.scope?.isNarrow == true ? "\(subject)\(narrowly)" : subject
    let named = subject.prefix(1).uppercased() + subject.dropFirst()
    switch verdict.decision {
    case .encoded: return "\(named) are encoded"
    case .notEncoded:
      guard verdict.isReadable == true, let joint = result.joint, verdict.isBeyondBaseline == false else {
        return "\(named) are not shown to be encoded"
      }
      return "\(named) are readable, but not beyond \(limit(joint))"
    case .undecided:
      let readable = verdict.isReadable == true ? " (they are readable)" : ""
      return "Whether \(subject.lowercasedFirst) are encoded is undecided\(readable)"
    }
  }

  /// Phones tell what larger units are; where a bag of them alone does as well as the layer, that is all it shows.
  private func limit(_ joint: JointBaselineResult) -> String {
    joint.hasPhones ? "their phones" : "the joint baseline of \(features(joint))"
  }

  /// " (only “a”, “of” and “the”: 3 of 69 classes, 80 of 352 spans)"
  private var narrowly: String {
    guard let scope = result.scope else { return "" }
    let names = result.classes.count <= 5 ? "only \(list(result.classes.map { "“\($0)”" })): " : ""
    return " (\(names)\(scope.words))"
  }

  private var scope: String? { result.scope.flatMap { $0.isNarrow ? nil : $0.words } }

  private var commonest: String { result.metric == .r2 ? "the mean" : "the commonest class" }

  private func whereItPeaks(_ peak: Peak) -> String {
    let others = peak.peakSet.filter { $0 != peak.layer }.map(\.name)
    let studied = result.layers.count { $0.metrics != nil }
    let sure =
      studied == 1
      ? "the only layer studied"
      : others.isEmpty ? "clear of every other layer" : "statistically tied with \(listed(others))"
    let chance = NumberWords.number(result.majority[result.metric].value)
    let name = studied == 1 ? "the layer is" : "the best layer is"
    return
      "\(name) \(peak.layer.name) with \(Self.words(result.metric)) \(NumberWords.interval(peak.estimate)), "
      + "\(sure) (always answering \(commonest) gives \(chance))"
  }

  private func features(_ joint: JointBaselineResult) -> String {
    list(joint.features.map { $0 == "bag-of-phones" ? "phones" : $0 })
  }

  private var joint: [String] {
    guard let joint = result.joint else { return [] }
    let bits =
      result.metric == .bits ? "" : joint.gainInBits.map { ", \(NumberWords.interval($0)) bits" } ?? ""
    var clauses = [
      "the joint baseline of \(features(joint)) has "
        + "\(NumberWords.interval(joint.baseline[result.metric])), to which the layer adds "
        + "\(NumberWords.interval(joint.gain))\(bits)"
    ]
    if let part = joint.betterPart {
      clauses.append(
        "\(Self.alone(part.name)) alone \(part.name == "bag-of-phones" ? "have" : "has") "
          + "\(NumberWords.interval(part.value)), more than the whole baseline, and the layer adds "
          + "\(NumberWords.interval(part.gain)) to that")
    }
    if let bag = result.plain?.first(where: { $0.name == "bag-of-phones" })?.gainOfPeak {
      clauses.append("the layer alone differs from its phones alone by \(NumberWords.interval(bag))")
    }
    return clauses
  }

  private var gains: [String] {
    let unit = result.metric == .bits ? " bits" : ""
    var parts: [String] = []
    if let gain = layer?.gainOverMel {
      parts.append("over the \(result.baseline) baseline it adds \(NumberWords.interval(gain))\(unit)")
    }
    if let gain = layer?.gainOverTwin {
      parts.append("over the untrained model \(NumberWords.interval(gain))\(unit)")
    }
    if let selectivity = layer?.selectivity {
      let draws = result.controlDraws.map { " in \($0) draws" } ?? ""
      parts.append("selectivity against random labels\(draws) is \(NumberWords.interval(selectivity))")
    }
    return parts
  }

  private func objections(_ verdict: Verdict) -> [String] {
    var objections = (verdict.reasons ?? []).compactMap(objection)
    if verdict.obstacles?.contains(.tellsNothing) == true {
      objections.insert("the probe tells nothing about the labels", at: 0)
    }
    if let gain = layer?.gainOverTwin, !gain.isPositive {
      objections.append("training added nothing that can be told from the untrained model")
    }
    return objections
  }

  private func objection(_ requirement: Verdict.Requirement) -> String? {
    let name = name(requirement)
    switch requirement.outcome {
    case .met: return nil
    case .chance: return "\(name) is no more than the best of so many layers has by chance"
    case .negligible: return "\(name) is too small to be worth the name"
    case .refuted: return "\(name) is \(requirement.estimate.isNegative ? "below zero" : "zero at best")"
    case .open: return "the interval of \(name) holds zero"
    }
  }

  private func name(_ requirement: Verdict.Requirement) -> String {
    switch requirement.kind {
    case .overJointBaseline:
      requirement.name.map { "the gain over \(Self.alone($0)) alone" } ?? "the gain over the joint baseline"
    case .overInput: "the gain over the \(result.baseline) baseline"
    case .overStatistics:
      "the gain over a probe that knows only each span's \(statistic(requirement.name ?? "statistics"))"
    case .overTwin: "the gain over the untrained model"
    case .overMajority: "the gain over always answering \(commonest)"
    case .selectivity: "the selectivity"
    }
  }

  /// "its phones", "duration".
  private static func alone(_ part: String) -> String { part == "bag-of-phones" ? "its phones" : part }

  /// Spans of a text have a length where those of speech have a duration.
  private func statistic(_ name: String) -> String {
    result.isOfText && name == "duration" ? "length" : name
  }

  private func dataNeeded(_ verdict: Verdict) -> String {
    guard verdict.decision == .undecided else { return "" }
    let isThin = verdict.obstacles?.contains(.fewUnits) == true
    return (isThin ? " Nothing is decided from fewer than ten \(result.intervalUnit)." : "")
      + (verdict.needed.map { " \($0.words)" }
        ?? " No amount of data that can be named from these would decide it.")
  }

  /// One name, two with “and”, or the first and the last of a run and how many they are.
  private func listed(_ names: [String]) -> String {
    names.count < 5 ? list(names) : "\(names.count) other layers (\(names[0]) … \(names[names.count - 1]))"
  }

  private static func words(_ metric: Metric) -> String {
    switch metric {
    case .accuracy: "an accuracy of"
    case .balancedAccuracy: "a balanced accuracy of"
    case .macroF1: "a macro-F1 of"
    case .logLoss: "a log loss in nats of"
    case .bits: "bits about the label"
    case .r2: "an R² of"
    case .precision: "a precision of"
    case .recall: "a recall of"
    case .f1: "an F1 of"
    case .rValue: "an R-value of"
    }
  }
}

extension Verdict.DataNeeded {
  /// "Between about 120 and 400 utterances like these would decide; there are 40."
  var words: String {
    let present = "there are \(NumberText.grouped(self.present))"
    let least = NumberText.grouped(atLeast)
    guard let atMost else { return "At least \(least) \(unit) like these are needed; \(present)." }
    return atMost == atLeast
      ? "About \(least) \(unit) like these would decide; \(present)."
      : "Between about \(least) and \(NumberText.grouped(atMost)) \(unit) like these would decide; \(present)."
  }
}

extension ProbeScope {
  /// "3 of 69 classes, 80 of 352 spans"; of a regression the spans alone.
  var words: String {
    let spans = "\(NumberText.grouped(self.spans)) of \(NumberText.grouped(ofSpans)) spans"
    return ofClasses > 1
      ? "\(NumberText.grouped(classes)) of \(NumberText.grouped(ofClasses)) classes, \(spans)" : spans
  }

  /// "3/69 classes", "80/352 spans".
  var lines: [String] {
    let spans = "\(NumberText.grouped(self.spans))/\(NumberText.grouped(ofSpans)) spans"
    let classes = "\(NumberText.grouped(self.classes))/\(NumberText.grouped(ofClasses)) classes"
    return ofClasses > 1 ? [classes, spans] : [spans]
  }

  /// What was left out, a sentence a rule.
  var leftOutWords: [String] { leftOut.map(\.words) }
}

extension ProbeScope.LeftOut {
  var words: String {
    let names = named.map { "“\($0.name)” \($0.spans)" }.joined(separator: ", ")
    let more = classes > named.count ? ", …" : ""
    let spans = count(spans, "span")
    let what = classes > 0 ? "\(count(classes, "class", "classes")) (\(spans))" : spans
    return "Left out: \(what) \(reason)" + (names.isEmpty ? "." : ": \(names)\(more).")
  }

  private var reason: String {
    switch rule {
    case .rare: "with fewer than \(limit ?? 0) examples"
    case .beyondLimit: "beyond the \(limit ?? 0) most frequent"
    case .untestable: "that are never in both training and test"
    case .heldOutAlone: "whose class is not in training while they are held out"
    case .unlabelled: "that have nothing of the kind to be read"
    }
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
