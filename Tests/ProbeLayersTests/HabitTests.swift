import Foundation
import StrataTestSupport
import Testing

/// What a user may rely on whatever the command.
@Suite("Habits of the command") struct HabitTests {
  private static let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private static let human = Repository.path("fixtures/human")
  private static let quick = [
    "--corpus", human, "--levels", "phoneme", "--twins", "0", "--maps", "0", "--quiet",
  ]

  @Test(
    "without a corpus each command asks for one",
    arguments: [
      [model], ["run", model], ["estimate", model], ["compare", model, model], ["similarity", model],
      ["measures", model],
      ["intervene", model],
      ["attribute", model, human + "/LJ-01.flac", "--probe", "phoneme", "--layer", "3", "--class", "N"],
    ])
  func asksForCorpus(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    let sound = try FileManager.default.subpathsOfDirectory(atPath: Self.human).first {
      $0.hasSuffix(".flac") || $0.hasSuffix(".wav") || $0.hasSuffix(".ogg")
    }
    let arguments = arguments.map { $0.hasSuffix("LJ-01.flac") ? "\(Self.human)/\(sound ?? "")" : $0 }
    let run = try CommandRun(arguments, in: folder.path)
    #expect(run.status == 64 && run.errors.contains("which recordings?"), "\(run.errors)")
    #expect(run.errors.contains("--corpus FOLDER") && run.errors.contains("--demo"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("--demo studies what comes with it, and not beside a corpus")
  func demo() throws {
    let measured = try CommandRun([
      "similarity", Self.model, "--demo", "--layers", "conv.7,6", "--rows", "100", "--output",
      try TemporaryFolder().path + "/out", "--json",
    ])
    #expect(measured.status == 0 && measured.output.contains("\"unseen\""), "\(measured.errors)")
    let both = try CommandRun([Self.model, "--demo", "--corpus", Self.human])
    #expect(both.status == 64 && both.errors.contains("exclude each other"))
  }

  @Test(
    "errors begin alike, whoever finds them",
    arguments: [
      ["--bogus"], ["inspect"], ["inspect", "/nowhere"], ["corpus", "check", "/nowhere"],
      ["run", model, "--demo", "--twins", "99"], ["run", model, "--demo", "--layers", "nope"],
      ["attribute", model, model, "--methods", ","], ["schema", "nothing"], ["merge", "/nowhere"],
      ["report", "/nowhere"], ["run", model, "--demo", "--layer", "nope"],
      ["run", model, "--demo", "--seed", "x"],
    ])
  func alike(arguments: [String]) throws {
    let run = try CommandRun(arguments)
    #expect(run.status != 0 && run.output.isEmpty)
    #expect(run.errors.hasPrefix("error: "), "\(run.errors)")
  }

  @Test(
    "the largest seed is one like any other",
    arguments: [
      [model, "--twins", "1", "--levels", "phoneme", "--maps", "0"], ["estimate", model],
      ["compare", "--untrained", model, "--twins", "1", "--levels", "phoneme"],
    ])
  func largestSeed(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    let output = arguments[0] == "estimate" ? [] : ["--layers", "6", "--output", "out"]
    let run = try CommandRun(
      arguments + output + ["--corpus", Self.human, "--quiet", "--seed", "\(UInt64.max)"],
      in: folder.path)
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("options stand before or after the arguments, and before the command's name")
  func order() throws {
    let plain = try CommandRun(["inspect", Self.model, "--no-cost", "--json"])
    #expect(plain.status == 0)
    for arguments in [
      ["inspect", "--json", "--no-cost", Self.model], ["--json", "inspect", Self.model, "--no-cost"],
      ["--no-cost", "--json", "inspect", Self.model],
    ] {
      #expect(try CommandRun(arguments).output == plain.output, "\(arguments)")
    }
    let check = try CommandRun(["corpus", "check", Self.human, "--json"])
    #expect(try CommandRun(["--json", "corpus", "check", Self.human]).output == check.output)
    #expect(try CommandRun(["--json", "self-testt"]).errors.contains("self-testt"))
  }

  @Test("another study's folder is refused without --force, and with it nothing of the other stays")
  func otherResults() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out"
    func run(_ arguments: String...) throws -> CommandRun {
      try CommandRun(arguments + ["--corpus", Self.human, "--output", output, "--quiet"])
    }
    func names() throws -> Set<String> {
      Set(try FileManager.default.subpathsOfDirectory(atPath: output))
    }
    let study = ["run", Self.model, "--levels", "phoneme", "--twins", "0", "--maps", "0", "--layers"]
    let common = ["--corpus", Self.human, "--output", output, "--quiet"]
    #expect(try CommandRun(study + ["6"] + common).status == 0)
    let first = try Data(contentsOf: URL(filePath: output + "/study.json"))
    // The same again, by another spelling of its layer.
    let again = try CommandRun(study + ["-1"] + common)
    #expect(again.status == 0, "\(again.errors)")
    for other in [study + ["5"], study + ["6", "--seed", "1"]] {
      let refused = try CommandRun(other + common)
      #expect(refused.status == 64 && refused.errors.contains("another run"), "\(refused.errors)")
      #expect(refused.errors.contains("--force") && refused.errors.contains("made by: "))
    }
    let similar = try run("similarity", Self.model, "--layers", "conv.7,6")
    #expect(similar.status == 64 && similar.errors.contains("study.json"), "\(similar.errors)")
    #expect(try Data(contentsOf: URL(filePath: output + "/study.json")) == first)
    let forced = try run("similarity", Self.model, "--layers", "conv.7,6", "--force")
    #expect(forced.status == 0, "\(forced.errors)")
    #expect(try names().isDisjoint(with: ["study.json", "run.yaml", "confusions.csv", "layers.csv"]))
    let sound = try #require(
      try FileManager.default.subpathsOfDirectory(atPath: Self.human).first { $0.hasSuffix(".flac") })
    let attribute = [
      "attribute", Self.model, "\(Self.human)/\(sound)", "--methods", "gradient-input", "--to", "1",
      "--output", output, "--quiet",
    ]
    #expect(try CommandRun(attribute).status == 64)
    #expect(try CommandRun(attribute + ["--force"]).status == 0)
    #expect(try names().isDisjoint(with: ["similarity.json", "similarity.csv"]))
    #expect(try names().isSuperset(of: ["attribution.json", "written-by.yaml"]))
  }

