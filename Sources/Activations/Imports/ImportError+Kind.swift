import Foundations

extension ImportError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .missing: .missingInput
    case .noHop, .unknownLayer: .badRequest
    default: .badInput
    }
  }
}
