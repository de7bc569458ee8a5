import Foundation
import StrataTestSupport
import Testing

@testable import Checkpoints

/// Containers of other programs, as those wrote them (`scripts/file-fixtures.py`).
@Suite("Containers") struct ContainersTests {
  private func expect(_ checkpoint: Checkpoint, equals expected: String) throws {
    let expected = try Checkpoint.open(resource("formats/\(expected)"))
    #expect(Set(checkpoint.tensors.keys) == Set(expected.tensors.keys))
    for (name, entry) in expected.tensors {
      #expect(try checkpoint.entry(name).shape == entry.shape, "\(name)")
      #expect(try checkpoint.tensor(name).values == entry.floats().values, "\(name)")
    }
  }

  @Test("GGUF: every type to the last bit")
  func gguf() throws {
    let checkpoint = try Checkpoint.open(resource("formats/gguf/model.gguf"))
    #expect(checkpoint.format == .gguf)
    #expect(checkpoint.metadata["gguf"]?["hubert.block_count"]?.integer == 2)
    #expect(checkpoint.metadata["gguf"]?["tokenizer.ggml.tokens"]?[1]?.string == "b")
    try expect(checkpoint, equals: "gguf/expected.safetensors")
  }

  @Test("whisper.cpp's file: names, dimensions and values")
  func ggml() throws {
    let checkpoint = try Checkpoint.open(resource("formats/ggml/ggml-tiny.bin"))
    #expect(checkpoint.metadata["dims"]?["n_audio_state"]?.integer == 32)
    try expect(checkpoint, equals: "ggml/expected.safetensors")
  }

  @Test(
    "torch.distributed.checkpoint: whole tensors and blocks of two ranks", arguments: ["dcp", "dcp-blocks"])
  func distributed(folder: String) throws {
    try expect(Checkpoint.open(resource("formats/\(folder)")), equals: "hf-expected.safetensors")
  }

