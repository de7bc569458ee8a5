/// Something that a corpus's owner should know, which did not stop us from reading the rest.
public struct CorpusIssue: Sendable, Equatable, Codable, CustomStringConvertible {
  /// How much it matters.
  public enum Severity: String, Sendable, Codable, Comparable {
    /// What was assumed, such as where the speakers' names come from.
    case note
    /// Something was left out or may mislead.
    case warning
    /// A file that could not be used at all.
    case error

    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    private var rank: Int { self == .note ? 0 : self == .warning ? 1 : 2 }
  }

  /// How much it matters.
  public let severity: Severity
  /// The file, relative to the corpus.
  public let path: String
  /// The line in it, counted from 1, where there is one.
  public let line: Int?
  /// What is wrong or odd, in a sentence without the place.
  public let message: String
  /// What can be done about it, where that is more than the message says.
  public let fix: String?

  /// An issue at a file of the corpus, and a line of it where that is known.
  public init(
    _ severity: Severity, path: String, line: Int? = nil, message: String, fix: String? = nil
  ) {
    self.severity = severity
    self.path = path
    self.line = line
    self.message = message
    self.fix = fix
  }

  public var description: String {
    "\(severity.rawValue): \(path)\(line.map { ":\($0)" } ?? ""): \(message)"
  }
}
