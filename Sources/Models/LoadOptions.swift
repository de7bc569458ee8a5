import Checkpoints

/// What a caller knows about a model that its checkpoint does not say, or wants otherwise than it says.
public struct LoadOptions: Sendable {
  /// Whether the waveform is brought to zero mean and unit variance first (`do_normalize`).
  public var normalisesInput: Bool?
  /// What is added to the variance when the waveform is normalised.
  public var normalisationEpsilon: Double?
  /// Samples a second.
  public var samplingRate: Int?
  /// What `model_type` would say: wav2vec2, hubert, wavlm, data2vec-audio, whisper.
  public var modelType: String?
  /// Attention heads.
  public var heads: Int?
  /// Whether blocks normalise first (`do_stable_layer_norm`).
  public var normalisesFirst: Bool?
  /// The convolutions' strides.
  public var strides: [Int]?
  /// A `config.json` that belongs to the checkpoint but does not lie with it.
  public var configuration: String?
  /// An `architecture.yaml` that tells of the model layer by layer, where it does not lie beside the checkpoint.
  public var architecture: String?
  /// What stands before the model's own names in the file, where it holds more than one model or has parts of others'
  /// around it: `encoder`, `model.student`.
  public var prefix: String?
  /// From the file's names, without `prefix`, to those that the architecture is known by; every rule must fit.
  public var names: NameTable?
  /// Beginnings of names of tensors that are not the model's.
  public var ignoring: [String]
  /// The folder of a PEFT adapter that is to be merged into the weights.
  public var adapter: String?
  /// Whether an adapter that lies beside the weights is left out.
  public var ignoresAdapter = false
  /// The language whose adapter (`adapter.deu.safetensors` of an MMS model) takes the place of the model's own.
  public var adapterLanguage: String?
  /// The seconds of sound that attention may reach over; nil for all, whatever it costs (`SpeechModel.window`).
  public var window: Double? = SpeechModel.usualWindow

  /// Weights that are made smaller, by their layers' names (`Checkpoint.weightParts`).
  public var reductions: [String: WeightReduction] = [:]

  public init(
    normalisesInput: Bool? = nil, samplingRate: Int? = nil, modelType: String? = nil, heads: Int? = nil,
    normalisesFirst: Bool? = nil, strides: [Int]? = nil, configuration: String? = nil,
    architecture: String? = nil, prefix: String? = nil, names: NameTable? = nil, ignoring: [String] = []
  ) {
    self.normalisesInput = normalisesInput
    self.samplingRate = samplingRate
    self.modelType = modelType
    self.heads = heads
    self.normalisesFirst = normalisesFirst
    self.strides = strides
    self.configuration = configuration
    self.architecture = architecture
    self.prefix = prefix
    self.names = names
    self.ignoring = ignoring
  }
}

extension LoadOptions {
  /// Opens what lies at a location, with its quantised weights as numbers, its adapters merged, and the tensors that are
  /// meant under the names that are meant.
  func open(_ location: ModelLocation) throws -> Checkpoint {
    var checkpoint = try Checkpoint.open(location.path)
    checkpoint = try checkpoint.dequantised(by: ModelDescription.configuration(with: checkpoint, self))
    if let prefix { checkpoint = try checkpoint.under(prefix) }
    checkpoint = try checkpoint.withoutWrappers().withMasksApplied()
    if let names { checkpoint = try checkpoint.renamed(byEveryRuleOf: names) }
    if let adapterLanguage {
      checkpoint = try checkpoint.replacing(from: location.languageAdapter(adapterLanguage))
    }
    for folder in location.adapters { checkpoint = try checkpoint.merged(with: Adapter.open(folder)) }
    return checkpoint.reduced(reductions)
  }

  /// The checkpoint of the model at `path`, as it is loaded with these options.
  /// - Throws: `CheckpointError`, and `ModelError` for options that do not fit the file.
  public func opened(_ path: String) throws -> Checkpoint { try open(ModelLocation(path, self)) }
}
