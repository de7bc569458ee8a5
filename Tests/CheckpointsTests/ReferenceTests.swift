import Foundation
import Tensors
import Testing

@testable import Checkpoints

/// Every file of the reference set against what PyTorch reads from it and against what its manifest says it is.
@Suite("Reference checkpoints") struct ReferenceTests {
  static let files = [
    "fairseq_hubert.pt", "fairseq_wav2vec2_args_legacy.pt", "fairseq_wav2vec2_ctc.pt",
    "fairseq_wav2vec2_pretrain.pt", "lightning.ckpt", "lightning.head.safetensors",
    "lightning_namespace.ckpt",
    "lightning_unknown_class.ckpt", "model_bf16.safetensors", "model_fp16.safetensors", "nested.pt",
    "odd_storages.expected.safetensors", "odd_storages.pt", "odd_storages_legacy.pt",
    "openai_whisper_fp16.pt",
    "parameters_zip.pt", "plain_bf16.pt", "plain_bf16_legacy.pt", "plain_fp16.pt", "plain_legacy.pt",
    "plain_zip.pt", "proto3.pt", "proto4.pt", "proto5.pt", "pytorch_model.bin", "s3prl_states.ckpt",
    "unilm_wavlm.pt",
  ]

  func open(_ name: String) throws -> Checkpoint { try Checkpoint.open(resource("reference/\(name)")) }

  @Test("give the names, shapes and values that PyTorch gives", arguments: files)
  func agreesWithPyTorch(file: String) throws {
    let found = try open(file).digests()
    let expected = try Digests.file(file)
    #expect(!expected.isEmpty)
    #expect(found == expected)
  }

  @Test("in memory read as they do from disk", arguments: files)
  func readsBytes(file: String) throws {
    let checkpoint = try Checkpoint(try resourceBytes("reference/\(file)"), path: file)
    #expect(try checkpoint.digests() == Digests.file(file))
  }

  @Test("are all here: the manifest names no other")
  func complete() throws {
    let json = try MetadataValue(json: try resourceBytes("reference/manifest.json"), path: "manifest.json")
    let names = try #require(json.dictionary).keys.filter { !$0.hasPrefix("refuse/") }
    // Left out for its size: the same in half precision is here.
    let others = ["openai_whisper.pt", "sharded_bin/", "sharded_safetensors/"]
    let known = Self.files.filter {
      !["lightning.head.safetensors", "odd_storages.expected.safetensors"].contains($0)
    }
    #expect(Set(names) == Set(known + others))
  }

  @Test("are of the format that the manifest says")
  func formats() throws {
    #expect(try open("plain_zip.pt").format == .torch)
    #expect(try open("plain_legacy.pt").format == .torchLegacy)
    #expect(try open("model_fp16.safetensors").format == .safetensors)
  }

  @Test(
    "hold the same weights as the file that the manifest names",
    arguments: [
      ("parameters_zip.pt", "plain_zip.pt"), ("plain_legacy.pt", "plain_zip.pt"),
      ("model_bf16.safetensors", "plain_bf16.pt"), ("plain_bf16_legacy.pt", "plain_bf16.pt"),
      ("model_fp16.safetensors", "plain_fp16.pt"), ("odd_storages.pt", "odd_storages.expected.safetensors"),
      ("odd_storages_legacy.pt", "odd_storages.expected.safetensors"),
      ("fairseq_wav2vec2_args_legacy.pt", "fairseq_wav2vec2_pretrain.pt"),
      ("lightning_namespace.ckpt", "lightning.ckpt"), ("lightning_unknown_class.ckpt", "lightning.ckpt"),
      ("sharded_bin", "pytorch_model.bin"), ("sharded_safetensors", "pytorch_model.bin"),
    ])
  func equals(file: String, other: String) throws {
    #expect(try open(file).digests() == open(other).digests())
  }

  @Test("in reduced precision are the plain ones rounded to nearest even")
  func rounding() throws {
    let plain = try open("plain_zip.pt")
    let (half, brain) = (try open("plain_fp16.pt"), try open("plain_bf16.pt"))
    for name in plain.tensors.keys {
      let values = try plain.tensor(name).values
      #expect(try half.tensor(name).values == values.map { Float(Float16($0)) })
      let rounded = values.map { value in
        let bits = value.bitPattern
        return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
      }
      #expect(try brain.tensor(name).values == rounded)
    }
  }

  @Test("of any pickle protocol hold the first six tensors", arguments: [3, 4, 5])
  func protocols(version: Int) throws {
    let plain = try open("plain_zip.pt")
    let found = try open("proto\(version).pt")
    #expect(Array(found.tensors.keys) == Array(plain.tensors.keys.prefix(6)))
  }

  @Test("hold the published models' weights under other names")
  func models() throws {
    let base = try Digests.model("wav2vec2_base")
    #expect(try open("pytorch_model.bin").digests() == base)
    let bare = Dictionary(
      uniqueKeysWithValues: base.compactMap { name, digest in
        name.hasPrefix("wav2vec2.") ? (String(name.dropFirst(9)), digest) : nil
      })
    #expect(try open("plain_zip.pt").digests() == bare)
    let lightning = try open("lightning.ckpt").digests()
    for (name, digest) in bare { #expect(lightning["model.\(name)"] == digest) }
    #expect(
      Set(lightning.keys).subtracting(bare.keys.map { "model.\($0)" }) == ["head.weight", "head.bias"])
  }
}

