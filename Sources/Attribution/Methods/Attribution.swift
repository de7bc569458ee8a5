import Models
import Tensors

/// A way of saying what counts for a target.
public enum AttributionMethod: String, Sendable, CaseIterable, Codable {
  case gradCAM = "grad-cam"
  case gradCAMPlusPlus = "grad-cam++"
  case cam
  case gradientInput = "gradient-input"
  case integratedGradients = "integrated-gradients"
  case smoothGrad = "smoothgrad"
  case guidedBackpropagation = "guided-backpropagation"
  case relevance = "lrp"
  case occlusion
  case attention
  case attentionRollout = "attention-rollout"
  case attentionFlow = "attention-flow"

  /// As figures and tables call it.
  public var title: String {
    switch self {
    case .gradCAM: "Grad-CAM"
    case .gradCAMPlusPlus: "Grad-CAM++"
    case .cam: "CAM"
    case .gradientInput: "gradient × input"
    case .integratedGradients: "integrated gradients"
    case .smoothGrad: "SmoothGrad × input"
    case .guidedBackpropagation: "guided backpropagation"
    case .relevance: "layer-wise relevance propagation"
    case .occlusion: "occlusion"
    case .attention: "attention"
    case .attentionRollout: "attention rollout"
    case .attentionFlow: "attention flow"
    }
  }

  /// Whether it is asked of a layer; the others show the input, or what enters the first block.
  public var isOfLayer: Bool { [.gradCAM, .gradCAMPlusPlus, .cam].contains(self) }
}

extension AttributionMethod {
  /// Whether attention weights are what it shows.
  public var readsAttention: Bool { [.attention, .attentionRollout, .attentionFlow].contains(self) }

  /// Whether it goes back through a recorded pass.
  var usesGradients: Bool { !readsAttention && ![.cam, .occlusion].contains(self) }
}

/// Explains one target of one utterance, by any method.
///
/// ```swift
/// let attribution = try Attribution(model, Waveform.read("speech.flac"), target: target)
/// let map = try attribution.map(by: .gradCAM)
/// ```
public struct Attribution: Sendable {
  /// The model that is explained.
  public let model: SpeechModel
  /// What the model is given: at its rate, normalised where it wants that.
  public let samples: [Float]
  /// What is explained: a number that the model, or a reader of one of its layers, gives.
  public let target: AttributionTarget
  /// What the model's decoder is given; nil where it is left out.
  public let tokens: [Int]?
  /// What the methods may choose.
  public var settings: AttributionSettings
  /// How many threads work at once; the result does not depend on it.
  public var threads: Int
  /// Asked before every pass; true ends a method with `AttributionError.interrupted`.
  public var isCancelled: @Sendable () -> Bool = { false }
  let point: TapPoint
  /// Weights that are not the model's own; nil for none.
  var randomisation: Randomisation?

  /// Explains one target of one input.
  /// - Parameter samples: At the model's rate, normalised where it wants that, as `SpeechModel.inputValues` gives them.
  /// - Throws: `AttributionError` where the target does not fit the model or the input.
  public init(
    _ model: SpeechModel, samples: [Float], tokens: [Int]? = nil, target: AttributionTarget,
    settings: AttributionSettings = AttributionSettings(), threads: Int = 1
  ) throws {
    self.model = model
    self.samples = samples
    self.target = target
    self.tokens = tokens
    self.settings = settings
    self.threads = threads
    point = try model.tap(target.tap, tokens: tokens)
  }

  /// The map by one method. Layer methods (CAM, Grad-CAM) are taken at `layer`, by default `defaultLayer`.
  ///
  /// Throws `AttributionError` and `ModelError`.
  public func map(by method: AttributionMethod, layer: String? = nil) throws -> AttributionMap {
    switch method {
    case .cam: return try cam()
    case .gradCAM: return try gradCAM(layer ?? defaultLayer(), isPlusPlus: false)
    case .gradCAMPlusPlus: return try gradCAM(layer ?? defaultLayer(), isPlusPlus: true)
    case .gradientInput: return try gradientInput(by: .gradient, method)
    case .guidedBackpropagation: return try gradientInput(by: .guided, method)
    case .relevance: return try gradientInput(by: .relevance(settings.relevanceRule), method)
    case .smoothGrad: return try smoothGrad()
    case .integratedGradients: return try integratedGradients()
    case .occlusion: return try occlusion()
    case .attention, .attentionRollout, .attentionFlow: return try attentionMap(method)
    }
  }

