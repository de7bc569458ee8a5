import Foundation
import StrataTestSupport
import Testing

@testable import Checkpoints

/// Adapters that PEFT wrote (`scripts/file-fixtures.py`), against its own `merge_and_unload` in double precision.
@Suite("Adapters") struct AdapterTests {
  static let kinds = [
    "lora", "rslora", "dora", "bias", "saved", "adalora", "ia3", "vera", "loha", "lokr", "norms",
  ]

  @Test("merge as PEFT merges them, to 1e-6", arguments: kinds)
  func merged(kind: String) throws {
    let base = try Checkpoint.open(resource("formats/adapters/base.safetensors"))
    let adapter = try Adapter.open(resource("formats/adapters/\(kind)"))
    let merged = try base.merged(with: adapter)
    let expected = try Checkpoint.open(resource("formats/adapters/\(kind)/expected.safetensors"))
    #expect(Set(merged.tensors.keys) == Set(expected.tensors.keys))
    var changed = 0
    for (name, entry) in expected.tensors {
      let (found, wanted) = try (merged.tensor(name), entry.floats())
      #expect(found.shape == wanted.shape)
      #expect(relativeError(found, wanted) < 1e-6, "\(kind): \(name)")
      if try base.tensor(name).values != wanted.values { changed += 1 }
    }
    #expect(changed > 0)
    #expect(try merged.fingerprint() != base.fingerprint())
    #expect(merged.warnings.contains { $0.contains("is merged into the weights") })
  }

  @Test("A prefix on either side does not hide a module")
  func prefixes() throws {
    let adapter = try Adapter.open(resource("formats/adapters/lora"))
    let base = try Checkpoint.open(resource("formats/adapters/base.safetensors"))
    let expected = try Checkpoint.open(resource("formats/adapters/lora/expected.safetensors"))
    let longer = try base.renamed(by: NameTable(base.tensors.keys.map { ($0, "model.encoder.\($0)") }))
    let merged = try longer.merged(with: adapter)
    let name = "layers.0.q_proj.weight"
    #expect(
      relativeError(try merged.tensor("model.encoder.\(name)"), try expected.tensor(name)) < 1e-6)
  }

  @Test("Another base is refused by the module that it lacks")
  func otherBase() throws {
    let adapter = try Adapter.open(resource("formats/adapters/lora"))
    let base = try Checkpoint.open(resource("formats/adapters/base.safetensors"))
    let other = try base.renamed(by: ["layers.0.q_proj.**": "blocks.0.query.**"])
    let error = try #require(throws: CheckpointError.self) { try other.merged(with: adapter) }
    #expect("\(error)".contains("layers.0.q_proj.weight"), "\(error)")
  }

  @Test(
    "A pattern that goes back without end, or is none, is refused by its place, soon",
    .timeLimit(.minutes(1)),
    arguments: ["(?:(?:.+)+)+[^a-z0-9._]", "("])
  func pathological(pattern: String) throws {
    let folder = try TemporaryFolder()
    let target = try folder.file("lora")
    try FileManager.default.copyItem(
      atPath: resource("formats/adapters/lora"), toPath: target)
    let file = URL(filePath: target + "/adapter_config.json")
    var settings = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    settings["rank_pattern"] = [pattern: 4]
    try JSONSerialization.data(withJSONObject: settings).write(to: file)
    let base = try Checkpoint.open(resource("formats/adapters/base.safetensors"))
    let error = #expect(throws: CheckpointError.self) {
      let merged = try base.merged(with: try Adapter.open(target))
      for name in merged.tensors.keys { _ = try merged.tensor(name) }
    }
    #expect(error?.description.contains("rank_pattern") == true, "\(error?.description ?? "")")
  }

  @Test("Kinds that are not read are refused with PEFT's own command")
  func refused() throws {
    let error = try #require(throws: CheckpointError.self) {
      try Adapter.open(resource("formats/adapters/oft"))
    }
    #expect("\(error)".contains("OFT") && "\(error)".contains("merge_and_unload"), "\(error)")
  }
}
