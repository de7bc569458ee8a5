import Foundation
import StrataTestSupport
import Testing

/// Studies that are written down in a file, and the file that a study leaves behind.
@Suite("Study files") struct StudyFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ yaml: String, _ name: String = "study.yaml") throws -> String {
    try folder.write(Data(yaml.utf8), to: name)
  }

  private var quick: String {
    """
    model: \(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"))
    corpus: \(Repository.path("fixtures/human"))
    levels: [phoneme]
    layers: conv.7,hidden.3
    twins: 0
    output: \(longName)

    """
  }

  /// Its name is longer than a line of YAML, and not ASCII.
  private var longName: String { "\(folder.path)/\(String(repeating: "großes ", count: 20))first" }

  @Test(
    "a file's options are the command's, the command line has the last word, and run.yaml does it again")
  func again() throws {
    let path = try file(quick)
    let run = try CommandRun(["run", path, "--layers", "hidden.3", "--json"])
    try #require(run.status == 0, "\(run.errors)")
    let first = try Data(contentsOf: URL(filePath: "\(longName)/study.json"))
    #expect(Data((run.output).utf8).starts(with: first))
    let study = try #require(try JSONSerialization.jsonObject(with: first) as? [String: Any])
    let settings = try #require(study["settings"] as? [String: Any])
    #expect(settings["layers"] as? [String] == ["hidden.3"])
    #expect(settings["levels"] as? [String] == ["phoneme"])

    let record = "\(longName)/run.yaml"
    let written = try String(contentsOfFile: record, encoding: .utf8)
    let command = written.split(separator: "\n").first { $0.contains("command: ") }
    #expect(command?.contains(" run \(path) --layers hidden.3 --json") == true)
    #expect(written.split(separator: "\n").contains("output: \".\""))
    #expect(written.contains("model-fingerprint"))
    let second = try CommandRun([record, "--output", "\(folder.path)/second", "--quiet"])
    #expect(second.status == 0 && second.errors.isEmpty, "\(second.errors)")
    #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/second/study.json")) == first)

    let stranger = written.replacingOccurrences(
      of: "model-fingerprint: \"", with: "model-fingerprint: \"0")
    // Beside the one that it is of: paths count from there.
    let other = "\(longName)/other.yaml"
    try Data(stranger.utf8).write(to: URL(filePath: other))
    let moved = try CommandRun([path, "--shift=-0.2", "--output", "\(folder.path)/moved", "--quiet"])
    try #require(moved.status == 0, "\(moved.errors)")
    let ofMoved = "\(folder.path)/moved/run.yaml"
    #expect(try String(contentsOfFile: ofMoved, encoding: .utf8).contains("\nshift: -0.2\n"))
    #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/moved/study.json")) != first)
    let third = try CommandRun([other, "--output", "\(folder.path)/third", "--quiet"])
    #expect(
      third.status == 0 && third.errors.contains("warning: the model is not the one of the study file"))
  }

  @Test(
    "what is wrong with a file is said with its name",
    arguments: [
      ("model: a.ckpt\nlvls: phoneme\n", 64, "Unknown option '--lvls'"),
      ("model: a.ckpt\nseed: many\n", 64, "seed"),
      ("corpus: there\n", 65, "does not say which model"),
      ("- model\n- a.ckpt\n", 65, "line 1: a study file is a list of `option: value`"),
      ("model: a.ckpt\nlevels: {phoneme: yes}\n", 65, "line 2: levels must be"),
      ("model: [\n", 65, "is not YAML"),
      ("", 65, "a study file is a list"),
      ("model: nowhere.ckpt\n", 66, "nowhere.ckpt"),
    ] as [(String, Int32, String)])
  func refused(yaml: String, status: Int32, words: String) throws {
    let path = try file(yaml)
    let run = try CommandRun([
      "run", path, "--corpus", Repository.path("fixtures/human"), "--output", folder.path,
    ])
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(status == 66 || run.errors.contains(path), "\(run.errors)")
  }
}
