import Foundations

extension ProbeError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .interrupted: .interrupted
    default: .badInput
    }
  }
}

extension ProbeSpecError: StrataError {
  public var kind: FailureKind { .badInput }
}
