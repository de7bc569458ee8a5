import Checkpoints
import Foundation
import Tensors

extension SpeechModel {
  /// Reads a model from a Hugging Face folder, a training checkpoint, or a file of weights; what a file is, is seen
  /// from its content. Weights stay in the file where they can.
  ///
  /// Where nothing says how the model is built, it is read off the tensors' shapes; `tensorReport.notes` says what
  /// had to be assumed. `options` says what nothing in the file does, and which of its tensors are the model's and under
  /// which names. Every tensor must have its place in the model and every place its tensor.
  ///
  /// Throws `CheckpointError` for files that cannot be read, `ModelError` for what is not a model.
  public static func load(_ path: String, options: LoadOptions = LoadOptions()) throws -> SpeechModel {
    try MemoryPool.requireAddressSpace()
    let location = try ModelLocation(path, options)
    let path = location.path
    if let window = options.window, !(10...86_400).contains(window) {
      throw ModelError.configuration(
        path: path, key: "window", found: "\(window) s", expected: "10 s to a day, or none")
    }
    let checkpoint = try options.open(location)
    let description = try ModelDescription(checkpoint, options)
    // Before the model is built, which gives back the pages that it has copied.
    let files = try checkpoint.opened()
    let fingerprint = files.fingerprint
    var settings = try description.settings()
    if options.window != SpeechModel.usualWindow {
      settings += options.window.map { " window \($0)" } ?? " no window"
    }
    var built = try build(description)
    built.report.notes = description.notes + built.report.notes
    built.report.warnings = description.warnings + built.report.warnings
    built.report.leftOut += description.checkpoint.setAside
    let name = location.name
    if case .features(_, let samplingRate) = built.input {
      var model = built
      let tokenizer = try tokenizer(of: &model, in: description.folder)
      var loaded = SpeechModel(
        model, name: name, fingerprint: fingerprint, settings: settings, samplingRate: samplingRate,
        normalisesInput: false, tokenizer: tokenizer, window: options.window)
      loaded.files = files
      loaded.origin = ParameterOrigin(
        checkpoint: description.checkpoint, names: built.report.stored,
        configuration: description.configuration, preprocessing: description.preprocessing)
      return loaded
    }
    guard let normalisesInput = description.normalisesInput else {
      throw ModelError.unstated(
        path: path, what: "whether its input is normalised to zero mean and unit variance (do_normalize)",
        option: "LoadOptions.normalisesInput, --normalise or --no-normalise")
    }
    let samplingRate = description.samplingRate ?? 16_000
    var model = built
    if description.samplingRate == nil {
      model.report.notes.append("a sampling rate of 16000 Hz, which all published models have")
    }
    guard (1...1_000_000).contains(samplingRate) else {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(samplingRate)", expected: "1 to 1000000 Hz")
    }
    // Before the report is handed over, as it may add a warning.
    let epsilon = normalisesInput ? description.normalisationEpsilon(&model.report) : 1e-7
    var loaded = SpeechModel(
      model, name: name, fingerprint: fingerprint, settings: settings, samplingRate: samplingRate,
      normalisesInput: normalisesInput, normalisationEpsilon: epsilon, window: options.window)
    loaded.files = files
    loaded.origin = ParameterOrigin(
      checkpoint: description.checkpoint, names: built.report.stored,
      configuration: description.configuration, preprocessing: description.preprocessing)
    return loaded
  }

  static func build(_ description: ModelDescription) throws -> BuiltModel {
    let known =
      architectures.flatMap { $0.modelTypes }.filter {
        !$0.hasPrefix(Wav2Vec2Configuration.Family.extended)
      }
      + TextArchitectures.modelTypes
    func unknown(_ found: String) -> ModelError {
      .unknownArchitecture(path: description.path, found: found, known: known)
    }
    // What the user has written goes before what the files say.
    if let described = try DescribedModel.build(description) { return described }
    if let type = description.modelType {
      guard let architecture = architectures.first(where: { $0.modelTypes.contains(type) }),
        let built = try architecture.build(description)
      else { throw unknown("its model type is \(type)") }
      return built
    }
    for architecture in architectures {
      if let built = try architecture.build(description) { return built }
    }
    let names = description.checkpoint.tensors.keys.prefix(3).joined(separator: ", ")
    throw unknown(
      """
      neither a configuration nor tensor names such as \(names) say what model it is. Say it with --model-type and \
      --config, lead its names to transformers' with --prefix and --map, or describe its layers with --architecture
      """)
  }

  /// What lies with a model that has a decoder; a note where nothing does.
  private static func tokenizer(of model: inout BuiltModel, in folder: String) throws -> (any Tokenizer)? {
    guard (model.architecture as? any DecodingArchitecture)?.decoding != nil else { return nil }
    let tokenizer = try TokenizerFiles(folder: folder).tokenizer()
    if tokenizer == nil {
      model.report.notes.append(
        "no tokenizer.json, nor vocab.json with merges.txt, lies with it: its decoder can be run on given tokens "
          + "only, and studies leave it out")
    }
    return tokenizer
  }

  /// The folder's name, or the file's without its ending; `model.ckpt` and the like go by their folder, and what lies
  /// in the Hub's cache by its repository.
  static func name(of path: String) -> String {
    if let repository = HubCache.repository(of: path) { return repository }
    let url = URL(fileURLWithPath: path).standardizedFileURL
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return url.lastPathComponent
    }
    let stem = url.deletingPathExtension().lastPathComponent
    let general = ["model", "pytorch_model", "checkpoint", "model.safetensors.index", "last", "best"]
    return general.contains(stem) ? url.deletingLastPathComponent().lastPathComponent : stem
  }
}
