import Activations
import Results

/// Tested spans by who speaks and by how long they are.
struct TestedParts {
  struct Part {
    let kind: ErrorAnalysis.Part.Kind
    let name: String
    let rows: [Int]
  }

  /// Speakers by name, then durations from the shortest.
  let all: [Part]
  /// Durations are shared out into so many parts of about one size.
  private static let durations = 4

  init(_ examples: PooledSpans, rows: [Int]) {
    all = Self.speakers(examples, rows) + Self.durations(examples, rows)
  }

  private static func speakers(_ examples: PooledSpans, _ rows: [Int]) -> [Part] {
    Dictionary(grouping: rows) { examples.speakers[examples.items[$0].speaker] }
      .sorted { $0.key < $1.key }.map { Part(kind: .speaker, name: $0, rows: $1) }
  }

  /// Quarters of the spans by their length, fewer where many are of one length.
  private static func durations(_ examples: PooledSpans, _ rows: [Int]) -> [Part] {
    // A tenth of a millisecond is below any label's precision, and above that of start and end.
    func length(_ row: Int) -> Double {
      ((examples.items[row].end - examples.items[row].start) * 10_000).rounded() / 10_000
    }
    func range(_ low: Double, _ high: Double) -> String {
      let isOfText = examples.baselineOfText != nil
      let ends = [low, high].map { isOfText ? "\(Int($0.rounded()))" : NumberWords.number($0) }
      return (ends[0] == ends[1] ? ends[0] : ends.joined(separator: "–"))
        + (isOfText ? " characters" : " s")
    }
    let lengths = rows.map(length).sorted()
    guard let shortest = lengths.first, let longest = lengths.last else { return [] }
    let edges = Set((1..<durations).map { lengths[lengths.count * $0 / durations] }).filter {
      $0 > shortest
    }
    .sorted()
    let places = Dictionary(grouping: rows) { row in edges.count { $0 <= length(row) } }
    return places.sorted { $0.key < $1.key }.map { place, rows in
      let low = place == 0 ? shortest : edges[place - 1]
      let high = place == edges.count ? longest : edges[place]
      return Part(kind: .duration, name: range(low, high), rows: rows)
    }
  }
}
