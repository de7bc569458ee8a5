import Foundation
import StrataTestSupport
import Testing

/// Whatever is wrong with the input, the command says what and where, ends with the right status, and leaves
/// nothing half-written.
@Suite("Bad input")
struct BadInputTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Runs a study that must fail: with `status`, saying every one of `words`, without a crash or any output.
  private func expectFailure(_ arguments: [String], status: Int32, saying words: [String]) throws {
    let output = try folder.file("output")
    let corpus = arguments.contains("--corpus") ? [] : ["--demo"]
    let run = try CommandRun(arguments + corpus + ["--output", output, "--threads", "1"])
    #expect(run.status == status, "\(run.errors)")
    for word in words { #expect(run.errors.contains(word), "\(word) is not in: \(run.errors)") }
    #expect(run.errors.hasPrefix("error: "))
    #expect(!FileManager.default.fileExists(atPath: output + "/study.json"))
    #expect(!FileManager.default.fileExists(atPath: output + "/report.html"))
  }

  /// One fixture utterance copied to another name and, where given, with other audio or labels.
  private func addUtterance(
    _ name: String, from source: String = "fixtures/unseen/kal/kal_s005", audio: Data? = nil,
    audioExtension: String = "flac", labels: Data? = nil
  ) throws {
    func read(_ kind: String) throws -> Data {
      try Data(contentsOf: URL(filePath: Repository.path("\(source).\(kind)")))
    }
    try folder.write(try audio ?? read("flac"), to: "corpus/\(name).\(audioExtension)")
    try folder.write(try labels ?? read("TextGrid"), to: "corpus/\(name).TextGrid")
  }

  @Test("a missing checkpoint")
  func missingCheckpoint() throws {
    try expectFailure([folder.path + "/none.ckpt"], status: 66, saying: ["none.ckpt"])
  }

  @Test("a checkpoint cut short")
  func truncatedCheckpoint() throws {
    let whole = try Data(contentsOf: URL(filePath: model))
    let cut = try folder.write(whole.prefix(whole.count * 6 / 10), to: "cut.ckpt")
    try expectFailure([cut], status: 65, saying: ["cut.ckpt"])
  }

  @Test("a text file named as a checkpoint")
  func textCheckpoint() throws {
    let text = try folder.write(Data("version https://git-lfs.github.com/spec/v1\n".utf8), to: "lfs.ckpt")
    try expectFailure([text], status: 65, saying: ["lfs.ckpt", "LFS"])
  }

  @Test("a text model without its tokeniser")
  func noTokenizer() throws {
    try expectFailure(
      [
        Repository.path("Tests/ModelsTests/Resources/bert"), "--corpus",
        Repository.path("fixtures/made.conllu"),
      ], status: 65, saying: ["tokenizer.json", "vocab.txt"])
  }

  @Test("a missing corpus")
  func missingCorpus() throws {
    try expectFailure(
      [model, "--corpus", folder.path + "/none"], status: 66, saying: [folder.path + "/none"])
  }

  @Test("a corpus without recordings")
  func emptyCorpus() throws {
    try folder.write(Data("hello".utf8), to: "corpus/notes.txt")
    try expectFailure([model, "--corpus", folder.path + "/corpus"], status: 65, saying: ["corpus"])
  }

  @Test("an empty wav and a text file named .wav beside good labels")
  func audioThatIsNone() throws {
    try addUtterance("a/a_1", audio: Data(), audioExtension: "wav")
    try addUtterance("a/a_2", audio: Data("this is no audio".utf8), audioExtension: "wav")
    try expectFailure([model, "--corpus", folder.path + "/corpus"], status: 65, saying: ["a_1.wav"])
  }

  @Test("a TextGrid cut in half")
  func truncatedLabels() throws {
    let labels = try Data(
      contentsOf: URL(filePath: Repository.path("fixtures/unseen/kal/kal_s005.TextGrid")))
    try addUtterance("a/a_1", labels: labels.prefix(labels.count / 2))
    try expectFailure([model, "--corpus", folder.path + "/corpus"], status: 65, saying: ["a_1.TextGrid"])
  }

  @Test("levels and layers that are not there")
  func unknownNames() throws {
    try expectFailure([model, "--levels", "phonem"], status: 64, saying: ["phonem", "phoneme"])
    try expectFailure([model, "--layers", "99"], status: 64, saying: ["99", "6"])
    try expectFailure([model, "--layers", "hiden.3"], status: 64, saying: ["hiden.3", "hidden.3"])
  }

  @Test("a probe definition with a misspelt key")
  func badProbe() throws {
    try folder.write(Data("name: mine\nlevell: phoneme\n".utf8), to: "probes/mine.yaml")
    try expectFailure(
      [model, "--probes", folder.path + "/probes"], status: 65, saying: ["mine.yaml", "levell"])
  }

  @Test("an output folder that is a file")
  func outputIsAFile() throws {
    let file = try folder.write(Data("mine".utf8), to: "taken")
    let run = try CommandRun([
      model, "--demo", "--output", file, "--levels", "word", "--layers", "6", "--twins", "0",
    ])
    #expect(run.status == 74, "\(run.errors)")
    #expect(try Data(contentsOf: URL(filePath: file)) == Data("mine".utf8))
  }
}
