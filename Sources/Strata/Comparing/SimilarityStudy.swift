import Activations
import Corpora
import Files
import Foundation
import Models
import Results
import Similarity
import Tensors

/// How alike the layers of a model are, or the layers of two models, over the same stretches of speech.
///
/// ```swift
/// var study = SimilarityStudy(model: model, corpus: corpus)
/// study.measures = [.debiasedLinearCKA, .svcca]
/// let result = try await study.run()
/// ```
/// Rows are the labelled spans of a level, on which each layer's frames are averaged, or the frames of the layer with
/// the longest step. Both models see every utterance once, in one pass.
public struct SimilarityStudy: Sendable {
  /// The model of the rows.
  public var model: any ActivationSource
  /// The model of the columns; nil compares the first with itself.
  public var second: (any ActivationSource)?
  /// The recordings or texts that the layers are compared over.
  public var corpus: Corpus
  /// The level whose spans are compared; nil for frames.
  public var level: Level? = .phoneme
  /// The similarity measures, each of which gives a matrix `[row layers × column layers]`.
  public var measures: [MeasureName] = [.debiasedLinearCKA]
  /// Names of tap points; nil for all but the scores of a trained head.
  public var layers: [String]?
  /// Names of the second model's tap points; nil for all but the scores of a trained head.
  public var secondLayers: [String]?
  /// Whether layers are compared with one-hot labels of the level too.
  public var comparesLabels = false
  /// Whether each layer's eigenvalue spectrum is measured.
  public var measuresSpectra = false
  /// Whether each layer's intrinsic dimension is measured.
  public var measuresDimensions = false
  /// So often whole utterances of one side are put in another order, for p values and calibrated similarities; 0 for none.
  public var calibrationDraws = 0
  /// At most this many rows are kept, and fewer where their states would take over `memory` bytes; moments go over
  /// all.
  public var rowLimit = 20_000
  /// Bytes that the kept rows may take, and the moments too.
  public var memory = 1 << 30
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// How many threads work at once; the result does not depend on it.
  public var threads = ProcessInfo.processInfo.activeProcessorCount
  /// A folder that keeps finished passes, so that an interrupted study goes on; nil keeps nothing.
  public var workFolder: String?
  /// What of the kept work was this study's own.
  public var work = UsedWork()
  /// Told, from any thread, how far the work is.
  public var onProgress: @Sendable (StudyProgress) -> Void = { _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(model: any ActivationSource, second: (any ActivationSource)? = nil, corpus: Corpus) {
    self.model = model
    self.second = second
    self.corpus = corpus
  }

  /// `cka,svcca` as measures.
  /// - Throws: `ComparisonError.unknownMeasure`, with those that there are.
  public static func measures(named names: String) throws -> [MeasureName] {
    try names.split(separator: ",").map { part in
      let name = part.trimmingCharacters(in: .whitespaces)
      guard let measure = MeasureName(name) else {
        throw ComparisonError.unknownMeasure(name, known: ["cka"] + MeasureName.allCases.map(\.rawValue))
      }
      return measure
    }
  }

  /// `frames` is no level; nil stands for them.
  /// - Throws: `ComparisonError.unknownUnit`, with those that there are.
  public static func level(named name: String) throws -> Level? {
    if name == "frames" { return nil }
    guard let level = Level(rawValue: name) else {
      throw ComparisonError.unknownUnit(name, known: Level.allCases.map(\.rawValue) + ["frames"])
    }
    return level
  }

  /// Runs away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `ComparisonError`, `StudyError.otherInput` where a model does not read what the corpus holds, or the error
  /// of whatever input was at fault.
  public func run() async throws -> SimilarityResult {
    try await runBlocking(asking: isCancelled) { isCancelled in
      var study = self
      study.isCancelled = isCancelled
      return try FileFingerprints().requiringUnchanged(corpus.recordings) { try study.result() }
    }
  }

  private func result() throws -> SimilarityResult {
    for source in [model, second].compactMap({ $0 }) { try corpus.requireReadable(by: source) }
    let sides = [side(model, layers, 0)] + (second.map { [side($0, secondLayers, 1)] } ?? [])
    let grid = FrameGrid(sides.flatMap(\.taps))
    if level == nil {
      guard grid != nil else { throw ComparisonError.noFrames(model: model.name) }
      guard !comparesLabels else { throw ComparisonError.labelsOfFrames }
    }
    let rows = try Rows(self, sides, grid)
    let activations = rows.activations
    var result = SimilarityResult(
      models: sides.map(\.summary), corpus: CorpusSummary(corpus), unit: rows.unit,
      alignment: alignment(sides, grid), rows: activations.spans, sampled: activations.examples.items.count,
      comparisons: [], labels: [], spectra: [], warnings: rows.warnings, seed: seed,
      version: Release.version)
    for measure in measures { result.comparisons.append(try rows.comparison(measure)) }
    if measuresDimensions {
      let (dimensions, refusals) = try rows.dimensions()
      result.intrinsicDimensions = dimensions
      result.warnings += refusals
    }
    if measuresSpectra {
      let (spectra, refusals) = try rows.spectra()
      result.spectra = spectra
      result.warnings += refusals
    }
    if comparesLabels { result.labels = try rows.labels() }
    return result
  }

  private func side(_ source: any ActivationSource, _ layers: [String]?, _ index: Int) -> Side {
    let names = layers ?? source.taps.map(\.name).filter { $0 != "logits" }
    return Side(
      source: source, taps: source.taps.filter { names.contains($0.name) },
      prefix: second == nil ? "" : PairedSource.prefixes[index])
  }

  /// How layers of different steps come onto the same rows, in a sentence.
  private func alignment(_ sides: [Side], _ grid: FrameGrid?) -> String {
    guard let level else {
      let name = grid.map { "\($0.layer)'s frames, the coarsest" } ?? "frames"
      return
        "Rows are \(name): a finer layer's frames are averaged where their centres lie within half a step "
        + "of that frame's centre."
    }
    let steps = Set(sides.flatMap(\.taps).map { $0.timing?.stride })
    let means = "each layer's frames are averaged over the \(level.rawValue) span that holds their centres"
    return steps.count > 1
      ? "Layers of different steps are aligned by time: \(means)." : "Rows are spans: \(means)."
  }
}

/// One model's part of a comparison.
struct Side: Sendable {
  let source: any ActivationSource
  let taps: [TapPoint]
  /// What its layers' names have before them in the pass.
  let prefix: String

  var names: [String] { taps.map { prefix + $0.name } }
  var summary: ModelSummary { ModelSummary(source) }
}
