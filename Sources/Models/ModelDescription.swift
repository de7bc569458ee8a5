import Checkpoints
import Foundation
import Tensors

/// A checkpoint with all that is known about the model in it: from its own metadata, from the files beside it, and
/// from the caller.
struct ModelDescription {
  let checkpoint: Checkpoint
  let options: LoadOptions
  /// What a `config.json` would say, where something does.
  let configuration: MetadataValue?
  /// Which file the configuration is from.
  let configurationPath: String
  let modelType: String?
  let normalisesInput: Bool?
  let samplingRate: Int?
  /// What a `preprocessor_config.json` would say, where something does.
  let preprocessing: MetadataValue?
  /// Where files that belong to the checkpoint would lie.
  let folder: String
  /// Where the settings are from, where that is not a `config.json`.
  let notes: [String]
  /// What a user must know to trust the numbers, in words.
  let warnings: [String]
  /// Whether a program that normalises by a layer norm wrote the settings (fairseq, s3prl).
  private let isFairseq: Bool

  var path: String { checkpoint.path }

  /// Looks for a configuration in the caller's file, in the checkpoint (a folder's `config.json`, a training
  /// file's hyper-parameters, fairseq's settings), and beside a single weights file.
  init(_ checkpoint: Checkpoint, _ options: LoadOptions) throws {
    self.options = options
    let own = checkpoint.metadata
    let training = own["hyper_parameters"]
    let fairseq = try FairseqConfiguration(own, path: checkpoint.path)
    let nemo =
      options.configuration == nil
      ? try own["nemo"].map { try NeMoConfiguration.tree($0, path: checkpoint.path) } : nil
    var found = own["config"] ?? nemo ?? training.flatMap(Self.configuration(among:)) ?? fairseq?.tree
    let isFromTraining = own["config"] == nil && found != nil
    var foundPath = checkpoint.path
    var folder = Self.folder(of: checkpoint.path)
    if let path = options.configuration {
      found = try Self.json(path)
      foundPath = path
      folder = Self.folder(of: path)
    } else if found == nil, let place = Self.settingsFolder(of: checkpoint.path) {
      folder = place
      found = try Self.json("config.json", in: folder)
      foundPath = folder + "/config.json"
    }
    if found?.dictionary == nil { found = nil }
    // Who asks for the whole by its type gets it.
    let isWhole = options.modelType != nil && options.modelType == found?["model_type"]?.string
    let enclosed = isWhole ? nil : found.flatMap { EnclosedEncoder(in: $0, checkpoint) }
    self.checkpoint = try enclosed?.prefix.map { try checkpoint.under($0) } ?? checkpoint
    if let enclosed { found = enclosed.settings }
    self.folder = folder
    configuration = found
    configurationPath = foundPath
    modelType =
      options.modelType ?? enclosed?.modelType ?? found?["model_type"]?.string
      ?? training?["model_type"]?.string

    // Files beside a checkpoint are believed only where its configuration is from there too.
    var places = [own["preprocessor_config"], training, own].compactMap { $0 }
    if found != nil, !isFromTraining || options.configuration != nil {
      places += [
        try Self.json("preprocessor_config.json", in: folder),
        try Self.json("processor_config.json", in: folder)?["feature_extractor"],
      ].compactMap { $0 }
    }
    preprocessing = places.first { $0["do_normalize"] != nil || $0["sampling_rate"] != nil }
    normalisesInput =
      options.normalisesInput ?? places.lazy.compactMap { $0["do_normalize"]?.bool }.first
      ?? enclosed?.enclosing.normalisesInput ?? fairseq?.normalisesInput
    samplingRate =
      options.samplingRate ?? enclosed?.enclosing.samplingRate
      ?? places.lazy.compactMap { $0["sampling_rate"]?.integer }.first
      ?? fairseq?.samplingRate
    notes =
      checkpoint.remarks + (enclosed.map { [$0.note] } ?? [])
      + (foundPath == checkpoint.path ? fairseq?.notes ?? [] : [])
    warnings = checkpoint.warnings
    isFairseq = fairseq?.normalisesInput != nil
  }

