import ArgumentParser
import Foundation
import Strata

struct VarianceCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "variance",
    abstract:
      "How much of each layer's variance is sound, phones, syllables, words, position, duration, speaker.",
    discussion: """
      Scores of different levels have different chances and cannot be compared; explained variance can. Blocks of features
      explain each layer's states over held-out spans: alone, uniquely (what is lost when a block is left out) and
      together. Writes report.html, summary.md, variance.csv, variance.json and a stacked figure.

      EXAMPLES
        probe-layers variance model.ckpt --demo
        probe-layers variance model.ckpt --corpus my-corpus --level word --untrained
        probe-layers variance model.ckpt --demo --blocks mel,phone,word
        probe-layers variance model.ckpt --corpus ema-corpus --series ema=ema.npz@5ms
      """)

  @Argument(help: "A checkpoint, a Hugging Face folder, or activations made elsewhere.")
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(help: "Whose spans are looked at: phoneme, syllable, word, …")
  var level = "phoneme"

  @Option(
    parsing: .unconditional,
    help: "Layers by name or by number among the hidden states, and ranges (0,3-6,-1). Default: all.")
  var layers: String?

  @Option(
    help: ArgumentHelp(
      "Blocks, separated by commas: \(SpanFeatures.Name.allCases.map(\.rawValue).joined(separator: ", ")). Default: all.",
      valueName: "blocks"))
  var blocks: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      A series from elsewhere as a block of its own: arrays [frames × channels] by utterance in npz, HDF5, safetensors or \
      torch files, and the time between frames. Can be given again.
      """, valueName: "name=file@step"))
  var series: [String] = []

  @Flag(help: "Dimensions count with their variance; otherwise each counts alike.")
  var rawVariance = false

  @Flag(help: "Also look at the untrained model.")
  var untrained = false

  @Option(help: "Read at most this many spans.")
  var spans = 5000

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-variance"

  @Option(help: "The seed of every random choice: the same seed gives the same bytes.")
  var seed: UInt64 = 0

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var imports: ImportOptions

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard Level(rawValue: level) != nil else {
      throw ValidationError(
        "--level takes one of \(Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    guard (50...1_000_000).contains(spans) else {
      throw ValidationError("--spans takes a number from 50 to 1000000.")
    }
    _ = try chosenBlocks()
    _ = try series.map(SeriesArgument.init)
  }

  private func chosenBlocks() throws -> [SpanFeatures.Name] {
    guard let blocks else { return SpanFeatures.Name.allCases }
    let chosen = try listed("blocks", blocks).map { name in
      guard let block = SpanFeatures.Name(rawValue: name) else {
        throw ValidationError(
          "--blocks: there is no block “\(name)”; there are "
            + "\(SpanFeatures.Name.allCases.map(\.rawValue).joined(separator: ", ")).")
      }
      return block
    }
    return SpanFeatures.Name.allCases.filter(chosen.contains)
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<VarianceResult> {
    let corpus = try corpora.load(frame.note)
    var study = try frame.study(
      of: loading.source(model, for: corpus, imports, frame.note), on: corpus, layers: layers, seed: seed)
    study.workFolder = StudyFolder.workFolder(of: output)
    var variance = VarianceStudy(of: study)
    (variance.level, variance.blocks) = (Level(rawValue: level) ?? .phoneme, try chosenBlocks())
    variance.series = try series.map { try SeriesArgument($0).series(for: corpus) }
    (variance.standardises, variance.spans, variance.comparesUntrained) = (!rawVariance, spans, untrained)
    return PreparedWork(
      claim: ResultClaim(self, of: [study.model.fingerprint, corpus.fingerprint]), seed: seed,
      work: study.work, make: { [variance] in try await variance.run() })
  }
}

/// `ema=ema.npz@5ms`
private struct SeriesArgument {
  let name, path: String
  let step: ImportSettings.Length

  init(_ text: String) throws {
    guard let equals = text.firstIndex(of: "="), let at = text.lastIndex(of: "@"), equals < at,
      equals > text.startIndex, let step = ImportSettings.Length(String(text[text.index(after: at)...]))
    else {
      throw ValidationError("--series takes NAME=FILE@STEP, such as ema=ema.npz@5ms, not “\(text)”.")
    }
    name = String(text[..<equals])
    path = String(text[text.index(after: equals)..<at])
    self.step = step
    guard !SpanFeatures.Name.allCases.map(\.rawValue).contains(name) else {
      throw ValidationError("--series: there is a block “\(name)” already; give the series another name.")
    }
  }

  func series(for corpus: Corpus) throws -> VarianceStudy.Series {
    var settings = ImportSettings()
    settings.hop = step
    return VarianceStudy.Series(
      name: name,
      source: try ImportedActivations.open(path, for: corpus.utterances, settings: settings))
  }
}
