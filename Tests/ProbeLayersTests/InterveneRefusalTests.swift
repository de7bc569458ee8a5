import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

/// What `intervene` does with input of which nothing, or not everything, can be said.
@Suite("What cannot be erased or measured, as a command") struct InterveneRefusalTests {
  private let phones = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")

  /// The first `count` sentences of one voice; `spell` makes other labels of its phones.
  private func corpus(
    _ count: Int, in folder: TemporaryFolder, name: String = "corpus", spell: (String) -> String = { $0 }
  ) throws -> String {
    for sentence in stride(from: 5, to: 5 + 10 * count, by: 10) {
      let file = "kal_s\(String(format: "%03d", sentence))"
      let source = Repository.path("fixtures/unseen/kal/\(file)")
      try folder.write(
        Data(contentsOf: URL(filePath: source + ".flac")), to: "\(name)/kal/\(file).flac")
      let grid = try String(contentsOfFile: source + ".TextGrid", encoding: .utf8)
      try folder.write(Data(spell(grid).utf8), to: "\(name)/kal/\(file).TextGrid")
    }
    return "\(folder.path)/\(name)"
  }

  /// A model of three layers: energies of 20 ms in eight bands, a layer that is dead, and the two added up; its head has
  /// four classes.
  private func plantedModel(in folder: TemporaryFolder) throws -> String {
    let architecture = """
      input: {features: waveform}
      layers:
        - conv1d: conv
          stride: 320
        - residual:
            - linear: dead
              name: hidden.1
          name: hidden.2
        - linear: head
          name: logits

      """
    try folder.write(Data(architecture.utf8), to: "planted/architecture.yaml")
    try folder.write(
      Data(#"{"<pad>": 0, "AA": 1, "IY": 2, "S": 3}"#.utf8), to: "planted/vocab.json")
    var filters: [Float] = []
    for band in 0..<8 {
      for sample in 0..<320 {
        let phase = Double(band + 3) * Double(sample) / 40
        filters.append(Float(cos(phase) / 20))
      }
    }
    let head: [Float] = (0..<32).map { place in Float((place * 7) % 5) - 2 }
    try SafetensorsWriter.write(
      [
        ("conv.weight", Tensor(filters, shape: [8, 1, 320])),
        ("dead.weight", Tensor([Float](repeating: 0, count: 64), shape: [8, 8])),
        ("head.weight", Tensor(head, shape: [4, 8])),
      ], to: try folder.file("planted/model.safetensors"))
    return folder.path + "/planted"
  }

  @Test("a level with too few spans is named, and nothing is left behind")
  func fewSpans() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out"
    let run = try CommandRun([
      "intervene", phones, "--corpus", try corpus(2, in: folder), "--erase", "phoneme,speaker", "--layers",
      "6",
      "--output", output,
    ])
    #expect(run.status == 65, "\(run.errors)")
    #expect(
      run.errors.contains("cannot be erased") && run.errors.contains("leave the level out of --erase"),
      "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: output + "/intervene.json"))
  }

  @Test("a model without a head has no effect on one, whatever effect is asked for but probes")
  func headless() throws {
    let folder = try TemporaryFolder()
    let corpus = try corpus(3, in: folder)
    let model = Repository.path("Tests/ModelsTests/Resources/hubert_base")
    for effect in ["loss", "symbol", "frames", "divergence"] {
      let run = try CommandRun([
        "intervene", model, "--corpus", corpus, "--erase", "phoneme", "--effect", effect, "--output",
        folder.path + "/out",
      ])
      #expect(
        run.status == 64 && run.errors.contains("has no output layer of its own")
          && run.errors.contains("--effect probes"), "\(effect): \(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/out/intervene.json"))
  }

