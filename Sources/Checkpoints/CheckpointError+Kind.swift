import Foundations

extension CheckpointError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .missing: .missingInput
    case .writeFailed: .writeFailed
    case .unknownPrefix, .idleRules: .badRequest
    default: .badInput
    }
  }
}
