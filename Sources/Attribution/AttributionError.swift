import Models

/// Why something cannot be attributed. `description` says what was found, where, what was expected and what to do.
public enum AttributionError: Error, Equatable, Sendable {
  /// An operation that no rule goes back through.
  case noRule(operation: String)
  /// A tensor that nothing recorded has made.
  case untraced(consumer: String, tap: String)
  /// A recorded pass whose operations, run again, do not give what it gave.
  case notRepeatable(tap: String)
  /// A target that is made before the place asked about.
  case unreachable(target: String, layer: String)
  case targetOutOfRange(what: String, found: Int, count: Int)
  /// A span that holds no frame of the target's layer.
  case emptySpan(start: Double, end: Double, layer: String)
  case unknownSymbol(name: String, known: [String])
  case noHead(model: String)
  /// A method that the model or layer cannot be asked by.
  case notApplicable(method: String, reason: String)
  /// Labels that no probe can be fitted to.
  case tooFewExamples(layer: String, found: Int, expected: String)
  /// A file that is no probe, by what it lacks.
  case notAProbe(path: String, missing: String)
  /// A probe that was fitted to another model.
  case otherModel(path: String, probe: String, model: String)
  /// A recording that has no label where one was asked for.
  case noLabel(label: String, audio: String, known: [String])
  case interrupted
}

extension AttributionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noRule(let operation):
      "there is no rule for going back through a \(operation); gradients and relevance cannot pass it, occlusion can"
    case .untraced(let consumer, let tap):
      "the input of a \(consumer) before \(tap) was made by an operation that is not recorded, so that gradients "
        + "would be wrong; occlusion needs none"
    case .notRepeatable(let tap):
      "running the recorded operations again does not give \(tap) as it was: an operation before it is not recorded; "
        + "occlusion needs no record"
    case .unreachable(let target, let layer):
      "\(target) does not depend on \(layer): take a layer before the target"
    case .targetOutOfRange(let what, let found, let count):
      "there is no \(what) \(found): it is 0 to \(count - 1)"
    case .emptySpan(let start, let end, let layer):
      "no frame of \(layer) has its centre within \(start)–\(end) s: take a longer span"
    case .unknownSymbol(let name, let known):
      "there is no class \(name); known are \(known.prefix(60).joined(separator: " "))"
    case .noHead(let model):
      "\(model) has no output layer of its own: take a probe (--probe LEVEL) or a unit (--unit N) as the target"
    case .notApplicable(let method, let reason): "\(method) cannot be had here: \(reason)"
    case .tooFewExamples(let layer, let found, let expected):
      "a probe of \(layer) found \(found) labelled spans, needed are \(expected): give a larger corpus"
    case .notAProbe(let path, let missing):
      "\(path) is not a probe as `attribute` writes it: it has no \(missing)"
    case .otherModel(let path, let probe, let model):
      "\(path) was fitted to another model (\(probe), this one is \(model)): fit one with --probe LEVEL"
    case .noLabel(let label, let audio, let known):
      known.isEmpty
        ? "\(audio) has no labels beside it to find \(label) in: give the times with --span START-END"
        : "\(audio) has no label \(label); it has \(known.prefix(60).joined(separator: " "))"
    case .interrupted: "interrupted; nothing was written"
    }
  }
}
