import Checkpoints
import Files
import Foundation
import Models
import Tensors

/// A trained model as a Hugging Face folder that transformers opens: `config.json`, `model.safetensors`,
/// `preprocessor_config.json` and, of CTC, `vocab.json` and `tokenizer_config.json`.
struct ModelFolder {
  let model: TrainedModel
  let classes: [String]
  let blank: Int

  /// transformers' class of a family and task; nil where there is none.
  static func className(_ family: String, _ task: TrainingTask) -> String? {
    let stems = [
      "wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM", "data2vec-audio": "Data2VecAudio",
      "unispeech": "UniSpeech", "unispeech-sat": "UniSpeechSat",
    ]
    if task == .utterance, let name = utteranceClasses[family] { return name }
    guard let stem = stems[family] else { return nil }
    switch task {
    case .ctc: return "\(stem)ForCTC"
    case .utterance: return "\(stem)ForSequenceClassification"
    case .frames:
      return ["hubert", "unispeech"].contains(family) ? nil : "\(stem)ForAudioFrameClassification"
    }
  }

  /// Of families whose frames are not those of a waveform's convolutions: one class for an utterance alone.
  private static let utteranceClasses = [
    "whisper": "WhisperForAudioClassification",
    "audio-spectrogram-transformer": "ASTForAudioClassification",
  ]

  /// What a tensor of the model's own is called there.
  private func name(of parameter: String) -> String {
    // Whisper's begin with its encoder's part of the whole model.
    model.base.family == "whisper"
      ? parameter : "\(model.base.family.replacingOccurrences(of: "-", with: "_")).\(parameter)"
  }

  /// Throws `FineTuningError.setting` where masks are asked for of a model without projected features to mask.
  static func check(_ base: SpeechModel, _ augmentation: Augmentation) throws {
    guard utteranceClasses[base.family] != nil,
      augmentation.maskedFrames > 0 || augmentation.maskedChannels > 0
    else { return }
    throw FineTuningError.setting(
      name: "the share of masked frames or channels",
      found: "more than none, of family \(base.family)",
      expected: "none: only the wav2vec 2.0 family has features of a waveform to mask")
  }

  /// Throws `FineTuningError.setting` where transformers has no class for it or no configuration lies with the model.
  static func check(_ base: SpeechModel, _ task: TrainingTask) throws {
    guard className(base.family, task) != nil else {
      throw FineTuningError.setting(
        name: "the task", found: "\(task.rawValue) of family \(base.family)",
        expected:
          "one that transformers has a class for: ctc or utterance, of wav2vec2, wavlm and data2vec-audio frames too, "
          + "of whisper and audio-spectrogram-transformer utterance alone"
      )
    }
    guard base.storedConfiguration?.dictionary != nil else {
      throw FineTuningError.setting(
        name: "\(base.name)'s configuration", found: "not there",
        expected: "a config.json with it, or --config")
    }
    guard utteranceClasses[base.family] == nil || base.storedPreprocessing?.dictionary != nil else {
      throw FineTuningError.setting(
        name: "\(base.name)'s feature extractor", found: "not described",
        expected: "a preprocessor_config.json with it")
    }
  }

  /// Adds the folder's files to `staged`.
  func write(into staged: StagedResults) throws {
    try staged.write(try configuration(), to: "config.json")
    try staged.write(text(preprocessor), to: "preprocessor_config.json")
    if model.head.task == .ctc {
      let vocabulary = Dictionary(
        uniqueKeysWithValues: classes.enumerated().map { ($1, MetadataValue.integer($0)) })
      try staged.write(text(vocabulary), to: "vocab.json")
      try staged.write(
        text([
          "tokenizer_class": .string("Wav2Vec2CTCTokenizer"), "pad_token": .string(classes[blank]),
          "unk_token": .string(classes.contains("<unk>") ? "<unk>" : classes[blank]), "bos_token": .null,
          "eos_token": .null, "word_delimiter_token": .string("|"), "do_lower_case": .bool(false),
        ]), to: "tokenizer_config.json")
    }
    try SafetensorsWriter.write(
      tensors(), metadata: ["format": "pt"], to: staged.path(of: "model.safetensors"))
    staged.add("model.safetensors")
  }

