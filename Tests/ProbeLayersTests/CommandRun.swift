import Foundation
import StrataTestSupport

/// One run of the built command, or of a shell script that may call it.
typealias CommandRun = ProgramRun

extension CommandRun {
  /// The folder of what was built.
  private static var products: URL { URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent() }

  /// Runs `probe-layers` with `arguments` and waits for its end.
  init(_ arguments: [String], in folder: String? = nil) throws {
    try self.init(Self.products.appending(path: "probe-layers").path, arguments, in: folder)
  }

  /// Runs `script` in `folder`, with `probe-layers` on the path.
  init(shell script: String, in folder: String, _ arguments: [String] = []) throws {
    try self.init(
      "/bin/bash", ["-euo", "pipefail", "-c", script, "bash"] + arguments, in: folder,
      path: [Self.products.path])
  }
}
