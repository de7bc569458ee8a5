import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

/// Input that can be studied with a warning, or that is wrong only when it is looked at closely.
@Suite("Doubtful input")
struct DoubtfulInputTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A quick study: one layer, no twin.
  private func study(_ corpus: String, levels: String = "word") throws -> (CommandRun, summary: String) {
    let output = try folder.file("output")
    let run = try CommandRun([
      model, "--corpus", corpus, "--levels", levels, "--layers", "5", "--twins", "0", "--output", output,
    ])
    let summary = (try? String(contentsOfFile: output + "/summary.md", encoding: .utf8)) ?? ""
    return (run, summary)
  }

  private func copy(_ name: String, to target: String) throws {
    for kind in ["flac", "TextGrid"] {
      try folder.write(
        try Data(contentsOf: URL(filePath: Repository.path("fixtures/unseen/\(name).\(kind)"))),
        to: "corpus/\(target).\(kind)")
    }
  }

  @Test("a corpus of one speaker is studied, and the leak is said")
  func oneSpeaker() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Repository.path("fixtures/unseen/kal"))
    for name in names.sorted() where name.hasSuffix(".flac") {
      try copy("kal/\(name.dropLast(5))", to: "kal/\(name.dropLast(5))")
    }
    let (run, summary) = try study(folder.path + "/corpus", levels: "phoneme")
    #expect(run.status == 0, "\(run.errors)")
    #expect(summary.contains("the same speaker is in training and in test"), "\(summary)")
  }

  @Test("a level with one class has no number, and the reason is said")
  func oneClass() throws {
    for speaker in ["kal", "ked", "slt"] {
      for sentence in ["s005", "s015"] {
        try copy("\(speaker)/\(speaker)_\(sentence)", to: "\(speaker)/\(speaker)_\(sentence)")
      }
    }
    let (run, _) = try study(folder.path + "/corpus")
    #expect(run.status == 65, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("class"))
  }

  @Test("labels that go on after the audio are warned of")
  func labelsBeyondAudio() throws {
    for speaker in ["kal", "ked", "slt"] {
      for sentence in ["s005", "s015", "s025", "s035"] {
        try copy("\(speaker)/\(speaker)_\(sentence)", to: "\(speaker)/\(speaker)_\(sentence)")
      }
    }
    // One recording's first second under the labels of the whole.
    let short = Repository.path("fixtures/human/cards/cards_001.flac")
    try folder.write(try Data(contentsOf: URL(filePath: short)), to: "corpus/kal/kal_s005.flac")
    let (run, summary) = try study(folder.path + "/corpus", levels: "phoneme")
    #expect(run.status == 0, "\(run.errors)")
    #expect(summary.contains("outside the audio"), "\(summary)")
  }

  @Test("weights that are not numbers are refused by name")
  func notANumber() throws {
    let checkpoint = try Checkpoint.open(model)
    let tensors = try checkpoint.tensors.keys.map { name in
      var tensor = try checkpoint.tensor(name)
      if name.hasSuffix("encoder.layers.3.feed_forward.output_dense.weight") {
        tensor.withUnsafeMutableBuffer { $0[17] = .nan }
      }
      return (name: name, tensor: tensor)
    }
    let path = try folder.file("broken/model.safetensors")
    try SafetensorsWriter.write(tensors, metadata: [:], to: path)
    let run = try CommandRun(["inspect", path, "--normalise", "--heads", "4", "--norm", "last"])
    #expect(run.status == 65, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("layers.3.feed_forward.output_dense.weight"), "\(run.errors)")
  }

  @Test("every hostile checkpoint is refused without being run")
  func hostileCheckpoints() throws {
    let hostile = Repository.path("Tests/CheckpointsTests/Resources/reference/refuse")
    let names = try FileManager.default.contentsOfDirectory(atPath: hostile).sorted()
    #expect(names.count > 20)
    for name in names {
      let run = try CommandRun(["inspect", "\(hostile)/\(name)"])
      #expect(run.status == 65 || run.status == 66, "\(name): \(run.status) \(run.errors)")
      #expect(run.errors.hasPrefix("error: "), "\(name): \(run.errors)")
    }
    let marker = FileManager.default.temporaryDirectory.appending(path: "PROBE_PICKLE_EXECUTED").path
    #expect(!FileManager.default.fileExists(atPath: marker))
  }

  @Test("the same seed gives the same bytes with one thread and with two")
  func threadsDoNotMatter() throws {
    let folders = try ["1", "2"].map { threads in
      let output = try folder.file("output-\(threads)")
      let run = try CommandRun([
        model, "--corpus", Repository.path("fixtures/unseen"), "--levels", "word", "--layers", "0,5",
        "--twins", "1", "--threads", threads, "--output", output,
      ])
      #expect(run.status == 0, "\(run.errors)")
      return output
    }
    for file in ["layers.csv", "similarity.csv", "study.json", "summary.md", "report.html"] {
      let (one, two) = (folders[0] + "/" + file, folders[1] + "/" + file)
      #expect(
        try Data(contentsOf: URL(filePath: one)) == Data(contentsOf: URL(filePath: two)), "\(file) differs")
    }
    #expect(!FileManager.default.fileExists(atPath: folders[0] + "/work"))
  }
}
