import Foundations

/// Why a model cannot be trained, or a training not go on. `description` says what was found, where, what was expected
/// and what to do.
public enum FineTuningError: Error, Equatable, Sendable {
  /// A target with more symbols than frames can hold: its loss would be infinite.
  case tooFewFrames(utterance: String, frames: Int, needed: Int)
  /// Labels that the head has no class for.
  case unknownLabels(labels: [String], known: Int)
  /// No utterance can be trained on.
  case nothingToLearn(level: String, reason: String)
  /// A loss that is no number; parameters are those before the step.
  case lossNotFinite(step: Int, utterances: [String], kept: String)
  /// Parameters that were to be trained and that no gradient reaches.
  case noGradient(model: String, parameters: [String])
  /// A part of a model that there is not.
  case unknownPart(name: String, known: [String])
  /// A setting that cannot be.
  case setting(name: String, found: String, expected: String)
  /// A recording too long for memory.
  case tooLong(utterance: String, seconds: Double, needed: Int, available: Int)
  /// A folder that holds a training with other settings.
  case otherTraining(folder: String, difference: String)
  /// A checkpoint of a training that cannot be read as one.
  case badCheckpoint(path: String, reason: String)
  case noDevelopmentPart(reason: String)
  case interrupted(step: Int)
}

extension FineTuningError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooFewFrames(let utterance, let frames, let needed):
      "\(utterance) has \(frames) frames and a target that needs \(needed): its CTC loss is infinite; leave it out, or take "
        + "a level with fewer labels"
    case .unknownLabels(let labels, let known):
      "the head has no class for \(labels.prefix(20).joined(separator: " "))"
        + (labels.count > 20 ? " and \(labels.count - 20) more" : "")
        + "; it has \(known) classes: map the labels to its own, or take a new head (--head new)"
    case .nothingToLearn(let level, let reason): "there is nothing to learn of \(level): \(reason)"
    case .lossNotFinite(let step, let utterances, let kept):
      "the loss of step \(step) is not a number, in \(utterances.joined(separator: ", ")): take a smaller learning rate or "
        + "clip gradients; parameters before that step are kept in \(kept)"
    case .noGradient(let model, let parameters):
      "\(model): no gradient reaches \(parameters.prefix(8).joined(separator: ", "))"
        + (parameters.count > 8 ? " and \(parameters.count - 8) more" : "")
        + ", which were to be trained; leave them as they are with --freeze"
    case .unknownPart(let name, let known):
      "the model has no part \(name); there are \(known.joined(separator: ", "))"
    case .setting(let name, let found, let expected): "\(name) is \(found), expected \(expected)"
    case .tooLong(let utterance, let seconds, let needed, let available):
      "\(utterance) is \(Int(seconds)) s long: a step over it needs about \(needed >> 20) MiB, and \(available >> 20) MiB "
        + "are free; cut it, or leave out long recordings with --longest"
    case .otherTraining(let folder, let difference):
      "\(folder) holds a training with other settings (\(difference)): go on with the same, take another --output, or "
        + "give it up with --force"
    case .badCheckpoint(let path, let reason): "\(path) is no checkpoint of a training: \(reason)"
    case .noDevelopmentPart(let reason): "no development part can be kept apart: \(reason)"
    case .interrupted(let step):
      "Stopped after step \(step). Run the same command again to go on from there."
    }
  }
}

extension FineTuningError: StrataError {
  public var kind: FailureKind {
    switch self {
    case .interrupted: .interrupted
    case .unknownPart, .setting, .otherTraining: .badRequest
    default: .badInput
    }
  }
}
