import Audio
import Checkpoints
import Foundation
import HDF5
import Models
import Strata
import StrataTestSupport
import Testing

@testable import struct Strata.ActivationExport
@testable import struct Strata.ExportPlan

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

  @Test("the same numbers in every format, in the recordings' order, with any number of threads")
  func formats() throws {
    let model = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    let folder = try TemporaryFolder()
    let recordings = Repository.path("fixtures/human/austen")
    var export = ActivationExport(model: model)
    export.taps = ["hidden.2", "logits"]
    let names = try ["one.safetensors", "two.safetensors", "all.npz", "all.h5"].map { try folder.file($0) }
    for (path, threads) in zip(names, [1, 2, 2, 2]) {
      export.threads = threads
      try export.write([recordings], to: path)
    }
    #expect(try Data(contentsOf: URL(filePath: names[0])) == Data(contentsOf: URL(filePath: names[1])))
    let first = try Checkpoint.open(names[0])
    let stems = try export.plan([recordings], to: names[0]).recordings.compactMap(\.stem)
    #expect(Set(first.tensors.keys) == Set(stems.flatMap { ["\($0)/hidden.2", "\($0)/logits"] }))
    let archive = try Checkpoint.open(names[2])
    let hierarchy = try HDF5File(names[3])
    for (name, entry) in first.tensors {
      let tensor = try first.tensor(name)
      #expect(try archive.tensor(name) == tensor)
      #expect(try hierarchy.tensor(name) == tensor)
      #expect(entry.shape.count == 2)
    }
  }

  @Test("its size is known beforehand, and what does not fit is refused")
  func size() throws {
    let model = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    let folder = try TemporaryFolder()
    var export = ActivationExport(model: model)
    export.taps = ["conv.7", "hidden.6"]
    export.includesAttention = true
    let plan = try export.plan([recording], to: folder.path + "/a.safetensors")
    try export.write(plan)
    let file = try Checkpoint.open(plan.output)
    #expect(plan.bytes == file.tensors.values.reduce(0) { $0 + 4 * $1.shape.reduce(1, *) })
    #expect(ExportPlan.size(999) == "999 bytes" && ExportPlan.size(1_234_000_000) == "1.2 GB")
    let huge = ExportPlan(recordings: plan.recordings, output: plan.output, format: .npz, bytes: 1 << 60)
    #expect { try huge.requireRoom() } throws: { "\($0)".contains("are free there") }
    #expect { try export.plan([recording], to: "a.txt") } throws: { "\($0)".contains("--format") }
    #expect { try export.plan([folder.path], to: plan.output) } throws: {
      "\($0)".contains("no recordings")
    }
  }

  @Test(
    "several recordings are told apart by their names",
    arguments: [
      (["a/x.wav"], [nil]),
      (["a/x.wav", "b/y.flac"], ["x", "y"]),
      (["a/x.wav", "b/x.wav", "b/y.wav"], ["a/x", "b/x", "y"]),
      (["a/x.wav", "a/x.wav"], ["a/x", "a/x-2"]),
    ] as [([String], [String?])])
  func stems(recordings: [String], stems: [String?]) throws {
    let found = try recordings.flatMap(ActivationExport.recordings(at:))
    #expect(ActivationExport.stems(of: found) == stems)
  }

  @Test("one that is stopped leaves no file")
  func stopped() throws {
    let model = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    let folder = try TemporaryFolder()
    var export = ActivationExport(model: model)
    export.isCancelled = { true }
    for name in ["a.safetensors", "a.npz", "a.h5"] {
      #expect(throws: ExportError.interrupted) {
        try export.write([recording, recording], to: folder.path + "/" + name)
      }
    }
    #expect(folder.contents().isEmpty)
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
