import Foundation
import StrataTestSupport
import Testing

/// What commands print with `--json` against the published schemas.
@Suite("Results as JSON") struct SchemaTests {
  private static let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private static let audio = Repository.path("fixtures/unseen/kal/kal_s005.flac")
  private static let corpus = Repository.path("fixtures/unseen/kal")

  struct Example: CustomTestStringConvertible, Sendable {
    let schema: String
    let arguments: [String]
    var testDescription: String { "\(schema): \(arguments[0])" }
  }

  static let examples = [
    Example(schema: "inspect", arguments: ["inspect", model, "--no-cost"]),
    Example(schema: "corpus", arguments: ["corpus", "check", Repository.path("fixtures/human")]),
    Example(schema: "corpus", arguments: ["corpus", "check", Repository.path("fixtures/made.conllu")]),
    Example(
      schema: "files", arguments: ["corpus", "convert", corpus, "--to", "jsonl", "--output", "OUT/lines"]),
    Example(
      schema: "files",
      arguments: ["extract", model, audio, "--layers", "conv.2", "-o", "OUT/a.safetensors"]),
    Example(schema: "self-test", arguments: ["self-test"]),
    Example(
      schema: "attribution",
      arguments: [
        "attribute", model, audio, "--class", "ZH", "--at", "ZH", "--methods",
        "gradient-input,attention-rollout", "--to", "1.2", "--output", "OUT/map",
      ]),
    Example(
      schema: "attribution",
      arguments: [
        "attribute", Repository.path("Tests/ModelsTests/Resources/whisper"),
        Repository.path("Tests/ModelsTests/Resources/whisper/input.wav"), "--tokens", "3,5,8,1", "--token",
        "3",
        "--methods", "attention", "--output", "OUT/token",
      ]),
    Example(
      schema: "unit",
      arguments: ["attribute", model, corpus, "--unit", "3", "--layer", "conv.2", "--output", "OUT/unit"]),
    Example(
      schema: "evidence",
      arguments: [
        "attribute", model, corpus, "--levels", "phoneme", "--layers", "projection", "--spans", "2",
        "--output", "OUT/evidence",
      ]),
    Example(
      schema: "similarity",
      arguments: [
        "similarity", model, "--corpus", corpus, "--layers", "conv.1,conv.2", "--rows", "200", "--labels",
        "--spectra", "--dimensions", "--calibrate", "--draws", "19", "--measure", "cka,mutual_knn",
        "--output", "OUT/similarity",
      ]),
    Example(
      schema: "comparison",
      arguments: [
        "compare", "--untrained", model, "--corpus", corpus, "--probes", "OUT/probes", "--layers", "conv.7",
        "--output", "OUT/comparison",
      ]),
    Example(
      schema: "intervene",
      arguments: [
        "intervene", model, "--corpus", corpus, "--erase", "manner,voicing", "--layers", "0,5",
        "--controls", "4",
        "--output", "OUT/interventions",
      ]),
    Example(
      schema: "finetune",
      arguments: [
        "finetune", model, "--corpus", corpus, "--steps", "1", "--batch", "1", "--freeze", "all",
        "--output",
        "OUT/adapted",
      ]),
    Example(
      schema: "finetune",
      arguments: [
        "finetune", model, "--corpus", corpus, "--steps", "1", "--batch", "1", "--freeze", "all", "--task",
        "frames",
        "--output", "OUT/frames",
      ]),
    Example(
      schema: "variance",
      arguments: [
        "variance", model, "--corpus", corpus, "--layers", "conv.7,3", "--blocks",
        "duration,phone,position",
        "--untrained", "--output", "OUT/variance",
      ]),
    Example(
      schema: "geometry",
      arguments: [
        "geometry", model, "--corpus", corpus, "--layers", "conv.7,3", "--recordings", "4", "--noise", "10",
        "--tempo", "0.8", "--pitch", "-2", "--output", "OUT/geometry",
      ]),
    Example(
      schema: "curves",
      arguments: [
        "curves", model, "--corpus", corpus, "--layers", "3", "--step", "200", "--spans", "200", "--output",
        "OUT/curves",
      ]),
    Example(
      schema: "measures",
      arguments: [
        "measures", model, "--corpus", corpus, "--layers", "conv.7", "--level", "syllable", "--clusters",
        "5", "--output", "OUT/measures",
      ]),
    Example(
      schema: "estimate",
      arguments: [
        "estimate", model, "--corpus", corpus, "--probes", "OUT/probes", "--layers", "3", "--twins", "0",
      ]),
    Example(
      schema: "study",
      arguments: [
        "run", model, "--corpus", corpus, "--probes", "OUT/probes", "--layers", "3", "--twins",
        "0",
        "--maps", "1", "--output", "OUT/study",
      ]),
  ]

