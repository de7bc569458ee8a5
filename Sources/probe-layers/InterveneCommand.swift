import ArgumentParser
import Foundation
import Strata

struct InterveneCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "intervene",
    abstract: "What a model uses: levels are erased at one layer after another.",
    discussion: """
      Each level is erased at each layer (LEACE: the least change after which no linear reader finds it), the model goes \
      on from there, and what that costs its own output and linear readers of later layers is compared with losing as much \
      at random. Says of each level and layer whether it is readable, beyond the baseline, and used, redundant (a later \
      layer reads it again), not shown to be used, or undecided. Writes report.html, intervene.json, intervene.csv and \
      figures.

      EXAMPLES
        probe-layers intervene model.ckpt --demo
        probe-layers intervene model.ckpt --corpus here --erase phoneme,speaker
        probe-layers intervene model.ckpt --demo --erase manner --layers 0,3-6
        probe-layers intervene model.ckpt --demo --steer AA:IY,S:SH --layers 3
        probe-layers intervene model.ckpt --demo --prune 0.5 --keep phoneme
        probe-layers intervene hubert/ --corpus here --skip --ablate-heads
        probe-layers intervene model.ckpt --demo --layers 4-6 --mixing word
        probe-layers intervene whisper/ --corpus here --erase phoneme --towers
        probe-layers intervene model.ckpt --demo --shard 2/8 --output parts
        probe-layers intervene model.ckpt --demo --shards parts --output whole
      """)

  @Argument(help: "A checkpoint or a Hugging Face folder.", completion: .file())
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: ArgumentHelp(
      "What is erased, by the names of probes, separated by commas; also speaker.", valueName: "levels"))
  var erase = "phoneme,word,speaker"

  @Option(
    parsing: .unconditional,
    help:
      "Layers that are changed, by name or number, and ranges (0,3-6), or none. Default: all before the head."
  )
  var layers: String?

  @Option(
    help: ArgumentHelp(
      """
      What an effect is measured on: symbol (the head's loss of each phone or letter where it emits one), loss (on the whole \
      transcript by CTC, or of a head without a blank on the label of each frame), frames (the latter, whatever the head), \
      divergence (how far its output moves), probes (linear readers of the last \
      layer), or auto: the first that can be had.
      """, valueName: "auto|symbol|loss|frames|divergence|probes"))
  var effect = InterventionStudy.Effect.auto

  @Option(help: "Random subspaces that each erasure is compared with.")
  var controls = 20

  @Flag(
    inversion: .prefixedNo,
    help: "Also erase the levels in an untrained model, at the same layers: a used level costs it less.")
  var untrained = true

  @Flag(help: "Also leave out each block in turn, its input taking the place of its output.")
  var skip = false

  @Flag(
    help: """
      Also replace what each block adds to its input by the mean of that over the corpus, and all that a convolution gives.
      """)
  var mean = false

  @Flag(help: "Also replace what each attention head gives by the mean of that over the corpus.")
  var ablateHeads = false

  @Option(
    help: ArgumentHelp(
      "What becomes of frames outside the level's labelled spans: erase changes them too, leave does not.",
      valueName: "erase|leave"))
  var unlabelled = Unlabelled.erase

  @Option(
    help: ArgumentHelp(
      "Also move spans of class A towards class B, by 0.5 to 4 lengths of the difference of their means: pairs such as AA:IY, "
        + "separated by commas, of the levels that are erased.", valueName: "A:B"))
  var steer: String?

  @Option(
    help: ArgumentHelp(
      "Also set these shares of each layer's weights to zero, the smallest first, layer by layer and in all layers: 0.5 or "
        + "0.3,0.5.", valueName: "shares"))
  var prune: String?

  @Option(
    help: ArgumentHelp(
      "Also round each layer's weights to so many bits, layer by layer and in all layers: 8,4.",
      valueName: "bits"))
  var quantise: String?

  @Option(
    help: ArgumentHelp(
      "Seek the smallest model by --prune and --quantise that keeps this level's accuracy within its interval.",
      valueName: "level"))
  var keep: String?

  @Option(
    help: ArgumentHelp("Write the model that --keep finds into this folder.", valueName: "folder"))
  var writeModel: String?

  @Option(
    help: ArgumentHelp(
      "Also say what spans of this level are made of, layer by layer: themselves, their neighbours, their word, others.",
      valueName: "level"))
  var mixing: String?

  @Option(
    help: ArgumentHelp(
      "Also say it of spans with these labels apart, together: homophones and reduced phones are told of apart anyway.",
      valueName: "labels"))
  var mixingLabels: String?

  @Flag(
    help: """
      Also say how alike the layers of a model's two towers are: CLAP's of sounds and of texts, over recordings, or a \
      Whisper's encoder and decoder, over words.
      """)
  var towers = false

  @Option(
    help: """
      Only part i of n of the work, as i/n: a folder shard-i-of-n in the output folder, for the same command with --shards.
      """)
  var shard: String?

  @Option(
    help: "A folder of shards of the same study: what they have finished is taken from there.",
    completion: .directory)
  var shards: String?

  @Option(
    help: """
      A folder that keeps every layer's frames of the unchanged model, as a study's --store does: another study of the same \
      audio needs no pass for them.
      """, completion: .directory)
  var store: String?

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
    (_, _, _) = (try steers(), try reductions(), try mixedLevel())
    guard shard.map({ Shard($0) != nil }) ?? true else {
      throw ValidationError("--shard takes a part of a number of parts, such as 2/3, not “\(shard ?? "")”.")
    }
    if shard != nil, shards != nil || writeModel != nil {
      throw ValidationError(
        "--shard makes a part of the work: --shards and --write-model belong to the run that gathers them.")
    }
    if mixingLabels != nil, mixing == nil {
      throw ValidationError("--mixing-labels needs --mixing, which says of which level they are.")
    }
    if keep != nil, try reductions().isEmpty {
      throw ValidationError("--keep needs --prune or --quantise, which say what may become smaller.")
    }
    if writeModel != nil, keep == nil {
      throw ValidationError("--write-model needs --keep, which says what the model must keep.")
    }
    func place(_ path: String) -> String {
      URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    }
    guard writeModel.map({ place($0 + "/") != place(output + "/") }) ?? true else {
      throw ValidationError("--write-model takes another folder than the results', \(output).")
    }
  }

  /// A study that is ready, and what it reads from.
  struct Setup {
    var study: InterventionStudy
    let frames: StoredSource?
    let towers: TowerStudy?

    var claimed: [String] { [study.model.fingerprint, study.corpus.fingerprint] }
  }

  private func setup(_ frame: CommandFrame) throws -> Setup {
    let corpus = try corpora.load(frame.note)
    frame.note("reading \(model)")
    let loaded = try loading.load(model)
    var study = InterventionStudy(
      model: loaded, corpus: corpus,
      erasing: erase.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    if let layers {
      study.layers = layers == "none" ? [] : try loaded.resolve(layers: layers).map(\.name)
    }
    study.steers = try steers()
    study.symbols = try HeadClasses.names(of: model)
    study.language = loading.language
    let texts = try ClapTexts.load(model, options: loading.options())
    study.sharedTexts = try texts.map { try SharedTexts($0, of: corpus) }
    let frames = try store.map { try StoredSource(loaded, in: $0, utterances: corpus.utterances) }
    study.source = frames
    (study.effect, study.controls, study.seed) = (effect, controls, seed)
    (study.skips, study.replacesByMeans, study.ablatesHeads) = (skip, mean, ablateHeads)
    study.comparesUntrained = untrained
    study.changesUnlabelled = unlabelled == .erase
    study.onCost = { frame.say($0.description) }
    (study.onProgress, study.isCancelled) = (frame.onStage, frame.isCancelled)
    return Setup(
      study: study, frames: frames,
      towers: try towers
        ? TowerStudy(loaded, texts: texts, language: loading.language, corpus: corpus) : nil)
  }

  func run() async throws {
    try await CommandFrame.around(running) { frame in
      if let part = shard.flatMap({ Shard($0) }) { return try await write(part, frame) }
      try await deliver(prepare(frame), frame)
    }
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<InterventionResult> {
    let setup = try setup(frame)
    let work = UsedWork()
    return PreparedWork(
      claim: ResultClaim(self, of: setup.claimed), seed: seed, work: work,
      make: { try await result(of: setup, work, frame) })
  }

  /// One part of the work, to be put together by a run with `--shards`.
  private func write(_ part: Shard, _ frame: CommandFrame) async throws {
    var setup = try setup(frame)
    let folder = part.folder(in: output)
    try await frame.holding(folder) {
      let (simplification, mixing) = try keeping(&setup, in: folder, UsedWork())
      try await InterventionShard(setup.study, simplification, mixing).keep(part, threads: running.threads)
      try setup.frames?.flush()
      frame.progress.finish()
      if !running.showing.quiet { try standardOutput("Shard \(part): \(folder)") }
    }
  }

  private func result(
    of setup: Setup, _ work: UsedWork, _ frame: CommandFrame
  ) async throws -> InterventionResult {
    var setup = setup
    let (simplification, mixing) = try keeping(&setup, in: StudyFolder.workFolder(of: output), work)
    var result = try await setup.study.finished(threads: running.threads)
    if let simplification {
      frame.say("smaller weights: at most \(simplification.passes) whole passes over the corpus more")
      let found = try await simplification.finished(threads: running.threads)
      result.simplification = found
      if let writeModel, let smallest = found.smallest {
        try await frame.holding(writeModel) {
          try ReducedModelFolder.write(
            model, SimplificationStudy.plan(smallest, among: reductions()), options: loading.options(),
            to: writeModel)
        }
      }
    }
    try setup.frames?.flush()
    if let mixing { result.mixing = try await mixing.finished(threads: running.threads) }
    if var towers = setup.towers {
      towers.follow(setup.study, threads: running.threads)
      result.towers = try await towers.run()
    }
    return result
  }
}

extension InterventionStudy.Effect: ExpressibleByArgument {}
