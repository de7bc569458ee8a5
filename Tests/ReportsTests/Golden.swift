import Foundation
import Testing

/// Compares a text with the file of that name in `Golden/`. A failure prints what differs and how to accept
/// it; `STRATA_ACCEPT=1` writes the text instead.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws
{
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
  let file = folder.appendingPathComponent(name)
  if ProcessInfo.processInfo.environment["STRATA_ACCEPT"] == "1" {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return
  }
  let expected = (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  guard text != expected else { return }
  Issue.record(
    """
    Golden/\(name) differs (- expected, + found):
    \(differences(expected, text))
    If this is what you want: STRATA_ACCEPT=1 swift test --filter ReportsTests, then look at git diff.
    """, sourceLocation: sourceLocation)
}

/// The changed lines with their numbers, at most forty, long ones cut.
private func differences(_ old: String, _ new: String) -> String {
  let (before, after) = (lines(old), lines(new))
  let changes = after.difference(from: before)
  let removed = changes.removals.map { change -> (Int, String) in
    guard case .remove(let offset, let line, _) = change else { return (0, "") }
    return (offset, "- \(offset + 1): \(line.prefix(200))")
  }
  let inserted = changes.insertions.map { change -> (Int, String) in
    guard case .insert(let offset, let line, _) = change else { return (0, "") }
    return (offset, "+ \(offset + 1): \(line.prefix(200))")
  }
  let all = (removed + inserted).sorted { ($0.0, $1.1) < ($1.0, $0.1) }.map(\.1)
  let rest = all.count > 40 ? ["… \(all.count - 40) more lines"] : []
  return (all.prefix(40) + rest).joined(separator: "\n")
}

private func lines(_ text: String) -> [Substring] {
  text.split(separator: "\n", omittingEmptySubsequences: false)
}
