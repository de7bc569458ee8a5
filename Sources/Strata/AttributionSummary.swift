import Foundation
import Results

/// What an explanation comes to, in a few lines for a terminal.
public enum AttributionSummary {
  /// One recording: the target and its value, where each map is largest, its checks, and the warnings.
  public static func text(of result: AttributionResult) -> String {
    let place =
      result.span.count == 2
      ? "\(spelt(result.span[0], 2))–\(spelt(result.span[1], 2)) s"
      : "the whole recording, \(spelt(result.seconds, 2)) s"
    var lines = ["\(result.target), over \(place): \(spelt(result.score, 3))"]
    if let probe = result.probe { lines.append(probe) }
    for map in result.maps {
      lines.append("\(map.method), \(map.layer): \(peak(of: map))\(inside(map, result.span))")
      for check in map.checks {
        let verdict = check.limit == nil ? "" : check.isPassed ? " (passed)" : " (FAILED)"
        lines.append("  \(check.name): \(String(format: "%.3g", check.value))\(verdict)")
      }
    }
    for trust in result.trust {
      let gain = trust.gain.map { "insertion less deletion \(spelt($0, 2))" } ?? "no hiding curve"
      let random = trust.randomGain.map { ", at random \(spelt($0, 2))" } ?? ""
      let weights =
        trust.randomisation.last.map { "; all weights random: \(spelt($0.correlation, 2))" } ?? ""
      let noise = trust.noise.map { "\($0.name) \(spelt($0.correlation, 2))" }.joined(separator: ", ")
      lines.append("check of \(trust.method): \(gain)\(random)\(weights); noise: \(noise)")
    }
    lines += result.warnings.map { "warning: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// Where evidence lies, a line a layer and level, and what heads follow.
  public static func text(of result: RelevanceLocalisation) -> String {
    var lines = [
      "Where the evidence lies (\(result.method), \(result.corpus)):",
      row(["level", "layer", "spans", "inside", "chance", "peak inside", "before", "after"]),
    ]
    func percent(_ value: Double) -> String { "\(Int((100 * value).rounded())) %" }
    for entry in result.rows {
      lines.append(
        row([
          entry.level.rawValue, entry.layer, "\(entry.spans)", percent(entry.inside.value),
          percent(entry.insideByChance), percent(entry.pointed), "\(Int(entry.before.rounded())) ms",
          "\(Int(entry.after.rounded())) ms",
        ]))
    }
    let named = Dictionary(grouping: result.heads, by: \.name).sorted {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }
    if !named.isEmpty {
      let words = named.map { name, heads in
        let which = heads.prefix(6).map { "\($0.layer)/\($0.head)" }.joined(separator: " ")
        return "\(name): \(heads.count) (\(which)\(heads.count > 6 ? " …" : ""))"
      }
      lines.append("What \(result.heads.count) attention heads follow: " + words.joined(separator: "; "))
    }
    lines += result.warnings.map { "warning: \($0)" }
    return lines.joined(separator: "\n")
  }

  private static func row(_ cells: [String]) -> String {
    zip(cells, [10, 12, 7, 8, 8, 12, 8, 8]).map { cell, width in
      cell.padding(toLength: max(width, cell.count + 1), withPad: " ", startingAt: 0)
    }.joined().trimmingCharacters(in: .whitespaces)
  }

  private static func peak(of map: AttributionResult.Map) -> String {
    guard let best = map.profile.indices.max(by: { map.profile[$0] < map.profile[$1] }) else {
      return "empty"
    }
    return "largest at \(spelt(map.start + Double(best) * map.step, 2)) s"
  }

  /// What share of all that speaks for the target lies in its span.
  private static func inside(_ map: AttributionResult.Map, _ span: [Double]) -> String {
    guard span.count == 2 else { return "" }
    let positive = map.profile.map { max(0, $0) }
    let whole = positive.reduce(0, +)
    guard whole > 0 else { return "; nothing speaks for it" }
    let own = positive.enumerated().reduce(0.0) { sum, frame in
      let time = map.start + Double(frame.offset) * map.step
      return time >= span[0] && time < span[1] ? sum + frame.element : sum
    }
    return "; \(Int((100 * own / whole).rounded())) % of what speaks for it is in the span"
  }

  private static func spelt(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }
}
