import Checkpoints

/// Why a model could not be built or run. `description` says what was found, where, what was expected and what to
/// do.
public enum ModelError: Error, Equatable, Sendable {
  /// Neither a configuration nor the tensors' names say what the model is.
  case unknownArchitecture(path: String, found: String, known: [String])
  /// A setting that no model of this family can have.
  case configuration(path: String, key: String, found: String, expected: String)
  /// Something that the file does not say and that cannot be guessed.
  case unstated(path: String, what: String, option: String)
  /// Something in a description of an architecture that cannot be, by line.
  case architecture(path: String, line: Int, found: String, expected: String)
  /// Tensors that are not there, have another shape, or have no place in the model.
  case tensors(path: String, missing: [String], misshapen: [ShapeMismatch], unused: [String])
  case nonFiniteWeight(path: String, tensor: String, index: Int)
  /// A parameter stored as whole numbers, which are codes of a quantiser and no values.
  case integerWeight(path: String, tensor: String, type: String)
  /// A layer gave an infinite value or NaN.
  case nonFiniteValue(layer: String, frame: Int)
  case nonFiniteInput(sample: Int)
  case tooShort(samples: Int, minimum: Int, samplingRate: Int)
  /// Attention of a sound that takes several windows, none of which sees another.
  case attentionAcrossWindows(layer: String, samples: Int, window: Int)
  /// A text that the model's decoder cannot take.
  case tokens(found: String, expected: String)
  case unknownLayer(name: String, nearest: [String])
  case layerOutOfRange(number: Int, layers: Int)
  /// A range of layers that ends before it begins, or is of layers that nothing lies between.
  case backwardRange(String)
  /// A text of more tokens than the model has positions for.
  case tooManyTokens(found: Int, maximum: Int)
  /// A sound of more frames than the model has positions for.
  case tooManyFrames(found: Int, maximum: Int)
  /// A token that the model has no embedding for.
  case unknownToken(id: Int, vocabulary: Int)
  /// Files of a tokeniser that are not there or say what none of ours does.
  case tokenizer(path: String, place: String, found: String, expected: String)

  /// A model whose parameters cannot be trained.
  case untrainable(model: String, reason: Untrainable)

  /// Why parameters cannot be trained.
  public enum Untrainable: Equatable, Sendable {
    /// A family that is read and not built again with other values.
    case family(String)
    /// Drawn parameters, or none that are stored.
    case noCheckpoint
  }

  /// A tensor whose shape is not what the configuration asks for.
  public struct ShapeMismatch: Equatable, Sendable {
    /// The tensor's name in the checkpoint.
    public let name: String
    /// The shape in the checkpoint.
    public let found: [Int]
    /// The shape that the configuration asks for.
    public let expected: [Int]
  }
}

