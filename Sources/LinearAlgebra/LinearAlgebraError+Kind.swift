import Foundations

extension LinearAlgebraError: StrataError {
  public var kind: FailureKind { .internalFault }
}
