import Foundation
import StrataTestSupport
import Testing

@testable import Checkpoints

/// Files with more in them than one model's tensors.
@Suite("Which weights") struct CopiesTests {
  @Test("An average beside the weights is told of, and had by its prefix")
  func average() throws {
    let checkpoint = try Checkpoint.open(resource("formats/torch/ema.pt"))
    #expect(Array(checkpoint.tensors.keys) == ["encoder.a", "encoder.b"])
    #expect(try checkpoint.tensor("encoder.a").values == [1, 2])
    #expect(checkpoint.warnings.contains { $0.contains("--prefix ema") }, "\(checkpoint.warnings)")
    let average = try checkpoint.under("ema")
    #expect(try average.tensor("encoder.a").values == [3, 4])
    #expect(average.warnings.isEmpty)
    #expect(try average.fingerprint() != checkpoint.fingerprint())
    let error = try #require(throws: CheckpointError.self) { try checkpoint.under("other") }
    #expect("\(error)".contains("ema"), "\(error)")
  }

  @Test("Wrappers inside names are taken off")
  func wrappers() throws {
    let checkpoint = try Checkpoint.open(resource("formats/torch/compiled.pt"))
    let names = try checkpoint.withoutWrappers().tensors.keys
    #expect(names == ["encoder.0.weight", "encoder.0.bias"])
  }

  @Test("Sparse, nested, quantised and meta tensors are named and passed over")
  func others() throws {
    let checkpoint = try Checkpoint.open(resource("formats/torch/kinds.pt"))
    #expect(try checkpoint.tensor("a").values == [1, -2])
    for (name, kind) in [
      ("sparse", "sparse"), ("nested", "nested"), ("quantised", "quantised"), ("meta", "meta"),
    ] {
      #expect(
        checkpoint.skipped.contains { $0.hasPrefix(name) && $0.contains("a \(kind) tensor") },
        "\(name): \(checkpoint.skipped)")
    }
  }

  @Test("The bit that negates a view is honoured")
  func negative() throws {
    let checkpoint = try Checkpoint.open(resource("formats/torch/negative.pt"))
    #expect(try checkpoint.tensor("a").values == [-1, 2, -3])
  }

  @Test("Pruned weights are the product with their mask")
  func pruned() throws {
    let checkpoint = try Checkpoint.open(resource("formats/torch/pruned.pt"))
    let expected = try Checkpoint.open(resource("formats/torch/pruned-expected.safetensors"))
    let masked = try checkpoint.withMasksApplied()
    #expect(Set(masked.tensors.keys) == Set(expected.tensors.keys))
    for (name, entry) in expected.tensors {
      #expect(try masked.tensor(name).values == entry.floats().values)
    }
  }

  @Test(
    "Files of a run that are no model are named",
    arguments: [
      ("optimizer.pt", "optimiser"), ("scheduler.pt", "scheduler"), ("rng_state.pth", "random number"),
      ("rng_state_0.pth", "random number"),
    ])
  func trainingFiles(file: String, words: String) throws {
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint.open(resource("formats/torch/run/checkpoint-500/\(file)"))
    }
    #expect("\(error)".contains(words), "\(error)")
  }

  @Test("A run's folder names the subfolder to take")
  func runFolder() throws {
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint.open(resource("formats/torch/run"))
    }
    #expect("\(error)".contains("take \(resource("formats/torch/run"))/checkpoint-500"), "\(error)")
    #expect("\(error)".contains("checkpoint-90"), "\(error)")
    #expect(try Checkpoint.open(resource("formats/torch/run/checkpoint-500")).tensors.count == 1)
  }

  @Test("HuggingFaceStorageWriter's files are one checkpoint", arguments: ["hf-distributed", "hf-blocks"])
  func distributed(folder: String) throws {
    let checkpoint = try Checkpoint.open(resource("formats/\(folder)"))
    let expected = try Checkpoint.open(resource("formats/hf-expected.safetensors"))
    #expect(Set(checkpoint.tensors.keys) == Set(expected.tensors.keys))
    for (name, entry) in expected.tensors {
      #expect(try checkpoint.tensor(name) == entry.floats(), "\(name)")
    }
  }

  @Test("A missing part is missed")
  func missingPart() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: resource("formats/hf-distributed"), toPath: folder.path + "/c")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/c").sorted()
    try FileManager.default.copyItem(
      atPath: folder.path + "/c/" + names[0],
      toPath: folder.path + "/c/shard-00003-" + names[0].dropFirst(12))
    let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(folder.path + "/c") }
    #expect("\(error)".contains("is not there"), "\(error)")
  }

  @Test("bfloat16 of NumPy's is read, other unknown types are refused by the array's name")
  func numpyTypes() throws {
    let checkpoint = try Checkpoint.open(resource("formats/numpy/bfloat16.npz"))
    let (a, b) = try (checkpoint.tensor("a"), checkpoint.tensor("b"))
    #expect(b.shape == [3, 4] && relativeError(b, a) < 1 / 256)
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint.open(resource("formats/numpy/float8.npz"))
    }
    #expect("\(error)".contains("array b") && "\(error)".contains("astype"), "\(error)")
    #expect(try Checkpoint.open(resource("formats/numpy/strings.npz")).unreadArrays.isEmpty)
  }
}
