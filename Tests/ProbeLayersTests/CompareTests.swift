import Foundation
import StrataTestSupport
import Testing

@Suite("probe-layers compare") struct CompareTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let corpus = Repository.path("fixtures/human")

  @Test("a model before and after its training, with a report and every number")
  func untrained() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out"
    let run = try CommandRun([
      "compare", "--untrained", model, "--corpus", corpus, "--levels", "phoneme", "--layers", "conv.7,-1",
      "--output", output,
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("From untrained to w2v2-tiny-phones: which layers encode what"))
    let files = try FileManager.default.contentsOfDirectory(atPath: output).sorted()
    #expect(
      files == [
        "comparison.json", "confusions.csv", "drift.csv", "errors.csv", "figures", "layers.csv",
        "manifest.json", "mistakes.csv", "report.html", "summary.md", "written-by.yaml",
      ])
    let csv = try String(contentsOfFile: output + "/layers.csv", encoding: .utf8)
    #expect(csv.split(separator: "\n").count == 1 + 2 * 2)
    let errors = try String(contentsOfFile: output + "/errors.csv", encoding: .utf8)
    #expect(
      errors.split(separator: "\n").dropFirst().allSatisfy { $0.hasPrefix("w2v2-tiny-phones,,phoneme,") })
    let mistakes = try String(contentsOfFile: output + "/mistakes.csv", encoding: .utf8)
    #expect(mistakes.contains(",broken,") && mistakes.contains(",mended,"), "\(mistakes)")
    let drift = try String(contentsOfFile: output + "/drift.csv", encoding: .utf8)
    #expect(drift.contains("untrained,,conv.7,1,"), "\(drift)")
  }

  @Test(
    "what cannot be compared is said, with its status",
    arguments: [
      ([String](), 64, "there is nothing to compare w2v2-tiny-phones with"),
      (["no/such.ckpt"], 66, "no/such.ckpt"), (["--levels", "phonem", "--untrained"], 64, "phonem"),
    ] as [([String], Int32, String)])
  func refused(arguments: [String], status: Int32, words: String) throws {
    let folder = try TemporaryFolder()
    let run = try CommandRun(
      ["compare", model, "--corpus", corpus, "--layers", "6", "--quiet"]
        + ["--output", folder.path + "/out"] + arguments)
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.contains(words), "\(run.errors)")
  }
}
