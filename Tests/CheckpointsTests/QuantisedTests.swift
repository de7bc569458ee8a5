import Foundation
import StrataTestSupport
import Testing

@testable import Checkpoints

/// Files of the libraries themselves (`scripts/file-fixtures.py`), each with the values that its library computes.
@Suite("Quantised weights") struct QuantisedTests {
  /// A folder's tensors as numbers, and the library's.
  private func both(_ name: String) throws -> (found: Checkpoint, expected: Checkpoint) {
    let folder = resource("formats/\(name)")
    let stored = try Checkpoint.open(
      FileManager.default.fileExists(atPath: "\(folder)/model.gguf") ? "\(folder)/model.gguf" : "\(folder)")
    return (
      try stored.dequantised(by: stored.metadata["config"]),
      try Checkpoint.open("\(folder)/expected.safetensors")
    )
  }

  @Test(
    "are those of their library to the last bit",
    arguments: ["bitsandbytes-int8", "bitsandbytes-nf4", "bitsandbytes-fp4", "float8", "awq"])
  func exact(name: String) throws {
    let (found, expected) = try both(name)
    #expect(!expected.tensors.isEmpty)
    for (name, entry) in expected.tensors {
      #expect(try found.entry(name).shape == entry.shape)
      #expect(try found.tensor(name).values == entry.floats().values, "\(name)")
    }
    #expect(found.tensors.values.allSatisfy { !$0.type.isInteger })
  }

  @Test("MLX's are within a unit of the last place", arguments: ["mlx-3", "mlx-4", "mlx-8"])
  func mlx(name: String) throws {
    let (found, expected) = try both(name)
    for (name, entry) in expected.tensors {
      #expect(relativeError(try found.tensor(name), try entry.floats()) < 1e-6)
    }
  }