  /// What is added to the variance of a waveform that is normalised: as told, as the program does that wrote the
  /// settings, else transformers' 1e-7, with a warning where the tensors' names are another library's or nothing says.
  func normalisationEpsilon(_ report: inout TensorReport) -> Double {
    if let told = options.normalisationEpsilon { return told }
    if isFairseq || modelType == "omniasr_audio" { return 1e-5 }
    if options.normalisesInput == nil || preprocessing != nil { return 1e-7 }
    let isLayerNorm = checkpoint.tensors.keys.contains { name in
      ["conv_layers.0.0.weight", "encoder.transformer.layers.0"].contains { name.contains($0) }
    }
    report.warnings.append(
      isLayerNorm
        ? "the waveform is normalised with epsilon 1e-5, as fairseq and torchaudio do; --epsilon says otherwise"
        : "the waveform is normalised with epsilon 1e-7, as transformers does; fairseq, s3prl and torchaudio have "
          + "1e-5 (--epsilon 1e-5), which matters for quiet recordings")
    return isLayerNorm ? 1e-5 : 1e-7
  }

  /// The `config.json` that comes with a checkpoint, by itself: the caller's, the folder's, or the one beside the file.
  static func configuration(with checkpoint: Checkpoint, _ options: LoadOptions) throws -> MetadataValue? {
    if let path = options.configuration { return try json(path) }
    if let own = checkpoint.metadata["config"] { return own }
    let folder = settingsFolder(of: checkpoint.path) ?? folder(of: checkpoint.path)
    return try json("config.json", in: folder) ?? json("quantize_config.json", in: folder)
  }

  /// Where the `config.json` of weights lies: beside them, or in the folder above where theirs is one of a run's
  /// checkpoints, which have numbers (`checkpoint-500`); nil where there is none.
  private static func settingsFolder(of path: String) -> String? {
    let own = folder(of: path)
    func hasSettings(_ folder: String) -> Bool {
      FileManager.default.fileExists(atPath: folder + "/config.json")
    }
    if hasSettings(own) { return own }
    let url = URL(fileURLWithPath: own).standardizedFileURL
    let above = url.deletingLastPathComponent().path
    return url.lastPathComponent.contains(where: \.isNumber) && hasSettings(above) ? above : nil
  }

  /// The `config.json` that a trainer has put among its hyper-parameters, or that they are themselves.
  private static func configuration(among hyperParameters: MetadataValue) -> MetadataValue? {
    [hyperParameters["config"], hyperParameters["model_config"], hyperParameters["model"], hyperParameters]
      .compactMap { $0 }
      .first { $0["hidden_size"] != nil || $0["d_model"] != nil || $0["num_attention_heads"] != nil }
  }

  /// The folder `path` itself, or that of the file `path`.
  static func folder(of path: String) -> String {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    if exists, isFolder.boolValue { return path }
    return URL(fileURLWithPath: path).deletingLastPathComponent().path
  }

  private static func json(_ path: String) throws -> MetadataValue {
    let data: [UInt8]
    do { data = try RegularFile.contents(path) } catch {
      throw CheckpointError.missing(path: path, reason: "the configuration cannot be read: \(error)")
    }
    return try MetadataValue(json: data, path: path)
  }

  private static func json(_ name: String, in folder: String) throws -> MetadataValue? {
    let path = folder + "/" + name
    return FileManager.default.fileExists(atPath: path) ? try json(path) : nil
  }
}

/// A checkpoint's tensors under the names that an architecture has for them.
struct TensorNames {
  /// From the architecture's names to the checkpoint's.
  private(set) var stored: [String: String] = [:]
  /// The checkpoint's names of tensors that stand outside the model: a training program's own heads and losses.
  private(set) var outside: Set<String> = []

