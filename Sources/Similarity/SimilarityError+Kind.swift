import Foundations

extension SimilarityError: StrataError {
  public var kind: FailureKind { .internalFault }
}
