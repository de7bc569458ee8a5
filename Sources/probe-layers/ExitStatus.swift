import ArgumentParser

/// What the shell is told (the numbers of `sysexits.h`, and 128 + 2 for Ctrl-C).
enum ExitStatus: Int32 {
  case usage = 64
  /// Input that cannot be read as what it claims to be.
  case badInput = 65
  case missingInput = 66
  /// A fault of ours.
  case internalFault = 70
  case writeFailed = 74
  case interrupted = 130

  var code: ExitCode { ExitCode(rawValue) }
}
