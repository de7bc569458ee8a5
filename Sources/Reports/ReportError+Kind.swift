import Foundations

extension ReportError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .writeFailed: .writeFailed
    case .notFinite, .brokenTemplate: .internalFault
    default: .badInput
    }
  }
}
