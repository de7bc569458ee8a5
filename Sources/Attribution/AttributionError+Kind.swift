import Foundations

extension AttributionError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .interrupted: .interrupted
    case .notAProbe: .badInput
    default: .badRequest
    }
  }
}