@Suite("What lies beside the weights") struct ReferenceMetadataTests {
  func open(_ name: String) throws -> Checkpoint { try Checkpoint.open(resource("reference/\(name)")) }

  @Test("Lightning: hyper-parameters of every kind, optimiser left unread")
  func lightning() throws {
    let checkpoint = try open("lightning.ckpt")
    let metadata = checkpoint.metadata
    #expect(metadata["epoch"]?.integer == 12)
    #expect(metadata["global_step"]?.integer == 34567)
    #expect(metadata["pytorch-lightning_version"]?.string == "2.4.0")
    let parameters = try #require(metadata["hyper_parameters"])
    #expect(parameters["name"]?.string == "déjà-vu")
    #expect(parameters["betas"] == .list([.number(0.9), .number(0.98)]))
    #expect(parameters["device"]?.string == "cpu")
    #expect(parameters["dtype"]?.string == "torch.float16")
    #expect(checkpoint.skipped.contains("optimizer_states (18 tensors)"))
    #expect(metadata["optimizer_states"] == nil)
    #expect(checkpoint.foreignClasses == [])
  }

  @Test("A class that nobody has stays closed, and is named")
  func unknownClass() throws {
    let checkpoint = try open("lightning_unknown_class.ckpt")
    let name = "acme_speech.config.ExperimentConfig"
    #expect(checkpoint.foreignClasses == [name])
    #expect(checkpoint.metadata["hyper_parameters"]?["cfg"] == .opaque(className: name))
    #expect(checkpoint.metadata["hyper_parameters"]?["lr"]?.number == 1e-4)
  }

  @Test("Namespaces are dictionaries of their attributes")
  func namespaces() throws {
    let lightning = try open("lightning_namespace.ckpt")
    #expect(
      lightning.metadata["hyper_parameters"] == .dictionary(["lr": .number(1e-4), "arch": .string("w2v")]))
    let fairseq = try open("fairseq_wav2vec2_args_legacy.pt")
    #expect(fairseq.metadata["args"]?["encoder_embed_dim"]?.integer == 48)
    #expect(fairseq.metadata["args"]?["layer_norm_first"]?.bool == false)
  }

  @Test("fairseq, openai-whisper and s3prl: configuration kept, the rest listed")
  func families() throws {
    let fairseq = try open("fairseq_wav2vec2_pretrain.pt")
    #expect(fairseq.metadata["cfg"]?["model"]?["encoder_layers"]?.integer == 3)
    #expect(fairseq.metadata["cfg"]?["task"]?["normalize"]?.bool == true)
    let whisper = try open("openai_whisper_fp16.pt")
    #expect(whisper.metadata["dims"]?["n_audio_state"]?.integer == 48)
    let s3prl = try open("s3prl_states.ckpt")
    #expect(s3prl.skipped == ["Optimizer", "Featurizer (1 tensor)", "Downstream (2 tensors)"])
    #expect(s3prl.metadata["Args"]?["upstream"]?.string == "wav2vec2_local")
  }

  @Test("A folder brings its configuration along", arguments: ["sharded_bin", "sharded_safetensors"])
  func folder(name: String) throws {
    let checkpoint = try open(name)
    #expect(checkpoint.metadata["config"]?["hidden_size"]?.integer == 48)
    #expect(checkpoint.files.count == 3)
    let index = name == "sharded_bin" ? "pytorch_model.bin" : "model.safetensors"
    let direct = try open("\(name)/\(index).index.json")
    #expect(direct.tensors.keys == checkpoint.tensors.keys)
  }

  @Test("Nested containers give dotted names and leave their plain values")
  func nested() throws {
    let checkpoint = try open("nested.pt")
    #expect(Array(checkpoint.tensors.keys) == ["enc.w", "enc.deep.0.b", "enc.deep.1.0", "enc.deep.1.1.c"])
    #expect(checkpoint.metadata == .dictionary(["step": .integer(5), "name": .string("nested")]))
  }

  @Test("Optimisers are passed over by their keys, tensors never")
  func trainingKeys() throws {
    let tensor = PickleBuilder.tensor(count: 1, shape: [1], strides: [1])
    let states = PickleBuilder.dictionary([("m", tensor)])
    let pickle = PickleBuilder.dictionary([
      ("optimal.weight", tensor), ("optimizer", tensor), ("scheduler", states), ("optim_g", states),
      ("last_optimizer_state", states), ("optimiser_free", states),
    ])
    let checkpoint = try Checkpoint(pickle.archive(storages: ["0": floatBytes([7])]), path: "m.pt")
    #expect(Array(checkpoint.tensors.keys) == ["optimal.weight", "optimizer", "optimiser_free.m"])
    #expect(
      checkpoint.skipped == [
        "scheduler (1 tensor)", "optim_g (1 tensor)", "last_optimizer_state (1 tensor)",
      ])
  }
}
