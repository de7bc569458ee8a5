import Foundation

/// What transformers calls the value of a tap point, asked for `output_hidden_states=True`: it depends on the family and
/// on the version.
///
/// Facts seen with transformers 5.24.0 on every family that scripts/families.py makes, and with 4.57.6 on wav2vec 2.0,
/// HuBERT and WavLM; that the change came with 5.16 is by its source.
struct TransformersNames {
  let family: String
  /// The number of the last block.
  let last: Int
  let hasFinalNorm: Bool

  /// Families whose last entry is what leaves the last block, whatever the model does to it then.
  private static let untied: Set<String> = [
    "wav2vec2", "hubert", "wavlm", "unispeech", "unispeech-sat", "mert_model", "data2vec-audio",
    "wav2vec2-conformer", "wav2vec2-bert", "sew", "sew-d", "qwen2_5_omni_audio_encoder",
    "audio-spectrogram-transformer", "qwen3_asr", "qwen3_omni",
  ]
  /// Those of them that had the norm's output there until version 5.15.
  private static let moved: Set<String> = [
    "wav2vec2", "hubert", "wavlm", "unispeech", "unispeech-sat", "wav2vec2-conformer",
  ]
  /// Families whose last entry is a state behind more than a norm, with fewer frames.
  private static let shortened: [String: String] = [
    "seamless_m4t": "output", "seamless_m4t_v2": "output", "pe_audio": "output",
  ]
  private static let pooled: Set<String> = ["qwen2_audio_encoder", "audioflamingo3_encoder"]
  /// Families of which `output_attentions=True` gives the attention blocks' outputs, or nothing.
  private static let withoutWeights: Set<String> = [
    "qwen2_5_omni_audio_encoder", "qwen3_asr", "qwen3_omni", "granite_speech", "granite_speech5",
  ]
  /// Families whose norm's output stands nowhere, but behind a layer of its own.
  private static let withoutFinalNorm: Set<String> = ["qwen2_5_omni_audio_encoder", "qwen3_omni"]
  /// Families with a token in front of the frames, which is no frame of ours.
  private static let led: Set<String> = ["pe_audio"]
  /// Not of transformers, or without a tuple that is like our taps.
  private static let unknown: Set<String> = [
    "atst", "clap", "described", "apc", "cpc", "mockingjay", "tera", "audio_albert", "beats", "encodec",
    "wavtokenizer", "dac", "vibevoice", "xcodec",
  ]

  /// nil where transformers gives no such value, or has no such family.
  func name(of tap: String) -> String? {
    guard !Self.unknown.contains(family) else { return nil }
    let parts = tap.split(separator: ".")
    let number = parts.count > 1 ? Int(parts[parts.count - 1]) : nil
    switch parts[0] {
    case "decoder":
      return decoderName(parts.dropFirst().joined(separator: "."))
    case "attention":
      guard let number, !Self.withoutWeights.contains(family) else { return nil }
      return "attentions[\(number - 1)]"
        + (Self.led.contains(family) ? " without its first row and column" : "")
    case "hidden":
      guard let number else { return nil }
      guard number < last else { return lastHidden }
      return "hidden_states[\(number)]" + (Self.led.contains(family) ? " without its first row" : "")
    case "final_norm":
      return finalNorm
    case "output" where Self.shortened[family] == "output":
      return "hidden_states[\(last)], last_hidden_state"
    case "output", "upsampled": return "last_hidden_state"
    case "logits": return "logits"
    default: return nil
    }
  }

  private var lastHidden: String? {
    if Self.shortened[family] != nil { return nil }
    let isAlone = !hasFinalNorm && !["sew", "sew-d"].contains(family)
    if !Self.untied.contains(family) {
      return isAlone ? "hidden_states[\(last)], last_hidden_state" : nil
    }
    if isAlone { return "hidden_states[\(last)], last_hidden_state" }
    let since = hasFinalNorm && Self.moved.contains(family) ? " since 5.16" : ""
    return "hidden_states[\(last)]\(since)"
  }

  private var finalNorm: String? {
    if Self.shortened[family] != nil || Self.withoutFinalNorm.contains(family) { return nil }
    guard Self.untied.contains(family) else {
      return "hidden_states[\(last)], last_hidden_state"
        + (Self.pooled.contains(family) ? " (half the frames)" : "")
    }
    return "last_hidden_state"
      + (Self.moved.contains(family) ? ", until 5.15 hidden_states[\(last)]" : "")
  }

  private func decoderName(_ tap: String) -> String? {
    let parts = tap.split(separator: ".")
    let number = parts.count > 1 ? Int(parts[1]) : nil
    switch parts.first {
    case "hidden": return number.map { "decoder_hidden_states[\($0)]" }
    case "attention": return number.map { "decoder_attentions[\($0 - 1)]" }
    case "cross_attention": return number.map { "cross_attentions[\($0 - 1)]" }
    default: return nil
    }
  }
}

extension SpeechModel {
  /// What transformers calls the value of a tap point, such as `hidden_states[12] since 5.16`; nil where it gives none.
  public func transformersName(of tap: String) -> String? {
    let name = Self.names(family, taps.map(\.name)).name(of: tap)
    // Behind an adapter, which is left out here, their last state is the adapter's.
    guard let name, tensorReport.leftOut.contains(where: { $0.contains("adapter.layers.") }) else {
      return name
    }
    let parts = name.components(separatedBy: ", ").filter { $0 != "last_hidden_state" }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  fileprivate static func names(_ family: String, _ taps: [String]) -> TransformersNames {
    let numbers = taps.compactMap { $0.hasPrefix("hidden.") ? Int($0.dropFirst(7)) : nil }
    return TransformersNames(
      family: family, last: numbers.max() ?? 0, hasFinalNorm: taps.contains("final_norm"))
  }
}

extension TextModel {
  /// See `SpeechModel.transformersName(of:)`.
  public func transformersName(of tap: String) -> String? {
    SpeechModel.names(family, taps.map(\.name)).name(of: tap)
  }
}
