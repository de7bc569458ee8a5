import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// From what a user names to the weights that are meant: adapters, the Hub's cache, quantised folders, run folders.
@Suite("What a user names", .serialized) struct FilesTests {
  private static let name = "wav2vec2_base"
  private static let projection = "encoder.layers.0.attention.q_proj"

  private func state(_ model: SpeechModel, _ layer: String = "hidden.2") throws -> Tensor {
    let waveform = try Waveform.read(resource("\(Self.name)/input.wav"))
    return try #require(try values(of: model, waveform, [layer])[layer])
  }

  /// An adapter of rank 2 on one projection, as PEFT saves it, and the weight that it makes.
  private func writeAdapter(_ folder: String, base: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let width = try Checkpoint.open(resource(Self.name)).entry("wav2vec2.\(Self.projection).weight").shape[
      0]
    let a = Tensor((0..<(2 * width)).map { Float(sin(Double($0))) }, shape: [2, width])
    let b = Tensor((0..<(width * 2)).map { Float(cos(Double($0))) * 0.1 }, shape: [width, 2])
    let name = "base_model.model.\(Self.projection)"
    try SafetensorsWriter.write(
      [("\(name).lora_A.weight", a), ("\(name).lora_B.weight", b)],
      to: "\(folder)/adapter_model.safetensors")
    let json = #"{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "base_model_name_or_path": "\#(base)"}"#
    try Data(json.utf8).write(to: URL(filePath: "\(folder)/adapter_config.json"))
  }

  /// The model with the product worked in by hand.
  private func merged() throws -> Tensor {
    let model = try loadChanged(Self.name) { tensors in
      for index in tensors.indices where tensors[index].name == "wav2vec2.\(Self.projection).weight" {
        let width = tensors[index].tensor.shape[0]
        var values = tensors[index].tensor.values
        for row in 0..<width {
          for column in 0..<width {
            var product = 0.0
            for k in 0..<2 {
              let b = Float(cos(Double(row * 2 + k))) * 0.1
              let a = Float(sin(Double(k * width + column)))
              product += Double(b) * Double(a)
            }
            values[row * width + column] = Float(Double(values[row * width + column]) + 3 * product)
          }
        }
        tensors[index].tensor = Tensor(values, shape: [width, width])
      }
    }
    return try state(model)
  }

  @Test("weights that are written over under way are told as that, and not as a layer's NaN")
  func writtenOver() throws {
    let folder = try TemporaryFolder()
    let copy = folder.path + "/model"
    try FileManager.default.copyItem(atPath: resource(Self.name), toPath: copy)
    let model = try SpeechModel.load(copy)
    let weights = copy + "/model.safetensors"
    let size = try Data(contentsOf: URL(filePath: weights)).count
    let file = try FileHandle(forWritingTo: URL(filePath: weights))
    try file.seek(toOffset: UInt64(size / 2))
    try file.write(contentsOf: Data(repeating: 0xFF, count: size - size / 2))
    try file.close()
    let error = #expect(throws: (any Error).self) { try state(model) }
    let words = "\(error.map { "\($0)" } ?? "")"
    #expect(words.contains("\(weights) was changed while it was in use"), "\(words)")
  }

  @Test("an adapter: by its option, beside the base, or alone with its base")
  func adapters() throws {
    let expected = try merged()
    let plain = try state(SpeechModel.load(resource(Self.name)))
    #expect(relativeError(expected, plain) > 1e-3)
    let folder = try TemporaryFolder()
    let alone = folder.path + "/my-adapter"
    try writeAdapter(alone, base: resource(Self.name))
    var options = LoadOptions()
    options.adapter = alone
    let told = try SpeechModel.load(resource(Self.name), options: options)
    #expect(relativeError(try state(told), expected) < 1e-6)
    #expect(told.tensorReport.warnings.contains { $0.contains("my-adapter") && $0.contains("merged") })
    let found = try SpeechModel.load(alone)
    #expect(found.name == "my-adapter")
    #expect(try state(found) == state(told))
    #expect(found.fingerprint != (try SpeechModel.load(resource(Self.name)).fingerprint))

    let beside = folder.path + "/beside"
    try FileManager.default.copyItem(atPath: resource(Self.name), toPath: beside)
    try writeAdapter(beside, base: "org/elsewhere")
    #expect(try state(SpeechModel.load(beside)) == state(told))
    var without = LoadOptions()
    without.ignoresAdapter = true
    #expect(try state(SpeechModel.load(beside, options: without)) == plain)
  }

