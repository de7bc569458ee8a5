import Audio
import Checkpoints
import Foundation
import Models
import Strata
import StrataTestSupport
import Testing

@testable import struct Strata.ActivationExport

@Suite("Export of activations")
struct ActivationExportTests {
  private let recording = Repository.path("fixtures/human/austen/austen_0880.flac")

  @Test("a file holds what the model gives, under the tap points' names")
  func holdsWhatTheModelGives() throws {
    let model = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    let folder = try TemporaryFolder()
    let path = try folder.file("activations.safetensors")
    var export = ActivationExport(model: model)
    export.taps = ["conv.7", "hidden.6"]
    export.includesAttention = true
    try export.write([recording], to: path)

    let file = try Checkpoint.open(path)
    #expect(file.tensors["attention.6"]?.shape == [4, 149, 149])
    try model.forward(try Waveform.read(recording), taps: ["conv.7", "hidden.6"]) { name, states in
      let written = try file.tensor(name)
      #expect(written == states)
    }
    #expect(file.metadata["fingerprint"]?.string == model.fingerprint)
    #expect(file.metadata["timing.hidden.6"]?.string?.contains("stride_samples=320") == true)
  }

  @Test("several recordings are told apart by their names")
  func stems() {
    #expect(ActivationExport.stems(of: ["a/x.wav"]) == [nil])
    #expect(ActivationExport.stems(of: ["a/x.wav", "b/y.flac"]) == ["x", "y"])
    #expect(ActivationExport.stems(of: ["a/x.wav", "b/x.wav"]) == ["x", "x-2"])
  }

  @Test("a recording that fails leaves no file")
  func leavesNoFile() throws {
    let model = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    let folder = try TemporaryFolder()
    let audio = try folder.write(Data("no audio".utf8), to: "speech.wav")
    let export = ActivationExport(model: model)
    #expect(throws: AudioError.self) {
      try export.write([recording, audio], to: folder.path + "/out.safetensors")
    }
    #expect(folder.contents() == ["speech.wav"])
  }
}