  @Test("an estimate writes nothing, and says time, memory and disk for one part and for many")
  func estimate() throws {
    let folder = try TemporaryFolder()
    let options = ["--corpus", Self.human, "--levels", "phoneme", "--layers", "5-6", "--twins", "0"]
    let run = try CommandRun(["estimate", Self.model] + options, in: folder.path)
    try #require(run.status == 0, "\(run.errors)")
    for words in ["extracting", "probing phoneme", "altogether", "memory", "disk", "2 of", "together"] {
      #expect(run.output.contains(words), "\(words): \(run.output)")
    }
    let dry = try CommandRun(["run", Self.model, "--dry-run", "--json"] + options, in: folder.path)
    try #require(dry.status == 0, "\(dry.errors)")
    let found = try JSONDecoder().decode(Estimate.self, from: Data(dry.output.utf8))
    #expect(abs(found.seconds - found.stages.reduce(0) { $0 + $1.seconds }) < 1e-6 * found.seconds)
    #expect(found.sharing.first?.shards == 1 && found.sharing.count > 1 && found.workBytes > 0)
    #expect(zip(found.sharing, found.sharing.dropFirst()).allSatisfy { $0.shardSeconds > $1.shardSeconds })
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  private struct Estimate: Decodable {
    struct Stage: Decodable { let seconds: Double }
    struct Sharing: Decodable {
      let shards: Int
      let shardSeconds: Double
    }
    let seconds: Double
    let stages: [Stage]
    let sharing: [Sharing]
    let workBytes: Int
  }
}
