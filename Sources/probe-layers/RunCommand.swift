import ArgumentParser
import Foundation
import Strata

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Study a model: which of its layers encode which levels of speech.",
    discussion: """
      Reads the checkpoint, runs every utterance through it once, trains linear probes on each layer with a
      randomly initialised twin and log-mel features beside them, compares the layers with each other, prints
      a table and writes a report. Started again after Ctrl-C, it goes on where it stopped.

      EXAMPLES
        probe-layers model.ckpt
        probe-layers hubert-base/ --corpus my-corpus --output hubert-study
        probe-layers model.ckpt --levels phoneme,word --layers 0,3,-1 --seed 7
        probe-layers activations.h5 --hop 20ms --corpus my-corpus
        probe-layers model.ckpt --shard 1/8 --output shards
      """)

  @Argument(
    help:
      "A checkpoint (.ckpt, .pt, .safetensors, …), a Hugging Face folder, or activations made elsewhere.")
  var model: String

  @Option(help: "A folder of audio and labels. Default: the bundled corpus.")
  var corpus: String?

  @Option(help: "Levels to probe, separated by commas: \(LayerStudy.probedLevelNames).")
  var levels: String?

  @Option(help: "Layers by name or by number among the hidden states (0,6,-1). Default: all.")
  var layers: String?

  @Option(help: "A folder of probe definitions of your own (*.yaml) instead of the bundled ones.")
  var probes: String?

  @Option(name: [.short, .long], help: "Where the results go.")
  var output = "strata-study"

  @Option(help: "The seed of every random choice: the same seed gives the same bytes.")
  var seed: UInt64 = 0

  @Option(help: "How many randomly initialised twins to compare with.")
  var twins = 3

  @Option(help: "Worker threads. Default: one a core. The results do not depend on it.")
  var threads: Int?

  @Option(
    help: """
      Only part i of n of the audio, as i/n, without probing: a folder shard-i-of-n in the output folder, for \
      probe-layers merge.
      """)
  var shard: String?

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var imports: ImportOptions

  @Flag(name: [.short, .long], help: "No progress and no table; only errors.")
  var quiet = false

  func validate() throws {
    guard (0...16).contains(twins) else { throw ValidationError("--twins takes a number from 0 to 16.") }
    guard threads.map({ (1...1024).contains($0) }) ?? true else {
      throw ValidationError("--threads takes a number from 1 to 1024.")
    }
    guard shard.map({ Shard($0) != nil }) ?? true else {
      throw ValidationError("--shard takes a part of a number of parts, such as 2/3, not “\(shard ?? "")”.")
    }
  }

  func run() async throws {
    let interruption = Interruption()
    let progress = ProgressLine(isTerminal: Terminal.isError, isQuiet: quiet)
    defer { progress.finish() }

    let corpusFolder = try corpusFolder()
    let corpus = try Corpus.load(corpusFolder)
    var study = LayerStudy(
      model: try imports.source(model, for: corpus) ?? loading.load(model).studied, corpus: corpus)
    study.seed = seed
    study.twinSeeds = (0..<twins).map { seed + UInt64($0) + 1 }
    study.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    study.workFolder = StudyFolder.workFolder(of: output)
    if let levels { study.levels = try LayerStudy.levels(named: levels) }
    if let layers { study.layers = try study.model.taps.resolve(layers: layers).map(\.name) }
    // A file dropped into the folder that comes with the tool counts too.
    study.probes =
      try probes.map { try ProbeSpec.load(folder: $0) }
      ?? ProbeSpec.all(in: [BundledFiles.probes].compactMap(\.self))
    study.onProgress = { step in
      progress.update(stage: step.stage, done: step.done, total: step.total, detail: step.detail)
    }
    study.isCancelled = { interruption.isRequested }

    if let shard = shard.flatMap({ Shard($0) }) {
      let folder = try await study.writeShard(shard, in: output)
      progress.finish()
      if !quiet { standardOutput("Shard \(shard): \(folder)") }
      return
    }
    let result = try await study.run()
    progress.finish()
    try StudyFolder.write(result, to: output)
    StudyFolder.removeWork(of: output)
    guard !quiet else { return }
    standardOutput(StudyFolder.terminalSummary(of: result))
    standardOutput("Report: \((output as NSString).appendingPathComponent("report.html"))")
  }

  private func corpusFolder() throws -> String {
    if let corpus { return corpus }
    guard let bundled = BundledFiles.corpus else {
      throw CommandFailure(
        status: .missingInput,
        message: "the bundled corpus was not found beside the program; give one with --corpus FOLDER")
    }
    return bundled
  }
}
