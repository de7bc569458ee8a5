/// Tokens that are taken out of a text whole, before anything else is done to it.
struct SpecialTokens: Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    var id: Int
    var content: String
    /// Whether it swallows the white space before and after it.
    var stripsLeft = false
    var stripsRight = false
  }

  private(set) var ids: [String: Int] = [:]
  /// Those that begin with a scalar, the longest first.
  private var byFirst: [Unicode.Scalar: [(scalars: [Unicode.Scalar], entry: Entry)]] = [:]

  init(_ entries: [Entry] = []) {
    for entry in entries {
      let scalars = Array(entry.content.unicodeScalars)
      guard let first = scalars.first, ids.updateValue(entry.id, forKey: entry.content) == nil else {
        continue
      }
      byFirst[first, default: []].append((scalars, entry))
    }
    for first in byFirst.keys { byFirst[first]?.sort { $0.scalars.count > $1.scalars.count } }
  }

  static func == (a: SpecialTokens, b: SpecialTokens) -> Bool { a.ids == b.ids }

  enum Part {
    case text(Range<Int>)
    case special(Token)
  }

  /// The text's parts in order: special tokens, and what lies between them.
  func parts(of text: [Unicode.Scalar]) -> [Part] {
    guard !byFirst.isEmpty else { return [.text(0..<text.count)] }
    var parts: [Part] = []
    var (start, index) = (0, 0)
    while index < text.count {
      let here = text[index...]
      guard let (scalars, entry) = byFirst[text[index]]?.first(where: { here.starts(with: $0.scalars) })
      else {
        index += 1
        continue
      }
      var range = index..<(index + scalars.count)
      if entry.stripsLeft {
        let spaces = text[start..<index].reversed().prefix { $0.properties.isWhitespace }.count
        range = (index - spaces)..<range.upperBound
      }
      if entry.stripsRight {
        let spaces = text[range.upperBound...].prefix { $0.properties.isWhitespace }.count
        range = range.lowerBound..<(range.upperBound + spaces)
      }
      if start < range.lowerBound { parts.append(.text(start..<range.lowerBound)) }
      parts.append(.special(Token(id: entry.id, text: entry.content, range: range)))
      (start, index) = (range.upperBound, range.upperBound)
    }
    if start < text.count { parts.append(.text(start..<text.count)) }
    return parts
  }
}
