import Foundations

/// Why something cannot be erased or its effect not be measured. `description` says what was found, where, what was
/// expected and what to do.
public enum InterventionError: Error, Equatable, Sendable {
  /// No direction of the layer goes with the labels: there is nothing to take away.
  case nothingToErase(concept: String, layer: String, rank: Int)
  /// A layer that does not vary.
  case deadLayer(layer: String)
  /// No random subspace of this rank has such a share of the variance.
  case unreachableShare(share: Double, rank: Int, width: Int)
  /// A level whose labels are too few to be erased and tested.
  case tooFewSpans(level: String, reason: String)
  case unknownLevel(name: String, known: [String])
  /// A level whose labels are numbers or boundaries.
  case notClasses(level: String)
  /// A head's effect was asked for of a model without one.
  case noHead(model: String)
  /// A head whose loss was asked for and whose classes the transcripts cannot be spelt in.
  case unspellable(model: String, reason: String)
  case noLayers(model: String)
  /// A model without a second tower to compare its layers with.
  case oneTower(model: String)
  /// A layer whose frames are means of tokens, where frames were to be changed one by one.
  case tokens(layer: String)
  /// A class that is to be steered from or to and that no erased level has.
  case noClass(name: String, known: [String])
  /// A label that no span of a level has.
  case noLabel(name: String, level: String, known: [String])
  case interrupted
}

extension InterventionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .nothingToErase(let concept, let layer, let rank):
      "nothing of \(concept) can be erased at \(layer): its labels go with \(rank) directions of the layer; needed is one "
        + "at least"
    case .deadLayer(let layer):
      "\(layer) does not vary over the corpus: nothing can be erased there; leave it out with --layers"
    case .unreachableShare(let share, let rank, let width):
      "no random subspace of \(rank) of \(width) dimensions holds a share of \(share) of the variance"
    case .tooFewSpans(let level, let reason):
      "\(level) cannot be erased: \(reason); give a larger corpus or leave the level out of --erase"
    case .unknownLevel(let name, let known):
      "there is no level \(name) to erase; there are \(known.joined(separator: ", "))"
    case .notClasses(let level):
      "\(level) is read as a number or as boundaries; only classes can be erased"
    case .noHead(let model):
      "\(model) has no output layer of its own, so that no effect on its head can be measured; take --effect probes"
    case .unspellable(let model, let reason):
      "the labels cannot be spelt in the classes of \(model)'s head: \(reason); take --effect divergence, which needs no "
        + "labels"
    case .noLayers(let model):
      "\(model) has no layer before its output that could be changed"
    case .oneTower(let model):
      "\(model) has one tower: --towers compares CLAP's sounds with its texts, or a Whisper's encoder with its decoder, which "
        + "needs a tokeniser beside the model"
    case .tokens(let layer):
      "the frames of \(layer) are means of tokens, which cannot be changed span by span: erase without --unlabelled leave, and "
        + "without --steer, --skip and --mean there"
    case .noClass(let name, let known):
      "no level that is erased has the class \(name); their classes are \(known.joined(separator: "; "))"
    case .noLabel(let name, let level, let known):
      "no \(level) of the corpus has the label \(name); there are \(known.prefix(60).joined(separator: " "))"
        + (known.count > 60 ? " and \(known.count - 60) more" : "")
    case .interrupted:
      "Stopped. Finished work is kept; run the same command again to go on."
    }
  }
}

extension InterventionError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .interrupted: .interrupted
    case .tooFewSpans, .deadLayer, .nothingToErase: .badInput
    default: .badRequest
    }
  }
}