  @Test("An 8-bit float of every pattern is PyTorch's")
  func everyFloat8() throws {
    let stored = try Checkpoint.open(resource("formats/float8/every.pt"))
    let expected = try Checkpoint.open(resource("formats/float8/every-expected.npz"))
    #expect(stored.tensors.count == 5)
    for name in stored.tensors.keys {
      let (found, wanted) = try (stored.tensor(name).values, expected.tensor(name).values)
      for (a, b) in zip(found, wanted) { #expect(a == b || a.isNaN && b.isNaN, "\(name)") }
    }
  }

  @Test("What was dequantised is said")
  func remark() throws {
    let (found, _) = try both("bitsandbytes-nf4")
    #expect(found.remarks.contains { $0.contains("dequantised from bitsandbytes nf4") })
  }

  @Test(
    "Other kinds are refused by name, with what converts them",
    arguments: [
      ("quanto", "optimum.quanto"), ("hqq", "dequantize"), ("torchao", "dequantize"),
      ("compressed-tensors", "CompressedTensorsConfig"), ("aqlm", "dequantize"),
    ])
  func refused(method: String, words: String) throws {
    let checkpoint = try Checkpoint(safetensors(["a.weight": .i8([1, 2])]), path: "m.safetensors")
    let settings = try MetadataValue(
      json: Array(#"{"quantization_config": {"quant_method": "\#(method)"}}"#.utf8), path: "config.json")
    let error = try #require(throws: CheckpointError.self) { try checkpoint.dequantised(by: settings) }
    #expect("\(error)".contains(method) && "\(error)".contains(words), "\(error)")
  }

  @Test(
    "The libraries' own files are refused by name",
    arguments: [
      ("torchao", "quantised by torchao", "v.dequantize()"), ("hqq", "quantised by hqq", "l.dequantize()"),
      ("quanto", "quantised by quanto", "optimum.quanto"),
      ("dtensor", "DTensor", "full_state_dict=True"),
    ])
  func refusedFile(name: String, found: String, command: String) throws {
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint.open(resource("formats/refused/\(name).pt")).dequantised(by: nil)
    }
    #expect("\(error)".contains(found) && "\(error)".contains(command), "\(error)")
  }

  @Test("Parts of quantised weights that no configuration names are refused by the tensor")
  func stray() throws {
    let checkpoint = try Checkpoint(
      safetensors(["a.qweight": .i8([1, 2]), "a.qzeros": .i8([0])]), path: "m.safetensors")
    let error = try #require(throws: CheckpointError.self) { try checkpoint.dequantised(by: nil) }
    #expect("\(error)".contains("a.qweight") && "\(error)".contains("GPTQModel"), "\(error)")
  }

  @Test("Parts that do not fit together are refused")
  func misfit() throws {
    let checkpoint = try Checkpoint(
      safetensors(["a.weight": .i8([1, 2]), "a.SCB": .f32([1, 2, 3])]), path: "m.safetensors")
    let error = try #require(throws: CheckpointError.self) { try checkpoint.dequantised(by: nil) }
    guard case .malformed = error else { return #expect(Bool(false), "\(error)") }
  }

  @Test("GPTQ and AWQ: the packing of their published layouts")
  func packed() throws {
    // Two groups of eight inputs, eight outputs, four bits; the codes of output o at input i are (i + o) mod 16.
    let (inputs, outputs) = (16, 8)
    func code(_ input: Int, _ output: Int) -> UInt32 { UInt32((input + output) % 16) }
    func zero(_ group: Int, _ output: Int) -> UInt32 { UInt32(1 + (group * 3 + output) % 14) }
    func scale(_ group: Int, _ output: Int) -> Float { Float(1 + group) * 0.25 + Float(output) * 0.125 }
    let expected = (0..<outputs).flatMap { output in
      (0..<inputs).map { input in
        (Float(code(input, output)) - Float(zero(input / 8, output))) * scale(input / 8, output)
      }
    }
    let scales = (0..<2).flatMap { group in (0..<outputs).map { scale(group, $0) } }
    let order = [0, 2, 4, 6, 1, 3, 5, 7]
    func word(_ codes: [UInt32]) -> Int32 {
      Int32(bitPattern: codes.enumerated().reduce(0) { $0 | $1.element << UInt32(4 * $1.offset) })
    }
    let gptq = safetensors([
      "a.qweight": .i32(
        (0..<2).flatMap { row in
          (0..<outputs).map { output in word((0..<8).map { code(row * 8 + $0, output) }) }
        }, [2, outputs]),
      "a.qzeros": .i32((0..<2).map { group in word((0..<8).map { zero(group, $0) - 1 }) }, [2, 1]),
      "a.scales": .f32Shaped(scales, [2, outputs]),
      "a.g_idx": .i32((0..<inputs).map { Int32($0 / 8) }, [inputs]),
    ])
    let awq = safetensors([
      "a.qweight": .i32((0..<inputs).map { input in word(order.map { code(input, $0) }) }, [inputs, 1]),
      "a.qzeros": .i32((0..<2).map { group in word(order.map { zero(group, $0) }) }, [2, 1]),
      "a.scales": .f32Shaped(scales, [2, outputs]),
    ])
    for (file, method) in [(gptq, "gptq"), (awq, "awq")] {
      let settings = try MetadataValue(
        json: Array(#"{"quantization_config": {"quant_method": "\#(method)", "bits": 4}}"#.utf8), path: "c")
      let found = try Checkpoint(file, path: "m.safetensors").dequantised(by: settings)
      #expect(Array(found.tensors.keys) == ["a.weight"])
      #expect(try found.entry("a.weight").shape == [outputs, inputs])
      #expect(try found.tensor("a.weight").values == expected, "\(method)")
    }
  }
}

/// A tensor of a made safetensors file.
enum MadeTensor {
  case i8([Int8])
  case i32([Int32], [Int])
  case f32([Float])
  case f32Shaped([Float], [Int])

  var parts: (type: String, shape: [Int], bytes: [UInt8]) {
    switch self {
    case .i8(let values): ("I8", [1, values.count], values.map { UInt8(bitPattern: $0) })
    case .i32(let values, let shape): ("I32", shape, values.flatMap { littleEndian($0) })
    case .f32(let values): ("F32", [values.count], floatBytes(values))
    case .f32Shaped(let values, let shape): ("F32", shape, floatBytes(values))
    }
  }
}

/// The bytes of a safetensors file.
func safetensors(_ tensors: [String: MadeTensor]) -> [UInt8] {
  var header: [String] = []
  var data: [UInt8] = []
  for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
    let (type, shape, bytes) = tensor.parts
    header.append(
      #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(data.count),\#(data.count + bytes.count)]}"#
    )
    data += bytes
  }
  let json = Array("{\(header.joined(separator: ","))}".utf8)
  return littleEndian(UInt64(json.count)) + json + data
}