  /// An adapter alone in PEFT's layout, with the head, for transformers' class of the task with the weights that it was
  /// trained on; nothing of other models.
  func writeAdapter(into staged: StagedResults) throws {
    guard let adapter = model.adapter else { return }
    let tensors = model.added.sorted { $0.key < $1.key }.map { name, value in
      let own = name.contains(".lora_") ? self.name(of: name) : name
      return (name: "base_model.model.\(own)", tensor: value)
    }
    try staged.write(
      text([
        "peft_type": .string("LORA"), "task_type": .null, "r": .integer(adapter.rank),
        "lora_alpha": .number(adapter.alpha), "lora_dropout": .number(0), "bias": .string("none"),
        "fan_in_fan_out": .bool(false), "inference_mode": .bool(true), "use_rslora": .bool(false),
        "target_modules": .list(adapter.targets.map { .string($0) }),
        "base_model_name_or_path": .string(model.base.name),
        "modules_to_save": .list(model.head.modules.map { .string($0) }),
      ]), to: "adapter_config.json")
    let path = staged.path(of: "adapter_model.safetensors")
    try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: path)
    staged.add("adapter_model.safetensors")
  }

  private func tensors() throws -> [(name: String, tensor: Tensor)] {
    let body = model.effectiveBody.sorted { $0.key < $1.key }.map { (name(of: $0.key), $0.value) }
    // Stands in for masked frames; transformers would draw it anew.
    let mask =
      body.contains { $0.0.hasSuffix(TrainedModel.maskVector) }
      ? []
      : try model.base.storedTensor(TrainedModel.maskVector).map {
        [(name(of: TrainedModel.maskVector), $0)]
      } ?? []
    let head = model.added.filter { !$0.key.contains(".lora_") }.sorted { $0.key < $1.key }
    return (mask + body + head.map { ($0.key, $0.value) }).map { (name: $0.0, tensor: $0.1) }
  }

  private func configuration() throws -> Data {
    var values = model.base.storedConfiguration?.dictionary ?? [:]
    let family = model.base.family
    // transformers would leave the side networks out without stopping: the type says that it is not its.
    let type = (model.hasSideNetworks ? "strata-" : "") + family
    values["architectures"] = .list([.string(Self.className(family, model.head.task) ?? "")])
    values["model_type"] = .string(type)
    if model.head.task == .ctc {
      values["vocab_size"] = .integer(classes.count)
      values["pad_token_id"] = .integer(blank)
      values["ctc_loss_reduction"] = .string("mean")
    } else {
      let numbered = classes.enumerated().map { ($0, $1) }
      values["id2label"] = .dictionary(
        Dictionary(uniqueKeysWithValues: numbered.map { ("\($0)", .string($1)) }))
      values["label2id"] = .dictionary(
        Dictionary(numbered.map { ($1, .integer($0)) }) { first, _ in first })
      values["classifier_proj_size"] = .integer(model.head.pooledWidth)
    }
    return text(values)
  }

  private var preprocessor: [String: MetadataValue] {
    // Of features that are not samples the model's own, where there is one.
    if Self.utteranceClasses[model.base.family] != nil,
      let stored = model.base.storedPreprocessing?.dictionary
    {
      return stored
    }
    return [
      "feature_extractor_type": .string("Wav2Vec2FeatureExtractor"), "feature_size": .integer(1),
      "do_normalize": .bool(model.base.normalisesInput), "sampling_rate": .integer(model.base.samplingRate),
      "padding_side": .string("right"), "padding_value": .number(0),
      "return_attention_mask": .bool(
        model.base.storedConfiguration?["feat_extract_norm"]?.string == "layer"),
    ]
  }

  private func text(_ values: [String: MetadataValue]) -> Data {
    Data((MetadataValue.dictionary(values).description + "\n").utf8)
  }
}