  @Test("an adapter whose base is not there says how to fetch it")
  func missingBase() throws {
    let folder = try TemporaryFolder()
    try writeAdapter(folder.path + "/a", base: "nobody/nothing-like-it")
    let words = message { _ = try SpeechModel.load(folder.path + "/a") }
    #expect(words.contains("hf download nobody/nothing-like-it") && words.contains("--adapter"), "\(words)")
  }

  @Test("the Hub's cache: by the repository's name, by its folder, and by a snapshot")
  func hubCache() throws {
    let cache = try TemporaryFolder()
    let repository = cache.path + "/models--my-org--tiny"
    let commit = "0123456789abcdef0123456789abcdef01234567"
    try FileManager.default.createDirectory(
      atPath: repository + "/refs", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(
      atPath: repository + "/snapshots", withIntermediateDirectories: true)
    try Data(commit.utf8).write(to: URL(filePath: repository + "/refs/main"))
    // Files are links into `blobs`, as the library makes them.
    let snapshot = repository + "/snapshots/" + commit
    try FileManager.default.createSymbolicLink(atPath: snapshot, withDestinationPath: resource(Self.name))
    let before = ProcessInfo.processInfo.environment["HF_HUB_CACHE"]
    setenv("HF_HUB_CACHE", cache.path, 1)
    defer { if let before { setenv("HF_HUB_CACHE", before, 1) } else { unsetenv("HF_HUB_CACHE") } }
    let expected = try state(SpeechModel.load(resource(Self.name)))
    for given in ["my-org/tiny", "my-org/tiny@\(commit)", repository, snapshot] {
      let model = try SpeechModel.load(given)
      #expect(model.name == "my-org/tiny" || given.contains("@"), "\(given): \(model.name)")
      #expect(try state(model) == expected)
    }
    let words = message { _ = try SpeechModel.load("my-org/other") }
    #expect(words.contains("hf download my-org/other"), "\(words)")
    let revision = message { _ = try SpeechModel.load("my-org/tiny@v9") }
    #expect(revision.contains("--revision v9"), "\(revision)")
    #expect(message { _ = try SpeechModel.load("no-such-file.ckpt") }.contains("No such file"))
  }

  @Test("where the cache is")
  func cacheFolder() {
    #expect(HubCache.folder(["HF_HUB_CACHE": "/a", "HF_HOME": "/b"]) == "/a")
    #expect(HubCache.folder(["HF_HOME": "/b"]) == "/b/hub")
    #expect(HubCache.folder(["XDG_CACHE_HOME": "/c"]) == "/c/huggingface/hub")
    #expect(HubCache.folder([:]).hasSuffix("/.cache/huggingface/hub"))
  }

  @Test("quantised folders are models", arguments: ["int8", "nf4", "fp4"])
  func quantised(kind: String) throws {
    let folder = resource("../../CheckpointsTests/Resources/formats/bitsandbytes-\(kind)")
    let model = try SpeechModel.load(folder, options: LoadOptions(normalisesInput: false))
    #expect(model.tensorReport.notes.contains { $0.contains("dequantised from bitsandbytes \(kind)") })
    #expect(model.tensorReport.ignored.isEmpty)
    let found = try state(model, "hidden.1")
    #expect(found.count > 0 && found.firstNonFinite() == nil)
  }

  @Test("whole numbers in a weight's place are refused by the tensor's name")
  func integers() throws {
    let folder = resource("../../CheckpointsTests/Resources/formats/bitsandbytes-int8")
    let copy = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: folder, toPath: copy.path + "/m")
    // Without their scales the codes are still there.
    let file = copy.path + "/m/model.safetensors"
    var bytes = try Data(contentsOf: URL(filePath: file))
    for name in ["SCB", "weight_format"] {
      while let range = bytes.range(of: Data(".\(name)\"".utf8)) {
        bytes.replaceSubrange(range, with: Data(".X\(name.dropFirst(1))\"".utf8))
      }
    }
    try bytes.write(to: URL(filePath: file))
    let words = message {
      _ = try SpeechModel.load(
        copy.path + "/m",
        options: LoadOptions(normalisesInput: false, ignoring: ["encoder.layers.0.attention.k_proj.X"]))
    }
    #expect(words.contains("holds whole numbers (I8)"), "\(words)")
  }

