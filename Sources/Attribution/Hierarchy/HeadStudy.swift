import Activations
import Audio
import Corpora
import Foundations
import Models
import Tensors

/// What every attention head of a model follows over a corpus.
///
/// ```swift
/// for head in try HeadStudy(model: model, corpus: corpus).run() { print(head.layer, head.head, head.name) }
/// ```
/// One recording's attention is held a worker: heads · frames² · layers values.
public struct HeadStudy: Sendable {
  /// The model whose heads are described.
  public var model: SpeechModel
  /// The recordings, labelled with phones and words.
  public var corpus: Corpus
  /// The most recordings that are looked at, evenly chosen.
  public var recordings = 20
  /// Times that labels are moved for chance.
  public var draws = 20
  /// Seconds of a recording; longer ones are left out, as attention grows with the square.
  public var longest = 30.0
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// Told, from any thread, how many of how many recordings are done.
  public var onProgress: @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(model: SpeechModel, corpus: Corpus) {
    self.model = model
    self.corpus = corpus
  }

  /// In the order of layers and heads; empty where there is no attention over time, or nothing is labelled with
  /// phones.
  /// - Throws: `AttributionError.interrupted` when cancelled, and what passes throw.
  public func run(threads: Int = 1) throws -> [HeadProfile] {
    let taps = model.attentionTaps
    let labelled = corpus.utterances.filter {
      !$0.spans(at: .phoneme).isEmpty && $0.seconds <= longest && model.readsAtOnce($0.seconds)
    }
    guard !taps.isEmpty, !labelled.isEmpty else { return [] }
    let count = min(recordings, labelled.count)
    let chosen = (0..<count).map { labelled[$0 * labelled.count / count] }
    let found = try parallelMap(count, threads: threads) { index -> [String: [HeadReading]] in
      guard !isCancelled() else { throw AttributionError.interrupted }
      defer { onProgress("Reading attention", index + 1, count) }
      return try self.readings(of: chosen[index], taps)
    }
    return taps.flatMap { tap in
      (0..<tap.width).map { head in
        HeadProfile(layer: tap.name, head: head + 1, readings: found.compactMap { $0[tap.name]?[head] })
      }
    }
  }

  private func readings(of utterance: Utterance, _ taps: [TapPoint]) throws -> [String: [HeadReading]] {
    let samples = try model.inputValues(of: utterance.sound())
    let layout = FrameLayout(model, samples: samples.count)
    var readings: [String: [HeadReading]] = [:]
    var labels: (own: FrameLabels, moved: [FrameLabels])?
    try model.forward(samples, tokens: nil, taps: Set(taps.map(\.name)), threads: 1) { name, weights in
      let weights = layout.frames(of: weights)
      let (heads, frames) = (weights.shape[0], weights.shape[1])
      let known =
        labels ?? FrameLabels.read(utterance, frames: frames, layout.timing, draws: draws, seed: seed)
      labels = known
      let values = weights.values
      readings[name] = (0..<heads).map { head in
        HeadReading(
          weights: values[(head * frames * frames)..<((head + 1) * frames * frames)], labels: known.own,
          moved: known.moved, frames: frames, frameSeconds: layout.timing.stride)
      }
    }
    return readings
  }
}

extension FrameLabels {
  /// An utterance's labels at each frame, and the same moved along `draws` times; without an utterance nothing is
  /// labelled.
  static func read(
    _ utterance: Utterance?, frames: Int, _ timing: FrameTiming, draws: Int, seed: UInt64
  ) -> (own: FrameLabels, moved: [FrameLabels]) {
    func holders(_ level: Level) -> [Int] {
      let spans = utterance?.spans(at: level) ?? []
      var next = 0
      return (0..<frames).map { frame in
        let centre = timing.centre(of: frame)
        while next < spans.count, spans[next].end <= centre { next += 1 }
        return next < spans.count && spans[next].start <= centre ? next : -1
      }
    }
    let (phones, words) = (holders(.phoneme), holders(.word))
    var random = RandomNumbers(seed: seed, stream: "moved labels of \(utterance?.id ?? "")")
    let moved = (0..<draws).map { _ in
      FrameLabels(phone: phones, word: words, shift: 1 + random.index(below: max(1, frames - 1)))
    }
    return (FrameLabels(phone: phones, word: words, shift: 0), moved)
  }
}