  @Test("a .nemo archive: its weights, and its settings as metadata")
  func nemo() throws {
    let weights = try resourceBytes("reference/plain_zip.pt")
    let yaml =
      "encoder:\n  n_layers: 2\n  xscaling: false\n  dropout: 0.1\npreprocessor: {normalize: NA, window: hann}\n"
    let archive = tar([("./model_config.yaml", Array(yaml.utf8)), ("./model_weights.ckpt", weights)])
    let checkpoint = try Checkpoint(archive, path: "m.nemo")
    let plain = try Checkpoint.open(resource("reference/plain_zip.pt"))
    #expect(checkpoint.tensors.keys == plain.tensors.keys)
    for name in plain.tensors.keys { #expect(try checkpoint.tensor(name) == plain.tensor(name)) }
    let settings = try #require(checkpoint.metadata["nemo"])
    #expect(
      settings["encoder"]?["n_layers"]?.integer == 2 && settings["encoder"]?["xscaling"]?.bool == false)
    #expect(settings["preprocessor"]?["normalize"]?.string == "NA")
    let other = #expect(throws: CheckpointError.self) {
      try Checkpoint(tar([("a.txt", [1])]), path: "m.tar")
    }
    #expect(other.map { "\($0)".contains("a tar archive of a.txt") } == true)
  }

  /// Weight norm has been multiplied out, and of equal tensors one is there.
  @Test(
    "ONNX: names and orientation as the graph shows them",
    arguments: ["traced.onnx", "exported.onnx", "apart.onnx"])
  func onnx(file: String) throws {
    let checkpoint = try Checkpoint.open(resource("formats/onnx/\(file)"))
    let expected = try Checkpoint.open(resource("formats/onnx/expected.safetensors"))
    #expect(checkpoint.format == .onnx)
    let isApart = file == "apart.onnx"
    #expect(
      try checkpoint.opened().fingerprint.isEmpty == false && checkpoint.files.count == (isApart ? 2 : 1))
    var found = Set(checkpoint.tensors.keys)
    for (name, entry) in expected.tensors where !name.hasPrefix("position.parametrizations") {
      #expect(try checkpoint.entry(name).shape == entry.shape, "\(name)")
      #expect(try checkpoint.tensor(name).values == entry.floats().values, "\(name)")
      found.remove(name)
    }
    let parts = [
      "position.parametrizations.weight.original0", "position.parametrizations.weight.original1",
    ]
    let (g, v) = (try expected.tensor(parts[0]).values, try expected.tensor(parts[1]).values)
    let weight = try checkpoint.tensor("position.weight").values
    for tap in 0..<3 {
      let norm = stride(from: tap, to: v.count, by: 3).reduce(Float(0)) { $0 + v[$1] * v[$1] }.squareRoot()
      for index in stride(from: tap, to: v.count, by: 3) {
        #expect(abs(weight[index] - v[index] * g[tap] / norm) < 1e-6)
      }
    }
    found.remove("position.weight")
    #expect(found.isEmpty, "\(found)")
  }

  /// WavLM's attention: products in the module's own name, which are told apart by where they meet.
  @Test("ONNX: queries, keys and values of one module", arguments: ["traced.onnx", "exported.onnx"])
  func onnxAttention(file: String) throws {
    try expect(
      Checkpoint.open(resource("formats/onnx-joint/\(file)")), equals: "onnx-joint/expected.safetensors")
  }

  @Test("ONNX: quantised graphs are refused, and files elsewhere are not opened")
  func onnxRefusals() throws {
    let quantised = try #require(throws: CheckpointError.self) {
      try Checkpoint.open(resource("formats/onnx/quantised.onnx"))
    }
    #expect("\(quantised)".contains("DequantizeLinear"), "\(quantised)")
    var bytes = try resourceBytes("formats/onnx/apart.onnx")
    let name = Array("apart.bin".utf8)
    for start in 0..<(bytes.count - name.count) where Array(bytes[start..<(start + name.count)]) == name {
      bytes.replaceSubrange(start..<(start + name.count), with: Array("../rt.bin".utf8))
    }
    let outside = try #require(throws: CheckpointError.self) { try Checkpoint(bytes, path: "a/apart.onnx") }
    #expect("\(outside)".contains("not beside this one"), "\(outside)")
  }

  @Test("torch.export's archive: weights under their names, in any order in memory")
  func torchExport() throws {
    let checkpoint = try Checkpoint.open(resource("formats/torch-export/net.pt2"))
    #expect(checkpoint.format == .torchExport)
    #expect(try checkpoint.entry("gain").type == .bfloat16)
    try expect(checkpoint, equals: "torch-export/expected.safetensors")
  }

  @Test(
    "Flax: PyTorch's names and order of axes", arguments: ["flax_model.msgpack", "parameters.msgpack"])
  func flax(file: String) throws {
    let checkpoint = try Checkpoint.open(resource("formats/flax/\(file)"))
    let expected = try Checkpoint.open(resource("formats/flax/expected.safetensors"))
    #expect(checkpoint.format == .flax)
    let isWhole = file == "flax_model.msgpack"
    #expect(checkpoint.tensors.count == expected.tensors.count - (isWhole ? 0 : 2))
    for name in checkpoint.tensors.keys {
      #expect(try checkpoint.tensor(name) == expected.tensor(name), "\(name)")
    }
  }

  @Test(
    "what is not read is named, with its own library's command",
    arguments: [
      ("layer.keras", "Keras", "keras.saving.load_model"), ("layer.h5", "HDF5", "from_tf=True"),
      ("model.bin", "CTranslate2", "converted from"),
    ])
  func foreign(file: String, found: String, command: String) throws {
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint.open(resource("formats/foreign/\(file)"))
    }
    #expect("\(error)".contains(found) && "\(error)".contains(command), "\(error)")
  }

  @Test("DeepSpeed's parts name the program that joins them")
  func deepSpeed() throws {
    let folder = try TemporaryFolder()
    try folder.write(Data(), to: "run/zero_to_fp32.py")
    try folder.write(Data(), to: "run/latest")
    let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(folder.path + "/run") }
    #expect("\(error)".contains("zero_to_fp32.py"), "\(error)")
  }

  @Test(
    "cut short anywhere or changed, they are errors and no crash",
    arguments: [
      "gguf/model.gguf", "ggml/ggml-tiny.bin", "onnx/traced.onnx", "flax/parameters.msgpack",
      "torch-export/net.pt2",
    ])
  func damaged(file: String) throws {
    let bytes = try resourceBytes("formats/\(file)")
    for count in stride(from: 0, to: min(bytes.count, 4000), by: 37) {
      let cut = try? Checkpoint(Array(bytes.prefix(count)), path: file)
      for name in cut?.tensors.keys ?? [] { _ = try? cut?.tensor(name) }
    }
    for position in 4..<min(bytes.count, 1200) {
      var changed = bytes
      changed[position] = 0xFF
      let checkpoint = try? Checkpoint(changed, path: file)
      // A size that still fits is read; what it holds is not of interest.
      guard let checkpoint else { continue }
      for entry in checkpoint.tensors.values where entry.count < 1 << 16 { _ = try? entry.floats() }
    }
  }
}