  /// Finds the one tensor whose name ends in `anchor`: what stands before it is the model's prefix. Heads stand
  /// beside the model, so theirs lacks the last part (`wav2vec2.`), or has the whole.
  ///
  /// nil where there is no such tensor; throws where there are several, as in a checkpoint of teacher and student.
  init?(_ checkpoint: Checkpoint, anchor: String, path: String) throws {
    let anchors = checkpoint.tensors.keys.filter { $0 == anchor || $0.hasSuffix("." + anchor) }
    guard let first = anchors.first else { return nil }
    guard anchors.count == 1 else {
      throw ModelError.configuration(
        path: path, key: "tensors", found: "\(anchors.count) models: \(anchors.joined(separator: ", "))",
        expected: "one; name it with --prefix (\(Self.prefixes(of: Array(anchors), anchor)))")
    }
    let prefix = String(first.dropLast(anchor.count))
    let parts = prefix.split(separator: ".")
    let outer = parts.dropLast().map { $0 + "." }.joined()
    for name in checkpoint.tensors.keys {
      let own = name.hasPrefix(prefix) ? name.dropFirst(prefix.count) : nil
      let beside = name.hasPrefix(outer) ? name.dropFirst(outer.count) : nil
      let short = String(own ?? beside ?? name[...])
      if own == nil { outside.insert(name) }
      // Of two tensors that come to the same name the model's own has it.
      if own == nil, stored[short] != nil {
        stored[name] = name
      } else if let displaced = stored.updateValue(name, forKey: short), displaced != name {
        stored[displaced] = displaced
      }
    }
  }

  /// What `--prefix` would be for each of several models.
  private static func prefixes(of anchors: [String], _ anchor: String) -> String {
    anchors.map { $0.dropLast(anchor.count + 1) }.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  init(_ checkpoint: Checkpoint) {
    for name in checkpoint.tensors.keys { stored[name] = name }
  }

  /// The same under what `table` makes of each name, without `prefix`; a name that it does not know stays.
  func renamed(by table: NameTable, withoutPrefix prefix: String) -> TensorNames {
    var renamed = self
    renamed.stored = [:]
    for (name, original) in stored {
      let new = table[name].map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 } ?? name
      renamed.stored[renamed.stored[new] == nil ? new : name] = original
    }
    return renamed
  }

  /// The same under what `rename` makes of each name.
  func renamed(_ rename: (String) -> String) -> TensorNames {
    var renamed = self
    renamed.stored = Dictionary(stored.map { (rename($0), $1) }, uniquingKeysWith: { first, _ in first })
    return renamed
  }

  /// Those that are called one of `names` or lie below it.
  func under(_ names: [String]) -> Set<String> {
    Set(stored.keys.filter { key in names.contains { key == $0 || key.hasPrefix($0 + ".") } })
  }
}

extension ModelDescription {
  /// How many attention heads a model of this width has that does not say so: as told; no shape shows it.
  func heads(ofWidth width: Int, _ notes: inout [String]) throws -> Int {
    if let given = options.heads { return given }
    throw ModelError.unstated(
      path: path, what: "how many attention heads its width of \(width) has, and no tensor shows it",
      option: "LoadOptions.heads, --heads"
        + (width % 64 == 0 ? " (\(width / 64) in models whose heads have 64 values, as most do)" : "")
        + ", or give its config.json with --config")
  }

  /// What became of every tensor, once an architecture has asked for all that it needs. Throws what is missing, has
  /// another shape, or has no place in the model and is neither below one of `leftovers` nor ignored.
  func report(
    of reader: ParameterReader, _ names: TensorNames, leavingOut leftovers: [String], notes: [String]
  ) throws -> TensorReport {
    let outside = names.stored.filter { names.outside.contains($0.value) }.keys
    let leftOut = names.under(leftovers).union(outside)
    let ignored = Set(
      names.stored.filter { name in
        options.ignoring.contains { name.key.hasPrefix($0) || name.value.hasPrefix($0) }
      }.keys)
    try reader.finish(ignoring: leftOut.union(ignored))
    var report = TensorReport(
      used: reader.usedCount, leftOut: reader.unused(among: leftOut),
      ignored: reader.unused(among: ignored.subtracting(leftOut)), notes: notes,
      parameters: reader.parameters)
    report.stored = names.stored
    let parts = report.ignored.filter(isPartOfWeights)
    if let first = parts.first {
      report.warnings.append(
        "\(parts.count) ignored tensors, such as \(first), are parts of an adapter or of quantised weights: without them "
          + "the weights are others")
    }
    return report
  }
}
