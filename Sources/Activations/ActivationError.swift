/// What can go wrong between a model and a corpus.
public enum ActivationError: Error, Equatable, CustomStringConvertible, Sendable {
  /// A layer that has no vectors here.
  case noSuchLayer(String, level: String, reason: String?, available: [String])
  /// A pair of layers whose cross moment was not kept.
  case noCrossMoment(String, String)
  /// Moments of different layers, widths, classes or extents, which cannot be added.
  case momentsDiffer(what: String, first: String, second: String)

  public var description: String {
    switch self {
    case .noSuchLayer(let layer, let level, let reason?, _):
      "layer \(layer) has no numbers at the level \(level): \(reason)"
    case .noSuchLayer(let layer, let level, nil, let available):
      "there is no layer \(layer) at the level \(level); the layers are \(available.joined(separator: ", "))"
    case .noCrossMoment(let a, let b):
      "the cross moment of \(a) and \(b) was not kept; extract with moments of every pair of layers"
    case .momentsDiffer(let what, let first, let second):
      "moments cannot be added, their \(what) differ: \(first) and \(second); extract both with the same model, "
        + "corpus and settings"
    }
  }
}
