import Foundation
import StrataTestSupport
import Testing

@Suite("extract") struct ExtractTests {
  @Test("what it writes of a corpus has the model's study", arguments: ["npz", "h5"])
  func roundTrip(ending: String) throws {
    let folder = try TemporaryFolder()
    let (model, corpus) = (
      Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"), Repository.path("fixtures/human")
    )
    let file = "\(folder.path)/all.\(ending)"
    let extract = try CommandRun(["extract", model, corpus, "--layers", "conv.7", "-o", file])
    try #require(extract.status == 0, "\(extract.errors)")
    #expect(extract.errors.contains("1 layer of 14 recordings (1.1 min)"), "\(extract.errors)")
    func study(_ arguments: [String], _ name: String) throws -> Data {
      let output = "\(folder.path)/\(name)"
      let run = try CommandRun(
        arguments + ["--corpus", corpus, "--levels", "phoneme", "--output", output, "--quiet"])
      try #require(run.status == 0, "\(run.errors)")
      return try Data(contentsOf: URL(filePath: "\(output)/layers.csv"))
    }
    let own = try study([model, "--layers", "conv.7", "--twins", "0"], "own")
    #expect(try study([file], "extracted") == own)
  }

  @Test(
    "is refused with what to do",
    arguments: [
      (["--layers", "hidden.99", "-o", "a.npz"], 64, "hidden.99"),
      (["-o", "a.txt"], 64, "call it .safetensors, .npz or .h5, or say --format"),
      (["-o", "there/is/no/folder/a.npz"], 74, "there/is/no/folder"),
    ] as [([String], Int32, String)])
  func refused(arguments: [String], status: Int32, words: String) throws {
    let run = try CommandRun(
      [
        "extract", Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"),
        Repository.path("fixtures/human/austen/austen_0880.flac"),
      ] + arguments)
    #expect(run.status == status)
    #expect(run.errors.contains(words), "\(run.errors)")
  }
}
