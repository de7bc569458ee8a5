import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Each training program's own file, with no `config.json` beside it, against the reference model that it holds.
@Suite("Training programs' files") struct ContainerTests {
  /// What each file needs to be told.
  enum Told: Sendable {
    /// All that is needed stands in the file.
    case nothing
    /// A configuration lies with it, but nothing that says how sounds are prepared.
    case normalisation
    /// Nothing but weights stands in it.
    case headsAndNormalisation
  }

  /// A file of the reference set, which its manifest says equals a reference model.
  struct Case: CustomTestStringConvertible, Sendable {
    let file: String
    let model: String
    var told = Told.nothing
    /// Hidden states from weights rounded to two bytes are as far off as the rounding takes them.
    var tolerance: Float = 1e-4
    var testDescription: String { file }
  }

  static let cases = [
    Case(file: "fairseq_wav2vec2_pretrain.pt", model: "wav2vec2_base"),
    Case(file: "fairseq_wav2vec2_args_legacy.pt", model: "wav2vec2_base"),
    Case(file: "fairseq_wav2vec2_ctc.pt", model: "wav2vec2_base"),
    Case(file: "fairseq_hubert.pt", model: "hubert_base"),
    Case(file: "unilm_wavlm.pt", model: "wavlm_base"),
    Case(file: "s3prl_states.ckpt", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "lightning.ckpt", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "lightning_namespace.ckpt", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "lightning_unknown_class.ckpt", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "parameters_zip.pt", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "plain_zip.pt", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "plain_legacy.pt", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "pytorch_model.bin", model: "wav2vec2_base", told: .headsAndNormalisation),
    Case(file: "sharded_bin", model: "wav2vec2_base", told: .normalisation),
    Case(file: "sharded_safetensors", model: "wav2vec2_base", told: .normalisation),
    Case(file: "plain_fp16.pt", model: "wav2vec2_base", told: .headsAndNormalisation, tolerance: 5e-3),
    Case(
      file: "model_fp16.safetensors", model: "wav2vec2_base", told: .headsAndNormalisation, tolerance: 5e-3),
    Case(file: "plain_bf16.pt", model: "wav2vec2_base", told: .headsAndNormalisation, tolerance: 4e-2),
    Case(
      file: "plain_bf16_legacy.pt", model: "wav2vec2_base", told: .headsAndNormalisation, tolerance: 4e-2),
    Case(
      file: "model_bf16.safetensors", model: "wav2vec2_base", told: .headsAndNormalisation, tolerance: 4e-2),
  ]

  /// The reference set is kept with the readers' tests.
  static func path(_ file: String) -> String {
    resource("../../CheckpointsTests/Resources/reference/\(file)")
  }

  @Test("every file's hidden states are the reference model's", arguments: cases)
  func parity(of file: Case) throws {
    let options =
      file.told == .nothing
      ? LoadOptions() : LoadOptions(normalisesInput: true, heads: 4, normalisesFirst: false)
    let model = try SpeechModel.load(Self.path(file.file), options: options)
    let whole = try SpeechModel.load(resource(file.model))
    #expect(model.family == whole.family || file.told != .nothing)
    #expect(model.parameters == whole.parameters || model.taps.last?.name != "logits")

    let states = try Checkpoint.open(resource("\(file.model)/hidden_states.safetensors"))
    let input = try whole.inputValues(of: Waveform.read(resource("\(file.model)/input.wav")))
    var worst: Float = 0
    var compared = 0
    try model.forward(
      inputValues: input,
      taps: Set(model.taps.map(\.name).filter { $0.hasPrefix("hidden.") || $0 == "logits" })
    ) { name, values in
      let key = name == "logits" ? name : String(name.dropFirst("hidden.".count))
      worst = max(worst, relativeError(values, try states.tensor(key)))
      compared += 1
    }
    print("\(file.file): worst relative error \(worst) of \(compared) layers")
    #expect(worst < file.tolerance && compared >= 4)
    #expect(file.tolerance == 1e-4 || worst > 1e-5, "rounded weights must show")
  }

  @Test("a file of weights alone says what it needs to be told", arguments: cases)
  func untold(of file: Case) throws {
    guard file.told != .nothing else { return }
    if file.told == .headsAndNormalisation {
      let heads = message { _ = try SpeechModel.load(Self.path(file.file)) }
      #expect(heads.contains("how many attention heads") && heads.contains("--heads"), "\(heads)")
      let order = message { _ = try SpeechModel.load(Self.path(file.file), options: LoadOptions(heads: 4)) }
      #expect(order.contains("normalise first or last") && order.contains("--norm"), "\(order)")
    }
    let normalisation = message {
      _ = try SpeechModel.load(Self.path(file.file), options: LoadOptions(heads: 4, normalisesFirst: false))
    }
    #expect(normalisation.contains("do_normalize") && normalisation.contains("--normalise"))
  }

