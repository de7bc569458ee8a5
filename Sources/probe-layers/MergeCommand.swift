import ArgumentParser
import Foundation
import Strata

struct MergeCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Merge shards into the whole study.",
    discussion: """
      Shards are made by probe-layers MODEL --shard i/n, on one machine or on many. The merged study is the one
      that a single run would have written, to the byte. A shard that is missing, there twice, damaged or of
      another model, corpus, seed or setting is named and nothing is written. Activation maps look into the model
      again: they are made where --model gives it, else the study is that of a run with --maps 0. Started again after Ctrl-C, it goes on where it
      stopped.

      EXAMPLES
        probe-layers merge shards/shard-*-of-3 --output my-study
        probe-layers merge shards --output my-study
        probe-layers merge shards --model model.ckpt --output my-study    with activation maps
      """)

  @Argument(help: "Shard folders, or a folder of them.", completion: .directory)
  var shards: [String]

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-study"

  @Option(
    help: "The corpus, if it has moved since the shards were made; only its labels are read.",
    completion: .directory)
  var corpus: String?

  @Option(help: "The model that the shards were made by, for activation maps.", completion: .file())
  var model: String?

  @Option(help: "With --model: how many held-out spans get a map.")
  var maps = 3

  @Option(help: "Read every layer in its first so many principal components.")
  var dimensions: Int?

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard dimensions.map({ (1...10_000).contains($0) }) ?? true else {
      throw ValidationError("--dimensions takes a number from 1 to 10000.")
    }
    guard (0...100).contains(maps) else { throw ValidationError("--maps takes a number from 0 to 100.") }
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<StudyResult> {
    frame.note("reading \(shards.joined(separator: ", "))")
    var study = try LayerStudy.merging(
      shards, corpus: corpus,
      model: model.map { path in { try loading.studied(path, ofText: $0.isText).source } })
    frame.surround(&study)
    if model != nil { study.maps = maps }
    study.dimensions = dimensions
    study.workFolder = StudyFolder.workFolder(of: output)
    return PreparedWork(
      claim: ResultClaim("study", [study.identity]), seed: study.seed, work: study.work,
      make: { [study] in try await study.run() })
  }
}
