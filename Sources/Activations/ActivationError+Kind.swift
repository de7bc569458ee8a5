import Foundations

extension ActivationError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .interrupted: .interrupted
    case .unknownLayer, .noLanguage: .badRequest
    default: .badInput
    }
  }
}
