/// What kind of failure an error is, for a program that must end with an exit status.
public enum FailureKind: Sendable, Equatable {
  /// Input that cannot be read as what it claims to be.
  case badInput
  case missingInput
  /// Something was asked for that is not there: a layer, a level, an option.
  case badRequest
  case writeFailed
  /// Stopped on request; finished work is kept.
  case interrupted
  case internalFault
}

/// An error of Strata's: what kind of failure it is, and a message that names the file, the place in it, what was found,
/// what was expected and what to do.
public protocol StrataError: Error, CustomStringConvertible {
  /// What kind of failure it is, from which a command makes its exit status.
  var kind: FailureKind { get }
}

extension FailureKind {
  /// Nil for errors that are none of Strata's.
  public init?(_ error: any Error) {
    guard let error = error as? any StrataError else { return nil }
    self = error.kind
  }
}
