import Activations
import Audio
import Corpora
import Foundations
import Models
import Probing
import Results
import Tensors

/// What a model uses: levels are erased at one layer after another, and what that does to its output and to later layers
/// is compared with losing as much at random.
///
/// ```swift
/// var study = InterventionStudy(model: model, corpus: corpus, erasing: ["phoneme", "speaker"])
/// study.symbols = try HeadClasses.names(of: "model.ckpt")
/// let result = try study.run(threads: 2)
/// result.rows.filter { $0.verdict.kind == .used }
/// ```
/// An erasure is fitted on the utterances that a study's fold learns from and applied to those that it holds out; each
/// utterance is tested once (docs/Methods.md, From encoded to used). The result does not depend on the number of threads.
public struct InterventionStudy: Sendable {
  /// What an effect is measured on.
  public enum Effect: String, Sendable, CaseIterable {
    /// The first of the others that can be had.
    case auto
    /// The head's loss of each symbol where the intact head emits it, given that there is one, nats a symbol.
    case symbol
    /// The head's loss on the labels, nats a symbol (CTC) or a frame (of a head without a blank).
    case loss
    /// The head's cross-entropy on the label of each frame, nats a frame.
    case frames
    /// How far the head's output moves, nats a frame.
    case divergence
    /// Linear readers of the last layer.
    case probes
  }

  /// The model whose layers are changed.
  public var model: SpeechModel
  /// The labelled recordings.
  public var corpus: Corpus
  /// Gives the frames of the unchanged model, such as a store of them; nil for the model itself.
  public var source: (any ActivationSource)?
  /// What is erased, by the names of probe definitions.
  public var levels: [String]
  /// The probe definitions that `levels` names.
  public var probes: [ProbeSpec] = ProbeSpec.bundled
  /// Names of the tap points that are changed; nil for all before the head.
  public var layers: [String]?
  /// The names of the head's classes, in their order.
  public var symbols: [String] = []
  /// What an effect is measured on.
  public var effect = Effect.auto
  /// The language that the decoder of a multilingual Whisper is told, such as `de`.
  public var language: String?
  /// Of a model with two towers, the corpus's texts in the space that both share: finding them is then what an effect is
  /// measured on.
  public var sharedTexts: SharedTexts?
  /// Random subspaces of each erasure.
  public var controls = 20
  /// Whether each block that is changed is also left out, its input taking the place of its output.
  public var skips = false
  /// Whether what each block adds to its input is also replaced by its mean over the corpus; of a layer of another shape than
  /// its input, such as a convolution, what it gives.
  public var replacesByMeans = false
  /// Whether what each attention head of a block gives is also replaced by its mean over the corpus.
  public var ablatesHeads = false
  /// Classes of an erased level whose spans are also moved towards another class.
  public var steers: [SteerRequest] = []
  /// Whether each level is erased in an untrained model too, at the same layers.
  public var comparesUntrained = true
  /// Whether frames outside the level's labelled spans are changed too.
  public var changesUnlabelled = true
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// How often utterances or speakers are resampled for each 95 % interval.
  public var resamples = 1000
  /// Bytes that layers which are changed together may take; layers that do not fit are changed in further passes.
  public var memory = 80 << 20
  /// Keeps finished layers, and gives them back; nil keeps nothing.
  public var store: (any InterventionStore)?
  /// Told what the study will take, before it begins.
  public var onCost: @Sendable (InterventionCost) -> Void = { _ in }
  /// Told, from any thread, of each stage how many of how many parts are done.
  public var onProgress: @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// A study that erases these levels, each named after a probe definition.
  public init(model: SpeechModel, corpus: Corpus, erasing levels: [String]) {
    self.model = model
    self.corpus = corpus
    self.levels = levels
  }

  /// The head's tap point.
  static let head = "logits"

  /// Whether the model is an untrained one that another is compared with.
  var isUntrained = false
  /// Whether levels are also read off what is simpler than a layer.
  var readsBaseline = true
  /// The layers that are read; nil for all before the head.
  var readLayers: Set<String>?

  /// The same of an untrained model: levels are erased, and nothing else.
  private func untrained() throws -> InterventionStudy {
    var study = self
    study.model = try model.randomTwin(seed: seed)
    study.source = nil
    (study.controls, study.skips, study.replacesByMeans, study.ablatesHeads) = (0, false, false, false)
    (study.comparesUntrained, study.isUntrained, study.steers) = (false, true, [])
    study.readsBaseline = false
    return study
  }

  /// - Throws: `InterventionError`, and what passes, fits and files throw.
  public func run(threads: Int = 1) throws -> InterventionResult {
    try requiring(model.requireUnchanged) { try result(threads: threads) }
  }

  private func result(threads: Int) throws -> InterventionResult {
    var setting = try InterventionSetting(self, threads: threads)
    onCost(setting.cost)
    var outcomes = try setting.outcomes(of: setting.changed)
    setting.dropReaders()
    var untrained: InterventionSetting?
    if comparesUntrained {
      var other = try InterventionSetting(self.untrained(), threads: threads)
      let own = try other.outcomes(of: other.changed)
      other.dropReaders()
      for index in outcomes.indices {
        guard let same = own.first(where: { $0.layer == outcomes[index].layer }) else { continue }
        outcomes[index].compare(with: same)
      }
      untrained = other
    }
    var result = try InterventionSummary(setting, outcomes, untrained: untrained).result()
    result.retrievals = try setting.retrievals()
    return result
  }

  /// Does and keeps a share of the layers that are changed, and says which they are.
  ///
  /// - Throws: as `run` does.
  @discardableResult
  public func keep(_ share: WorkShare, threads: Int = 1) throws -> [String] {
    try requiring(model.requireUnchanged) { try kept(share, threads: threads) }
  }

  private func kept(_ share: WorkShare, threads: Int) throws -> [String] {
    var setting = try InterventionSetting(self, threads: threads)
    onCost(setting.cost)
    let own = share.part(of: setting.changed)
    _ = try setting.outcomes(of: own)
    setting.dropReaders()
    if comparesUntrained {
      _ = try InterventionSetting(untrained(), threads: threads).outcomes(of: own)
    }
    return own
  }

  func requireGoingOn() throws(InterventionError) { if isCancelled() { throw .interrupted } }
}

/// How many passes a study of interventions takes, known before it begins.
public struct InterventionCost: Sendable, Equatable {
  /// Utterances that are run.
  public var utterances: Int
  /// Their length, in seconds.
  public var seconds: Double
  /// Layers that are changed.
  public var layers: Int
  /// Levels that are erased.
  public var levels: Int
  /// Whole passes over the corpus.
  public var whole: Int
  /// Passes over the corpus that go on from a changed layer.
  public var partial: Int

  public var description: String {
    func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    return "\(count(levels, "level")) erased at \(count(layers, "layer")): \(whole) whole passes over "
      + "\(count(utterances, "utterance")) (\((seconds / 6).rounded() / 10) min) and \(partial) that go on from a changed layer"
  }
}
