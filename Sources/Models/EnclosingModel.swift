import Checkpoints

/// A model that holds an encoder of sound as one of its parts: where that part's settings and tensors are.
///
/// Facts from transformers 5.24's configurations and modules.
struct EnclosingModel: Sendable {
  /// What `model_type` says of the whole.
  var modelTypes: [String]
  /// Where the encoder's settings stand in the configuration, in the order in which they are looked for; parts are
  /// separated by dots.
  var settings: [String]
  /// What may stand before the encoder's tensors.
  var prefixes: [String]
  /// The encoder's own type where its settings do not say one.
  var modelType: String?
  /// Whether the whole normalises the waveform for its encoder, where no file says.
  var normalisesInput: Bool?
  /// The sampling rate at which the whole gives sound to its encoder, where that is not its own.
  var samplingRate: Int?
  /// What the whole does to the sound before its encoder that an encoder alone does not.
  var remark: String?
}

extension EnclosingModel {
  static let all: [EnclosingModel] = [
    EnclosingModel(
      modelTypes: ["speech-encoder-decoder"], settings: ["encoder"], prefixes: ["encoder"]),
    EnclosingModel(
      modelTypes: ["qwen2_audio"], settings: ["audio_config"], prefixes: audioTower,
      modelType: "qwen2_audio_encoder"),
    EnclosingModel(
      modelTypes: ["audioflamingo3", "musicflamingo"], settings: ["audio_config"], prefixes: audioTower,
      modelType: "audioflamingo3_encoder"),
    EnclosingModel(
      modelTypes: ["voxtral"], settings: ["audio_config"], prefixes: audioTower,
      modelType: "voxtral_encoder"),
    EnclosingModel(
      modelTypes: ["moss_transcribe_diarize"], settings: ["audio_config"], prefixes: audioTower,
      modelType: "moss_transcribe_diarize_audio"),
    EnclosingModel(
      modelTypes: ["glmasr"], settings: ["audio_config"], prefixes: audioTower,
      modelType: "glmasr_encoder"),
    EnclosingModel(
      modelTypes: ["qwen2_5_omni", "qwen2_5_omni_thinker"],
      settings: ["thinker_config.audio_config", "audio_config"],
      prefixes: ["thinker.audio_tower"] + audioTower, modelType: "qwen2_5_omni_audio_encoder"),
    EnclosingModel(
      modelTypes: ["omniasr_ctc", "omniasr"], settings: ["audio_config"], prefixes: [],
      modelType: "omniasr_audio"),
    EnclosingModel(
      modelTypes: ["xcodec"], settings: ["semantic_model_config"], prefixes: ["semantic_model"],
      modelType: "hubert", normalisesInput: false, samplingRate: 16_000,
      remark: "it adds 160 samples of silence at both ends of the sound, which its encoder alone does not; "
        + "--model-type xcodec reads the whole codec"),
    EnclosingModel(
      modelTypes: ["higgs_audio_v2_tokenizer"], settings: ["semantic_model_config"],
      prefixes: ["semantic_model"], modelType: "hubert", normalisesInput: false, samplingRate: 16_000,
      remark: "it adds 160 samples of silence at both ends of the sound, which its encoder alone does not"),
    EnclosingModel(
      modelTypes: ["xcodec2", "neucodec"], settings: ["semantic_model_config"],
      prefixes: ["semantic_encoder", "semantic_model"], modelType: "wav2vec2-bert"),
  ]

  private static let audioTower = ["audio_tower", "model.audio_tower"]

  /// Places where models of other types keep an encoder: it is entered where its settings name a type that is known.
  static let usual = EnclosingModel(
    modelTypes: [],
    settings: [
      "audio_config", "encoder_config", "speech_config", "audio_encoder_config", "speech_encoder_config",
      "audio_encoder", "encoder", "thinker_config.audio_config",
    ],
    prefixes: [
      "audio_tower", "model.audio_tower", "audio_encoder", "model.audio_encoder", "speech_encoder",
      "model.speech_encoder", "encoder", "model.encoder", "thinker.audio_tower",
    ])
}

/// An encoder inside a model, as the configuration of the whole tells of it.
struct EnclosedEncoder {
  let enclosing: EnclosingModel
  /// The encoder's own part of the configuration.
  let settings: MetadataValue
  let modelType: String
  /// Its tensors stand behind this; nil where they stand under their own names already.
  let prefix: String?
  /// In words, for the report.
  let note: String

  /// nil where `configuration` is not of a model that encloses one.
  init?(in configuration: MetadataValue, _ checkpoint: Checkpoint) {
    guard let type = configuration["model_type"]?.string else { return nil }
    let listed = EnclosingModel.all.first { $0.modelTypes.contains(type) }
    let known = Set(architectures.flatMap { $0.modelTypes })
    guard listed != nil || !known.contains(type) else { return nil }
    let enclosing = listed ?? .usual
    let found = enclosing.settings.lazy.compactMap { path -> (MetadataValue, String)? in
      let part = path.split(separator: ".").reduce(MetadataValue?.some(configuration)) { $0?[String($1)] }
      guard let part, part.dictionary != nil,
        let type = part["model_type"]?.string ?? enclosing.modelType,
        listed != nil || known.contains(type)
      else { return nil }
      return (part, type)
    }.first
    guard let (part, inner) = found else { return nil }
    self.enclosing = enclosing
    settings = part
    modelType = inner
    prefix = enclosing.prefixes.first { prefix in
      checkpoint.tensors.keys.contains { $0.hasPrefix(prefix + ".") }
    }
    note =
      "the encoder of a \(type)" + (prefix.map { ", \($0)" } ?? "")
      + (enclosing.remark.map { "; \($0)" } ?? "")
  }
}
