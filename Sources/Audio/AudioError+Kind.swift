import Foundations

extension AudioError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .missing, .brokenLink: .missingInput
    default: .badInput
    }
  }
}
