import Activations
import Attribution
import Corpora
import Interventions
import Models
import Results
import Tensors

/// How alike the layers of a model's two towers are: CLAP's of sounds and of texts over whole recordings, Whisper's encoder
/// and decoder over words.
public struct TowerStudy: Sendable {
  /// The two towers, how they are compared, and the layers of each.
  private var study: SimilarityStudy

  /// The seed of calibration: of the orders that whole recordings are put in.
  public var seed: UInt64 = 0
  /// How many threads work at once; the result does not depend on it.
  public var threads = 1
  /// Told, from any thread, how far the work is.
  public var onProgress: @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// Recordings are those that `model` reads at once and that have words.
  ///
  /// Throws `InterventionError.oneTower` for a model that has no other, and `ActivationError.noLanguage`.
  public init(_ model: SpeechModel, texts: ClapTexts?, language: String?, corpus: Corpus) throws {
    func read(_ keep: (Utterance) -> Bool) -> Corpus {
      corpus.with(corpus.utterances.filter { TranscriptTextModel.text(of: $0) != nil && keep($0) })
    }
    if let texts {
      let read = read { model.readsAtOnce($0.seconds) }
      let spoken = read.utterances.map { utterance in
        // A layer may have one row a window, which is longer than what is heard in it.
        let end = max(utterance.seconds, model.taps.compactMap { $0.timing?.stride }.max() ?? 0)
        let whole = Interval(start: 0, end: end, label: utterance.sentence)
        return utterance.with(tiers: [
          .word: Tier(
            name: "words", level: .word,
            intervals: utterance.spans(at: .word).map {
              Interval(start: $0.start, end: $0.end, label: $0.label)
            }),
          .sentence: Tier(name: "recordings", level: .sentence, intervals: [whole]),
        ])
      }
      study = SimilarityStudy(
        model: model, second: TranscriptTextModel(texts.model), corpus: read.with(spoken))
      study.level = .sentence
    } else if var reader = TeacherForcedModel(model) {
      if let language { reader = try reader.speaking(language) }
      let fitting = read {
        let count = (try? reader.tokens(of: $0).count) ?? 0
        return model.readsAtOnce($0.seconds) && (1...model.longestText).contains(count)
      }
      study = SimilarityStudy(model: reader, second: reader, corpus: fitting)
      study.level = .word
      study.layers = model.taps.map(\.name)
      study.secondLayers = model.decoderTaps.map(\.name).filter { $0 != "logits" }
    } else {
      throw InterventionError.oneTower(model: model.name)
    }
    study.measures = [.debiasedLinearCKA, .mutualNeighbours]
    study.calibrationDraws = 200
  }

  /// The seed, the progress and the interruption of a study of interventions.
  public mutating func follow(_ study: InterventionStudy, threads: Int) {
    (seed, self.threads) = (study.seed, threads)
    (onProgress, isCancelled) = (study.onProgress, study.isCancelled)
  }

  /// A table a measure, layers of the first tower by layers of the second. Throws as `SimilarityStudy.run` does.
  public func run() async throws -> [LayerComparison] {
    var study = study
    (study.seed, study.threads, study.isCancelled) = (seed, threads, isCancelled)
    study.onProgress = { [onProgress] in onProgress("Comparing towers", $0.done, $0.total) }
    return try await study.run().comparisons
  }
}

extension SharedTexts {
  /// The words of a corpus's recordings in the space that CLAP shares between sounds and texts.
  ///
  /// Throws `ModelError` for a text that the tower cannot take, or where it came without a tokeniser.
  public init(_ texts: ClapTexts, of corpus: Corpus) throws {
    var (numbers, rows, textOf) = ([String: Int](), [Float](), [Int]())
    for utterance in corpus.utterances {
      guard let text = TranscriptTextModel.text(of: utterance) else {
        textOf.append(-1)
        continue
      }
      if numbers[text] == nil {
        numbers[text] = numbers.count
        rows += try texts.embed(text).values
      }
      textOf.append(numbers[text] ?? -1)
    }
    let width = numbers.isEmpty ? 0 : rows.count / numbers.count
    self.init(
      embeds: Tensor(rows, shape: [numbers.count, width]), textOf: textOf, scaleToTexts: texts.scaleToTexts,
      scaleToSounds: texts.scaleToSounds)
  }
}
