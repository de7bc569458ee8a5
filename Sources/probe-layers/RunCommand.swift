import ArgumentParser
import Foundation
import Foundations
import Strata
import Synchronization

struct RunCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Study a model: which of its layers encode which levels of speech.",
    discussion: """
      Reads the checkpoint, runs every utterance through it once, trains linear probes on each layer with an
      untrained model and log-mel features beside them, compares the layers with each other, prints
      a table and writes a report. Started again after Ctrl-C, it goes on where it stopped.

      EXAMPLES
        probe-layers model.ckpt --demo                   on the small corpus that comes with the command
        probe-layers hubert-base/ --corpus my-corpus --output hubert-study
        probe-layers model.ckpt --corpus my-corpus --levels phoneme,word --layers 0,3-6,-1 --seed 7
        probe-layers model.ckpt --corpus timit:/data/TIMIT --levels sound,articulation,phoneme,boundary
        probe-layers model.ckpt --demo --probes manner,place,pitch,word-boundary
        probe-layers minilm/ --corpus treebank.conllu    a text model: characters, words, phrases, clauses
        probe-layers activations.h5 --hop 20ms --corpus my-corpus
        probe-layers model.ckpt --corpus my-corpus --store frames --probes manner
        probe-layers step2000.ckpt --corpus my-corpus --training study-step500 study-step1000
        probe-layers model.ckpt --corpus my-corpus --shard 1/8 --output shards
        probe-layers run study.yaml --output again       its options in a file: `model: model.ckpt`, `seed: 7`, …
        probe-layers run strata-study/run.yaml           a finished study, once more
      """)

  @Argument(
    help: """
      A checkpoint (.ckpt, .pt, .safetensors, …), a Hugging Face folder, activations made elsewhere, or a study \
      file (.yaml).
      """, completion: .file())
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: "Levels and groups of probes, separated by commas: \(LayerStudy.probedLevelNames).",
    completion: .levels)
  var levels: String?

  @Option(
    parsing: .unconditional,
    help:
      "Layers by name or by number among the hidden states, and ranges of them (0,3-6,-1). Default: all.")
  var layers: String?

  @Option(
    help: """
      Probes by name, separated by commas (phoneme,manner,word-boundary), all of them (all), or a folder of \
      definitions of your own (*.yaml). Default: phoneme, syllable, word.
      """, completion: .file())
  var probes: String?

  @Option(
    help: """
      How each probe's penalty is sought on development data: grid (its definition's list), random or bayesian. \
      Default: as the definition says.
      """, completion: .list(ProbeSpec.Search.allCases.map(\.rawValue)))
  var search: String?

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-study"

  @Option(help: "The seed of every random choice: the same seed gives the same bytes.")
  var seed: UInt64 = 0

  @Option(help: "How many untrained models (the same architecture with random weights) to compare with.")
  var twins = 3

  @Option(
    help:
      "Read every layer in its first so many principal components, so that wide ones have no more to be read from."
  )
  var dimensions: Int?

  @Option(
    help: """
      Only part i of n of the audio, as i/n, without probing: a folder shard-i-of-n in the output folder, for \
      probe-layers merge.
      """)
  var shard: String?

  @Option(
    help: """
      A folder that keeps every layer's frames, so that another study of the same audio needs no second pass. Large: \
      13 layers of 768 take 7.2 GB an hour of audio.
      """, completion: .directory)
  var store: String?

  @Option(
    parsing: .unconditional,
    help: """
      Layers whose mistakes are analysed beside each level's peak, and what changes from one to the next: names or \
      numbers as in --layers, or all.
      """)
  var errors: String?

  @Option(
    help: """
      Held-out spans whose evidence is drawn over the sound, with the sound to listen to, at the peak of the finest \
      level that is encoded: a pass back through the model for each. 0 for none.
      """)
  var maps = 3

  @Option(
    parsing: .upToNextOption,
    help: """
      Finished studies of other checkpoints of the same training, or a comparison's folder: the report shows where \
      each level peaks along it.
      """, completion: .directory)
  var training: [String] = []

  @Option(help: "A folder to write the study into for TensorBoard as well.", completion: .directory)
  var tensorboard: String?

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @Flag(help: "Write nothing, and say what the study would take here, from some seconds of measurement.")
  var dryRun = false

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var imports: ImportOptions

  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard (0...16).contains(twins) else { throw ValidationError("--twins takes a number from 0 to 16.") }
    guard (0...100).contains(maps) else { throw ValidationError("--maps takes a number from 0 to 100.") }
    for (option, names) in [("levels", levels), ("probes", probes), ("errors", errors)] {
      if let names { _ = try listed(option, names) }
    }
    guard search.map({ ProbeSpec.Search(rawValue: $0) != nil }) ?? true else {
      let names = ProbeSpec.Search.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--search takes one of \(names), not “\(search ?? "")”.")
    }
    guard dimensions.map({ (1...10_000).contains($0) }) ?? true else {
      throw ValidationError("--dimensions takes a number from 1 to 10000.")
    }
    guard shard == nil || dimensions == nil else {
      throw ValidationError(
        "--dimensions is about probing, which merge does: give it to probe-layers merge.")
    }
    guard shard.map({ Shard($0) != nil }) ?? true else {
      throw ValidationError("--shard takes a part of a number of parts, such as 2/3, not “\(shard ?? "")”.")
    }
  }

  func run() async throws {
    guard StudyFile.isOne(model) else {
      return try await CommandFrame.around(running) { try await study($0) }
    }
    let file = try StudyFile(contentsOf: model)
    var others = Array(CommandLine.arguments.dropFirst())
    // Its own name stands in front, or behind flags.
    if let place = others.firstIndex(where: { !$0.hasPrefix("-") }),
      [Self._commandName, EstimateCommand._commandName].contains(others[place])
    {
      others.remove(at: place)
    }
    if let place = others.firstIndex(of: model) { others.remove(at: place) }
    var command = try RunCommand.reading(file, path: model, besides: others)
    command.dryRun = command.dryRun || dryRun
    try await CommandFrame.around(command.running) { [command] frame in
      try await command.study(frame, checking: file)
    }
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<StudyResult> {
    try prepare(try layerStudy(frame), frame)
  }

  /// What comes of it: an estimate, a part of a study, or a study. `file` may be of an earlier study that this one repeats.
  private func study(_ frame: CommandFrame, checking file: StudyFile? = nil) async throws {
    var study = try layerStudy(frame)
    if dryRun { return try await estimate(study, frame) }
    if let part = shard.flatMap({ Shard($0) }) { return try await write(part, of: study, frame) }
    let extraction = Mutex<Extraction?>(nil)
    // Held beyond the pass that made it only where it is shown.
    if tensorboard != nil { study.onExtraction = { found in extraction.withLock { $0 = $0 ?? found } } }
    let prepared = try prepare(study, frame)
    try await deliver(prepared, frame) { result in
      let record = try studyFile(of: result, command: CommandLine.arguments, claim: prepared.claim)
      return ("run.yaml", Data(record.utf8))
    } also: { result in
      warn(where: result, differsFrom: file)
      guard let tensorboard else { return }
      let export = TensorBoardExport(result, extraction: extraction.withLock { $0 })
      if let remark = try export.write(to: tensorboard) { standardError("warning: \(remark)") }
    }
  }

  /// The study that the options describe.
  private func layerStudy(_ frame: CommandFrame) throws -> LayerStudy {
    if !corpora.isGiven { try refuseMistypedCommand() }
    var request = StudyRequest(model: model, corpus: try corpora.folder)
    request.overrides = corpora.shifting.overrides
    (request.loading, request.language) = (try loading.options(), loading.language)
    request.imports = try imports.settings()
    (request.levels, request.layers, request.probes, request.errors) = (levels, layers, probes, errors)
    request.search = search.flatMap(ProbeSpec.Search.init(rawValue:))
    (request.seed, request.twins, request.dimensions, request.maps) = (seed, twins, dimensions, maps)
    var study = try request.study(note: frame.note) { standardError("warning: \($0)") }
    frame.surround(&study)
    study.workFolder = StudyFolder.workFolder(of: output)
    return study
  }

  private func prepare(_ study: LayerStudy, _ frame: CommandFrame) throws -> PreparedWork<StudyResult> {
    let others = try TrainingPoint.found(
      at: Self.folders(training), corpus: study.corpus.fingerprint, seed: seed)
    return PreparedWork(
      claim: ResultClaim("study", [study.identity]), seed: seed, work: study.work,
      make: {
        var study = study
        if let store { try keepFrames(of: &study, in: store, frame) }
        return try await study.run().among(others)
      })
  }

  private func estimate(_ study: LayerStudy, _ frame: CommandFrame) async throws {
    let estimate = try await study.estimate { count in
      frame.progress.update(stage: "Measuring", done: 0, total: count, detail: "\(count) utterances")
    }
    frame.progress.finish()
    try running.showing.show(estimate, estimate.description)
  }

  private func write(_ part: Shard, of study: LayerStudy, _ frame: CommandFrame) async throws {
    try await frame.holding(part.folder(in: output)) {
      var study = study
      if let store { try keepFrames(of: &study, in: store, frame) }
      let folder = try await study.writeShard(part, in: output)
      frame.progress.finish()
      if !running.showing.quiet { try standardOutput("Shard \(part): \(folder)") }
    }
  }

  /// The first word that names no command is a model; one that nothing is known of is said before a corpus is asked for.
  private func refuseMistypedCommand() throws {
    guard !model.contains("/"), !FileManager.default.fileExists(atPath: model) else { return }
    let commands = ProbeLayers.configuration.subcommands.map { $0._commandName }
    throw CommandFailure(
      status: .missingInput,
      message:
        "\(model): there is no such command, file or folder; \(Nearest.hint(for: model, among: commands))")
  }

  /// Says how large the store will be before anything is written.
  private func keepFrames(of study: inout LayerStudy, in folder: String, _ frame: CommandFrame) throws {
    guard study.model.taps.contains(where: { $0.timing != nil }) else {
      // Rows of tokens hang on the text as well, which a store does not key by.
      return standardError("note: \(study.model.name) has rows of tokens, which a store does not keep")
    }
    study.storeFolder = folder
    let kept = try StoredSource(study.model, in: folder, utterances: study.corpus.utterances)
    let bytes = kept.bytes(of: study.layers, utterances: study.corpus.utterances)
    let passes = 1 + study.twinSeeds.count
    frame.say("Keeping about \(ExportPlan.size(bytes * passes)) of frames in \(folder)")
    let verbose = running.showing.verbose
    study.onStore = { kept in
      let report = kept.report
      guard verbose else { return }
      standardError(
        "\(kept.name): \(report.found) layers of utterances found in the store, \(report.made) made, "
          + "\(report.redone) damaged or stale files; \(kept.folder)")
    }
  }

  /// With spaces between on the command line, with commas in a study file.
  static func folders(_ names: [String]) -> [String] {
    names.flatMap { $0.split(separator: ",").map(String.init) }
  }

  private func warn(where result: StudyResult, differsFrom file: StudyFile?) {
    let changes = file?.changes(model: result.model.fingerprint, corpus: result.corpus.fingerprint) ?? []
    for words in changes { standardError("warning: \(words)") }
  }
}
