import Foundations

/// What is wrong with a study file. Every case names the file and, where one is at fault, the line.
public enum StudyFileError: StrataError, Equatable, CustomStringConvertible {
  /// It is not there, or cannot be read.
  case missing(path: String, reason: String)
  /// It is something else than a list of options.
  case malformed(path: String, line: Int?, reason: String)
  /// An option that a study does not have.
  case unknownOption(path: String, option: String, known: [String])
  /// An option whose value is something else than it takes.
  case badValue(path: String, option: String, found: String, expected: String)

  public var kind: FailureKind {
    switch self {
    case .missing: .missingInput
    case .malformed: .badInput
    case .unknownOption, .badValue: .badRequest
    }
  }

  public var description: String {
    switch self {
    case .missing(let path, let reason): "\(path)\(reason.first == " " ? "" : ": ")\(reason)"
    case .malformed(let path, let line, let reason):
      "\(path)\(line.map { ", line \($0)" } ?? "")\(reason.hasPrefix(" ") ? "" : ": ")\(reason)"
    case .unknownOption(let path, let option, let known):
      "\(path): a study has no option “\(option)”; \(Nearest.hint(for: option, among: known))"
    case .badValue(let path, let option, let found, let expected):
      "\(path): \(option) takes \(expected), not “\(found)”"
    }
  }
}
