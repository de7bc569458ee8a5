import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// From every kind of file to the same numbers, and from every kind of fault to words that say which.
@Suite("Loading") struct LoadingTests {
  static let name = "wav2vec2_base"

  private func load(
    _ name: String = name, options: LoadOptions = LoadOptions(), configuration: [String: Any?]? = [:],
    keepsPreprocessor: Bool = true, _ edit: (inout [(name: String, tensor: Tensor)]) -> Void = { _ in }
  ) throws -> SpeechModel {
    try loadChanged(
      name, options: options, configuration: configuration, keepsPreprocessor: keepsPreprocessor, edit)
  }

  private func lastState(_ model: SpeechModel) throws -> Tensor {
    let last = try #require(model.taps.last { $0.name.hasPrefix("hidden.") }).name
    let waveform = try Waveform.read(resource("\(Self.name)/input.wav"))
    return try #require(try values(of: model, waveform, [last])[last])
  }

  // MARK: What is read

  @Test(
    "prefixes of libraries and trainers",
    arguments: ["", "wav2vec2.", "model.wav2vec2.", "module.model.hubert."])
  func prefixes(prefix: String) throws {
    let expected = try lastState(SpeechModel.load(resource(Self.name)))
    let outer = prefix.split(separator: ".").dropLast().map { "\($0)." }.joined()
    let model = try load { tensors in
      tensors = tensors.map { name, tensor in
        let isOwn = name.hasPrefix("wav2vec2.")
        return (isOwn ? prefix + name.dropFirst("wav2vec2.".count) : outer + name, tensor)
      }
    }
    #expect(try lastState(model) == expected)
    #expect(model.taps.last?.name == "logits")
  }

  @Test("both spellings of weight norm, and none", arguments: ["g", "parametrizations", "plain"])
  func weightNorm(spelling: String) throws {
    let expected = try lastState(SpeechModel.load(resource(Self.name)))
    let model = try load { tensors in
      let position = "wav2vec2.encoder.pos_conv_embed.conv"
      guard let g = tensors.first(where: { $0.name == "\(position).weight_g" })?.tensor,
        let v = tensors.first(where: { $0.name == "\(position).weight_v" })?.tensor
      else { return }
      guard spelling != "g" else { return }
      tensors.removeAll { $0.name.hasPrefix("\(position).weight_") }
      if spelling == "parametrizations" {
        tensors.append(("\(position).parametrizations.weight.original0", g))
        tensors.append(("\(position).parametrizations.weight.original1", v))
        return
      }
      let (length, direction) = (g.values, v.values)
      let kernel = length.count
      var squares = [Double](repeating: 0, count: kernel)
      for (index, value) in direction.enumerated() {
        squares[index % kernel] += Double(value) * Double(value)
      }
      let weight = direction.enumerated().map { index, value in
        Float(Double(value) * Double(length[index % kernel]) / squares[index % kernel].squareRoot())
      }
      tensors.append(("\(position).weight", Tensor(weight, shape: v.shape)))
    }
    #expect(relativeError(try lastState(model), expected) < 1e-6)
  }

  @Test("training leftovers and other heads are recognised and listed apart")
  func leftovers() throws {
    let extra = ["quantizer.codevectors", "project_q.weight", "project_hid.bias", "classifier.weight"]
    let model = try load { tensors in
      for name in extra { tensors.append((name, Tensor(repeating: 1, shape: [2, 3]))) }
    }
    #expect(model.tensorReport.leftOut == (extra + ["wav2vec2.masked_spec_embed"]).sorted())
    #expect(model.taps.last?.name == "logits")
  }

  @Test("a head behind an adapter is not read as one on the transformer")
  func adapter() throws {
    let model = try load { $0.append(("wav2vec2.adapter.layers.0.conv.weight", Tensor(shape: [4, 4]))) }
    #expect(model.taps.last?.name == "hidden.3")
    #expect(model.tensorReport.leftOut.contains("lm_head.weight"))
  }

