import Checkpoints

/// What fairseq, and the programs that keep its habits (the original WavLM, s3prl's converted files), say about a
/// model inside the checkpoint itself, in the words of a `config.json`.
///
/// fairseq keeps its settings under `cfg` (a tree of `model`, `task` …), before 2021 under `args` (all in one); a
/// fine-tuned model carries those of the pretrained one inside its own as `w2v_args`. The original WavLM has the
/// model's alone under `cfg`, s3prl `model_cfg` and `task_cfg`. Facts from the files and from the configurations'
/// declarations (fairseq's `wav2vec2.py`, `hubert.py`; microsoft/unilm's `WavLM.py`).
struct FairseqConfiguration {
  /// As a `config.json`; nil where the file does not have the pretrained model's settings.
  private(set) var tree: MetadataValue?
  /// Whether the program that wrote the file normalises the waveform.
  private(set) var normalisesInput: Bool?
  private(set) var samplingRate: Int?
  /// Remarks, in words.
  private(set) var notes: [String] = []

  /// nil where `metadata` has nothing of the kind. Throws `ModelError.configuration` for settings that no model
  /// here can have.
  init?(_ metadata: MetadataValue, path: String) throws {
    guard let parts = Self.parts(of: metadata) else { return nil }
    let outer = FairseqSettings(path: path, root: parts.root, values: parts.model)
    let task = FairseqSettings(path: path, root: parts.root, values: parts.task)
    let (inner, isNested) = Self.pretrained(outer)
    // BEATs has WavLM's settings and no waveform.
    guard inner.values["input_patch_size"] == nil, let family = try Self.family(of: inner) else {
      return nil
    }

    // The task's setting is what the program feeds the model by; a model's own is a copy of it at best.
    normalisesInput = task.bool("normalize") ?? outer.bool("normalize") ?? inner.bool("normalize")
    samplingRate = task.integer("sample_rate")
    if let fed = task.bool("normalize"), let own = inner.bool("normalize"), fed != own {
      notes.append(
        "its task says normalize \(fed), its model \(own): the task's counts, by which it was last trained")
    }
    guard Self.sizes.contains(where: { inner.values[$0] != nil }) else { return }
    tree = .dictionary(try Self.tree(inner, family))
    notes.append(
      "configuration from the file's own settings\(isNested ? ", those of the pretrained model" : "")")
  }

  /// The settings that tell a model's from a task's.
  private static let sizes = [
    "encoder_layers", "encoder_embed_dim", "encoder_attention_heads", "conv_feature_layers",
  ]

  private static func parts(
    of metadata: MetadataValue
  ) -> (model: MetadataValue, task: MetadataValue, root: MetadataValue)? {
    if let root = metadata["cfg"], root.dictionary != nil {
      guard let model = root["model"], model.dictionary != nil else { return (root, root, root) }
      return (model, root["task"] ?? .null, root)
    }
    if let model = metadata["model_cfg"], model.dictionary != nil {
      return (model, metadata["task_cfg"] ?? .null, model)
    }
    if let root = metadata["args"], root.dictionary != nil { return (root, root, root) }
    return nil
  }

  /// The settings of the model that a fine-tuned one was made from; three levels are more than there are.
  private static func pretrained(_ outer: FairseqSettings) -> (settings: FairseqSettings, isNested: Bool) {
    var settings = outer
    var isNested = false
    for _ in 0..<3 {
      guard let arguments = settings.values["w2v_args"], arguments.dictionary != nil else { break }
      settings = FairseqSettings(
        path: outer.path, root: arguments, values: arguments["model"] ?? arguments)
      isNested = true
    }
    return (settings, isNested)
  }

  /// The family; nil where the names are of another program's settings altogether.
  private static func family(of model: FairseqSettings) throws -> Wav2Vec2Configuration.Family? {
    let name = model.string("_name") ?? model.string("arch")
    if model.bool("relative_position_embedding") == true || name?.hasPrefix("wavlm") == true {
      return .wavlm
    }
    let families: [(String, Wav2Vec2Configuration.Family)] = [
      ("data2vec_audio", .data2vec), ("hubert", .hubert), ("wav2vec", .wav2vec2),
    ]
    if let family = families.first(where: { name?.hasPrefix($0.0) == true })?.1 { return family }
    guard name == nil, sizes.contains(where: { model.values[$0] != nil }) else { return nil }
    return model.values["label_rate"] == nil ? .wav2vec2 : .hubert
  }
}

