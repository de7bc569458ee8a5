import Activations
import Results

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counts what one layer's probe took for what, span by span.
struct ErrorAnalyser: Sendable {
  let examples: Examples
  let design: StudyDesign
  /// Those that were tested.
  let classes: [String]
  /// At most so many mistakes are listed.
  static let listed = 10
  /// Durations are shared out into so many parts of about one size.
  private static let durations = 4

  /// `guesses` has an entry an example, nil for one that was not tested.
  func analysis(
    of layer: Layer, _ guesses: [Guess?], since before: (Layer, [Guess?])?
  ) -> ErrorAnalysis {
    let tested = guesses.enumerated().compactMap { row, guess in guess.map { (row: row, guess: $0) } }
    var confusions: [String: [String: Int]] = [:]
    for (row, guess) in tested {
      confusions[truth(row), default: [:]][design.classes[guess.label], default: 0] += 1
    }
    let isRight = guesses.enumerated().map { $1?.label == design.labels[$0] }
    return ErrorAnalysis(
      layer: layer, confusions: confusions,
      parts: speakers(tested.map(\.row), isRight) + durations(tested.map(\.row), isRight),
      worst: worst(tested.filter { !isRight[$0.row] }),
      changes: before.map { changes(to: guesses, since: $0.0, $0.1) })
  }

  private func truth(_ row: Int) -> String { design.classes[design.labels[row]] }

  /// At most `listed`, the true class's probability ascending.
  private func worst(_ mistakes: [(row: Int, guess: Guess)]) -> [ErrorAnalysis.Mistake] {
    mistakes.sorted { ($0.guess.logProbability, $0.row) < ($1.guess.logProbability, $1.row) }
      .prefix(Self.listed).map { row, guess in
        let item = examples.items[row]
        return ErrorAnalysis.Mistake(
          utterance: examples.utterances[item.utterance], speaker: examples.speakers[item.speaker],
          start: item.start, end: item.end, truth: truth(row), guess: design.classes[guess.label],
          probability: exp(guess.logProbability))
      }
  }

  private func speakers(_ tested: [Int], _ isRight: [Bool]) -> [ErrorAnalysis.Part] {
    Dictionary(grouping: tested) { examples.speakers[examples.items[$0].speaker] }
      .sorted { $0.key < $1.key }.map { part(.speaker, $0, $1, isRight) }
  }

  /// Quarters of the spans by their length, fewer where many are of one length.
  private func durations(_ tested: [Int], _ isRight: [Bool]) -> [ErrorAnalysis.Part] {
    // A tenth of a millisecond is below any label's precision, and above that of start and end.
    func length(_ row: Int) -> Double {
      ((examples.items[row].end - examples.items[row].start) * 10_000).rounded() / 10_000
    }
    let lengths = tested.map(length).sorted()
    guard let shortest = lengths.first, let longest = lengths.last else { return [] }
    let edges = Set((1..<Self.durations).map { lengths[lengths.count * $0 / Self.durations] }).filter {
      $0 > shortest
    }.sorted()
    let places = Dictionary(grouping: tested) { row in edges.count { $0 <= length(row) } }
    return places.sorted { $0.key < $1.key }.map { place, rows in
      let low = place == 0 ? shortest : edges[place - 1]
      let high = place == edges.count ? longest : edges[place]
      return part(.duration, range(low, high), rows, isRight)
    }
  }

  private func range(_ low: Double, _ high: Double) -> String {
    let isOfText = examples.baselineOfText != nil
    let ends = [low, high].map { isOfText ? "\(Int($0.rounded()))" : Evidence.number($0) }
    return (ends[0] == ends[1] ? ends[0] : ends.joined(separator: "–")) + (isOfText ? " characters" : " s")
  }

  private func part(
    _ kind: ErrorAnalysis.Part.Kind, _ name: String, _ rows: [Int], _ isRight: [Bool]
  ) -> ErrorAnalysis.Part {
    ErrorAnalysis.Part(kind: kind, name: name, tested: rows.count, right: rows.count { isRight[$0] })
  }

  /// Of spans that both have, by the readings of another layer or of another model's probe.
  func changes(
    to now: [Guess?], since layer: Layer, _ before: [Guess?]
  ) -> ErrorAnalysis.Changes {
    let both = zip(now, before).enumerated().compactMap { row, guesses in
      guesses.0.flatMap { now in guesses.1.map { (row: row, now: now, before: $0) } }
    }
    func isRight(_ row: Int, _ guess: Guess) -> Bool { guess.label == design.labels[row] }
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
    _ both: [(row: Int, now: Guess, before: Guess)]
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