  @Test("are what their schemas say, and say what made them", arguments: examples)
  func valid(example: Example) throws {
    let folder = try TemporaryFolder()
    // One penalty and no control: what is written has the same form.
    let probe =
      "name: phoneme\ndescription: phones\nlevel: phoneme\ntarget: identity\npenalties: [10]\ncontrol: false\n"
    try folder.write(Data(probe.utf8), to: "probes/phoneme.yaml")
    let arguments = example.arguments.map { $0.replacing("OUT", with: folder.path) }
    let run = try CommandRun(arguments + ["--json", "--quiet"])
    try #require(run.status == 0, "\(run.errors)")
    #expect(run.errors.isEmpty)
    let faults = try JSONSchema(published: example.schema).faults(in: Data(run.output.utf8))
    #expect(faults.isEmpty, "\(faults.prefix(5))")
    // The schema is no empty one: it knows what it does not know.
    let spoilt = run.output.replacing(/^\{/, with: "{\"stranger\": 1,")
    #expect(
      try JSONSchema(published: example.schema).faults(in: Data(spoilt.utf8)) == [
        "top: stranger is not known"
      ])
    guard let place = arguments.firstIndex(of: "--output"), arguments[0] != "corpus", arguments[0] != "run"
    else { return }
    let record = try String(contentsOfFile: arguments[place + 1] + "/written-by.yaml", encoding: .utf8)
    #expect(
      record.contains(" \(arguments[0]) ") && record.contains("fingerprint: \"")
        && record.contains("seed: 0"))
    #expect(record.contains("recording:") == (example.schema == "attribution"))
  }

  @Test("so are replicates, which are made of other results")
  func replicates() throws {
    let folder = try TemporaryFolder()
    let probe =
      "name: phoneme\ndescription: phones\nlevel: phoneme\ntarget: identity\npenalties: [10]\ncontrol: false\n"
    try folder.write(Data(probe.utf8), to: "probes/phoneme.yaml")
    let studies = try (0..<2).map { seed in
      let output = "\(folder.path)/seed-\(seed)"
      let run = try CommandRun([
        "run", Self.model, "--corpus", Self.corpus, "--probes", folder.path + "/probes", "--layers", "3",
        "--twins", "0", "--seed", "\(seed)", "--output", output, "--quiet",
      ])
      try #require(run.status == 0, "\(run.errors)")
      return output
    }
    let run = try CommandRun(
      ["replicates"] + studies + ["--output", folder.path + "/both", "--json", "--quiet"])
    try #require(run.status == 0, "\(run.errors)")
    let faults = try JSONSchema(published: "replicates").faults(in: Data(run.output.utf8))
    #expect(faults.isEmpty, "\(faults.prefix(5))")
  }

  @Test("every schema is printed under its name, and has an example here")
  func printed() throws {
    let list = try CommandRun(["schema"])
    let names = list.output.split(separator: "\n").compactMap {
      $0.split(separator: " ").first.map(String.init)
    }
    #expect(Set(names) == Set(Self.examples.map(\.schema) + ["replicates"]) && names.count == 18)
    for name in names {
      let run = try CommandRun(["schema", name])
      let file = try String(contentsOfFile: Repository.path("schemas/\(name).schema.json"), encoding: .utf8)
      #expect(run.output == file)
    }
    let unknown = try CommandRun(["schema", "studie"])
    #expect(unknown.status == 64 && unknown.errors.contains("there are attribution, comparison"))
  }
}
