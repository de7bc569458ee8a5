import ArgumentParser

/// What the shell is told (the numbers of `sysexits.h`, and 128 + a signal's number).
enum ExitStatus: Int32 {
  case usage = 64
  /// Input that cannot be read as what it claims to be.
  case badInput = 65
  case missingInput = 66
  /// A fault of ours.
  case internalFault = 70
  /// A limit of the system, as on addresses or open files, under which no model can be run.
  case systemLimit = 71
  case writeFailed = 74
  /// By Ctrl-C, SIGTERM or SIGHUP.
  case interrupted = 130
  /// Nobody reads standard output any more.
  case closedPipe = 141

  var code: ExitCode { ExitCode(rawValue) }
}
