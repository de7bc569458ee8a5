import Results

/// What the probe on a study's peak layer read in each span, so that two models' mistakes can be compared.
package struct PeakReading: Sendable {
  package let layer: Layer
  let guesses: [Prediction?]
  let analyser: ErrorAnalyser

  /// What changed against the reading of another model; nil where it was of other spans.
  package func changes(since other: PeakReading) -> ErrorAnalysis.Changes? {
    guard analyser.isOfSameSpans(as: other.analyser) else { return nil }
    return analyser.changes(to: guesses, since: other.layer, other.guesses)
  }
}

extension ErrorAnalyser {
  fileprivate func isOfSameSpans(as other: ErrorAnalyser) -> Bool {
    func names(_ analyser: ErrorAnalyser) -> [String] {
      analyser.examples.items.map { analyser.examples.utterances[$0.utterance] }
    }
    return design.classes == other.design.classes && design.labels == other.design.labels
      && zip(examples.items, other.examples.items).allSatisfy { $0.start == $1.start && $0.end == $1.end }
      && names(self) == names(other)
  }
}
