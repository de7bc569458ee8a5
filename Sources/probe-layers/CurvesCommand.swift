import ArgumentParser
import Foundation
import Strata

struct CurvesCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "curves",
    abstract: "How well a level is read over time around its spans, or over the number of examples.",
    discussion: """
      Over time: the accuracy of a probe of the 20 ms at each moment around a span's centre or edge, which shows how far
      context carries the level at each layer. Over examples: the accuracy with an eighth, a quarter, half and all of the
      training part, and what it would rise to. Writes report.html, summary.md, curves.csv, curves.json and a figure.

      EXAMPLES
        probe-layers curves model.ckpt --demo
        probe-layers curves model.ckpt --demo --level word --from -400 --to 400 --step 50 --anchor start
        probe-layers curves hubert-base/ --corpus my-corpus --over examples --layers 0,6,-1
      """)

  @Argument(help: "A checkpoint, a Hugging Face folder, or activations made elsewhere.")
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(help: "Along what: time or examples.", completion: .list(["time", "examples"]))
  var over = "time"

  @Option(help: "The level whose spans are read: phoneme, syllable, word, …")
  var level = "phoneme"

  @Option(
    parsing: .unconditional,
    help: "Layers by name or by number among the hidden states, and ranges (0,3-6,-1). Default: all.")
  var layers: String?

  @Option(
    help: "Over time, what moments are counted from: centre, start or end.",
    completion: .list(["centre", "start", "end"]))
  var anchor = "centre"

  @Option(parsing: .unconditional, help: "Over time, the first moment, in milliseconds.")
  var from = -200

  @Option(parsing: .unconditional, help: "Over time, the last moment, in milliseconds.")
  var to = 200

  @Option(help: "Over time, milliseconds from one moment to the next.")
  var step = 40

  @Option(help: "Over time, read at most this many spans.")
  var spans = 1500

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-curves"

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
    guard CurvesResult.Axis(rawValue: over) != nil else {
      throw ValidationError("--over takes time or examples, not “\(over)”.")
    }
    guard CurvesResult.Anchor(rawValue: anchor) != nil else {
      throw ValidationError("--anchor takes centre, start or end, not “\(anchor)”.")
    }
    guard (-10_000...10_000).contains(from), (-10_000...10_000).contains(to), from <= to else {
      throw ValidationError(
        "--from and --to take milliseconds from -10000 to 10000, the earlier one first.")
    }
    guard (5...10_000).contains(step), (to - from) / step < 200 else {
      throw ValidationError("--step takes milliseconds from 5 to 10000, and at most 200 moments.")
    }
    guard (50...100_000).contains(spans) else {
      throw ValidationError("--spans takes a number from 50 to 100000.")
    }
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<CurvesResult> {
    let corpus = try corpora.load(frame.note)
    var study = try frame.study(
      of: loading.source(model, for: corpus, imports, frame.note), on: corpus, layers: layers, seed: seed)
    study.workFolder = StudyFolder.workFolder(of: output)
    var curves = CurvesStudy(of: study, over: CurvesResult.Axis(rawValue: over) ?? .time)
    (curves.level, curves.spans) = (Level(rawValue: level) ?? .phoneme, spans)
    curves.anchor = CurvesResult.Anchor(rawValue: anchor) ?? .centre
    curves.offsets = stride(from: from, through: to, by: step).map { Double($0) / 1000 }
    return PreparedWork(
      claim: ResultClaim(self, of: [study.model.fingerprint, corpus.fingerprint]), seed: seed,
      work: study.work, make: { [curves] in try await curves.run() })
  }
}
