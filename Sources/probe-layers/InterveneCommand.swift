import ArgumentParser
import Foundation
import Strata

struct InterveneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "intervene",
    abstract: "What a model uses: levels are erased at one layer after another.",
    discussion: """
      Each level is erased at each layer (LEACE: the least change after which no linear reader finds it), the model goes
      on from there, and what that costs its own output and linear readers of later layers is compared with losing as much
      at random. Says of each level and layer whether it is used, redundant (a later layer reads it again), not shown to be
      used, or undecided. Writes report.html, intervene.json, intervene.csv and figures.

      EXAMPLES
        probe-layers intervene model.ckpt --demo
        probe-layers intervene model.ckpt --corpus my-corpus --erase phoneme,word,speaker
        probe-layers intervene model.ckpt --demo --erase manner --layers 0,3-6 --controls 40
        probe-layers intervene hubert-base/ --corpus my-corpus --effect probes --skip
      """)

  @Argument(help: "A checkpoint or a Hugging Face folder.", completion: .file())
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: ArgumentHelp(
      "What is erased, by the names of probes, separated by commas; also speaker.", valueName: "levels"))
  var erase = "phoneme,word,speaker"

  @Option(
    help: "Layers that are changed, by name or number, and ranges (0,3-6). Default: all before the head.")
  var layers: String?

  @Option(
    help: ArgumentHelp(
      """
      What an effect is measured on: loss (the head's on the labels, CTC), divergence (how far its output moves), probes \
      (linear readers of the last layer), or auto: the first that can be had.
      """, valueName: "auto|loss|divergence|probes"))
  var effect = InterventionStudy.Effect.auto

  @Option(help: "Random subspaces that each erasure is compared with.")
  var controls = 20

  @Flag(help: "Also leave out each block in turn, its input taking the place of its output.")
  var skip = false

  @Option(
    help: ArgumentHelp(
      "What becomes of frames outside the level's labelled spans: erase changes them too, leave does not.",
      valueName: "erase|leave"))
  var unlabelled = Unlabelled.erase

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-interventions"

  @Option(help: "The seed of every random choice: the same seed gives the same bytes.")
  var seed: UInt64 = 0

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  enum Unlabelled: String, ExpressibleByArgument, CaseIterable { case erase, leave }

  func validate() throws {
    _ = try listed("erase", erase)
    guard (2...1000).contains(controls) else {
      throw ValidationError("--controls takes a number from 2 to 1000.")
    }
  }

  func run() async throws {
    let interruption = Interruption()
    let progress = running.progress
    defer { progress.finish() }
    let corpus = try corpora.load(running.note)
    running.note("reading \(model)")
    let loaded = try loading.load(model)
    var study = InterventionStudy(
      model: loaded, corpus: corpus,
      erasing: erase.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    if let layers { study.layers = try loaded.resolve(layers: layers).map(\.name) }
    study.symbols = try HeadClasses.names(of: model)
    (study.effect, study.controls, study.seed) = (effect, controls, seed)
    study.skips = skip
    study.changesUnlabelled = unlabelled == .erase
    study.onCost = { cost in
      progress.finish()
      if !running.showing.quiet { standardError("\(cost.description)") }
    }
    study.onProgress = { progress.update(stage: $0, done: $1, total: $2) }
    study.isCancelled = { interruption.isRequested }
    let lock = try RunLock.take(output, interruption)
    defer { lock.release() }
    let claim = ResultClaim(self, of: [loaded.fingerprint, corpus.fingerprint])
    try claim.require(output, force: replacing.force)
    let work = UsedWork()
    study.store = try InterventionWork(study, in: StudyFolder.workFolder(of: output), used: work)
    let result = try await study.finished(threads: running.threads)
    progress.finish()
    let writtenBy = WrittenBy(
      claim: claim, seed: seed, models: [(result.model, result.fingerprint)],
      corpus: (result.corpus, result.corpusFingerprint))
    try result.write(to: output, pictures: results.pictures, records: [try writtenBy.record()])
    StudyFolder.remove(work, of: output)
    try running.showing.show("intervene.json", in: output, result.terminalSummary)
  }
}

extension InterventionStudy.Effect: ExpressibleByArgument {}
