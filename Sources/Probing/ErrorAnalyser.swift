import Activations
import Results

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counts what one layer's probe took for what, span by span.
struct ErrorAnalyser: Sendable {
  let examples: PooledSpans
  let design: StudyDesign
  /// Those that were tested.
  let classes: [String]
  /// At most so many mistakes are listed.
  static let listed = 10

  /// `guesses` has an entry an example, nil for one that was not tested.
  func analysis(
    of layer: Layer, _ guesses: [Prediction?], since before: (Layer, [Prediction?])?
  ) -> ErrorAnalysis {
    let tested = guesses.enumerated().compactMap { row, guess in guess.map { (row: row, guess: $0) } }
    var confusions: [String: [String: Int]] = [:]
    for (row, guess) in tested {
      confusions[truth(row), default: [:]][design.classes[guess.label], default: 0] += 1
    }
    let isRight = guesses.enumerated().map { $1?.label == design.labels[$0] }
    return ErrorAnalysis(
      layer: layer, confusions: confusions,
      parts: TestedParts(examples, rows: tested.map(\.row)).all.map { part in
        ErrorAnalysis.Part(
          kind: part.kind, name: part.name, tested: part.rows.count, right: part.rows.count { isRight[$0] })
      },
      worst: worst(tested.filter { !isRight[$0.row] }),
      changes: before.map { changes(to: guesses, since: $0.0, $0.1) })
  }

  private func truth(_ row: Int) -> String { design.classes[design.labels[row]] }

  /// At most `listed`, the true class's probability ascending.
  private func worst(_ mistakes: [(row: Int, guess: Prediction)]) -> [ErrorAnalysis.Mistake] {
    mistakes.sorted { ($0.guess.logProbability, $0.row) < ($1.guess.logProbability, $1.row) }
      .prefix(Self.listed).map { row, guess in
        let item = examples.items[row]
        return ErrorAnalysis.Mistake(
          utterance: examples.utterances[item.utterance], speaker: examples.speakers[item.speaker],
          start: item.start, end: item.end, truth: truth(row), guess: design.classes[guess.label],
          probability: exp(guess.logProbability))
      }
  }

  /// Of spans that both have, by the readings of another layer or of another model's probe.
  func changes(
    to now: [Prediction?], since layer: Layer, _ before: [Prediction?]
  ) -> ErrorAnalysis.Changes {
    let both = zip(now, before).enumerated().compactMap { row, guesses in
      guesses.0.flatMap { now in guesses.1.map { (row: row, now: now, before: $0) } }
    }
    func isRight(_ row: Int, _ guess: Prediction) -> Bool { guess.label == design.labels[row] }
    let gained = both.filter { isRight($0.row, $0.now) && !isRight($0.row, $0.before) }
    let lost = both.filter { !isRight($0.row, $0.now) && isRight($0.row, $0.before) }
    func byClass(_ rows: [Int]) -> [String: Int] {
      rows.reduce(into: [:]) { $0[truth($1), default: 0] += 1 }
    }
    let (tested, gains, losses) = (
      byClass(both.map(\.row)), byClass(gained.map(\.row)), byClass(lost.map(\.row))
    )
    return ErrorAnalysis.Changes(
      since: layer,
      classes: classes.map {
        ErrorAnalysis.Changes.OfClass(
          name: $0, tested: tested[$0] ?? 0, gained: gains[$0] ?? 0, lost: losses[$0] ?? 0)
      },
      pairs: pairs(both), broken: worst(lost.map { ($0.row, $0.now) }),
      mended: worst(gained.map { ($0.row, $0.before) }))
  }

  private func pairs(
    _ both: [(row: Int, now: Prediction, before: Prediction)]
  ) -> [ErrorAnalysis.Changes.OfPair] {
    var counts: [[Int]: (before: Int, now: Int)] = [:]
    for (row, now, before) in both {
      let label = design.labels[row]
      if now.label != label { counts[[label, now.label], default: (0, 0)].now += 1 }
      if before.label != label { counts[[label, before.label], default: (0, 0)].before += 1 }
    }
    return counts.filter { $1.before != $1.now }
      .sorted {
        (abs($1.value.now - $1.value.before), $0.key[0], $0.key[1])
          < (abs($0.value.now - $0.value.before), $1.key[0], $1.key[1])
      }
      .prefix(Self.listed).map {
        ErrorAnalysis.Changes.OfPair(
          truth: design.classes[$0[0]], guess: design.classes[$0[1]], before: $1.before, now: $1.now)
      }
  }
}
