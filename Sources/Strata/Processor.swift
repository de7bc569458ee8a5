import Foundation

/// The machine's processor.
enum Processor {
  /// As the system names it; nil where it does not.
  static var name: String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line.flatMap { $0.split(separator: ":", maxSplits: 1).last }?
      .trimmingCharacters(in: .whitespaces)
  }
}
