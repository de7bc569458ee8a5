import Foundations

extension FileError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .missing: .missingInput
    case .writeFailed: .writeFailed
    case .interrupted: .interrupted
    default: .badInput
    }
  }
}
