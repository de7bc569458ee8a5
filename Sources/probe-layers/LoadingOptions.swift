import ArgumentParser
import Strata

/// What the user knows about a checkpoint that the file does not say.
struct LoadingOptions: ParsableArguments {
  @Option(help: "The model's config.json, where it does not lie beside the weights.", completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp(
      "A YAML file that tells of the model layer by layer; an architecture.yaml beside it is taken unasked.",
      discussion: "notebooks-md/02-your-own-model.md has an example.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
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
      discussion: "One that lies beside the weights is merged unasked.", valueName: "folder"),
    completion: .directory)
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
      discussion: "A `*` stands for one part of a name, `**` at the end for the rest.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var map: String?

  @Option(help: "Beginnings of names of tensors that are not the model's, separated by commas.")
  var ignoring: String?

  @Option(
    help: ArgumentHelp(
      "The sound that attention reaches over in long recordings, 60s unless said; none for all of it.",
      discussion:
        "A longer recording is read in windows that overlap, at a cost in proportion to its length.",
      valueName: "length"))
  var window: String?

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
    _ path: String, for corpus: Corpus, _ imports: ImportOptions, _ note: (String) -> Void
  ) throws -> any ActivationSource {
    note("reading \(path)")
    let loaded = try LoadedModel.load(
      path, for: corpus, options: try options(), imports: try imports.settings(), language: language)
    warn(loaded.warnings)
    tellOfLength(loaded.source, corpus)
    return loaded.source
  }

  /// Says before the work how recordings will be read that are long for attention, and what it costs otherwise.
  private func tellOfLength(_ source: any ActivationSource, _ corpus: Corpus) {
    guard let model = source as? SpeechModel, !corpus.isText else { return }
    let limit = model.attentionWindow ?? SpeechModel.usualWindow
    let long = corpus.utterances.count { $0.seconds > limit }
    let longest = corpus.utterances.map(\.seconds).max() ?? 0
    let cost = model.costOfOnePass(over: longest)
    guard long > 0, cost > 1 else { return }
    let (minutes, times) = (Int((longest / 60).rounded(.up)), Int(cost.rounded(.up)))
    let recordings = "\(long) \(long == 1 ? "recording is" : "recordings are") longer than \(Int(limit)) s"
    standardError(
      model.attentionWindow == nil
        ? "warning: \(recordings) and read at once: the longest, of \(minutes) min, takes about \(times) times as long as "
          + "in windows of 60 s, and memory in proportion to its length (--window 60s)"
        : "note: \(recordings) and read in windows that overlap, which frames attend to alone; all at once "
          + "(--window none), the longest, of \(minutes) min, would take about \(times) times as long")
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

  func options() throws -> LoadOptions {
    var options = LoadOptions(
      normalisesInput: normalise, modelType: modelType, heads: heads,
      normalisesFirst: norm.map { $0 == .first }, configuration: config,
      architecture: architecture, prefix: prefix, names: try map.map(NameTable.init(contentsOf:)),
      ignoring: ignoring?.split(separator: ",").map(String.init) ?? [])
    options.normalisationEpsilon = epsilon
    options.adapter = adapter
    options.ignoresAdapter = noAdapter
    options.adapterLanguage = adapterLanguage
    switch window {
    case nil: break
    case "none": options.window = nil
    case .some(let text):
      guard case .seconds(let seconds) = ImportSettings.Length(text), seconds >= 10 else {
        throw ValidationError("--window takes a length from 10s on, such as 60s, or none, not “\(text)”.")
      }
      options.window = seconds
    }
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
