import Foundations

extension HDF5Error: StrataError {
  public var kind: FailureKind {
    switch self {
    case .writeFailed: .writeFailed
    default: .badInput
    }
  }
}
