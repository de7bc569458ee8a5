import ArgumentParser
import Strata

/// What the user knows about a checkpoint that the file does not say.
struct LoadingOptions: ParsableArguments {
  @Option(help: "The model's config.json, where it does not lie beside the weights.")
  var config: String?

  @Option(
    help: ArgumentHelp(
      "A YAML file that tells of the model layer by layer; an architecture.yaml beside it is taken unasked.",
      discussion: "notebooks-md/02-your-own-model.md has an example.", valueName: "file"))
  var architecture: String?

  @Option(help: "The family (wav2vec2, hubert, whisper, …), where nothing says it.")
  var modelType: String?

  @Option(help: "Attention heads, where no configuration says how many.")
  var heads: Int?

  @Flag(
    inversion: .prefixedNo,
    help: "Bring the waveform to zero mean and unit variance first, whatever the checkpoint says.")
  var normalise: Bool?

  @Option(
    help: """
      What is added to the variance when the waveform is normalised: 1e-7 in transformers, 1e-5 in fairseq, s3prl and \
      torchaudio.
      """)
  var epsilon: Double?

  @Option(
    help: ArgumentHelp(
      "Whether each block normalises first or last, where no configuration says.", valueName: "first|last"))
  var norm: NormOrder?

  @Option(
    help: ArgumentHelp(
      "A folder of a PEFT adapter (LoRA and its relatives) to merge into the weights.",
      discussion: "One that lies beside the weights is merged unasked.", valueName: "folder"))
  var adapter: String?

  @Flag(help: "Leave out an adapter that lies beside the weights.")
  var noAdapter = false

  @Option(
    help: ArgumentHelp(
      "The language of an MMS model's adapter (adapter.deu.safetensors) to take, such as deu.",
      valueName: "code"))
  var adapterLanguage: String?

  @Option(
    help: ArgumentHelp(
      "What stands before the model's own tensor names, where the file holds more than one model.",
      discussion: "encoder, say, or model.student; the rest of the file is left out.", valueName: "name"))
  var prefix: String?

  @Option(
    help: ArgumentHelp(
      "A YAML file of tensor names, `old: new` a line; new ones are Hugging Face's.",
      discussion: "A `*` stands for one part of a name, `**` at the end for the rest.", valueName: "file"))
  var map: String?

  @Option(help: "Beginnings of names of tensors that are not the model's, separated by commas.")
  var ignoring: String?

  @Option(help: "The language that the decoder of a multilingual Whisper is told, such as de.")
  var language: String?

  func load(_ path: String) throws -> SpeechModel {
    let model = try SpeechModel.load(path, options: try options())
    warn(model.tensorReport.warnings)
    return model
  }

  private func warn(_ warnings: [String]) {
    for words in warnings { standardError("warning: \(words)") }
  }

  /// What a study runs: a speech model, or a text model.
  func studied(_ path: String, ofText: Bool) throws -> LoadedModel {
    let loaded = try LoadedModel.load(path, options: try options(), ofText: ofText, language: language)
    warn(loaded.warnings)
    return loaded
  }

  /// What lies at `path`, as a study of `corpus` runs it: activations made elsewhere, a speech model with its decoder, or
  /// a text model.
  func source(
    _ path: String, for corpus: Corpus, _ imports: ImportOptions
  ) throws -> any ActivationSource {
    try imports.source(path, for: corpus) ?? studied(path, ofText: corpus.isText).source
  }

  /// The text model at `path`; nil where there is no such model.
  func loadText(_ path: String) throws -> TextModel? {
    do {
      let model = try TextModel.load(path, options: try options())
      warn(model.tensorReport.warnings)
      return model
    } catch ModelError.unknownArchitecture {
      return nil
    } catch ModelError.unstated {
      return nil
    }
  }

  func validate() throws {
    if let epsilon, !(epsilon.isFinite && epsilon > 0 && epsilon < 1) {
      throw ValidationError("--epsilon takes a number between 0 and 1, such as 1e-5.")
    }
    if adapter != nil, noAdapter { throw ValidationError("--adapter and --no-adapter exclude each other.") }
  }

  private func options() throws -> LoadOptions {
    var options = LoadOptions(
      normalisesInput: normalise, modelType: modelType, heads: heads,
      normalisesFirst: norm.map { $0 == .first }, configuration: config,
      architecture: architecture, prefix: prefix, names: try map.map(NameTable.init(contentsOf:)),
      ignoring: ignoring?.split(separator: ",").map(String.init) ?? [])
    options.normalisationEpsilon = epsilon
    options.adapter = adapter
    options.ignoresAdapter = noAdapter
    options.adapterLanguage = adapterLanguage
    return options
  }
}

/// Where a block's norms stand.
enum NormOrder: String, ExpressibleByArgument, CaseIterable {
  /// Before attention and the feed-forward network (`do_stable_layer_norm`).
  case first
  /// After each sum.
  case last
}
