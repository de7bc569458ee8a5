import ArgumentParser
import Foundation
import Strata

struct CompareCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Several models, or the checkpoints of one run, side by side.",
    discussion: """
      Studies every model on the same spans, splits and resamples, and says where each level peaks in each, at which
      layers a model gained or lost a level against the first one (paired differences, simultaneous intervals), and how
      like each layer is to its first and last self. A folder of checkpoints with steps in their names (step-500.ckpt,
      checkpoint-500/) stands for all of them, by step.

      EXAMPLES
        probe-layers compare pretrained/ finetuned/ --corpus my-corpus
        probe-layers compare run/checkpoints --config run/config.json --demo --levels phoneme,word
        probe-layers compare --untrained model.ckpt --demo --layers 0,3-6
      """)

  @Argument(
    help:
      "Models, or folders of checkpoints. The others are compared with the first.",
    completion: .file()
  )
  var models: [String]

  @Flag(help: "Compare with the last model's architecture before training (random weights).")
  var untrained = false

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: "Levels and groups, separated by commas: \(LayerStudy.probedLevelNames).", completion: .levels)
  var levels: String?

  @Option(parsing: .unconditional, help: "Layers, by name or number, and ranges (0,3-6,-1). Default: all.")
  var layers: String?

  @Option(
    help: "Probes by name, all, or a folder of definitions. Default: those that come with the tool.",
    completion: .file())
  var probes: String?

  @Option(help: "Untrained copies of every model, for its verdicts.")
  var twins = 0

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-comparison"

  @Option(help: "The seed of every random choice: the same seed gives the same bytes.")
  var seed: UInt64 = 0

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var imports: ImportOptions

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard !models.isEmpty else { throw ValidationError("Give two models, or a folder of checkpoints.") }
    for (option, names) in [("levels", levels), ("probes", probes)] {
      if let names { _ = try listed(option, names) }
    }
    guard (0...16).contains(twins) else { throw ValidationError("--twins takes a number from 0 to 16.") }
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<ModelComparison> {
    let corpus = try corpora.load(frame.note)
    let paths = models.map { URL(filePath: $0).resolvingSymlinksInPath().path }
    let work = UsedWork()
    let listing = try ModelListing.models(at: models)
    let comparison = ComparisonStudy(models: compared(listing, on: corpus, frame)) { model in
      var study = try frame.study(of: model, on: corpus, layers: layers, seed: seed, called: model.name)
      study.twinSeeds = LayerStudy.untrainedSeeds(twins, after: seed)
      study.workFolder = StudyFolder.workFolder(of: output) + "/" + model.fingerprint
      try study.select(probes: probes, levels: levels, bundledFolder: BundledFiles.probes)
      study.work = work
      return study
    }
    return PreparedWork(
      claim: ResultClaim(self, of: paths + [corpus.fingerprint]), seed: seed, work: work,
      make: { try await comparison.run() })
  }

  private func compared(
    _ listing: [ModelListing], on corpus: Corpus, _ frame: CommandFrame
  ) -> [ComparedModel] {
    @Sendable func open(_ path: String) throws -> any ActivationSource {
      try loading.source(path, for: corpus, imports, frame.note)
    }
    let models = listing.map { entry in
      ComparedModel(name: entry.name, step: entry.step) { try open(entry.path) }
    }
    guard untrained, let last = listing.last else { return models }
    let first = ComparedModel(name: "untrained") {
      guard let twin = try open(last.path).randomTwin(ofSeed: seed &+ 1) else {
        throw CommandFailure(
          status: .usage,
          message: "\(last.name) has no weights, so there is no untrained one to compare it with")
      }
      return twin
    }
    return [first] + models
  }
}
