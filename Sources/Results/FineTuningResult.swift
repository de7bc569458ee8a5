/// What training a model on a task came to: what `finetune.json` holds.
public struct FineTuningResult: Codable, Equatable, Sendable {
  /// The version of this structure as written to its JSON file; a change of meaning raises it.
  public static let schemaVersion = 1

  /// What the head found on utterances that nothing was learned from.
  public struct Score: Codable, Equatable, Sendable {
    /// Errors over the reference's symbols (CTC), or the share of wrong classes.
    public var errors: Estimate
    /// nil where no utterance has a finite one.
    public var loss: Double?
    /// Of CTC.
    public var alignment: AlignmentCounts?
    /// Of classes.
    public var classes: [ClassScore]?
    /// `[true][found]`, in the order of the classes.
    public var confusion: [[Int]]?
    /// Of sequences that spell text.
    public var text: Text?
    /// Of frames: where their class changes.
    public var boundaries: Boundaries?

    public init(
      errors: Estimate, loss: Double?, alignment: AlignmentCounts?, classes: [ClassScore]?,
      confusion: [[Int]]?
    ) {
      (self.errors, self.loss, self.alignment) = (errors, loss, alignment)
      (self.classes, self.confusion) = (classes, confusion)
    }
  }

  /// Of words, or of letters with the gaps between words: as sacrebleu gives them, 0 to 100, with their signatures.
  public struct Text: Codable, Equatable, Sendable {
    /// BLEU and chrF, 0 to 100 (Papineni et al. 2002; Popović 2015).
    public var bleu, chrF: Double
    /// sacrebleu's signatures: tokenisation, smoothing and version.
    public var bleuSignature, chrFSignature: String
    /// The word error rate, of letters.
    public var wordErrors: Double?

    public init(
      bleu: Double, chrF: Double, bleuSignature: String, chrFSignature: String, wordErrors: Double?
    ) {
      (self.bleu, self.chrF, self.wordErrors) = (bleu, chrF, wordErrors)
      (self.bleuSignature, self.chrFSignature) = (bleuSignature, chrFSignature)
    }
  }

  /// Changes of class between frames that have labels, found within `tolerance` seconds of a true one, each once.
  public struct Boundaries: Codable, Equatable, Sendable {
    /// Of the boundaries found, of the true ones, and their harmonic mean, 0 to 1; nil where the denominator is 0.
    public var precision, recall, f1: Double?
    /// True boundaries that were looked for.
    public var reference: Int
    /// Seconds within which a boundary counts as found.
    public var tolerance: Double

    public init(precision: Double?, recall: Double?, f1: Double?, reference: Int, tolerance: Double) {
      (self.precision, self.recall, self.f1) = (precision, recall, f1)
      (self.reference, self.tolerance) = (reference, tolerance)
    }
  }

  /// What averaging parameters changed.
  public struct Averaging: Codable, Equatable, Sendable {
    /// How parameters were averaged, in words.
    public var method: String
    /// Of the parameters that would have been taken.
    public var without: Estimate
    /// With less without, paired.
    public var difference: Estimate?

    public init(method: String, without: Estimate, difference: Estimate?) {
      (self.method, self.without, self.difference) = (method, without, difference)
    }
  }

  /// The symbols of the test set after minimum-edit alignment with what was decoded.
  public struct AlignmentCounts: Codable, Equatable, Sendable {
    /// Symbols that agree, and the three kinds of errors; the reference has `hits + substitutions + deletions` symbols.
    public var hits, substitutions, deletions, insertions: Int

    public init(hits: Int, substitutions: Int, deletions: Int, insertions: Int) {
      (self.hits, self.substitutions) = (hits, substitutions)
      (self.deletions, self.insertions) = (deletions, insertions)
    }
  }

  /// How well one class is found on the test set.
  public struct ClassScore: Codable, Equatable, Sendable {
    /// The class.
    public var name: String
    /// Test examples whose true class it is.
    public var count: Int
    /// nil where the class was never found, or never occurs.
    public var precision, recall, f1: Double?

    public init(name: String, count: Int, precision: Double?, recall: Double?, f1: Double?) {
      (self.name, self.count) = (name, count)
      (self.precision, self.recall, self.f1) = (precision, recall, f1)
    }
  }

  /// One utterance's errors before and after, and what they are divided by.
  public struct Utterance: Codable, Equatable, Sendable {
    /// The utterance's name in the corpus.
    public var id: String
    /// Errors with the head that the model came with; nil where it got a new one.
    public var before: Int?
    /// Errors after training.
    public var after: Int
    /// What errors are divided by: symbols of the reference, or 1 of a class.
    public var reference: Int

    public init(id: String, before: Int?, after: Int, reference: Int) {
      (self.id, self.before, self.after, self.reference) = (id, before, after, reference)
    }
  }

