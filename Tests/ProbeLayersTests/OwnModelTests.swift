import Checkpoints
import Foundation
import StrataTestSupport
import Testing

/// Models as training programs leave them, from the command line and from study files.
@Suite("One's own model") struct OwnModelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let reference = Repository.path("Tests/CheckpointsTests/Resources/reference")
  private static let whole = Repository.path("Tests/ModelsTests/Resources/wav2vec2_base")

  /// The reference model under names of nobody's, beside a second one.
  private func ownModel() throws -> String {
    let checkpoint = try Checkpoint.open(Self.whole)
    let tensors = try checkpoint.tensors.keys.flatMap { name in
      let own = name.replacing("wav2vec2.", with: "").replacing("encoder.layers", with: "blocks")
      return try ["student", "teacher"].map { (name: "\($0).\(own)", tensor: try checkpoint.tensor(name)) }
    }
    try folder.write(Data("blocks.**: encoder.layers.**\n".utf8), to: "names.yaml")
    let path = try folder.file("own.safetensors")
    try SafetensorsWriter.write(tensors, to: path)
    return path
  }

  @Test("fairseq's files are understood as they are", arguments: ["hubert", "wav2vec2_args_legacy"])
  func fairseq(file: String) throws {
    let run = try CommandRun(["inspect", "\(Self.reference)/fairseq_\(file).pt"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(run.output.contains("configuration from the file's own settings"))
  }

  @Test("prefix and map from a study file, which stand in the record of it")
  func studyFile() throws {
    let yaml = """
      model: \(try ownModel())
      prefix: student
      map: \(folder.path)/names.yaml
      config: \(Self.whole)/config.json
      corpus: \(Repository.path("fixtures/human"))
      levels: phoneme
      layers: hidden.1
      twins: 0
      output: \(folder.path)/study
      """
    let path = try folder.write(Data(yaml.utf8), to: "study.yaml")
    let run = try CommandRun([path, "--quiet"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let record = try String(contentsOfFile: "\(folder.path)/study/run.yaml", encoding: .utf8)
    #expect(record.contains("prefix: \"student\"") && record.contains("map: \"../names.yaml\""))
  }

  @Test("every command takes them, and says what is wrong with them")
  func refusals() throws {
    let model = try ownModel()
    let configuration = ["--config", "\(Self.whole)/config.json"]
    let both = try CommandRun(["inspect", model] + configuration)
    #expect(both.status == 65 && both.errors.contains("name it with --prefix (student, teacher)"))
    let unmapped = try CommandRun(["inspect", model, "--prefix", "student"] + configuration)
    #expect(unmapped.status == 65)
    #expect(
      unmapped.errors.contains(
        "blocks.0.attention.k_proj.bias (the nearest missing: encoder.layers.0.attention.k_proj.bias)"))
    let mapped = ["--prefix", "student", "--map", "\(folder.path)/names.yaml"] + configuration
    let inspected = try CommandRun(["inspect", model] + mapped)
    #expect(inspected.status == 0 && inspected.output.contains("hidden.3"))
    #expect(inspected.output.contains("teacher.lm_head.bias"))
    let prefix = try CommandRun(["inspect", model, "--prefix", "studnet"] + configuration)
    #expect(prefix.status == 64 && prefix.errors.contains("they begin with student (69 tensors), teacher"))
    try folder.write(Data("block.**: encoder.layers.**\n".utf8), to: "names.yaml")
    let idle = try CommandRun(["inspect", model] + mapped)
    #expect(idle.status == 64 && idle.errors.contains("block.** (the nearest: blocks."), "\(idle.errors)")
    try folder.write(Data("- block\n".utf8), to: "names.yaml")
    #expect(try CommandRun(["inspect", model] + mapped).status == 65)
    let none = try CommandRun(["inspect", model, "--map", "\(folder.path)/none.yaml"])
    #expect(none.status == 66 && none.errors.contains("none.yaml"))
  }
}
