import Foundation

/// The path of a file under `Resources`.
func resource(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources/\(name)").path
}

/// The path of a file of the package's fixtures.
func fixture(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../fixtures/\(name)")
    .standardized.path
}

/// The bytes of a file under `Resources`.
func bytes(_ name: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(filePath: resource(name))))
}

/// A folder that is there as long as the value that holds it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "strata-labels-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file, making its folders.
  func write(_ name: String, _ text: String = "") throws {
    let file = URL(filePath: path).appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
}

/// A TextGrid in the short form, of tiers of (start, end, label).
func textGrid(_ tiers: [(name: String, intervals: [(Double, Double, String)])], end: Double = 1) -> String {
  var lines = [
    "File type = \"ooTextFile\"", "Object class = \"TextGrid\"", "", "0", "\(end)", "<exists>",
    "\(tiers.count)",
  ]
  for tier in tiers {
    lines += ["\"IntervalTier\"", "\"\(tier.name)\"", "0", "\(end)", "\(tier.intervals.count)"]
    for (start, end, label) in tier.intervals {
      lines += ["\(start)", "\(end)", "\"\(label.replacing("\"", with: "\"\""))\""]
    }
  }
  return lines.joined(separator: "\n") + "\n"
}

/// The length of a FLAC file in seconds, from its first block.
func flacSeconds(_ path: String) throws -> Double? {
  let handle = try FileHandle(forReadingFrom: URL(filePath: path))
  defer { try? handle.close() }
  let bytes = try handle.read(upToCount: 26).map(Array.init) ?? []
  guard bytes.count == 26, bytes.starts(with: Array("fLaC".utf8)) else { return nil }
  let rate = Int(bytes[18]) << 12 | Int(bytes[19]) << 4 | Int(bytes[20]) >> 4
  let frames = bytes[22...25].reduce(Int(bytes[21] & 15)) { $0 << 8 | Int($1) }
  return Double(frames) / Double(rate)
}