  @Test("a processor's file in place of a feature extractor's")
  func processorConfiguration() throws {
    try withCopy(of: Self.name) { folder in
      try FileManager.default.removeItem(atPath: folder + "/preprocessor_config.json")
      try Data(#"{"feature_extractor": {"do_normalize": false, "sampling_rate": 8000}}"#.utf8)
        .write(to: URL(fileURLWithPath: folder + "/processor_config.json"))
      let model = try SpeechModel.load(folder)
      #expect(model.inputNormalisation == "as recorded" && model.samplingRate == 8000)
      let file = try SpeechModel.load(folder + "/model.safetensors")
      #expect(file.taps == model.taps && file.fingerprint == model.fingerprint)
      #expect(try lastState(file) == lastState(model))
    }
  }

  @Test("the same weights under other settings say so, whatever the folder is called")
  func settings() throws {
    try withCopy(of: Self.name) { folder in
      let own = try SpeechModel.load(resource(Self.name))
      #expect(try SpeechModel.load(folder).settings == own.settings)
      #expect(try SpeechModel.load(folder).randomTwin(seed: 1).settings == own.settings)
      let normalised = LoadOptions(normalisesInput: !own.normalisesInput)
      #expect(try SpeechModel.load(folder, options: normalised).settings != own.settings)

      let path = folder + "/config.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      func settings(_ key: String, _ value: Any) throws -> String {
        var fields = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        fields[key] = value
        try JSONSerialization.data(withJSONObject: fields).write(to: URL(fileURLWithPath: path))
        let model = try SpeechModel.load(folder)
        #expect(model.fingerprint == own.fingerprint, "the weights are the same")
        return model.settings
      }
      #expect(try settings("_name_or_path", "elsewhere") == own.settings)
      #expect(try settings("num_attention_heads", 1) != own.settings)
      #expect(try settings("layer_norm_eps", 1e-3) != own.settings)
      #expect(try settings("hidden_act", "relu") != own.settings)
    }
  }

  @Test("weights in several files")
  func shards() throws {
    try withCopy(of: Self.name) { folder in
      let checkpoint = try Checkpoint.open(folder)
      let tensors = try checkpoint.tensors.keys.map { (name: $0, tensor: try checkpoint.tensor($0)) }
      let files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
      try SafetensorsWriter.write(Array(tensors.prefix(30)), to: "\(folder)/\(files[0])")
      try SafetensorsWriter.write(Array(tensors.dropFirst(30)), to: "\(folder)/\(files[1])")
      let map = Dictionary(
        uniqueKeysWithValues: tensors.enumerated().map { ($0.element.name, files[$0.offset < 30 ? 0 : 1]) })
      try JSONSerialization.data(withJSONObject: ["metadata": [String: Int](), "weight_map": map])
        .write(to: URL(fileURLWithPath: "\(folder)/model.safetensors.index.json"))
      try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
      #expect(try lastState(SpeechModel.load(folder)) == lastState(SpeechModel.load(resource(Self.name))))
    }
  }

  // MARK: Without a configuration

  @Test(
    "read off the tensors' shapes",
    arguments: ["wav2vec2_base", "wav2vec2_large", "wavlm_base", "data2vec_audio"])
  func shapes(name: String) throws {
    let whole = try SpeechModel.load(resource(name))
    let options = LoadOptions(
      normalisesInput: whole.normalisesInput, heads: 4, normalisesFirst: name == "wav2vec2_large")
    let inferred = try load(name, options: options, configuration: nil)
    #expect(inferred.family == whole.family)
    #expect(inferred.taps == whole.taps)
    #expect(!inferred.tensorReport.notes.isEmpty)
    if name == "wavlm_base" {
      // Its distances end at 128, which no published model's do and no tensor shows.
      #expect(inferred.tensorReport.notes.contains { $0.contains("800") })
    } else {
      #expect(try lastState(inferred) == lastState(whole))
    }
  }

  @Test("what leaves no trace in the tensors is asked for")
  func unstated() throws {
    let fewChannels = message {
      _ = try load(options: LoadOptions(normalisesInput: true), configuration: nil)
    }
    #expect(fewChannels.contains("how many attention heads") && fewChannels.contains("48"))
    let normalisation = message {
      _ = try load(
        options: LoadOptions(heads: 4, normalisesFirst: false), configuration: nil, keepsPreprocessor: false
      )
    }
    #expect(normalisation.contains("do_normalize") && normalisation.contains("LoadOptions.normalisesInput"))
    let folder = message { _ = try load(keepsPreprocessor: false) }
    #expect(folder.contains("do_normalize"))
    let strides = message {
      _ = try load(
        "wav2vec2_variant", options: LoadOptions(normalisesInput: true, heads: 3), configuration: nil)
    }
    #expect(strides.contains("strides of its 4 convolutions (kernels [9, 5, 3, 4])"))
  }

  @Test("everything stated by the caller")
  func statedByCaller() throws {
    let whole = try SpeechModel.load(resource("wav2vec2_variant"))
    let options = LoadOptions(
      normalisesInput: true, samplingRate: 16_000, modelType: "wav2vec2", heads: 3, normalisesFirst: false,
      strides: [4, 3, 2, 3])
    let model = try load("wav2vec2_variant", options: options, configuration: nil, keepsPreprocessor: false)
    #expect(model.taps == whole.taps)
    let configured = try load(
      options: LoadOptions(configuration: resource("\(Self.name)/config.json")), configuration: nil,
      keepsPreprocessor: false)
    #expect(try lastState(configured) == lastState(SpeechModel.load(resource(Self.name))))
  }

