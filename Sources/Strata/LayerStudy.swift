import Activations
import Corpora
import Files
import Foundation
import Models
import Probing
import Results
import Similarity

/// A whole study: which layers of a model encode which levels of speech, with its controls.
///
/// ```swift
/// let study = try await LayerStudy(
///   model: SpeechModel.load("model.ckpt"), corpus: Corpus.load("my-corpus")
/// ).run()
/// print(study.summary)
/// ```
/// The model, each of its untrained counterparts and the mel baseline see every utterance once. The result is a function
/// of the model, the corpus and the settings below, and not of `threads`.
public struct LayerStudy: Sendable {
  /// A speech model, a text model for a corpus of texts, or anything else that gives layers.
  public var model: any ActivationSource
  /// What the model reads, with its labels.
  public var corpus: Corpus
  /// The levels to probe, of a text all that it has; those without a probe definition or without labels are reported and left out.
  public var levels: [Level] = [.phoneme, .syllable, .word]
  /// Names of tap points; nil for all.
  public var layers: [String]?
  /// Layers whose mistakes are analysed, beside the peak's of each level.
  public var errorLayers: [String] = []
  /// The probe definitions; one result each.
  public var probes: [ProbeSpec] = ProbeSpec.bundled.filter { $0.isDefault && $0.fits(ofText: false) }
  /// Seeds of the untrained models; empty for none.
  public var twinSeeds: [UInt64] = LayerStudy.untrainedSeeds(3, after: 0)
  /// The level whose pooled spans are compared between layers.
  public var similarityLevel: Level = .phoneme
  /// Every layer, untrained models' and the baseline's too, is read in so many principal components; nil for as it is.
  public var dimensions: Int?
  /// The seed of folds, samples, control tasks and resampling; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// How often utterances or speakers are resampled for each 95 % interval.
  public var bootstrapResamples = 1000
  /// How many held-out spans are explained at the peak of the finest level that is encoded (`ActivationMaps`): some
  /// seconds, a pass back through the model for each.
  public var maps = 0
  /// How many threads work at once; the result does not depend on it.
  public var threads = ProcessInfo.processInfo.activeProcessorCount
  /// Where finished work, extraction and fits, is kept, so that an interrupted study goes on; nil keeps nothing.
  public var workFolder: String?
  /// What of the kept work was this study's own: `work.remove()` takes it away once the result is written.
  public var work = UsedWork()
  /// A folder in which frames are kept, for other studies of the same audio (`StoredSource`); nil keeps none. The
  /// result does not depend on it.
  public var storeFolder: String?
  /// Told what the store was good for, once a pass.
  public var onStore: @Sendable (StoredSource) -> Void = { _ in }
  /// Given the trained model's pooled spans once they are there, for work beyond the study's own.
  public var onExtraction: @Sendable (Extraction) -> Void = { _ in }
  /// Told, from any thread, how far the work is.
  public var onProgress: @Sendable (StudyProgress) -> Void = { _ in }
  /// Told, in a sentence, what a user should know while the study runs: that a recording was changed, say.
  public var onNotice: @Sendable (String) -> Void = { _ in }
  /// Asked now and then; true ends the study with `StudyError.interrupted`.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// Finished studies of other checkpoints of the same training, or folders of them: the result shows where each level
  /// peaks along it.
  public var training: [String] = []

  /// The file that describes the study, where it comes from one.
  var file: StudyFile?
  /// Given what each probe found.
  var onOutcome: @Sendable (ProbeStudy.Outcome) -> Void = { _ in }
  /// Of the recordings' bytes.
  var fingerprints = FileFingerprints()
  /// Where the passes are found instead of being run.
  var shards: ShardFiles?

  public init(model: any ActivationSource, corpus: Corpus) {
    self.model = model
    self.corpus = corpus
    if corpus.isText {
      probes = ProbeSpec.bundled.filter { $0.isDefault && $0.fits(ofText: true) }
      levels = Level.levels(ofText: true)
      similarityLevel = .word
    }
  }
}

/// How far a study is: one stage at a time.
public struct StudyProgress: Sendable, Equatable {
  /// "Extracting model.ckpt", "Probing phoneme", …
  public let stage: String
  /// Units of the stage that are done.
  public let done: Int
  /// All units of the stage.
  public let total: Int
  /// The stage's own rate, such as "38 × real time".
  public let detail: String?
}
