import Activations
import Corpora
import Models
import Probing
import Tensors

extension LinearReadout {
  /// Fits a softmax probe to a layer's spans of one level, as a study does in its first fold: penalty chosen on
  /// development spans, read on speakers and sentences that are held out where the corpus has enough.
  ///
  /// Throws `AttributionError.tooFewExamples`, and what reading and fitting throw.
  public static func fit(
    to model: SpeechModel, layer: String, level: Level, corpus: Corpus, seed: UInt64 = 0, threads: Int = 1,
    progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> LinearReadout {
    let settings = ExtractionSettings(
      levels: [level], layers: [layer], includesMel: false, momentsBudget: 0, seed: seed)
    let extraction = try ExtractionPass(of: model, over: corpus.utterances, settings: settings).run(
      threads: threads, progress: { progress($0.done, $0.total) }, isCancelled: isCancelled)
    guard let all = extraction.levels[level]?.examples else {
      throw AttributionError.tooFewExamples(
        layer: layer, found: 0, expected: "two classes of \(level.rawValue) labels")
    }
    return try fit(
      all, layer: layer, splits: SplitPlan.make(for: corpus, seed: seed), corpus: corpus.name,
      fingerprint: model.fingerprint)
  }

  /// A class must occur so often to be read, and at most so many are.
  private static let (minimumCount, maximumClasses) = (10, 100)

  /// The same on pooled spans that are there already.
  /// - Throws: `AttributionError.tooFewExamples` where fewer than two classes are left, and what fitting throws.
  public static func fit(
    _ all: PooledSpans, layer: String, splits: SplitPlan, corpus: String, fingerprint: String
  ) throws -> LinearReadout {
    var counts = [Int](repeating: 0, count: all.classes.count)
    for item in all.items { counts[item.label] += 1 }
    let frequent = counts.indices.filter { counts[$0] >= minimumCount }
      .sorted { (counts[$1], $0) < (counts[$0], $1) }.prefix(maximumClasses).sorted()
    guard frequent.count > 1, let fold = splits.folds.first else {
      throw AttributionError.tooFewExamples(
        layer: layer, found: all.items.count,
        expected: "two classes with \(minimumCount) spans of level \(all.level.rawValue) each")
    }
    let numbers = Dictionary(uniqueKeysWithValues: zip(frequent, 0...))
    let examples = all.selecting(all.items.indices.filter { numbers[all.items[$0].label] != nil })
    let labels = examples.items.map { numbers[$0.label] ?? 0 }
    func rows(_ utterances: [Int]) -> [Int] {
      let chosen = Set(utterances)
      return examples.items.indices.filter { chosen.contains(examples.items[$0].utterance) }
    }
    let states = try examples.states(of: layer)
    let fitted = try TunedSoftmaxProbe(penalties: ProbeSpec.defaultPenalties).fit(
      states: states, labels: labels, classCount: frequent.count, train: rows(fold.train),
      development: rows(fold.development), outer: rows(fold.outer))

    let test = rows(fold.test)
    let guesses = try fitted.predictions(of: states.selectingRows(test))
    let right = zip(test, guesses).count { labels[$0] == $1 }
    let commonest = fitted.classes.map { number in test.count { labels[$0] == number } }.max() ?? 0
    func percent(_ count: Int) -> String {
      let tenths = test.isEmpty ? 0 : (1000 * count + test.count / 2) / test.count
      return "\(tenths / 10).\(tenths % 10) %"
    }
    let known = fitted.classes
    let coefficients = fitted.coefficients
    return LinearReadout(
      level: all.level, layer: layer, classes: known.map { all.classes[frequent[$0]] },
      weights: Tensor(
        known.flatMap { row in (0..<fitted.width).map { Float(coefficients[row, $0]) } },
        shape: [known.count, fitted.width]),
      intercepts: known.map { Float(fitted.intercepts[$0]) },
      remark: "a softmax probe of \(known.count) classes of level \(all.level.rawValue), fitted on "
        + "\(rows(fold.outer).count) spans of \(corpus), reads \(percent(right)) of \(test.count) held-out spans "
        + "(commonest class \(percent(commonest)))",
      fingerprint: fingerprint)
  }
}
