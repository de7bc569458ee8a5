/// Finds the word that was probably meant.
package enum Nearest {
  /// `did you mean “x”? Known are …`, the first half only where something is near.
  package static func hint(for word: String, among known: [String]) -> String {
    let all = known.joined(separator: ", ")
    guard let nearest = nearest(to: word, among: known) else { return "known are \(all)" }
    return "did you mean “\(nearest)”? Known are \(all)"
  }

  /// The known word with the fewest edits, if that is less than half of it.
  package static func nearest(to word: String, among known: [String]) -> String? {
    let word = String(word.lowercased().prefix(64))
    let distances = known.map { (word: $0, edits: edits(word, $0.lowercased())) }
    guard let best = distances.min(by: { $0.edits < $1.edits }) else { return nil }
    return best.edits * 2 <= best.word.count ? best.word : nil
  }

  /// The `count` known words with the fewest edits, nearest first.
  package static func ordered(to word: String, among known: [String], count: Int) -> [String] {
    let word = String(word.lowercased().prefix(64))
    let distances = known.map { ($0, edits(word, $0.lowercased())) }
    return distances.sorted { $0.1 < $1.1 }.prefix(count).map(\.0)
  }

  /// The Levenshtein distance.
  package static func edits(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
