import Audio
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Checkpoints
@testable import Models

/// BEATs in its authors' layout, beside what SpeechBrain computes from it (`scripts/beats-fixtures.py`).
@Suite("BEATs") struct BEATsTests {
  static let names = ["deep", "first", "plain"]

  private func load(_ name: String) throws -> SpeechModel {
    try SpeechModel.load(resource("beats/\(name)/model.pt"))
  }

  private func sound(_ count: Int = 18_000) throws -> Waveform {
    let whole = try Waveform.read(resource("towers/input.wav"))
    return Waveform(samples: Array(whole.samples.prefix(count)), samplingRate: whole.samplingRate)
  }

  @Test("every state", arguments: names)
  func everyState(name: String) throws {
    let model = try load(name)
    let taps = Set((model.taps + model.attentionTaps).map(\.name))
    let found = try values(of: model, sound(), taps, threads: 2)
    let reference = try Checkpoint.open(resource("beats/\(name)/reference.safetensors"))
    #expect(Set(reference.tensors.keys) == Set(model.taps.map(\.name)) && Set(found.keys) == taps)
    var worst: Float = 0
    for key in reference.tensors.keys {
      let error = relativeError(try #require(found[key]), try reference.tensor(key))
      #expect(error < ParityTests.tolerance, "\(name) \(key): \(error)")
      worst = max(worst, error)
    }
    print("BEATs, \(name): worst relative error \(worst)")
    #expect(worst > 0 && model.family == "beats")
    #expect(try values(of: model, sound(), taps, threads: 1) == found)
    // As many frames as its timing says.
    let timing = try #require(model.taps.last?.timing)
    #expect(timing.stride == (name == "first" ? 0.32 : 0.16))
    #expect(found["hidden.1"]?.rows == timing.frames(forSamples: 18_000))
  }

  @Test("an untrained twin has the same layers and its own values", arguments: names)
  func twin(name: String) throws {
    let model = try load(name)
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps)
    func state(_ model: SpeechModel) throws -> Tensor? {
      try values(of: model, sound(), ["hidden.2"])["hidden.2"]
    }
    let drawn = try state(twin)
    #expect(try drawn == state(model.randomTwin(seed: 7)) && drawn != state(model))
  }

  @Test("every tensor that is missing or longer is an error", arguments: names)
  func damaged(name: String) throws {
    let checkpoint = try Checkpoint.open(resource("beats/\(name)/model.pt"))
    let whole = try SpeechModel.build(ModelDescription(checkpoint, LoadOptions())).report
    for (key, entry) in checkpoint.tensors where !whole.leftOut.contains(key) {
      var tensors = checkpoint.tensors
      tensors[key] = nil
      let changed = Checkpoint(
        path: checkpoint.path, format: checkpoint.format, tensors: tensors, metadata: checkpoint.metadata,
        skipped: [], foreignClasses: [], files: checkpoint.files)
      #expect(throws: ModelError.self, "\(key)") {
        try SpeechModel.build(ModelDescription(changed, LoadOptions()))
      }
      guard let rows = entry.shape.first else { continue }
      tensors[key] = TensorEntry(
        name: key, shape: [rows + 1] + entry.shape.dropFirst(), type: entry.type, strides: entry.strides,
        offset: entry.offset, storage: entry.storage)
      let longer = Checkpoint(
        path: checkpoint.path, format: checkpoint.format, tensors: tensors, metadata: checkpoint.metadata,
        skipped: [], foreignClasses: [], files: checkpoint.files)
      #expect(throws: ModelError.self, "\(key)") {
        try SpeechModel.build(ModelDescription(longer, LoadOptions()))
      }
    }
  }

  @Test("without its settings it asks for them")
  func untold() throws {
    let checkpoint = try Checkpoint.open(resource("beats/plain/model.pt"))
    let bare = Checkpoint(
      path: checkpoint.path, format: checkpoint.format, tensors: checkpoint.tensors,
      metadata: .dictionary([:]), skipped: [], foreignClasses: [], files: checkpoint.files)
    let words = message { _ = try SpeechModel.build(ModelDescription(bare, LoadOptions())) }
    #expect(words.contains("DeepNorm") && words.contains("--config"), "\(words)")
  }
}