  /// The layer before the last one that mixes frames on the way to the target: the target's own layer would show
  /// nothing but the span itself.
  ///
  /// From an output head or the last hidden layer that is the hidden layer before the last block; from `hidden.0`
  /// and `projection` the last convolution; from a convolution the one before it.
  /// - Throws: `AttributionError.notApplicable` where no layer comes before the target's.
  public func defaultLayer() throws -> String {
    let names = model.taps.map(\.name)
    let hidden = names.filter { TapKind($0).isHidden }
    let convolutions = names.filter { TapKind($0).isConvolution }
    // A decoder's tokens hear the sound through the encoder's last layer.
    if model.decoderTaps.contains(where: { $0.name == target.tap }), tokens != nil {
      return hidden.last ?? names[names.count - 1]
    }
    let place =
      hidden.firstIndex(of: target.tap) ?? (convolutions.contains(target.tap) ? nil : hidden.count - 1)
    if let place, place > 0, target.tap != "projection" { return hidden[place - 1] }
    if let place = convolutions.firstIndex(of: target.tap) {
      if place > 0 { return convolutions[place - 1] }
    } else if let last = convolutions.last {
      return last
    }
    throw AttributionError.notApplicable(
      method: "a layer's map of \(target.tap)",
      reason: "no layer comes before it; take a method of the input, such as gradient-input")
  }

  /// The target's value for `other` input, by default its own.
  /// - Throws: `AttributionError` where the method does not fit the model or the target, or when cancelled;
  ///   `ModelError`.
  public func score(of other: [Float]? = nil) throws -> Double {
    try checkCancellation()
    return try score(of: other ?? samples, by: model, threads: threads)
  }

  /// The target's value in `model`, which has the same layers.
  func score(of samples: [Float], by model: SpeechModel, threads: Int) throws -> Double {
    var score = 0.0
    try model.forward(samples, tokens: tokens, taps: [target.tap], threads: threads) {
      score = try target.reading(of: $1, at: point).value
    }
    return score
  }

  func checkCancellation() throws {
    if isCancelled() { throw AttributionError.interrupted }
  }

  /// A recorded pass of some input and the target's reading of it, to go back to `first` or, without one, to the
  /// input.
  func recorded(_ samples: [Float], from first: String? = nil) throws -> (
    pass: RecordedPass, value: Double, seed: Tensor
  ) {
    try checkCancellation()
    var pass = try RecordedPass(
      model, samples, tokens: tokens, upTo: target.tap, threads: threads, keepsAll: settings.keepsAll,
      from: randomisation == nil ? first : nil)
    if let randomisation {
      let twin = try RecordedPass(
        randomisation.twin, samples, tokens: tokens, upTo: target.tap, threads: threads)
      pass = try pass.randomised(behind: randomisation.tap, by: twin)
    }
    let (value, seed) = try target.reading(of: pass.values(of: target.tap), at: point)
    return (pass, value, seed)
  }
}

/// The choices that methods have.
public struct AttributionSettings: Sendable, Equatable {
  /// What the path of integrated gradients begins at.
  public var steps = 32
  /// Where that path begins, and how many draws of noise it begins at in turn: one draw's map is partly its own.
  public var baseline = Baseline.noise
  /// How many draws of noise that path begins at in turn: one draw's map is partly its own.
  public var baselines = 3
  /// Noisy copies whose gradients SmoothGrad averages (Smilkov et al. 2017).
  public var copies = 16
  /// The standard deviation of that noise, in units of the input's root mean square.
  public var noise = 0.1
  /// How layer-wise relevance propagation goes back through linear layers and convolutions.
  public var relevanceRule = PropagationRules.Affine.epsilon(1e-4)
  /// Seconds that are hidden at a time by occlusion.
  public var occlusionWindow = 0.05
  /// Seconds from one hidden stretch to the next.
  public var occlusionStep = 0.025
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// Whether a recorded pass holds what every operation made until it has been gone back through. Else it holds the
  /// tap points and makes the rest again, block by block, which takes a fraction of the memory and, for a map of the
  /// input, about one more pass. Maps are the same.
  public var keepsAll = false

  /// What stands for no sound.
  public enum Baseline: String, Sendable, CaseIterable, Codable {
    case silence
    /// White noise of the input's own root mean square. A model that normalises over time hears a softer copy as
    /// the same sound, so that on the way from silence nothing happens until the very start.
    case noise
  }

  public init() {}
}
