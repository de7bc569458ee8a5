import Activations
import Audio
import Corpora
import Models
import Tensors

/// Where in a corpus a unit is most active: what it responds to, to be looked at and listened to.
public struct TopActivation: Sendable, Equatable {
  /// The utterance's name in the corpus.
  public let utterance: String
  /// The path of its recording.
  public let audioPath: String
  /// The channel that is heard, counted from 0; nil for the mean of all.
  public let channel: Int?
  /// The middle of the frame, in seconds.
  public let time: Double
  /// The unit's activation there.
  public let value: Float
  /// The phone and the word there, where they are labelled.
  public let labels: [Level: String]

  /// The `count` largest values of unit `unit` of a layer over a corpus, the largest first; of one recording only peaks
  /// at least 200 ms apart.
  ///
  /// Throws `AttributionError` for a unit or a layer of tokens that cannot be asked, `.interrupted`, and what passes throw.
  public static func find(
    unit: Int, of point: TapPoint, in corpus: Corpus, by model: SpeechModel, count: Int = 10,
    threads: Int = 1,
    progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> [TopActivation] {
    guard let timing = point.timing else {
      throw AttributionError.notApplicable(
        method: "a unit's maximum", reason: "rows of \(point.name) are tokens and have no time")
    }
    guard (0..<point.width).contains(unit) else {
      throw AttributionError.targetOutOfRange(what: "unit", found: unit, count: point.width)
    }
    let utterances = corpus.utterances
    let found = try parallelMap(utterances.count, threads: threads) { index -> [TopActivation] in
      guard !isCancelled() else { throw AttributionError.interrupted }
      defer { progress(index + 1, utterances.count) }
      let utterance = utterances[index]
      var values: [Float] = []
      try model.forward(utterance.sound(), taps: [point.name]) { _, states in
        values = (0..<states.rows).map { states[row: $0][unit] }
      }
      return peaks(values, apart: 0.2 / timing.stride, count: count).map { frame in
        let time = timing.centre(of: frame)
        return TopActivation(
          utterance: utterance.id, audioPath: utterance.audioPath, channel: utterance.channel,
          time: time, value: values[frame],
          labels: labels(of: utterance, at: time))
      }
    }
    return Array(
      found.joined().sorted { ($1.value, $0.utterance, $0.time) < ($0.value, $1.utterance, $1.time) }
        .prefix(count))
  }

  /// The largest values' places, the largest first, none nearer than `apart` to a larger one.
  static func peaks(_ values: [Float], apart: Double, count: Int) -> [Int] {
    var peaks: [Int] = []
    for frame in values.indices.sorted(by: { (values[$1], $0) < (values[$0], $1) }) {
      guard peaks.count < count else { break }
      if peaks.allSatisfy({ Double(abs($0 - frame)) >= apart }) { peaks.append(frame) }
    }
    return peaks
  }

  private static func labels(of utterance: Utterance, at time: Double) -> [Level: String] {
    var labels: [Level: String] = [:]
    for level in [Level.phoneme, .word] {
      labels[level] = utterance.spans(at: level).first { $0.start <= time && time < $0.end }?.label
    }
    return labels
  }
}
