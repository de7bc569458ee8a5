import CPCRE2

/// A regular expression that a user gave (PCRE2's), matched with a budget: one that would try without end finds nothing.
///
/// ```swift
/// let pattern = try NamePattern("^([a-z]+)_")
/// pattern.part(of: "kal_s005")   // "kal"
/// ```
package final class NamePattern: @unchecked Sendable {
  /// How often a match may go back before it is given up: some milliseconds' worth.
  static let matchLimit: UInt32 = 100_000
  /// Of its bytes; no name needs more.
  static let lengthLimit = 1000

  package let text: String
  /// Immutable once compiled; PCRE2 allows any number of matches at once.
  private let code: OpaquePointer

  /// What keeps a text from being a pattern.
  package struct Fault: Error, Equatable {
    package let reason: String
  }

  /// Throws `Fault` with PCRE2's words for it.
  package init(_ text: String) throws(Fault) {
    self.text = text
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.lengthLimit else {
      throw Fault(reason: "it is longer than \(Self.lengthLimit) bytes")
    }
    var (number, offset) = (Int32(0), 0)
    let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP)
    guard let code = pcre2_compile_8(bytes, bytes.count, options, &number, &offset, nil) else {
      throw Fault(reason: "\(Self.words(of: number)) at character \(offset + 1)")
    }
    self.code = code
  }

  deinit { pcre2_code_free_8(code) }

  /// The first group, or the whole match where the pattern has none; nil where it does not match, matches nothing, or
  /// takes longer than `matchLimit`.
  package func part(of name: String) -> String? {
    let bytes = Array(name.utf8)
    return try? match(bytes) { ends, groups in
      let group = groups > 1 ? 1 : 0
      let (start, end) = (ends[2 * group], ends[2 * group + 1])
      guard start < end, end <= bytes.count else { return nil }
      return String(decoding: bytes[start..<end], as: UTF8.self)
    }
  }

  /// Whether it matches somewhere in a name. Throws `Fault` where that takes longer than `matchLimit`.
  package func matches(_ name: String) throws(Fault) -> Bool {
    try match(Array(name.utf8)) { _, _ in true } ?? false
  }

  /// Gives `read` the ends of all groups, of which the first is the whole; nil where nothing matches.
  private func match<T>(
    _ bytes: [UInt8], _ read: (_ ends: UnsafeMutablePointer<Int>, _ groups: Int) -> T?
  ) throws(Fault) -> T? {
    guard let context = pcre2_match_context_create_8(nil) else { return nil }
    defer { pcre2_match_context_free_8(context) }
    pcre2_set_match_limit_8(context, Self.matchLimit)
    pcre2_set_depth_limit_8(context, Self.matchLimit)
    guard let data = pcre2_match_data_create_from_pattern_8(code, nil) else { return nil }
    defer { pcre2_match_data_free_8(data) }
    let groups = pcre2_match_8(code, bytes, bytes.count, 0, 0, data, context)
    guard groups != PCRE2_ERROR_NOMATCH else { return nil }
    guard groups > 0, let ends = pcre2_get_ovector_pointer_8(data) else {
      throw Fault(reason: Self.words(of: groups))
    }
    return read(ends, Int(pcre2_get_ovector_count_8(data)))
  }

  private static func words(of number: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 200)
    let count = pcre2_get_error_message_8(number, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<Int(count)], as: UTF8.self) : "error \(number)"
  }
}
