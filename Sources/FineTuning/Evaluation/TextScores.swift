#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// BLEU of texts with one reference each (Papineni 2002), as sacrebleu gives it: tokeniser 13a, up to four words, a brevity
/// penalty, zero counts smoothed by halves (`smooth:exp`).
struct BLEU: Sendable {
  static let signature = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp"
  private static let orders = 4

  private var matches = [Int](repeating: 0, count: orders)
  private var totals = [Int](repeating: 0, count: orders)
  private var (found, reference) = (0, 0)

  init(_ texts: [(found: String, reference: String)]) {
    for text in texts {
      let (own, right) = (Self.tokens(text.found), Self.tokens(text.reference))
      found += own.count
      reference += right.count
      for order in 1...Self.orders {
        let counts = (NGrams(own, order), NGrams(right, order))
        matches[order - 1] += counts.0.common(with: counts.1)
        totals[order - 1] += counts.0.total
      }
    }
  }

  /// 0 to 100.
  var score: Double {
    guard matches.contains(where: { $0 > 0 }), found > 0, !totals.contains(0) else { return 0 }
    var (smoothing, sum) = (1.0, 0.0)
    for (match, total) in zip(matches, totals) {
      if match == 0 { smoothing *= 2 }
      sum += log(100 * (match == 0 ? 1 / smoothing : Double(match)) / Double(total))
    }
    let penalty = found < reference ? exp(1 - Double(reference) / Double(found)) : 1
    return penalty * exp(sum / Double(Self.orders))
  }

  /// The tokeniser of mteval-v13a: punctuation stands alone, but for full stops and commas within numbers.
  static func tokens(_ text: String) -> [String] {
    var text = text.replacing("<skipped>", with: "").replacing("-\n", with: "").replacing("\n", with: " ")
    for (entity, sign) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
      text = text.replacing(entity, with: sign)
    }
    func isDigit(_ c: Character) -> Bool { ("0"..."9").contains(c) }
    func isStop(_ c: Character) -> Bool { c == "." || c == "," }
    let alone = Set("{|}~[\\]^_` !\"#$%&()*+:;<=>?@/")
    var spaced: [Character] = [" "]
    for c in text { spaced += alone.contains(c) ? [" ", c, " "] : [c] }
    spaced.append(" ")
    // A stop behind what is no digit, then one before what is none, then a hyphen behind a digit.
    spaced = Self.pairs(spaced) { !isDigit($0) && isStop($1) ? [$0, " ", $1, " "] : nil }
    spaced = Self.pairs(spaced) { isStop($0) && !isDigit($1) ? [" ", $0, " ", $1] : nil }
    spaced = Self.pairs(spaced) { isDigit($0) && $1 == "-" ? [$0, " ", $1, " "] : nil }
    return String(spaced).split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// Pairs of neighbours become what `made` gives, where it gives something; none of these is looked at twice.
  private static func pairs(
    _ text: [Character], _ made: (Character, Character) -> [Character]?
  ) -> [Character] {
    var result: [Character] = []
    var index = 0
    while index < text.count {
      if index + 1 < text.count, let pair = made(text[index], text[index + 1]) {
        result += pair
        index += 2
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }
}

/// chrF2 of texts with one reference each (Popović 2015), as sacrebleu gives it: up to six characters, spaces left out,
/// recall counting twice as much as precision.
struct CharacterF: Sendable {
  static let signature = "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no"
  private static let orders = 6
  private static let beta = 2.0

  private var counts = [(found: Int, reference: Int, matches: Int)](repeating: (0, 0, 0), count: orders)

  init(_ texts: [(found: String, reference: String)]) {
    func characters(_ text: String) -> [String] {
      text.unicodeScalars.filter { !$0.properties.isWhitespace }.map { String($0) }
    }
    for text in texts {
      let (own, right) = (characters(text.found), characters(text.reference))
      for order in 1...Self.orders {
        let (a, b) = (NGrams(own, order), NGrams(right, order))
        // Where the reference has none of this length the found ones count for nothing.
        counts[order - 1].found += b.total > 0 ? a.total : 0
        counts[order - 1].reference += b.total
        counts[order - 1].matches += a.common(with: b)
      }
    }
  }

  /// 0 to 100: of the means of precision and recall over the lengths that both have.
  var score: Double {
    let known = counts.filter { $0.found > 0 && $0.reference > 0 }
    guard !known.isEmpty else { return 0 }
    let precision = known.reduce(0) { $0 + Double($1.matches) / Double($1.found) } / Double(known.count)
    let recall = known.reduce(0) { $0 + Double($1.matches) / Double($1.reference) } / Double(known.count)
    let weight = Self.beta * Self.beta
    guard precision + recall > 0 else { return 0 }
    return 100 * (1 + weight) * precision * recall / (weight * precision + recall)
  }
}

/// How often each stretch of so many neighbours occurs.
private struct NGrams {
  private var counts: [[String]: Int] = [:]
  let total: Int

  init(_ symbols: [String], _ order: Int) {
    total = max(0, symbols.count - order + 1)
    for start in 0..<total { counts[Array(symbols[start..<(start + order)]), default: 0] += 1 }
  }

  func common(with other: NGrams) -> Int {
    counts.reduce(0) { $0 + min($1.value, other.counts[$1.key] ?? 0) }
  }
}

/// How well the places where classes of frames change are found: each true one by one found one within a tolerance.
struct BoundaryScores: Sendable, Equatable {
  private(set) var hits = 0
  private(set) var found = 0
  private(set) var reference = 0

  init() {}

  /// - Parameters:
  ///   - labels: of each frame, nil where there is none: such frames are left out, with the changes at their ends.
  ///   - tolerance: frames by which a found change may be off.
  init(labels: [Int?], found classes: [Int], tolerance: Int) {
    let places = labels.indices.dropFirst().filter { labels[$0] != nil && labels[$0 - 1] != nil }
    let right = places.filter { labels[$0] != labels[$0 - 1] }
    let own = places.filter { classes[$0] != classes[$0 - 1] }
    (found, reference) = (own.count, right.count)
    // In order of time, each with the first that is near enough and not taken: as many pairs as can be.
    var next = 0
    for place in right {
      while next < own.count, own[next] < place - tolerance { next += 1 }
      if next < own.count, own[next] <= place + tolerance {
        hits += 1
        next += 1
      }
    }
  }

  static func + (a: Self, b: Self) -> Self {
    var sum = a
    sum.hits += b.hits
    sum.found += b.found
    sum.reference += b.reference
    return sum
  }

  var precision: Double? { found > 0 ? Double(hits) / Double(found) : nil }
  var recall: Double? { reference > 0 ? Double(hits) / Double(reference) : nil }
  var f1: Double? { found + reference > 0 ? 2 * Double(hits) / Double(found + reference) : nil }
}
