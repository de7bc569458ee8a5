/// Rules that turn one library's tensor names into another's.
///
/// A rule is a pattern and a replacement, both in parts separated by dots. `*` stands for one part and `**` at
/// the end for all that remain; in the replacement they stand for what they met, in order. The first rule that
/// fits counts.
///
/// ```swift
/// let table: NameTable = ["encoder.layers.*.fc1.**": "encoder.layers.*.feed_forward.intermediate_dense.**"]
/// table["encoder.layers.7.fc1.bias"]   // "encoder.layers.7.feed_forward.intermediate_dense.bias"
/// ```
public struct NameTable: Sendable, ExpressibleByDictionaryLiteral {
  private struct Rule: Sendable {
    let pattern: [Substring]
    let replacement: [Substring]
  }

  private let rules: [Rule]

  public init(dictionaryLiteral rules: (String, String)...) { self.init(rules) }

  /// The rules in the order in which they are tried.
  public init(_ rules: [(pattern: String, replacement: String)]) {
    self.rules = rules.map { rule in
      let pattern = rule.pattern.split(separator: ".")
      let replacement = rule.replacement.split(separator: ".")
      precondition(
        pattern.filter { $0.first == "*" } == replacement.filter { $0.first == "*" },
        "the rule \(rule.pattern) → \(rule.replacement) must have the same wildcards on both sides")
      return Rule(pattern: pattern, replacement: replacement)
    }
  }

  /// The new name, or nil where no rule fits.
  public subscript(name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    for rule in rules {
      guard let met = NameTable.match(parts, rule.pattern) else { continue }
      var wildcards = met[...]
      return rule.replacement.map { part in
        part.first == "*" ? wildcards.removeFirst() : String(part)
      }.joined(separator: ".")
    }
    return nil
  }

  /// This table's rules, then those of `other`.
  public func followed(by other: NameTable) -> NameTable { NameTable(rules: rules + other.rules) }

  private init(rules: [Rule]) { self.rules = rules }

  /// What each wildcard met, or nil.
  private static func match(_ parts: [Substring], _ pattern: [Substring]) -> [String]? {
    let isOpen = pattern.last == "**"
    guard isOpen ? parts.count >= pattern.count : parts.count == pattern.count else { return nil }
    var met: [String] = []
    for (index, expected) in pattern.enumerated() {
      switch expected {
      case "**": met.append(parts[index...].joined(separator: "."))
      case "*": met.append(String(parts[index]))
      default: if parts[index] != expected { return nil }
      }
    }
    return met
  }
}
