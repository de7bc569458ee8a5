import ArgumentParser
import Foundation
import Strata

struct GeometryCommand: ResultCommand {
  static let configuration = CommandConfiguration(
    commandName: "geometry",
    abstract: "How each layer's states move in time, and in noise, at another tempo, at another pitch.",
    discussion: """
      For every layer the curvature of its trajectory, the entropy of its spectrum, and how far its states move when the
      sound is changed, with the untrained model and the log-mel spectrum beside them. Writes report.html, summary.md,
      geometry.csv, geometry.json and figures.

      EXAMPLES
        probe-layers geometry model.ckpt --demo
        probe-layers geometry hubert-base/ --corpus my-corpus --recordings 100 --layers 0,3-6,-1
        probe-layers geometry model.ckpt --demo --noise 30,20,10,0,-5 --tempo none --pitch none
      """)

  @Argument(help: "A checkpoint, a Hugging Face folder, or activations made elsewhere.")
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(help: "Whose spans are compared before and after: phoneme, syllable, word, …")
  var level = "phoneme"

  @Option(
    parsing: .unconditional,
    help: "Layers by name or by number among the hidden states, and ranges (0,3-6,-1). Default: all.")
  var layers: String?

  @Option(
    parsing: .unconditional, help: "White noise, decibels below the recording; none for none of it.")
  var noise = "20,10,0"

  @Option(help: "Tempos, 1 being the recording's; none for none.")
  var tempo = "0.8,1.25"

  @Option(parsing: .unconditional, help: "Semitones that the sound is moved by; none for none.")
  var pitch = "-3,3"

  @Option(help: "Run at most this many recordings, drawn from the seed.")
  var recordings = 40

  @Flag(inversion: .prefixedNo, help: "Also look at the untrained model.")
  var untrained = true

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-geometry"

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
    guard (3...100_000).contains(recordings) else {
      throw ValidationError("--recordings takes a number from 3 to 100000.")
    }
    _ = try conditions()
  }

  private func conditions() throws -> [GeometryResult.Condition] {
    try amounts("noise", noise, -40...100, "decibels").map { .init(.noise, $0) }
      + amounts("tempo", tempo, 0.25...4, "tempos").map { .init(.tempo, $0) }
      + amounts("pitch", pitch, -12...12, "semitones").map { .init(.pitch, $0) }
  }

  private func amounts(
    _ option: String, _ text: String, _ range: ClosedRange<Double>, _ unit: String
  ) throws -> [Double] {
    guard text != "none" else { return [] }
    return try listed(option, text).map { part in
      guard let amount = Double(part), range.contains(amount) else {
        throw ValidationError(
          "--\(option) takes \(unit) from \(range.lowerBound) to \(range.upperBound) with commas between, or none; "
            + "not “\(part)”.")
      }
      return amount
    }
  }

  func run() async throws {
    try await CommandFrame.around(running, keepsWork: false) { try await deliver(prepare($0), $0) }
  }

  func prepare(_ frame: CommandFrame) throws -> PreparedWork<GeometryResult> {
    let corpus = try corpora.load(frame.note)
    let study = try frame.study(
      of: loading.source(model, for: corpus, imports, frame.note), on: corpus, layers: layers, seed: seed)
    var geometry = GeometryStudy(of: study)
    (geometry.level, geometry.conditions) = (Level(rawValue: level) ?? .phoneme, try conditions())
    (geometry.recordings, geometry.comparesUntrained) = (recordings, untrained)
    return PreparedWork(
      claim: ResultClaim(self, of: [study.model.fingerprint, corpus.fingerprint]), seed: seed,
      make: { [geometry] in try await geometry.run() })
  }
}