  @Test(
    "fairseq's layer norm of the waveform adds 1e-5, transformers' extractor 1e-7, and --epsilon anything")
  func epsilon() throws {
    let quiet = Waveform(
      samples: (0..<4000).map { Float(sin(Double($0) * 0.1)) * 1e-3 }, samplingRate: 16_000)
    func deviation(_ model: SpeechModel) throws -> Double {
      let values = try model.inputValues(of: quiet).map(Double.init)
      return (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }
    func expected(_ epsilon: Double) -> Double { (0.5e-6 / (0.5e-6 + epsilon)).squareRoot() }
    let fairseq = ContainerTests.path("fairseq_wav2vec2_pretrain.pt")
    #expect(abs(try deviation(SpeechModel.load(fairseq)) - expected(1e-5)) < 2e-3)
    #expect(abs(try deviation(SpeechModel.load(resource(Self.name))) - expected(1e-7)) < 2e-3)
    var options = LoadOptions()
    options.normalisationEpsilon = 1e-6
    #expect(
      abs(try deviation(SpeechModel.load(resource(Self.name), options: options)) - expected(1e-6)) < 2e-3)
    let plain = try SpeechModel.load(
      ContainerTests.path("plain_zip.pt"),
      options: LoadOptions(normalisesInput: true, heads: 4, normalisesFirst: false))
    #expect(plain.tensorReport.warnings.contains { $0.contains("--epsilon 1e-5") })
  }

  @Test("a language's adapter of an MMS model takes the place of the model's own")
  func language() throws {
    try withCopy(of: "mms_variant") { folder in
      let own = try Checkpoint.open(folder)
      let names = own.tensors.keys.filter { $0.contains("adapter_layer") || $0.hasPrefix("lm_head") }
      #expect(!names.isEmpty)
      try SafetensorsWriter.write(
        names.map { name in
          let tensor = try own.tensor(name)
          return (name, Tensor(tensor.values.map { $0 * 1.5 }, shape: tensor.shape))
        }, to: folder + "/adapter.xyz.safetensors")
      var options = LoadOptions()
      options.adapterLanguage = "xyz"
      let (plain, changed) = try (SpeechModel.load(folder), SpeechModel.load(folder, options: options))
      let waveform = try Waveform.read(resource("\(Self.name)/input.wav"))
      let (a, b) = try (
        values(of: plain, waveform, ["hidden.1"]), values(of: changed, waveform, ["hidden.1"])
      )
      #expect(a != b && changed.fingerprint != plain.fingerprint)
      options.adapterLanguage = "abc"
      let words = message { _ = try SpeechModel.load(folder, options: options) }
      #expect(words.contains("adapter.abc.safetensors") && words.contains("xyz"), "\(words)")
    }
  }

  @Test("a checkpoint's folder has its settings from the run's")
  func settingsAbove() throws {
    let run = try TemporaryFolder()
    let step = run.path + "/checkpoint-500"
    try FileManager.default.createDirectory(atPath: step, withIntermediateDirectories: true)
    for name in ["config.json", "preprocessor_config.json"] {
      try FileManager.default.copyItem(
        atPath: resource("\(Self.name)/\(name)"), toPath: run.path + "/" + name)
    }
    try FileManager.default.copyItem(
      atPath: resource("\(Self.name)/model.safetensors"), toPath: step + "/model.safetensors")
    let expected = try state(SpeechModel.load(resource(Self.name)))
    #expect(try state(SpeechModel.load(step)) == expected)
    #expect(try state(SpeechModel.load(step + "/model.safetensors")) == expected)
  }

