import Corpora
import Foundations
import Reports
import Results

extension StudyResult {
  /// The first probe's result for a level, or nil where the level was not studied.
  public func result(of level: Level) -> LevelResult? {
    levels.first { $0.level == level }
  }

  /// Where a level peaks, or nil where no layer has a number for it.
  public func peak(of level: Level) -> Peak? { result(of: level)?.peak }

  /// Whether the model encodes a level, as far as the data can say.
  public func verdict(of level: Level) -> Verdict? { result(of: level)?.verdict }

  /// What the probe of a level's own labels found.
  ///
  /// ```swift
  /// let accuracy = try result[.word]["hidden.5"].accuracy     // with its 95 % interval
  /// ```
  /// - Throws: `ResultError.noLevel` where no probe of the study reads the labels of that level.
  public subscript(level: Level) -> LevelResult {
    get throws(ResultError) {
      guard let found = levels.first(where: { $0.level == level && $0.subject == nil }) else {
        throw .noLevel(level, probes: levels.map(\.probe))
      }
      return found
    }
  }

  /// What a probe found, by the name of its definition: `result[probe: "manner"]`.
  /// - Throws: `ResultError.noProbe`, with the nearest name.
  public subscript(probe name: String) -> LevelResult {
    get throws(ResultError) {
      guard let found = levels.first(where: { $0.probe == name }) else {
        throw .noProbe(name, known: levels.map(\.probe))
      }
      return found
    }
  }
}

extension LevelResult {
  /// What was found at a layer, by its name.
  /// - Throws: `ResultError.noLayer`, with the nearest name.
  public subscript(layer: String) -> LayerResult {
    get throws(ResultError) {
      guard let found = layers.first(where: { $0.layer.name == layer }) else {
        throw .noLayer(layer, known: layers.map(\.layer.name))
      }
      return found
    }
  }
}

extension LayerResult {
  /// The share of held-out spans whose class the probe predicts, 0 to 1, with its 95 % interval.
  /// - Throws: `ResultError.noNumber` where the layer has no numbers or the probe no classes.
  public var accuracy: Estimate { get throws(ResultError) { try self[.accuracy] } }

  /// One metric on held-out spans, with its 95 % interval.
  /// - Throws: `ResultError.noNumber` where the layer has no numbers, or none of this kind.
  public subscript(metric: Metric) -> Estimate {
    get throws(ResultError) {
      guard let metrics else {
        throw .noNumber(layer: layer.name, reason: reason ?? "it was not probed")
      }
      guard metrics.metrics.contains(metric) else {
        let measured = metrics.metrics.map(\.rawValue).joined(separator: ", ")
        throw .noNumber(
          layer: layer.name, reason: "its probe has no \(metric.rawValue); it has \(measured)")
      }
      return metrics[metric]
    }
  }
}

/// What was asked of a result that it does not hold.
public enum ResultError: StrataError, Equatable, CustomStringConvertible {
  /// No probe reads the labels of this level; `probes` are those that there are.
  case noLevel(Level, probes: [String])
  /// No probe has this name.
  case noProbe(String, known: [String])
  /// No layer that was studied has this name.
  case noLayer(String, known: [String])
  /// The layer has no such number, and why.
  case noNumber(layer: String, reason: String)

  public var kind: FailureKind { .badRequest }

  public var description: String {
    switch self {
    case .noLevel(let level, let probes):
      "the study has no probe of the labels of \(level.rawValue); its probes are \(probes.joined(separator: ", "))"
    case .noProbe(let name, let known):
      "the study has no probe “\(name)”; \(Nearest.hint(for: name, among: known))"
    case .noLayer(let name, let known):
      "the study has no layer “\(name)”; \(Nearest.hint(for: name, among: known))"
    case .noNumber(let layer, let reason): "\(layer) has no such number: \(reason)"
    }
  }
}
