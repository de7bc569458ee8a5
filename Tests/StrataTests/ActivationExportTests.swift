import Activations
import Audio
import Checkpoints
import Foundation
import Foundations
import HDF5
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Strata

@Suite("Export of activations")
struct ActivationExportTests {
  private let recording = Repository.path("fixtures/human/austen/austen_0880.flac")
  private let other = Repository.path("fixtures/unseen/kal/kal_s005.flac")
  private let folder: TemporaryFolder
  private let model: SpeechModel

  init() throws {
    folder = try TemporaryFolder()
    model = try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
  }

  /// The arrays and the words of a file, read by the reader of its format.
  private func read(_ path: String) throws -> (arrays: [String: Tensor], words: [String: String]) {
    if path.hasSuffix(".h5") {
      let file = try HDF5File(path)
      let arrays = try file.names.map { ($0, try file.tensor($0)) }
      return (
        Dictionary(uniqueKeysWithValues: arrays), try file.attributes().compactMapValues { $0.text }
      )
    }
    let file = try Checkpoint.open(path)
    var arrays = try Dictionary(uniqueKeysWithValues: file.tensors.keys.map { ($0, try file.tensor($0)) })
    guard let metadata = arrays.removeValue(forKey: "__metadata__") else {
      let words = file.tensors.isEmpty ? nil : file.metadata.dictionary
      return (arrays, words?.compactMapValues { $0.string } ?? [:])
    }
    let text = String(decoding: metadata.values.map { UInt8($0) }, as: UTF8.self)
    let pairs = text.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    return (arrays, Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) }))
  }

  @Test("every tap is in the file under its name, in each format", arguments: ["safetensors", "npz", "h5"])
  func holdsWhatTheModelGives(ending: String) async throws {
    let path = try folder.file("activations.\(ending)")
    var export = ActivationExport(model: model)
    export.includesAttention = true
    try await export.write([recording], to: path)

    var expected: [String: Tensor] = [:]
    let names = (model.taps + model.attentionTaps).map(\.name)
    try model.forward(try Waveform.read(recording), taps: Set(names)) { expected[$0] = $1 }
    let (arrays, words) = try read(path)
    #expect(arrays == expected)
    #expect(arrays.keys.contains("logits") && arrays["attention.6"]?.shape == [4, 149, 149])
    #expect(arrays["hidden.6"]?.shape == [149, 144])
    #expect(words["fingerprint"] == model.fingerprint)
    #expect(words["sampling_rate"] == "16000")
    #expect(
      words["timing.hidden.6"]
        == "sampling_rate=16000 stride_samples=320 receptive_field_samples=400 first_centre_sample=199.5")
    #expect(words["layers"] == model.taps.map(\.name).joined(separator: ","))
  }

  @Test("a recording that is heard in windows gives the frames of a pass, and leaves nothing beside")
  func windows() async throws {
    let short = try Waveform.read(recording).samples
    let whole = Waveform(samples: Array(repeating: short, count: 9).flatMap(\.self), samplingRate: 16_000)
    let sound = try folder.write(Data(whole.wav()), to: "long.wav")
    var options = LoadOptions()
    options.window = 10
    let model = try SpeechModel.load(
      Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"), options: options)
    var export = ActivationExport(model: model)
    export.taps = ["conv.2", "hidden.3"]
    var expected: [String: Tensor] = [:]
    let long = try Waveform.read(sound)
    #expect(try #require(model.attentionWindow) < long.seconds)
    try model.forward(long, taps: ["conv.2", "hidden.3"]) { expected[$0] = $1 }
    for ending in ["npz", "h5"] {
      let path = try folder.file("long.\(ending)")
      try await export.write([sound], to: path)
      #expect(try read(path).arrays == expected)
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(left.sorted() == ["long.h5", "long.npz", "long.wav"])
  }

  @Test("several recordings carry their stems, and any number of threads gives the same bytes")
  func severalRecordings() async throws {
    var export = ActivationExport(model: model)
    export.taps = ["hidden.6"]
    let recordings = [recording, other, recording]
    var files: [Data] = []
    for threads in [1, 3] {
      export.threads = threads
      let path = try folder.file("\(threads).safetensors")
      try await export.write(recordings, to: path)
      files.append(try Data(contentsOf: URL(filePath: path)))
    }
    #expect(files[0] == files[1])
    let (arrays, _) = try read(folder.path + "/1.safetensors")
    #expect(
      arrays.keys.sorted()
        == ["austen_0880-2/hidden.6", "austen_0880/hidden.6", "kal_s005/hidden.6"].sorted())
    try model.forward(try Waveform.read(other), taps: ["hidden.6"]) { name, states in
      #expect(arrays["kal_s005/\(name)"] == states)
    }
  }

  @Test("recordings are told apart by as many folders as that takes")
  func stems() {
    func stems(_ paths: [String]) -> [String?] {
      ActivationExport.stems(
        of: paths.map { .init(path: $0, name: String($0.split(separator: ".")[0]), isInFolder: false) })
    }
    #expect(stems(["a/x.wav"]) == [nil])
    #expect(stems(["a/x.wav", "b/y.flac"]) == ["x", "y"])
    #expect(stems(["a/x.wav", "b/x.wav", "b/y.wav"]) == ["a/x", "b/x", "y"])
    #expect(stems(["a/x.wav", "a/x.wav"]) == ["x", "x-2"])
  }

  @Test("its size is said before, and is right")
  func size() async throws {
    let path = try folder.file("size.safetensors")
    let export = ActivationExport(model: model)
    let plan = try export.plan([recording, other], to: path)
    try await export.write(plan)
    let written = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    #expect(plan.bytes < written && written < plan.bytes + 16_384)
    #expect(
      plan.summary(layers: export.layerCount).hasPrefix("Writing about \(ExportPlan.size(plan.bytes)): "))
    #expect(ExportPlan.size(999) == "999 bytes" && ExportPlan.size(7_200_000_000) == "7.2 GB")
    let large = ExportPlan(
      recordings: plan.recordings, output: folder.path + "/large.npz", format: .npz, bytes: 1 << 60)
    let error = await #expect(throws: ExportError.self) { try await export.write(large) }
    #expect(error.flatMap { FailureKind($0) } == .writeFailed)
  }

  @Test(
    "a recording that fails, and a stop, leave no file and an older one as it was",
    arguments: ActivationFormat.allCases)
  func leavesNoFile(format: ActivationFormat) async throws {
    let audio = try folder.write(Data("no audio".utf8), to: "speech.wav")
    try folder.write(Data("older".utf8), to: "out.x")
    var export = ActivationExport(model: model)
    (export.format, export.taps) = (format, ["hidden.1"])
    await #expect(throws: AudioError.self) {
      try await export.write([recording, audio], to: folder.path + "/out.x")
    }
    let short = try folder.write(Data(), to: "empty/none.txt")
    await #expect(throws: ExportError.noRecordings(path: folder.path + "/empty")) {
      try await export.write([folder.path + "/empty"], to: short)
    }
    export.isCancelled = { true }
    await #expect(throws: ExportError.interrupted) {
      try await export.write([recording, other], to: folder.path + "/out.x")
    }
    #expect(folder.contents().sorted() == ["empty", "empty/none.txt", "out.x", "speech.wav"])
    #expect(try Data(contentsOf: URL(filePath: folder.path + "/out.x")) == Data("older".utf8))
  }
}
