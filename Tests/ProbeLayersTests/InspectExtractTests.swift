import Foundation
import StrataTestSupport
import Testing

@Suite("inspect and extract on the command line") struct InspectExtractTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let recording = Repository.path("fixtures/human/austen/austen_0880.flac")
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("inspect writes each format", arguments: ["text", "json", "dot", "svg"])
  func formats(format: String) throws {
    let output = folder.path + "/network"
    let run = try CommandRun(["inspect", model, "--format", format, "--no-cost", "-o", output])
    #expect(run.status == 0 && run.output == "Wrote \(output)\n", "\(run.errors)")
    let written = try String(contentsOfFile: output, encoding: .utf8)
    let shown = try CommandRun(["inspect", model, "--format", format, "--no-cost"])
    #expect(shown.output == written)
    #expect(written.contains("hidden.6"))
  }

  @Test("a stage is drawn with its parameters where their names tell them, and with none where they do not")
  func stages() throws {
    func drawing(_ model: String) throws -> String {
      try CommandRun(["inspect", model, "--format", "svg", "--no-cost"]).output
    }
    #expect(try drawing(model).matches(of: /parameters</).count > 4)
    // Its numbers count convolutions, norms and activations in one sequence; what is left is the whole's.
    #expect(try drawing(Repository.path("fixtures/crnn")).matches(of: /parameters</).count == 1)
  }

  @Test("inspect reads text models, and says what is none")
  func text() throws {
    let bert = try CommandRun(["inspect", Repository.path("Tests/ModelsTests/Resources/bert")])
    #expect(bert.status == 0 && bert.output.contains("embedding") && bert.output.contains("a token"))
    let none = try CommandRun(["inspect", recording])
    #expect(none.status == 65 && none.errors.contains("austen_0880.flac"))
    let nowhere = try CommandRun(["inspect", model, "--no-cost", "-o", folder.path + "/none/a.svg"])
    #expect(nowhere.status == 74 && nowhere.errors.contains("none/a.svg"))
  }

  @Test("extract says its size first, and nothing where it is to be quiet")
  func extract() throws {
    let output = try folder.file("a.npz")
    let run = try CommandRun(["extract", model, recording, "--layers", "hidden.6", "-o", output])
    #expect(run.status == 0 && run.output == "Wrote \(output)\n", "\(run.errors)")
    #expect(
      run.errors.hasPrefix("Writing about 85.8 kB: 1 layer of 1 recording (0."), "\(run.errors)")
    let quiet = try CommandRun(["extract", model, recording, "-q", "--layers", "hidden.0", "-o", output])
    #expect(quiet.status == 0 && quiet.errors.isEmpty)
    #expect(folder.contents() == ["a.npz"])
  }
}
