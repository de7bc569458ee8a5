import Foundation

/// One run of the built command.
struct CommandRun {
  let status: Int32
  let output: String
  let errors: String

  /// Runs `probe-layers` with `arguments` and waits for its end.
  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let process = Process()
    process.executableURL = folder.appending(path: "probe-layers")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
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
