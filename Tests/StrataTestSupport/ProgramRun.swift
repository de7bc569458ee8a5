import Foundation

/// One run of a program to its end, with what it said.
public struct ProgramRun {
  /// The exit status; a signal's number below zero.
  public let status: Int32
  public let output: String
  public let errors: String

  /// - Parameter path: Folders that are searched before those of `PATH`.
  public init(
    _ program: String, _ arguments: [String], in folder: String? = nil, path: [String] = []
  ) throws {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    if !path.isEmpty {
      var environment = ProcessInfo.processInfo.environment
      environment["PATH"] = (path + [environment["PATH"] ?? ""]).joined(separator: ":")
      process.environment = environment
    }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Both are read at once: a full pipe would stop the program.
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