  @Test(
    "transcripts that the head cannot spell are refused by their labels, or its divergence is taken and said"
  )
  func unspellable() throws {
    let folder = try TemporaryFolder()
    let strange = try corpus(2, in: folder) {
      $0.replacing("\"AH0\"", with: "\"QX\"").replacing("\"the\"", with: "\"tüe\"")
    }
    func run(_ effect: String) throws -> CommandRun {
      try CommandRun([
        "intervene", phones, "--corpus", strange, "--erase", "manner", "--layers", "6", "--controls", "2",
        "--no-untrained", "--effect", effect, "--output", "\(folder.path)/\(effect)",
      ])
    }
    for effect in ["loss", "symbol"] {
      let refused = try run(effect)
      #expect(
        refused.status == 64 && refused.errors.lowercased().contains("no class for the phones qx"),
        "\(refused.errors)")
      #expect(refused.errors.contains("take --effect divergence"))
      #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/\(effect)/intervene.json"))
    }
    let auto = try run("auto")
    #expect(auto.status == 0, "\(auto.errors)")
    #expect(
      auto.output.contains("its divergence is used")
        && auto.output.contains("how far the head's output moves"))
  }

  @Test("a dead layer is said by name and the others are told of; the finished folder has no work in it")
  func dead() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out"
    let run = try CommandRun([
      "intervene", try plantedModel(in: folder), "--corpus", try corpus(12, in: folder), "--erase",
      "manner",
      "--effect", "divergence", "--controls", "2", "--no-untrained", "--output", output,
    ])
    #expect(run.status == 0, "\(run.errors)")
    let data = try Data(contentsOf: URL(filePath: output + "/intervene.json"))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.compactMap { $0["layer"] as? String } == ["conv.1", "hidden.1", "hidden.2"])
    let verdicts = rows.compactMap { $0["verdict"] as? [String: Any] }
    #expect(verdicts[1]["kind"] as? String == "undecided")
    #expect(
      (verdicts[1]["sentence"] as? String)?.contains("hidden.1 does not vary over the corpus") == true)
    #expect(rows[0]["encoded"] != nil && (rows[2]["rank"] as? Int ?? 0) > 0)
    #expect(!FileManager.default.fileExists(atPath: output + "/work"))
  }

  @Test("labels of --mixing-labels that no span has are refused by name")
  func mixingLabels() throws {
    let folder = try TemporaryFolder()
    let corpus = try corpus(2, in: folder)
    func run(_ arguments: [String]) throws -> CommandRun {
      try CommandRun(
        [
          "intervene", phones, "--corpus", corpus, "--erase", "manner", "--layers", "none", "--output",
          folder.path + "/out",
        ]
          + arguments)
    }
    let unknown = try run(["--mixing", "phoneme", "--mixing-labels", "AA,QX"])
    #expect(
      unknown.status == 64 && unknown.errors.contains("no phoneme of the corpus has the label QX"),
      "\(unknown.errors)")
    let alone = try run(["--mixing-labels", "AA"])
    #expect(alone.status == 64 && alone.errors.contains("--mixing-labels needs --mixing"))
  }

  @Test(
    "Ctrl-C in the middle keeps finished layers, and the next run gives the bytes of one that nobody disturbed"
  )
  func interrupted() throws {
    let folder = try TemporaryFolder()
    _ = try corpus(6, in: folder)
    let command =
      "probe-layers intervene \(phones) --corpus corpus --erase manner --layers 0-6 --controls 4 --no-untrained"
    let run = try CommandRun(
      shell: """
        \(command) --output out 2> errors & process=$!
        until ls out/work/interventions-*/*.json > /dev/null 2>&1; do sleep 0.02; done
        kill -INT $process; set +e; wait $process; echo $?; ls out; ls out/work/interventions-* | wc -l; set -e
        \(command) --output out --quiet; \(command) --output whole --quiet
        cmp out/intervene.json whole/intervene.json && cmp out/intervene.csv whole/intervene.csv && echo same
        ls out
        """, in: folder.path)
    let lines = run.output.split(separator: "\n").map(String.init)
    try #require(lines.count > 4, "\(run.output) \(run.errors)")
    // Stopped, with nothing but its work, of which there is less than all.
    #expect(lines[0] == "130" && lines[1] == "work", "\(lines)")
    #expect((1..<7).contains(Int(lines[2]) ?? 0), "\(lines)")
    #expect(lines[3] == "same" && !lines[4...].contains("work"), "\(lines) \(run.errors)")
  }
}
