import Foundations

extension ModelError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .unknownLayer, .layerOutOfRange, .backwardRange, .unstated: .badRequest
    default: .badInput
    }
  }
}