  /// A `.nemo` archive of the tiny Fast Conformer, with the settings of its encoder; `edit` changes the text.
  private func nemo(_ edit: (String) -> String = { $0 }) throws -> String {
    let json = try Data(contentsOf: URL(filePath: resource("parakeet/config.json")))
    let whole = try MetadataValue(json: Array(json), path: "config.json")
    let c = try #require(whole["encoder_config"] ?? whole)
    func value(_ key: String, _ fallback: Int) -> Int { c[key]?.integer ?? fallback }
    let width = value("hidden_size", 0)
    let yaml = """
      encoder:
        _target_: nemo.collections.asr.modules.ConformerEncoder
        feat_in: \(value("num_mel_bins", 80))
        n_layers: \(value("num_hidden_layers", 0))
        d_model: \(width)
        n_heads: \(value("num_attention_heads", 0))
        ff_expansion_factor: \(value("intermediate_size", 0) / max(1, width))
        conv_kernel_size: \(value("conv_kernel_size", 9))
        subsampling: dw_striding
        subsampling_factor: \(value("subsampling_factor", 8))
        subsampling_conv_channels: \(value("subsampling_conv_channels", 256))
        causal_downsampling: false
        xscaling: \(c["scale_input"]?.bool ?? true)
        use_bias: \(c["attention_bias"]?.bool ?? true)
        att_context_size: [-1, -1]
        self_attention_model: rel_pos
      preprocessor:
        normalize: per_feature
        window: hann
        window_size: 0.025
        window_stride: 0.01
        n_fft: 512
      """
    let weights = try Data(contentsOf: URL(filePath: resource("nemo/model_weights.ckpt")))
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).nemo").path
    try Data(
      tar([("./model_config.yaml", Array(edit(yaml).utf8)), ("./model_weights.ckpt", Array(weights))])
    )
    .write(to: URL(filePath: path))
    return path
  }

  @Test("a .nemo archive is a model by its own settings")
  func nemoArchive() throws {
    let path = try nemo()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = try SpeechModel.load(path)
    let plain = try SpeechModel.load(
      resource("nemo/model_weights.ckpt"),
      options: LoadOptions(configuration: resource("parakeet/config.json")))
    let waveform = try Waveform.read(resource("parakeet/input.wav"))
    let last = try #require(plain.taps.last { $0.name.hasPrefix("hidden.") }).name
    #expect(try values(of: model, waveform, [last]) == values(of: plain, waveform, [last]))
  }

  @Test(
    "NeMo's settings that are computed otherwise are refused by their key",
    arguments: [
      ("normalize: per_feature", "normalize: NA", "preprocessor.normalize"),
      ("causal_downsampling: false", "causal_downsampling: true", "encoder.causal_downsampling"),
      ("[-1, -1]", "[70, 13]", "encoder.att_context_size"),
      ("window: hann", "window: hamming", "preprocessor.window"),
      ("n_fft: 512", "n_fft: 512\n  preemph: 0", "preprocessor.preemph"),
      ("dw_striding", "striding", "encoder.subsampling"),
    ])
  func nemoSettings(old: String, new: String, key: String) throws {
    let path = try nemo { $0.replacing(old, with: new) }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let words = message { _ = try SpeechModel.load(path) }
    #expect(words.contains("the configuration's \(key) is"), "\(words)")
  }

  @Test("an unknown model type lists what can be done, and text's types among the known")
  func unknownType() throws {
    let words = message { _ = try loadChanged(Self.name, configuration: ["model_type": "no-such-type"]) }
    for part in ["--model-type", "--prefix", "--map", "--architecture", "bert", "hubert"] {
      #expect(words.contains(part), "\(part): \(words)")
    }
  }

  @Test("parts of adapters and of quantised weights are never offered to be ignored")
  func neverIgnored() {
    let words = ModelError.tensors(
      path: "m", missing: [], misshapen: [], unused: ["a.lora_A.weight", "a.weight_scale", "extra.weight"]
    ).description
    let offered = words.split(separator: "\n").filter { $0.contains("--ignoring") }
    #expect(
      offered.count == 1 && !offered[0].contains("lora_A") && offered[0].contains("extra.weight"),
      "\(words)")
    #expect(words.contains("a.lora_A.weight; a.weight_scale"), "\(words)")
  }
}
