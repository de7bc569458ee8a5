import ArgumentParser
import Foundation
import Strata

struct ReplicatesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replicates",
    abstract: "Finished studies of other corpora or seeds as one, and how much differs between them.",
    discussion: """
      A random-effects summary of each layer's numbers, over studies that have the same probes and layers: the mean, what
      differs between studies beyond sampling, and where another study would lie. Writes report.html, summary.md,
      replicates.csv, replicates.json and a figure a level.

      EXAMPLES
        probe-layers replicates study-english study-german study-dutch
        probe-layers replicates seed-1 seed-2 seed-3 --output seeds
      """)

  @Argument(help: "Folders of finished studies, two at least.", completion: .directory)
  var studies: [String]

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-replicates"

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var showing: ShowingOptions

  func run() async throws {
    try await CommandFrame.around(showing) { frame in
      let result = try Replicates(of: studies).result()
      let claim = ResultClaim(
        self,
        of: result.studies.map { "\($0.modelFingerprint) \($0.corpusFingerprint) \($0.seed)" })
      try await frame.holding(output) {
        try claim.require(output, force: replacing.force)
        let writtenBy = WrittenBy(claim: claim, seed: nil, inputs: result.inputs)
        try result.write(to: output, pictures: results.pictures, records: [try writtenBy.record()])
        try showing.show(ReplicatesResult.fileName, in: output, result.terminalSummary)
      }
    }
  }
}