  @Test("or takes a config.json from elsewhere, with what lies beside that")
  func configuration() throws {
    let options = LoadOptions(configuration: resource("wav2vec2_base/config.json"))
    let model = try SpeechModel.load(Self.path("s3prl_states.ckpt"), options: options)
    #expect(model.normalisesInput && model.family == "wav2vec2")
    #expect(model.tensorReport.leftOut.contains("model.mask_emb"))
    // Two bytes a weight in either container: the same numbers.
    let half = try ["plain_fp16.pt", "model_fp16.safetensors"].map {
      try SpeechModel.load(Self.path($0), options: options)
    }
    let waveform = try Waveform.read(resource("wav2vec2_base/input.wav"))
    #expect(try values(of: half[0], waveform, ["hidden.3"]) == values(of: half[1], waveform, ["hidden.3"]))
  }

  @Test("normalisation is the task's, which the model was last trained by, and said so where they differ")
  func normalisation() throws {
    let pretrained = try SpeechModel.load(Self.path("fairseq_wav2vec2_pretrain.pt"))
    #expect(pretrained.normalisesInput && pretrained.samplingRate == 16_000)
    #expect(!pretrained.tensorReport.notes.contains { $0.contains("task") })
    let tuned = try SpeechModel.load(Self.path("fairseq_wav2vec2_ctc.pt"))
    #expect(!tuned.normalisesInput)
    #expect(tuned.tensorReport.notes.contains { $0.contains("normalize false, its model true") })
    #expect(try SpeechModel.load(Self.path("fairseq_wav2vec2_args_legacy.pt")).normalisesInput)
    #expect(try !SpeechModel.load(Self.path("unilm_wavlm.pt")).normalisesInput)
  }

  @Test("what a trainer keeps beside the model is left out and listed")
  func beside() throws {
    let options = LoadOptions(normalisesInput: true, heads: 4, normalisesFirst: false)
    let lightning = try SpeechModel.load(Self.path("lightning.ckpt"), options: options)
    #expect(
      lightning.tensorReport.leftOut == ["head.bias", "head.weight", "model.masked_spec_embed"])
    let pretrained = try SpeechModel.load(Self.path("fairseq_wav2vec2_pretrain.pt"))
    #expect(
      pretrained.tensorReport.leftOut == [
        "final_proj.bias", "final_proj.weight", "mask_emb", "project_q.bias", "project_q.weight",
        "quantizer.vars", "quantizer.weight_proj.bias", "quantizer.weight_proj.weight",
      ])
  }

  @Test(
    "files of tensors that are no speech model",
    arguments: [
      "nested.pt", "odd_storages.pt", "odd_storages_legacy.pt", "proto3.pt", "proto4.pt", "proto5.pt",
    ])
  func others(file: String) throws {
    let words = message { _ = try SpeechModel.load(Self.path(file)) }
    #expect(words.contains("missing") || words.contains("say what model it is"), "\(words)")
  }

  @Test("weights in a NumPy archive")
  func numpy() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let original = try Checkpoint.open(resource("wav2vec2_base"))
    let path = folder.appendingPathComponent("weights.npz").path
    try NumpyWriter.writeArchive(
      original.tensors.keys.map { (name: $0, tensor: try original.tensor($0)) }, to: path)
    let model = try SpeechModel.load(
      path, options: LoadOptions(configuration: resource("wav2vec2_base/config.json")))
    let waveform = try Waveform.read(resource("wav2vec2_base/input.wav"))
    let whole = try SpeechModel.load(resource("wav2vec2_base"))
    #expect(try values(of: model, waveform, ["logits"]) == values(of: whole, waveform, ["logits"]))
  }

  @Test(
    "data2vec under fairseq's names, with its several positional convolutions and its teacher's weights")
  func data2vec() throws {
    let whole = try SpeechModel.load(resource("data2vec_audio"))
    let fairseq = [
      "feature_projection.layer_norm": "layer_norm", "feature_projection.projection": "post_extract_proj",
      "masked_spec_embed": "mask_emb", ".attention.": ".self_attn.",
      "feed_forward.intermediate_dense": "fc1",
      "feed_forward.output_dense": "fc2", "pos_conv_embed.layers": "pos_conv",
    ]
    let model = try loadChanged("data2vec_audio") { tensors in
      tensors = tensors.map { name, tensor in
        var name = name
        if name.hasPrefix("feature_extractor") {
          name = name.replacing(".conv.", with: ".0.").replacing(".layer_norm.", with: ".2.1.")
        } else if name.contains("pos_conv_embed") {
          name = name.replacing(".conv.", with: ".0.")
        } else if name.contains("encoder.layers"), !name.contains("final_layer_norm") {
          name = name.replacing(".layer_norm.", with: ".self_attn_layer_norm.")
        }
        return (fairseq.reduce(name) { $0.replacing($1.key, with: $1.value) }, tensor)
      }
      tensors.append(("_ema.layers.0.fc1.bias", Tensor(shape: [3])))
    }
    let waveform = try Waveform.read(resource("data2vec_audio/input.wav"))
    let last = try #require(model.taps.last).name
    #expect(try values(of: model, waveform, [last]) == values(of: whole, waveform, [last]))
    #expect(model.tensorReport.leftOut.contains("_ema.layers.0.fc1.bias"))
  }
}
