import Foundations

extension CorpusError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .missing, .layoutLacks: .missingInput
    case .unknownLayout: .badRequest
    case .writeFailed: .writeFailed
    default: .badInput
    }
  }
}
