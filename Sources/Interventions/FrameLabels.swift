import Corpora
import Models

/// Labels in the classes of a head that says of each frame which of them it is of.
struct FrameLabels: Sendable {
  /// What the labels are of: the first level all of whose labels are classes of the head.
  let level: Level
  let isFiller: [Bool]
  private let timing: FrameTiming
  /// Of each utterance of the corpus.
  private let spans: [[(start: Double, end: Double, number: Int)]]

  /// - Throws: `InterventionError.unspellable` with the labels that the head has no class for.
  init(_ corpus: Corpus, classes: HeadClassNames, timing: FrameTiming?, model: String) throws {
    func refuse(_ reason: String) -> InterventionError { .unspellable(model: model, reason: reason) }
    guard !classes.names.isEmpty else {
      throw refuse("no names of its classes lie with it (vocab.json, or id2label in config.json)")
    }
    guard let timing else { throw refuse("its rows are no frames") }
    var missing: [String] = []
    for level in [Level.phoneme, .syllable, .word] {
      let labels = Set(corpus.utterances.flatMap { $0.spans(at: level).map(\.label) })
      let strangers = labels.filter { classes[$0] == nil }.sorted()
      guard !labels.isEmpty, strangers.isEmpty else {
        if !labels.isEmpty {
          missing.append("the \(level.rawValue)s \(strangers.prefix(8).joined(separator: ", "))")
        }
        continue
      }
      (self.level, self.timing, isFiller) = (level, timing, classes.isFiller)
      spans = corpus.utterances.map { utterance in
        utterance.spans(at: level).compactMap { span in
          classes[span.label].map { (span.start, span.end, $0) }
        }
      }
      return
    }
    throw refuse(
      missing.isEmpty
        ? "the corpus has no phones, syllables or words"
        : "it has no class for " + missing.joined(separator: " nor for "))
  }

  /// The class of each of `count` frames by the span that holds its centre; −1 for none.
  func targets(ofFrames count: Int, in utterance: Int) -> [Int] {
    var targets = [Int](repeating: -1, count: count)
    for span in spans[utterance] {
      let first = timing.firstFrame(atOrAfter: span.start, count: count)
      for frame in first..<max(first, timing.firstFrame(atOrAfter: span.end, count: count)) {
        targets[frame] = span.number
      }
    }
    return targets
  }
}
