import Foundation

/// The memory that this process has, where the system says (Linux's `/proc`), in bytes.
enum ProcessMemory {
  static var resident: Int? { line("VmRSS") }
  /// The most since the start, or since `forgetPeak`.
  static var peak: Int? { line("VmHWM") }

  /// Counts the peak from now on; false where that cannot be.
  static func forgetPeak() -> Bool {
    (try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))) != nil
  }

  private static func line(_ key: String) -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix(key + ":") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map {
      $0 * 1024
    }
  }
}