extension ModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownArchitecture(let path, let found, let known):
      """
      \(path): \(found); the models known are \(known.joined(separator: ", ")).
        Where it is one of these under another name, or reads the same weights: --model-type, such as --model-type wav2vec2
        Where one of these is a part of it: --prefix encoder, with that part's settings in a file for --config
        Where only the tensors' names differ: --map FILE
        Where it is built of known layers: --architecture FILE describes them; or study activations that you have saved
      """
    case .configuration(let path, let key, let found, let expected):
      "\(path): the configuration's \(key) is \(found), expected \(expected)"
    case .architecture(let path, let line, let found, let expected):
      "\(path):\(line): found \(found), expected \(expected)"
    case .unstated(let path, let what, let option):
      "\(path) does not say \(what). Say it: \(option)"
    case .tensors(let path, let missing, let misshapen, let unused):
      ([
        "\(path): the weights do not fit the model",
        Self.list("missing", missing),
        Self.list(
          "of another shape",
          misshapen.map { "\($0.name) has shape \($0.found), the model needs \($0.expected)" }),
        Self.list(
          "parts of an adapter or of quantised weights, without which the weights are others (merge or convert them "
            + "with the library that wrote them)", unused.filter(isPartOfWeights)),
        Self.list(
          "without a place in the model (--ignoring leaves out those that are not its own, --map renames)",
          Self.withNearest(unused.filter { !isPartOfWeights($0) }, among: missing)),
      ] as [String?]).compactMap { $0 }.joined(separator: "\n  ")
    case .nonFiniteWeight(let path, let tensor, let index):
      "\(path): tensor \(tensor) has an infinite value or NaN at index \(index); the training went wrong"
    case .integerWeight(let path, let tensor, let type):
      """
      \(path): tensor \(tensor) holds whole numbers (\(type)): it is quantised in a way that is not known here. \
      Convert the model to floats with the library that wrote it, or take it as it was before
      """
    case .nonFiniteValue(let layer, let frame):
      "layer \(layer) gave an infinite value or NaN in frame \(frame); nothing beyond it can be used"
    case .nonFiniteInput(let sample):
      "the input has an infinite value or NaN at sample \(sample)"
    case .tooShort(let samples, let minimum, let samplingRate):
      """
      the input has \(samples) samples; the model's first frame needs \(minimum) \
      (\(Double(minimum) * 1000 / Double(samplingRate)) ms at \(samplingRate) Hz)
      """
    case .attentionAcrossWindows(let layer, let samples, let window):
      """
      \(layer) cannot be had of \(samples) samples: the model reads windows of \(window), and no frame of one \
      attends to another; cut the sound, or read all at once where the model can (--window none)
      """
    case .tokens(let found, let expected):
      "the decoder was given \(found), expected \(expected)"
    case .unknownLayer(let name, let nearest):
      "there is no layer \(name)"
        + (nearest.isEmpty ? "" : "; the nearest are \(nearest.joined(separator: ", "))")
    case .layerOutOfRange(let number, let layers):
      "layer \(number) is out of range: hidden layers are 0 to \(layers), or -1 to \(-layers - 1) from the end"
    case .backwardRange(let text):
      "the range of layers \(text) ends before it begins; write the layer nearer to the input first, as in 3-6"
    case .tooManyTokens(let found, let maximum):
      "the text has \(found) tokens, the model reads from 1 to \(maximum) at once; cut it into sentences"
    case .tooManyFrames(let found, let maximum):
      "the sound has \(found) frames, the model has positions for \(maximum); cut it"
    case .unknownToken(let id, let vocabulary):
      "there is no token \(id): the model's vocabulary has \(vocabulary); the tokeniser belongs to another model"
    case .untrainable(let model, .family(let family)):
      "\(model) cannot be trained: of family \(family) no gradients of parameters are known here; known are wav2vec2, "
        + "hubert, wavlm, data2vec-audio and their kin, whisper's encoder and audio-spectrogram-transformer"
    case .untrainable(let model, .noCheckpoint):
      "\(model) cannot be trained: its parameters come from no checkpoint"
    case .tokenizer(let path, let place, let found, let expected):
      "\(path): the tokeniser's \(place) is \(found), expected \(expected)"
    }
  }

  /// Names that nothing knows, each with the nearest of those that are looked for.
  private static func withNearest(_ names: [String], among known: [String]) -> [String] {
    names.enumerated().map { index, name in
      guard index < shownNames, let nearest = nearestNames(to: name, among: known).first else {
        return name
      }
      return "\(name) (the nearest missing: \(nearest))"
    }
  }

  private static let shownNames = 12

  /// The first of many names; the rest as a count.
  private static func list(_ title: String, _ names: [String]) -> String? {
    guard !names.isEmpty else { return nil }
    let shown = names.prefix(shownNames).joined(separator: "; ")
    let rest = names.count > shownNames ? " and \(names.count - shownNames) more" : ""
    return "\(title): \(shown)\(rest)"
  }
}

/// Whether a tensor's name says that other weights are not whole without it: parts of adapters, scales and zero points.
func isPartOfWeights(_ name: String) -> Bool {
  let words = [
    "lora_", "hada_", "lokr_", "ia3_", "vera_", "SCB", "qzeros", "qweight", "g_idx", "absmax", "quant_map",
    "quant_state", "weight_scale", "weight_zero_point", "input_scale", "zero_point", "zeros", "scales",
    "W_q",
    "weight_mask", "weight_orig",
  ]
  return name.split(separator: ".").contains { part in words.contains { part.hasPrefix($0) } }
}
