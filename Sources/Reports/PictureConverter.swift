import Files
import Foundation

/// What a figure is written as beside SVG.
public enum PictureFormat: String, Sendable, CaseIterable {
  case png, pdf
}

/// Makes PNG and PDF files of SVG ones with librsvg's `rsvg-convert`, where it is installed; in a PDF, text stays text.
public struct PictureConverter: Sendable {
  private let program: String

  /// Looks for the program in `PATH`.
  ///
  /// - Throws: `ReportError.noConverter`.
  public static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> PictureConverter {
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    let program = folders.map { "\($0)/rsvg-convert" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
    guard let program else { throw ReportError.noConverter }
    return PictureConverter(program: program)
  }

  /// Makes a picture of the drawing at the path `svg`, whose size in millimetres sets the size in pixels; written to a
  /// temporary name and renamed. The same drawing gives the same bytes.
  /// - Throws: `ReportError.conversionFailed`, `ReportError.writeFailed`.
  public func convert(
    svg: String, to picture: String, as format: PictureFormat = .png, dotsPerInch: Int = 300
  ) throws {
    let temporary = PartFile.name(for: picture)
    defer { unlink(temporary) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [
      "--format", format.rawValue, "--dpi-x", String(dotsPerInch), "--dpi-y", String(dotsPerInch),
      "--output", temporary, "--", svg,
    ]
    // A PDF's date of making.
    process.environment = ProcessInfo.processInfo.environment.merging(["SOURCE_DATE_EPOCH": "0"]) { $1 }
    let complaints = Pipe()
    process.standardError = complaints
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw ReportError.conversionFailed(path: picture, reason: reason(error))
    }
    let said = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let words = said.split(separator: "\n").first.map { String($0) }
      throw ReportError.conversionFailed(
        path: picture, reason: words ?? "status \(process.terminationStatus)")
    }
    guard rename(temporary, picture) == 0 else {
      throw ReportError.writeFailed(path: picture, reason: String(cString: strerror(errno)))
    }
  }
}
