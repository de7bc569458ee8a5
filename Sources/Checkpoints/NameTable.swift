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

    init(_ pattern: String, _ replacement: String) {
      self.pattern = pattern.split(separator: ".")
      self.replacement = replacement.split(separator: ".")
    }

    var hasSameWildcards: Bool {
      pattern.filter { $0.first == "*" } == replacement.filter { $0.first == "*" }
    }

    /// Whether each part with a `*` is a wildcard, and `**` stands at the end alone.
    var isWellFormed: Bool {
      [pattern, replacement].allSatisfy { parts in
        !parts.isEmpty && parts.dropLast().allSatisfy { $0 == "*" || !$0.contains("*") }
          && parts.last.map { $0 == "*" || $0 == "**" || !$0.contains("*") } == true
      }
    }
  }

  private let rules: [Rule]

  /// The rules of a dictionary literal, tried in the order in which they are written.
  public init(dictionaryLiteral rules: (String, String)...) { self.init(rules) }

  /// The rules in the order in which they are tried.
  public init(_ rules: [(pattern: String, replacement: String)]) {
    self.rules = rules.map { pattern, replacement in
      let rule = Rule(pattern, replacement)
      precondition(
        rule.hasSameWildcards,
        "the rule \(pattern) → \(replacement) must have the same wildcards on both sides")
      return rule
    }
  }

  /// What is wrong with a rule that comes from outside, in words; nil where nothing is.
  static func fault(in pattern: String, _ replacement: String) -> String? {
    let rule = Rule(pattern, replacement)
    guard rule.isWellFormed else {
      return "a part of a name may be `*`, and the last part `**`, but no part may have a star in it"
    }
    return rule.hasSameWildcards ? nil : "both sides must have the same wildcards in the same order"
  }

  /// The new name, or nil where no rule fits.
  public subscript(name: String) -> String? { application(to: name)?.newName }

  /// The first rule that fits and what it makes of the name.
  private func application(to name: String) -> (rule: Int, newName: String)? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    for (index, rule) in rules.enumerated() {
      guard let met = NameTable.match(parts, rule.pattern) else { continue }
      var wildcards = met[...]
      let newParts = rule.replacement.map { part in
        part.first == "*" ? wildcards.removeFirst() : String(part)
      }
      return (index, newParts.joined(separator: "."))
    }
    return nil
  }

  /// The patterns of the rules that are the first to fit for none of `names`.
  func idle(among names: some Sequence<String>) -> [String] {
    let used = Set(names.compactMap { application(to: $0)?.rule })
    return rules.indices.filter { !used.contains($0) }.map { rules[$0].pattern.joined(separator: ".") }
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

extension NameTable: CustomStringConvertible {
  /// One rule a line, `pattern: replacement`.
  public var description: String {
    rules.map { "\($0.pattern.joined(separator: ".")): \($0.replacement.joined(separator: "."))" }
      .joined(separator: "\n")
  }
}
