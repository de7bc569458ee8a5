import ArgumentParser
import Foundation
import Strata

struct SimilarityCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "similarity",
    abstract: "How alike the layers of a model are, or the layers of two models.",
    discussion: """
      Compares layers over the labelled spans of a level, or over frames: layers of different steps are aligned by
      time. Writes report.html, summary.md, similarity.csv, similarity.json and a heat map for each measure.

      EXAMPLES
        probe-layers similarity model.ckpt --demo
        probe-layers similarity before/ after/ --corpus my-corpus --level word --measure cka,svcca,procrustes
        probe-layers similarity model.ckpt --demo --level frames --spectra
        probe-layers similarity model.ckpt --demo --labels
        probe-layers similarity a/ b/ --corpus my-corpus --measure cka,mutual_knn,partial_cka --calibrate --dimensions
      """)

  @Argument(
    help: "One model or two: a checkpoint, a Hugging Face folder, or activations made elsewhere.",
    completion: .file())
  var models: [String]

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: "What a row is: a span of this level (phoneme, syllable, word, …), or frames.",
    completion: .list(Level.allCases.map(\.rawValue) + ["frames"]))
  var level = "phoneme"

  @Option(
    help:
      "Measures, separated by commas: cka, \(MeasureName.allCases.map(\.rawValue).joined(separator: ", ")).",
    completion: .names(["cka"] + MeasureName.allCases.map(\.rawValue))
  )
  var measure = "cka"

  @Option(
    parsing: .unconditional,
    help: "Layers of the first model, by name or number, and ranges (0,3-6,-1). Default: all.")
  var layers: String?

  @Option(parsing: .unconditional, help: "Layers of the second model. Default: all.")
  var against: String?

  @Flag(
    help: "Also compare with one-hot labels: CKA, and CCA read on other utterances than it was fitted on.")
  var labels = false

  @Flag(help: "Also measure each layer's eigenvalue spectrum.")
  var spectra = false

  @Flag(help: "Also measure how many dimensions each layer's states lie on (TwoNN, Levina–Bickel).")
  var dimensions = false

  @Flag(
    help: "Also say which layers are more alike than chance: whole utterances of one side in another order."
  )
  var calibrate = false

  @Option(help: "How many other orders --calibrate tries.")
  var draws = 200

  @Option(help: "Keep at most this many rows.")
  var rows = 20_000

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-similarity"

  @Option(help: "The seed of every random choice: the same seed gives the same bytes.")
  var seed: UInt64 = 0

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var imports: ImportOptions

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  func validate() throws {
    _ = try listed("measure", measure)
    guard (19...100_000).contains(draws) else {
      throw ValidationError("--draws takes a number from 19 to 100000.")
    }
    guard (1...2).contains(models.count) else { throw ValidationError("Give one model or two.") }
    guard (4...10_000_000).contains(rows) else { throw ValidationError("--rows takes a number from 4.") }
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<SimilarityResult> {
    let corpus = try corpora.load(frame.note)
    let sources = try models.map { try loading.source($0, for: corpus, imports, frame.note) }
    var study = SimilarityStudy(model: sources[0], second: sources.dropFirst().first, corpus: corpus)
    study.level = level == "frames" ? nil : try SimilarityStudy.level(named: level)
    study.measures = try SimilarityStudy.measures(named: measure)
    if let layers { study.layers = try sources[0].taps.resolve(layers: layers).map(\.name) }
    if let against { study.secondLayers = try study.second?.taps.resolve(layers: against).map(\.name) }
    (study.comparesLabels, study.measuresSpectra, study.measuresDimensions) = (labels, spectra, dimensions)
    study.calibrationDraws = calibrate ? draws : 0
    (study.rowLimit, study.seed, study.threads) = (rows, seed, running.threads)
    study.workFolder = StudyFolder.workFolder(of: output)
    (study.onProgress, study.isCancelled) = (frame.onStep(), frame.isCancelled)
    return PreparedWork(
      claim: ResultClaim(self, of: sources.map(\.fingerprint) + [corpus.fingerprint]), seed: seed,
      work: study.work, make: { [study] in try await study.run() })
  }
}