  // MARK: What is refused

  @Test func missingMisshapenUnused() throws {
    let missing = message {
      _ = try load { $0.removeAll { $0.name.hasSuffix("layers.1.attention.k_proj.bias") } }
    }
    #expect(missing.contains("missing: encoder.layers.1.attention.k_proj.bias"))
    let misshapen = message {
      _ = try load { tensors in
        tensors = tensors.map { name, tensor in
          name.hasSuffix("layers.2.final_layer_norm.bias") ? (name, Tensor(shape: [7])) : (name, tensor)
        }
      }
    }
    #expect(
      misshapen.contains(
        "wav2vec2.encoder.layers.2.final_layer_norm.bias has shape [7], the model needs [48]"))
    let unused = message {
      _ = try load { $0.append(("wav2vec2.encoder.layers.9.odd", Tensor(shape: [1]))) }
    }
    #expect(unused.contains("wav2vec2.encoder.layers.9.odd"))
    let ignored = try load(options: LoadOptions(ignoring: ["wav2vec2.encoder.layers.9."])) {
      $0.append(("wav2vec2.encoder.layers.9.odd", Tensor(shape: [1])))
    }
    #expect(ignored.tensorReport.ignored == ["wav2vec2.encoder.layers.9.odd"])
    let fewer = message { _ = try load(configuration: ["num_hidden_layers": 2]) }
    #expect(
      fewer.contains("without a place") && fewer.contains("layers.2.") && fewer.contains("and 4 more"))
  }

  @Test("a weight that is not finite", arguments: [Float.nan, .infinity, -.infinity])
  func nonFiniteWeight(value: Float) throws {
    let words = message {
      _ = try load { tensors in
        for index in tensors.indices where tensors[index].name.hasSuffix("layers.0.attention.v_proj.weight")
        {
          tensors[index].tensor.withUnsafeMutableBuffer { $0[17] = value }
        }
      }
    }
    #expect(
      words.contains(
        "wav2vec2.encoder.layers.0.attention.v_proj.weight has an infinite value or NaN at index 17"))
  }

  @Test("two models in one file")
  func twoModels() throws {
    let words = message {
      _ = try load { tensors in tensors += tensors.map { ("teacher." + $0.name, $0.tensor) } }
    }
    #expect(words.contains("2 models") && words.contains("teacher."))
  }

  @Test(
    "hostile and impossible configurations",
    arguments: [
      ("hidden_size", "1e300", "hidden_size"), ("hidden_size", "-4", "hidden_size"),
      ("num_hidden_layers", "1000000000", "num_hidden_layers"), ("num_attention_heads", "5", "divisor"),
      ("num_attention_heads", "0", "num_attention_heads"), ("conv_dim", "[]", "conv_dim"),
      ("conv_dim", "[32, 32]", "conv_kernel"),
      ("conv_stride", "[1000, 1000, 1000, 1000, 1, 1, 1]", "conv_stride"),
      ("conv_kernel", "[0, 3, 3, 3, 3, 2, 2]", "conv_kernel"), ("conv_kernel", "[\"a\"]", "conv_kernel"),
      ("hidden_act", "\"gelu_x\"", "gelu_new, gelu_python"), ("hidden_act", "3", "hidden_act"),
      ("feat_extract_norm", "\"batch\"", "group or layer"), ("layer_norm_eps", "-1", "layer_norm_eps"),
      ("do_stable_layer_norm", "\"yes\"", "true or false"), ("model_type", "\"gpt2\"", "gpt2"),
      ("num_conv_pos_embedding_groups", "7", "divisor"),
      ("num_conv_pos_embeddings", "999999999", "num_conv_pos"),
      ("intermediate_size", "262144", "the model needs [262144, 48]"),
      ("conv_dim", "[65536, 65536, 65536, 65536, 65536, 65536, 65536]", "the model needs [65536"),
    ])
  func hostile(key: String, json: String, expected: String) throws {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    let words = message { _ = try load(configuration: [key: value]) }
    #expect(words.contains(expected), "\(key) = \(json): \(words)")
  }

  @Test("files that are no speech models")
  func otherFiles() throws {
    let words = message { _ = try load(configuration: nil) { $0 = [("a.weight", Tensor(shape: [2]))] } }
    #expect(words.contains("a.weight") && words.contains("wav2vec2, hubert, wavlm, data2vec-audio"))
    #expect(throws: CheckpointError.self) { try SpeechModel.load("/nowhere/model.ckpt") }
  }
}
