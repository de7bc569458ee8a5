import Foundation
import StrataTestSupport
import Testing

@Suite("probe-layers similarity") struct SimilarityTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let corpus = Repository.path("fixtures/human")

  @Test("tables on standard output, a report and every number in the folder")
  func files() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out"
    let run = try CommandRun([
      "similarity", model, "--corpus", corpus, "--layers", "conv.7,-1", "--measure", "cka,svcca",
      "--spectra",
      "--output", output,
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("debiased linear CKA, from products of the dimensions (feature space)"))
    #expect(run.output.contains("SVCCA") && run.output.contains("eff. rank"))
    let files = try FileManager.default.contentsOfDirectory(atPath: output).sorted()
    #expect(
      files == [
        "figures", "manifest.json", "report.html", "similarity.csv", "similarity.json", "spectra.csv",
        "summary.md", "written-by.yaml",
      ])
    let csv = try String(contentsOfFile: output + "/similarity.csv", encoding: .utf8)
    #expect(csv.split(separator: "\n").count == 1 + 2 * 4)
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(page.contains("<svg") && page.contains("phoneme spans"))
  }

  @Test(
    "what cannot be compared is said, with its status",
    arguments: [
      (["--measure", "ckb"], 64, "the measures are cka"),
      (["--level", "phonem"], 64, "rows cannot be phonem"),
      (["--layers", "hidden.9"], 64, "hidden.9"),
      (["--level", "frames", "--labels"], 64, "frames have no labels"),
      (["--rows", "2"], 64, "--rows takes"), (["--corpus", "no/such"], 66, "no/such"),
    ] as [([String], Int32, String)])
  func refused(arguments: [String], status: Int32, words: String) throws {
    let folder = try TemporaryFolder()
    var all = ["similarity", model, "--output", folder.path + "/out", "--quiet"] + arguments
    if !arguments.contains("--corpus") { all += ["--corpus", corpus] }
    let run = try CommandRun(all)
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/out/report.html"))
  }
}
