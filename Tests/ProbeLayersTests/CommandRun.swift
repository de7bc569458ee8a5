import Foundation

/// One run of the built command, or of a shell script that may call it.
struct CommandRun {
  let status: Int32
  let output: String
  let errors: String

  /// The folder of what was built.
  private static let products = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()

  /// Runs `probe-layers` with `arguments` and waits for its end.
  init(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = Self.products.appending(path: "probe-layers")
    process.arguments = arguments
    try self.init(process)
  }

  /// Runs `script` in `folder`, with `probe-layers` on the path.
  init(shell script: String, in folder: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-euo", "pipefail", "-c", script]
    process.currentDirectoryURL = URL(filePath: folder)
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = Self.products.path + ":" + (environment["PATH"] ?? "")
    process.environment = environment
    try self.init(process)
  }

  private init(_ process: Process) throws {
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Both are read at once: a full pipe would stop the command.
    let reader = DispatchQueue(label: "errors")
    nonisolated(unsafe) var errorData = Data()
    reader.async { errorData = errors.fileHandleForReading.readDataToEndOfFile() }
    let outputData = output.fileHandleForReading.readDataToEndOfFile()
    reader.sync {}
    process.waitUntilExit()
    status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    self.output = String(decoding: outputData, as: UTF8.self)
    self.errors = String(decoding: errorData, as: UTF8.self)
  }
}
