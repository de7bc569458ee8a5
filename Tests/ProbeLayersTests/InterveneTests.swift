import Foundation
import StrataTestSupport
import Testing

@Suite("What a model uses, as a command") struct InterveneTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")

  /// Twelve sentences of the two voices that the model knows best.
  private func corpus(in folder: TemporaryFolder) throws -> String {
    for speaker in ["kal", "slt"] {
      for sentence in stride(from: 5, to: 125, by: 10) {
        for kind in ["flac", "TextGrid"] {
          let name = "\(speaker)/\(speaker)_s\(String(format: "%03d", sentence)).\(kind)"
          let data = try #require(
            FileManager.default.contents(atPath: Repository.path("fixtures/unseen/\(name)")))
          try folder.write(data, to: "corpus/\(name)")
        }
      }
    }
    return folder.path + "/corpus"
  }

  @Test(
    "phones are used by a model that was trained on them, voices are not, and everything is written"
  )
  func trained() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out"
    let run = try CommandRun([
      "intervene", model, "--corpus", try corpus(in: folder), "--erase", "phoneme,speaker", "--layers",
      "3,6",
      "--controls", "8", "--output", output,
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.errors.contains("2 levels erased at 2 layers: 6 whole passes over 24 utterances"), "\(run.errors)"
    )
    #expect(run.output.contains("What w2v2-tiny-phones uses"))
    let data = try Data(contentsOf: URL(filePath: output + "/intervene.json"))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(json["quantity"] as? String == "symbol")
    let rows = try #require(json["rows"] as? [[String: Any]])
    func verdict(_ level: String, _ layer: String) -> String? {
      let row = rows.first { $0["level"] as? String == level && $0["layer"] as? String == layer }
      return (row?["verdict"] as? [String: Any])?["kind"] as? String
    }
    #expect(verdict("phoneme", "hidden.3") == "used")
    #expect(verdict("phoneme", "hidden.6") == "used", "the head's own input")
    #expect(verdict("speaker", "hidden.6") == "not shown")
    // The head's own input: without the phones a third of the transcript is lost, and readers are at chance.
    let top = try #require(
      rows.first { $0["level"] as? String == "phoneme" && $0["layer"] as? String == "hidden.6" })
    let head = try #require(top["head"] as? [[String: Any]])
    let errors = try #require(
      head.first { $0["quantity"] as? String == "errors" }?["cost"] as? [String: Double])
    #expect(try #require(errors["low"]) > 0.2)
    let returned = try #require(
      (top["returned"] as? [[String: Any]])?.first?["accuracy"] as? [String: Double])
    #expect(try #require(returned["value"]) < 0.1)
    let csv = try String(contentsOfFile: output + "/intervene.csv", encoding: .utf8)
    #expect(csv.hasPrefix("erased,layer,verdict,") && csv.contains("phoneme,hidden.3,used,"))
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(page.contains("What is used where") && page.contains("Where phoneme comes back"))
    for name in ["effects.svg", "effects.csv", "damage.svg", "returns-phoneme.svg"] {
      #expect(FileManager.default.fileExists(atPath: "\(output)/figures/\(name)"), "\(name)")
    }
    #expect(!FileManager.default.fileExists(atPath: output + "/work"))
  }

  @Test("shards, and frames that are kept in a store, give the bytes of one run; finished work is taken up")
  func shards() throws {
    let folder = try TemporaryFolder()
    let corpus = try corpus(in: folder)
    func run(_ arguments: [String]) throws -> CommandRun {
      try CommandRun(
        [
          "intervene", model, "--corpus", corpus, "--erase", "phoneme", "--layers", "5,6", "--controls",
          "4",
          "--no-untrained",
        ] + arguments)
    }
    func json(_ name: String) throws -> Data {
      try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)/intervene.json"))
    }
    for index in 1...2 {
      let part = try run([
        "--shard", "\(index)/2", "--output", folder.path + "/parts", "--store", folder.path + "/frames",
      ])
      #expect(part.status == 0 && part.output.contains("Shard \(index)/2"), "\(part.errors)")
    }
    let gathered = try run(["--shards", folder.path + "/parts", "--output", folder.path + "/gathered"])
    #expect(gathered.status == 0 && !gathered.errors.contains("Changing"), "\(gathered.errors)")
    #expect(try run(["--output", folder.path + "/whole"]).status == 0)
    #expect(try json("gathered") == json("whole"))
    // Shards of another study, and none: the work is not made again without a word.
    for other in [
      ["--shards", folder.path + "/none"], ["--shards", folder.path + "/parts", "--seed", "1"],
    ] {
      let run = try run(other + ["--output", folder.path + "/other"])
      #expect(run.status == 66 && run.errors.contains("holds no shard of this study"), "\(run.errors)")
    }
  }

  /// A recording with two phones and nothing above them.
  private func bareCorpus(in folder: TemporaryFolder) throws -> String {
    let sound = try Data(
      contentsOf: URL(fileURLWithPath: Repository.path("fixtures/unseen/kal/kal_s005.flac")))
    try folder.write(sound, to: "bare/a.flac")
    let intervals = [("0", "1", "AA"), ("1", "2", "S")].map { start, end, text in
      "intervals [1]:\nxmin = \(start)\nxmax = \(end)\ntext = \"\(text)\"\n"
    }
    let grid =
      "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = 2\ntiers? <exists>\nsize = 1\n"
      + "item []:\nitem [1]:\nclass = \"IntervalTier\"\nname = \"phones\"\nxmin = 0\nxmax = 2\nintervals: size = 2\n"
      + intervals.joined()
    try folder.write(Data(grid.utf8), to: "bare/a.TextGrid")
    return folder.path + "/bare"
  }

  @Test("what cannot be erased or measured is refused by name, and nothing is written")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let corpus = try corpus(in: folder)
    let output = folder.path + "/out"
    func run(_ arguments: [String]) throws -> CommandRun {
      let corpus = arguments.contains("--corpus") ? [] : ["--corpus", corpus]
      return try CommandRun(["intervene", model, "--output", output, "--layers", "6"] + corpus + arguments)
    }
    let unknown = try run(["--erase", "phonem"])
    #expect(
      unknown.status == 64 && unknown.errors.contains("there is no level phonem to erase"),
      "\(unknown.errors)")
    let number = try run(["--erase", "pitch"])
    #expect(number.status == 64 && number.errors.contains("only classes can be erased"))
    let tone = try run(["--erase", "tone"])
    #expect(tone.status == 65 && tone.errors.contains("tone cannot be erased"), "\(tone.errors)")
    #expect(try run(["--controls", "1"]).status == 64)
    #expect(try run(["--layers", "9"]).errors.contains("hidden"))
    let towers = try run(["--towers"])
    #expect(towers.status == 64 && towers.errors.contains("has one tower"), "\(towers.errors)")
    let kept = try run(["--erase", "phoneme", "--prune", "0.5", "--keep", "word"])
    #expect(kept.status == 64 && kept.errors.contains("there is no level word"), "\(kept.errors)")
    let bare = try bareCorpus(in: folder)
    let mixed = try run(["--mixing", "phrase", "--corpus", bare])
    #expect(mixed.status == 65 && mixed.errors.contains("no recording has spans of it"), "\(mixed.errors)")
    #expect(try run(["--shard", "3/2"]).status == 64)
    #expect(try run(["--shard", "1/2", "--shards", output]).status == 64)
    let own = try run([
      "--erase", "phoneme", "--prune", "0.5", "--keep", "phoneme", "--write-model", output + "/",
    ])
    #expect(own.status == 64 && own.errors.contains("another folder than the results'"), "\(own.errors)")
    #expect(!FileManager.default.fileExists(atPath: output + "/intervene.json"))
  }
}
