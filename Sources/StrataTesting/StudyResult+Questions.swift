import Corpora
import Results
import Strata

/// Questions to a finished study, as a test asks them.
///
/// ```swift
/// #expect(try study.encodes(.phoneme, at: "hidden.5"))
/// #expect(try !study.encodes(.word))
/// ```
/// A level or layer that was not studied is an error with the nearest name, and never a plain false.
extension StudyResult {
  /// Whether the verdict on the level is *encoded*: at its peak layer it is beyond the input baseline, the untrained model,
  /// its control task and everything simpler together (docs/Methods.md).
  /// - Throws: `ResultError` where no probe reads the labels of the level.
  public func encodes(_ level: Level) throws -> Bool { try self[level].verdict?.decision == .encoded }

  /// Whether the level is encoded and this layer shows it by itself: of the layer's gains over the input baseline and over
  /// the untrained model and its selectivity, those that were measured lie above 0 with their whole 95 % intervals.
  ///
  /// The intervals are of one layer, not of all together: ask it of a layer that is named beforehand.
  /// - Throws: `ResultError` where no probe reads the labels of the level, or for a layer that was not studied.
  public func encodes(_ level: Level, at layer: String) throws -> Bool {
    let found = try self[level][layer]
    let gains = [found.gainOverMel, found.gainOverTwin, found.selectivity].compactMap(\.self)
    return try encodes(level) && !gains.isEmpty && gains.allSatisfy(\.isPositive)
  }

  /// Whether the level may be read best at this layer: it is in the peak set, the layers that cannot be told from the peak.
  /// - Throws: `ResultError` where no probe reads the labels of the level, or for a layer that was not studied.
  public func peaks(_ level: Level, at layer: String) throws -> Bool {
    let found = try self[level]
    let name = try found[layer].layer.name
    return found.peak?.peakSet.contains { $0.name == name } ?? false
  }

  /// The numbers behind `encodes` and `peaks`, in a line: for a test's message.
  /// - Throws: `ResultError` where no probe reads the labels of the level, or for a layer that was not studied.
  public func evidence(of level: Level, at layer: String) throws -> String {
    let result = try self[level]
    let found = try result[layer]
    func text(_ name: String, _ estimate: Estimate?) -> String? {
      estimate.map { "\(name) \(rounded($0.value)) [\(rounded($0.low)), \(rounded($0.high))]" }
    }
    let numbers = [
      text(result.metric.rawValue, found.metrics.map { $0[result.metric] }),
      text("gain over \(result.baseline)", found.gainOverMel),
      text("gain over the untrained model", found.gainOverTwin), text("selectivity", found.selectivity),
    ].compactMap(\.self)
    let verdict = result.verdict.map { "\(level.rawValue): \($0.decision.rawValue)" } ?? "no verdict"
    let peaks = result.peak?.peakSet.map(\.name).joined(separator: ", ") ?? "none"
    return "\(verdict), peak set \(peaks); \(layer): "
      + (found.reason ?? numbers.joined(separator: ", "))
  }

  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