// MARK: - Translation

extension FairseqConfiguration {
  private static func tree(
    _ model: FairseqSettings, _ family: Wav2Vec2Configuration.Family
  ) throws -> [String: MetadataValue] {
    var tree: [String: MetadataValue] = ["model_type": .string(family.rawValue)]
    for (ours, theirs) in [
      ("num_hidden_layers", "encoder_layers"), ("hidden_size", "encoder_embed_dim"),
      ("intermediate_size", "encoder_ffn_embed_dim"), ("num_attention_heads", "encoder_attention_heads"),
      ("do_stable_layer_norm", "layer_norm_first"), ("conv_bias", "conv_bias"),
      ("num_conv_pos_embeddings", "conv_pos"), ("num_conv_pos_embedding_groups", "conv_pos_groups"),
    ] {
      tree[ours] = model.value(theirs)
    }
    if let convolutions = model.value("conv_feature_layers") {
      let layers = try ConvolutionList(convolutions, path: model.path).layers
      for (key, index) in [("conv_dim", 0), ("conv_kernel", 1), ("conv_stride", 2)] {
        tree[key] = .list(layers.map { .integer($0[index]) })
      }
    }
    tree["feat_extract_norm"] = try model.choice(
      "extractor_mode", ["default": "group", "layer_norm": "layer"], otherwise: "default")
    // fairseq's gelu is exact; its "accurate" one is the approximation by tanh.
    tree["hidden_act"] = try model.choice(
      "activation_fn",
      ["gelu": "gelu", "gelu_accurate": "gelu_new", "gelu_fast": "gelu_new", "relu": "relu"],
      otherwise: "gelu")
    _ = try model.choice("layer_type", ["transformer": ""], otherwise: "transformer")

    let depth = model.integer("pos_conv_depth") ?? 1
    switch family {
    case .wavlm:
      tree["num_buckets"] = model.value("num_buckets") ?? .integer(320)
      tree["max_bucket_distance"] = model.value("max_distance") ?? .integer(1280)
    case .data2vec:
      // One kernel is shared out among the layers.
      tree["num_conv_pos_embeddings"] = .integer(depth)
      let kernel = model.integer("conv_pos") ?? 128
      tree["conv_pos_kernel_size"] = .integer(depth > 0 ? max(3, kernel / depth) : kernel)
      guard model.bool("layer_norm_first") != true else {
        throw model.refusal("layer_norm_first", .bool(true), "false, as in every published data2vec")
      }
    case .wav2vec2, .hubert, .speechT5:
      guard depth == 1 else { throw model.refusal("pos_conv_depth", .integer(depth), "1") }
    }
    return tree
  }
}

/// Settings under fairseq's names.
struct FairseqSettings {
  let path: String
  /// Where a value such as `${task.normalize}` leads from.
  let root: MetadataValue
  let values: MetadataValue

  /// The value of `key` with references followed; nil where it is not there, null, or a class's own business.
  func value(_ key: String) -> MetadataValue? {
    var value = values[key]
    for _ in 0..<4 {
      guard let text = value?.string, text.hasPrefix("${"), text.hasSuffix("}") else { break }
      value = text.dropFirst(2).dropLast().split(separator: ".").reduce(MetadataValue?.some(root)) {
        $0?[String($1)]
      }
    }
    switch value {
    case .null, .opaque: return nil
    case .string(let text) where text.hasPrefix("${"): return nil
    default: return value
    }
  }

  func bool(_ key: String) -> Bool? { value(key)?.bool }
  func integer(_ key: String) -> Int? { value(key)?.integer }
  func string(_ key: String) -> String? { value(key)?.string }

  /// What `names` calls the word under `key`.
  func choice(
    _ key: String, _ names: [String: String], otherwise fallback: String
  ) throws -> MetadataValue {
    let value = value(key) ?? .string(fallback)
    guard let name = value.string.flatMap({ names[$0] }) else {
      throw refusal(key, value, names.keys.sorted().joined(separator: " or "))
    }
    return .string(name)
  }

  func refusal(_ key: String, _ found: MetadataValue, _ expected: String) -> ModelError {
    .configuration(path: path, key: key, found: ConfigurationReader.words(found), expected: expected)
  }
}
