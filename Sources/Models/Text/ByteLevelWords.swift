/// Cuts a text as GPT-2's pattern does, before pieces are merged:
///
/// ```
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// ```
/// A word keeps the space before it; of several spaces the last goes with the word.
enum ByteLevelWords {
  private static let endings: [[Unicode.Scalar]] = ["s", "t", "re", "ve", "m", "ll", "d"]
    .map { Array($0.unicodeScalars) }

  private enum Kind { case letter, number, space, other }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind {
    if scalar.properties.isWhitespace { return .space }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return .other
    }
  }

  /// The words' ranges, which follow each other without a gap.
  static func ranges(in text: [Unicode.Scalar]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    while start < text.count {
      let end = end(of: start, in: text)
      ranges.append(start..<end)
      start = end
    }
    return ranges
  }

  private static func end(of start: Int, in text: [Unicode.Scalar]) -> Int {
    if text[start] == "'" {
      let rest = text[(start + 1)...]
      if let ending = endings.first(where: { rest.starts(with: $0) }) { return start + 1 + ending.count }
    }
    func run(_ kind: Kind, from first: Int) -> Int {
      var end = first
      while end < text.count, Self.kind(text[end]) == kind { end += 1 }
      return end
    }
    let first = text[start] == " " && start + 1 < text.count ? start + 1 : start
    let kind = kind(text[first])
    if kind != .space { return run(kind, from: first) }
    let end = run(.space, from: start)
    return end == text.count || end == start + 1 ? end : end - 1
  }
}
