import ArgumentParser
import Files
import Foundation
import Reports
import Strata

struct MeasuresCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measures", abstract: "Measures beyond the linear probe: ABX, clustering, CCA, MDL, MLP.",
    discussion: """
      For every layer: phone ABX within and across speakers (angular distance along the best alignment, and of pooled \
      frames; phonemes only), purity, PNMI and adjusted mutual information (AMI) of k-means clusters, CCA with the labels beside CCA with \
      shuffled ones, the compression of an online code (MDL), a probe with one hidden layer beside a linear one, the \
      bits that [mel, layer] has beyond [mel], and the layer's weight in a learnt mixture of all. The last line is what \
      each measure gives by chance; intervals are in the CSV file and in --json.

      EXAMPLES
        probe-layers measures model.ckpt --demo
        probe-layers measures hubert-base/ --corpus my-corpus --level word --layers 0,6,-1
        probe-layers measures model.ckpt --demo --any-context --output measures.csv
        probe-layers measures hubert-base/ --corpus dev-clean --items triphone-dev-clean.item
      """)

  @Argument(
    help: "A checkpoint, a Hugging Face folder, or activations made elsewhere.", completion: .file())
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: "The level: phoneme, syllable, word; character, phrase, clause, sentence of texts.",
    completion: .list(Level.allCases.map(\.rawValue)))
  var level = "phoneme"

  @Option(
    parsing: .unconditional,
    help: "Layers by name or by number among the hidden states, and ranges (0,3-6,-1). Default: all.")
  var layers: String?

  @Option(help: "Clusters of k-means, at most one for 20 spans.")
  var clusters = 50

  @Flag(help: "Compare phones across contexts in ABX, for corpora with too few triples within one.")
  var anyContext = false

  @Option(
    help:
      "ABX of what an item file of a ZeroSpeech challenge lists, all of it, instead of the corpus's phones.",
    completion: .file(extensions: ["item"]))
  var items: String?

  @Option(
    name: [.short, .long],
    help: "Write a page, tables and JSON into this folder, or, where it ends in .csv, one CSV file.",
    completion: .file())
  var output: String?

  @Option(help: "The seed of every random choice.")
  var seed: UInt64 = 0

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var imports: ImportOptions

  func validate() throws {
    guard (2...10_000).contains(clusters) else {
      throw ValidationError("--clusters takes a number from 2 to 10000.")
    }
    guard items == nil || level == "phoneme" else {
      throw ValidationError("--items is about phones: leave out --level.")
    }
    guard Level(rawValue: level) != nil else {
      throw ValidationError(
        "--level takes one of \(Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
  }

  private static func lines(of path: String) throws -> [ABXItemLine] {
    if let obstacle = RegularFile.obstacle(at: path) {
      throw CommandFailure(status: .missingInput, message: "\(path): \(obstacle)")
    }
    let bytes = try RegularFile.contents(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(status: .badInput, message: "\(path) is not UTF-8 text")
    }
    return try ABXItemFile.lines(of: text, path: path)
  }

  func run() async throws {
    try await CommandFrame.around(running, keepsWork: false) { frame in
      let corpus = try corpora.load(frame.note)
      let study = try frame.study(
        of: loading.source(model, for: corpus, imports, frame.note), on: corpus, layers: layers, seed: seed)
      var measures = LayerMeasures(of: study, level: Level(rawValue: level) ?? .phoneme)
      measures.clusters = clusters
      measures.sameContext = !anyContext
      if let items { measures.items = try Self.lines(of: items) }
      guard let output, !output.lowercased().hasSuffix(".csv") else {
        let result = MeasuresResult(try await measures.run(), of: study)
        frame.progress.finish()
        if let output {
          let table = MeasuresTable.csv(result.measures, model: study.model.name)
          try WholeFile.write(Data(table.utf8), to: output)
        }
        return try running.showing.show(result, result.terminalSummary)
      }
      let claim = ResultClaim(self, of: [study.model.fingerprint, corpus.fingerprint])
      try await frame.holding(output) {
        try claim.require(output, force: replacing.force)
        let result = MeasuresResult(try await measures.run(), of: study)
        frame.progress.finish()
        try result.write(
          to: output, records: [try WrittenBy(claim: claim, seed: seed, inputs: result.inputs).record()])
        try running.showing.show(result, result.terminalSummary)
      }
    }
  }
}