  /// A fold of the corpus, and where its model lies.
  public struct Fold: Codable, Equatable, Sendable {
    /// Where the fold's model lies, relative to the result's folder.
    public var model: String
    /// Utterances that were learned from, chosen on and tested on.
    public var train, development, test: Int
    /// Updates that were made.
    public var steps: Int
    /// The update after which the development part was best; nil without a development part.
    public var bestStep: Int?

    public init(model: String, train: Int, development: Int, test: Int, steps: Int, bestStep: Int?) {
      (self.model, self.train, self.development, self.test) = (model, train, development, test)
      (self.steps, self.bestStep) = (steps, bestStep)
    }
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = FineTuningResult.schemaVersion
  /// The name of the model that was trained further.
  public var model: String
  /// The fingerprint of its weights before training.
  public var fingerprint: String
  /// The name of the corpus.
  public var corpus: String
  /// The task, such as CTC or classification of spans.
  public var task: String
  /// What is predicted, such as the level `phoneme`.
  public var labels: String
  /// What is counted: phone error rate, say.
  public var measure: String
  /// Parameters that were trained, and all of the model with its head.
  public var trainedParameters, allParameters: Int
  /// What the head tells apart, in the order of its outputs.
  public var classes: [String]
  /// The folds that were trained; one where the corpus is divided once.
  public var folds: [Fold]
  /// With the head that the model came with; nil where it got a new one.
  public var before: Score?
  /// With the trained head, on the same utterances.
  public var after: Score
  /// After less before, paired by what is resampled.
  public var difference: Estimate?
  /// nil where no parameters were averaged.
  public var averaging: Averaging?
  /// What is resampled for intervals, and how many there are; fewer than ten give none.
  public var unit: String
  /// How many of `unit` there are in the test data.
  public var units: Int
  /// Every tested utterance, in the order of the corpus.
  public var utterances: [Utterance]
  /// What a reader must know; whole sentences.
  public var notes: [String]

  public init(
    model: String, fingerprint: String, corpus: String, task: String, labels: String, measure: String,
    trainedParameters: Int, allParameters: Int, classes: [String], folds: [Fold], before: Score?,
    after: Score,
    difference: Estimate?, unit: String, units: Int, utterances: [Utterance], notes: [String]
  ) {
    (self.model, self.fingerprint, self.corpus, self.task) = (model, fingerprint, corpus, task)
    (self.labels, self.measure, self.classes, self.folds) = (labels, measure, classes, folds)
    (self.trainedParameters, self.allParameters) = (trainedParameters, allParameters)
    (self.before, self.after, self.difference) = (before, after, difference)
    (self.unit, self.units, self.utterances, self.notes) = (unit, units, utterances, notes)
  }

  /// In a few lines, for the terminal.
  public var terminalSummary: String {
    func percent(_ x: Double) -> String { x.isFinite ? "\((x * 1000).rounded() / 10) %" : "–" }
    func words(_ e: Estimate) -> String {
      e.hasInterval ? "\(percent(e.value)) [\(percent(e.low)), \(percent(e.high))]" : percent(e.value)
    }
    var lines = [
      "\(model), \(labels) (\(task)) of \(corpus): \(trainedParameters) of \(allParameters) parameters trained"
    ]
    for fold in folds {
      lines.append(
        "  \(fold.model): learned from \(fold.train) utterances, chosen on \(fold.development), tested on \(fold.test); "
          + "\(fold.steps) steps" + (fold.bestStep.map { ", best after \($0)" } ?? ""))
    }
    if let before { lines.append("  \(measure) before: \(words(before.errors))") }
    lines.append("  \(measure) after:  \(words(after.errors))")
    if let difference { lines.append("  difference, paired: \(words(difference))") }
    if let averaging {
      lines.append("  without the \(averaging.method): \(words(averaging.without))")
      if let difference = averaging.difference {
        lines.append("  what the average changed, paired: \(words(difference))")
      }
    }
    if let text = after.text {
      lines.append(
        "  BLEU \((text.bleu * 10).rounded() / 10), chrF \((text.chrF * 10).rounded() / 10)"
          + (text.wordErrors.map { ", word error rate \(percent($0))" } ?? ""))
    }
    if let boundaries = after.boundaries, let f1 = boundaries.f1 {
      lines.append(
        "  boundaries within \(Int((1000 * boundaries.tolerance).rounded())) ms: F1 \(percent(f1)), precision "
          + "\(boundaries.precision.map(percent) ?? "–"), recall \(boundaries.recall.map(percent) ?? "–")")
    }
    if let counts = after.alignment {
      lines.append(
        "  after: \(counts.substitutions) substitutions, \(counts.deletions) deletions, \(counts.insertions) insertions of "
          + "\(counts.hits + counts.substitutions + counts.deletions) symbols")
    }
    lines.append(
      units < 10
        ? "  too few \(unit) for an interval: \(units)"
        : "  95 % intervals by resampling \(units) \(unit)")
    return lines.joined(separator: "\n")
  }
}
