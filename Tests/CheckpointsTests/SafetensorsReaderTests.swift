import Testing

@testable import Checkpoints

@Suite("Safetensors") struct SafetensorsReaderTests {
  @Test("lists a file's tensors and reads half precision")
  func readsHalf() throws {
    let checkpoint = try Checkpoint.open(resource("model_fp16.safetensors"))
    let name = try #require(checkpoint.tensors.keys.first)
    #expect(checkpoint.tensors.count > 50)
    #expect(try checkpoint.tensor(name).shape == checkpoint.entry(name).shape)
  }
}
