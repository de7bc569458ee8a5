import Foundation

extension StudyEstimate: CustomStringConvertible {
  /// For people, in lines of a terminal.
  public var description: String {
    let width = max(28, (stages.map(\.name.count).max() ?? 0) + 4)
    func row(_ name: String, _ text: String) -> String {
      name.padding(toLength: width, withPad: " ", startingAt: 0) + text
    }
    let length =
      corpus.characters.map { "\($0) characters" } ?? String(format: "%.1f minutes", corpus.seconds / 60)
    let head = [
      "\(model.name) on \(corpus.name): \(corpus.utterances) utterances, \(length)",
      "measured on \(measured.utterances) of them in \(Self.clock(measured.seconds)), with "
        + "\(threads) thread\(threads == 1 ? "" : "s")\(ModelCost.buildRemark)",
    ]
    let table =
      stages.map { row($0.name, Self.clock($0.seconds)) } + [
        row("altogether, about", Self.clock(seconds)),
        row("memory", memoryBytes.map(ExportPlan.size) ?? "not told by this system"),
        row("disk while it runs", ExportPlan.size(workBytes)),
      ]
    let shares =
      ["in shards, each on a machine like this:"]
      + sharing.filter { $0.shards > 1 }.map {
        row(
          "  \($0.shards) of",
          "\(Self.clock($0.shardSeconds)) each, merged in "
            + "\(Self.clock($0.mergeSeconds)), together \(Self.clock($0.seconds))")
      }
    return [head, table, shares].map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  /// `0:21`, `1:02:03`.
  static func clock(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 1e9).rounded())
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, whole % 60)
      : String(format: "%d:%02d", minutes, whole % 60)
  }
}
