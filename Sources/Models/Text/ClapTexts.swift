import Checkpoints
import Foundation
import Tensors

/// CLAP's text tower with its way into the space that it shares with sounds (Wu et al. 2023).
///
/// ```
/// text → encoder → first row → linear, tanh → linear, activation, linear → length 1
///        text.hidden.N         pooled                                      embed
/// ```
public struct ClapTexts: Sendable {
  /// The tower of texts.
  public let model: TextModel
  /// What cosines are multiplied with before the softmax over texts, and over sounds.
  public let scaleToTexts, scaleToSounds: Double
  private let pooler, first, second: Linear
  private let activation: Activation
  private let last: String

  /// Nil for a checkpoint that has no text tower, or no way from it into the shared space.
  ///
  /// Throws `ModelError` and `CheckpointError`.
  public static func load(_ path: String, options: LoadOptions = LoadOptions()) throws -> ClapTexts? {
    let location = try ModelLocation(path, options)
    let checkpoint = try options.open(location)
    let description = try ModelDescription(checkpoint, options)
    guard description.modelType == "clap",
      let names = try TensorNames(
        checkpoint, anchor: "embeddings.word_embeddings.weight", path: location.path),
      ["text_projection.linear1.weight", "logit_scale_a"].allSatisfy({ names.stored[$0] != nil })
    else { return nil }
    return try ClapTexts(TextModel.load(path, options: options), checkpoint, names, description)
  }

  private init(
    _ model: TextModel, _ checkpoint: Checkpoint, _ names: TensorNames, _ description: ModelDescription
  ) throws {
    self.model = model
    var reader = ParameterReader(
      path: description.path, source: .checkpoint(checkpoint, names: names.stored))
    let width = model.taps.last?.width ?? 0
    let shared = reader.shape(of: "text_projection.linear1.weight")?.first ?? 0
    pooler = try reader.linear("pooler.dense", width, width, weight: .zeros)
    first = try reader.linear("text_projection.linear1", width, shared, weight: .zeros)
    second = try reader.linear("text_projection.linear2", shared, shared, weight: .zeros)
    let own = Set([
      "pooler.dense.weight", "pooler.dense.bias", "text_projection.linear1.weight",
      "text_projection.linear1.bias", "text_projection.linear2.weight", "text_projection.linear2.bias",
    ])
    try reader.finish(ignoring: Set(names.stored.keys).subtracting(own))
    let settings = ConfigurationReader(
      path: description.configurationPath, values: description.configuration ?? .dictionary([:]))
    activation = try settings.choice(
      "projection_hidden_act", default: "relu", Activation.knownNames, Activation.init(named:))
    func scale(_ name: String) throws -> Double {
      guard let stored = names.stored[name] else { return 1 }
      return Double(try checkpoint.tensor(stored).values.first ?? 0)
    }
    (scaleToTexts, scaleToSounds) = (exp(try scale("logit_scale_a")), exp(try scale("logit_scale_t")))
    last = model.taps.last?.name ?? ""
  }

  /// A text's place in the shared space, `[1 × width]`, of length 1.
  ///
  /// Throws `ModelError` for a text that the tower cannot take, or where it came without a tokeniser.
  public func embed(_ text: String) throws -> Tensor {
    try embed(tokens: model.tokens(of: text).map(\.id))
  }

  /// The same of tokens by number.
  /// - Throws: `ModelError` for tokens that the tower cannot take.
  public func embed(tokens: [Int]) throws -> Tensor {
    var hidden: Tensor?
    try model.forward(tokens: tokens, taps: [last]) { hidden = $1 }
    guard let hidden else { throw ModelError.unknownLayer(name: last, nearest: []) }
    let run = Evaluation(threads: 1, pool: MemoryPool())
    let pooled = pooler(hidden.rows(0..<1), run, .tanh)
    return run.atUnitLength(second(first(pooled, run, activation), run))
  }
}
