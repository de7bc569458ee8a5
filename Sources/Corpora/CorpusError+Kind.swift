import Foundations

extension CorpusError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .missing: .missingInput
    case .writeFailed: .writeFailed
    default: .badInput
    }
  }
}
