import Files
import Foundation

/// Makes PNG files of SVG ones with librsvg's `rsvg-convert`, where it is installed.
public struct PNGConverter: Sendable {
  private let program: String

  /// Looks for the program in `PATH`.
  ///
  /// - Throws: `ReportError.noConverter`.
  public static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> PNGConverter {
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    let program = folders.map { "\($0)/rsvg-convert" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
    guard let program else { throw ReportError.noConverter }
    return PNGConverter(program: program)
  }

  /// Makes a PNG of the drawing at the path `svg`, whose size in millimetres sets the size in pixels; written to a
  /// temporary name and renamed.
  /// - Throws: `ReportError.conversionFailed`, `ReportError.writeFailed`.
  public func convert(svg: String, to png: String, dotsPerInch: Int = 300) throws {
    let temporary = PartFile.name(for: png)
    defer { unlink(temporary) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [
      "--dpi-x", String(dotsPerInch), "--dpi-y", String(dotsPerInch), "--output", temporary, "--", svg,
    ]
    let complaints = Pipe()
    process.standardError = complaints
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw ReportError.conversionFailed(path: png, reason: reason(error))
    }
    let said = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let words = said.split(separator: "\n").first.map { String($0) }
      throw ReportError.conversionFailed(path: png, reason: words ?? "status \(process.terminationStatus)")
    }
    guard rename(temporary, png) == 0 else {
      throw ReportError.writeFailed(path: png, reason: String(cString: strerror(errno)))
    }
  }
}
