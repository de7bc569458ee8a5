import Audio
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Checkpoints
@testable import Models

/// Models as s3prl saves them, beside what s3prl 0.4.18 computes from them (`scripts/s3prl-fixtures.py`).
@Suite("s3prl's models") struct S3PRLTests {
  static let names = ["apc", "cpc", "tera", "mockingjay", "audio_albert"]

  private func load(_ name: String) throws -> SpeechModel {
    try SpeechModel.load(resource("s3prl/\(name)/model.ckpt"))
  }

  private func allTaps(_ model: SpeechModel) -> Set<String> {
    Set((model.taps + model.attentionTaps).map(\.name))
  }

  @Test("every state", arguments: names)
  func everyState(name: String) throws {
    let model = try load(name)
    let reference = try Checkpoint.open(resource("s3prl/\(name)/reference.safetensors"))
    let sound = try Waveform.read(resource("wav2vec2_base/input.wav"))
    let found = try values(of: model, sound, allTaps(model), threads: 2)
    #expect(Set(found.keys) == allTaps(model))
    var worst: (error: Float, tap: String) = (0, "")
    for key in reference.tensors.keys {
      let parts = key.split(separator: "@")
      let ours = everyRow(
        try #require(Int(parts[1])), of: try #require(found[String(parts[0])], "\(name) \(key)"))
      let theirs = try reference.tensor(key)
      #expect(ours.shape == theirs.shape, "\(name) \(key)")
      guard ours.shape == theirs.shape else { continue }
      let error = relativeError(ours, theirs)
      #expect(error < ParityTests.tolerance, "\(name) \(key): \(error)")
      if error >= worst.error { worst = (error, key) }
    }
    print("\(name): worst relative error \(worst.error) at \(worst.tap)")
    #expect(worst.error > 0)
    #expect(model.transformersName(of: "hidden.1") == nil)
    #expect(model.family == ["apc": "apc", "cpc": "cpc"][name, default: "mockingjay"])
  }

  @Test("an untrained twin has the same layers and its own values", arguments: names)
  func twin(name: String) throws {
    let model = try load(name)
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps)
    let sound = try Waveform.read(resource("wav2vec2_base/input.wav"))
    let last = try #require(model.taps.last).name
    func state(_ model: SpeechModel) throws -> Tensor? { try values(of: model, sound, [last])[last] }
    let drawn = try state(twin)
    #expect(try drawn == state(model.randomTwin(seed: 7)) && drawn != state(model))
  }

  @Test("every tensor that is missing is an error that names it", arguments: names)
  func missing(name: String) throws {
    let checkpoint = try Checkpoint.open(resource("s3prl/\(name)/model.ckpt"))
    let whole = try SpeechModel.build(ModelDescription(checkpoint, LoadOptions()))
    let leftOut = Set(whole.report.leftOut)
    for name in checkpoint.tensors.keys where !leftOut.contains(name) {
      var tensors = checkpoint.tensors
      tensors[name] = nil
      let changed = Checkpoint(
        path: checkpoint.path, format: checkpoint.format, tensors: tensors, metadata: checkpoint.metadata,
        skipped: checkpoint.skipped, foreignClasses: checkpoint.foreignClasses, files: checkpoint.files)
      #expect(throws: ModelError.self, "without \(name)") {
        try SpeechModel.build(ModelDescription(changed, LoadOptions(modelType: whole.family)))
      }
    }
  }

  @Test("features that are not read are refused by their key")
  func refusals() throws {
    let folder = try TemporaryFolder()
    func words(_ json: String, _ name: String) throws -> String {
      try folder.write(Data(json.utf8), to: "config.json")
      let options = LoadOptions(configuration: folder.path + "/config.json")
      return message {
        _ = try SpeechModel.load(resource("s3prl/\(name)/model.ckpt"), options: options)
      }
    }
    #expect(
      try words(#"{"data": {"audio": {"feat_dim": 20, "frame_shift": 5}}}"#, "apc")
        .contains("data.audio.frame_shift"))
    #expect(try words(#"{"arMode": "transformer"}"#, "cpc").contains("GRU or LSTM"))
    #expect(
      try words(#"{"transformer": {}, "audio": {"kaldi": {}}}"#, "tera").contains("Kaldi's features"))
  }
}
