import Activations
import Audio
import Corpora
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Everything simpler than a layer, together: what a layer has to add to before it may be said to encode a level.
///
/// A layer can beat the mel spectrum, the duration and the length one at a time and still hold nothing but their union.
/// The features are the span's log-mel summary, its duration and those of the larger units that it stands in, its
/// numbers of phones and syllables, and how often which phone is in it.
package struct JointBaseline: Sendable {
  /// `mel` (of a text `n-grams`), `duration`, `length`, `bag-of-phones`.
  package let features: [String]
  /// `[items × width]`
  package let states: Tensor

  /// Nil for what is read off single frames, or is a measure of the signal itself.
  package init?(_ data: ProbeDataset, _ spec: ProbeSpec) throws {
    guard !spec.target.isOfFrames else { return nil }
    var blocks: [(name: String, states: Tensor)] = []
    if let sound = data.sound {
      blocks.append((LogMel.layer, sound))
    } else if let baseline = data.examples.baseline {
      blocks.append((baseline, try data.examples.states(of: baseline)))
    }
    if spec.target != .duration {
      let durations = [Self.durationCurve(data.examples.items.map { $0.end - $0.start })]
      blocks.append(("duration", Self.joined(durations + data.enclosing)))
    }
    // The phones of a word tell how many they are.
    let isCount = spec.target == .phoneCount || spec.target == .syllableCount
    blocks += data.contents.filter { !(isCount && $0.name == SpanStatistics.bagOfPhones) }.map {
      ($0.name, $0.states)
    }
    guard !blocks.isEmpty else { return nil }
    features = blocks.map(\.name)
    states = Self.joined(blocks.map(\.states))
  }

  package static func joined(_ blocks: [Tensor]) -> Tensor {
    guard blocks.count > 1, let rows = blocks.first?.rows else { return blocks[0] }
    let width = blocks.reduce(0) { $0 + $1.width }
    return Tensor(shape: [rows, width]) { out in
      var first = 0
      for block in blocks {
        block.withUnsafeBuffer { values in
          for row in 0..<rows {
            for k in 0..<block.width { out[row * width + first + k] = values[row * block.width + k] }
          }
        }
        first += block.width
      }
    }
  }

  /// The logarithm of each duration, and triangles along its axis a fifth of a natural logarithm apart (at most 24 of
  /// them), with which a linear reader can follow any curve: a layer may hold a duration in any form. A span without a
  /// duration, NaN, has zeros.
  static func durationCurve(_ durations: [Double]) -> Tensor {
    let logs = durations.map { $0.isFinite ? log(max($0, 1e-4)) : .nan }
    let known = logs.filter(\.isFinite)
    guard let low = known.min(), let high = known.max(), high > low else {
      return Tensor(logs.map { $0.isFinite ? Float($0) : 0 }, shape: [logs.count, 1])
    }
    let count = max(2, min(24, Int(((high - low) / 0.2).rounded(.up)) + 1))
    let step = (high - low) / Double(count - 1)
    let width = count + 1
    return Tensor(shape: [logs.count, width]) { out in
      out.update(repeating: 0)
      for (row, value) in logs.enumerated() where value.isFinite {
        out[row * width] = Float(value)
        for knot in 0..<count {
          let distance = abs(value - low - Double(knot) * step) / step
          if distance < 1 { out[row * width + 1 + knot] = Float(1 - distance) }
        }
      }
    }
  }
}

extension ProbeDataset {
  /// Reads what the joint baseline holds beyond the examples: the log-mel spectrum of the span (its mean, its first and
  /// its last third, and 50 ms before and after it), and how long the larger units are that it stands in.
  ///
  /// `utterances` are those that the examples' indices are of; a recording is read once. Throws the reader's error for
  /// audio that has gone.
  public mutating func readSurroundings(in utterances: [Utterance], threads: Int = 1) throws {
    if examples.baselineOfText == nil, examples.baseline != nil {
      sound = try SpanSound(examples, utterances: utterances).summary(threads: threads)
    }
    enclosing = Level.allCases.filter { $0 > examples.level && $0 != .sentence }.compactMap { level in
      let seconds = Self.secondsAround(examples, level, in: utterances)
      return seconds.contains(where: \.isFinite) ? JointBaseline.durationCurve(seconds) : nil
    }
  }

  /// Of each item the length of the unit of `level` that holds its middle; NaN where none does.
  static func secondsAround(
    _ examples: PooledSpans, _ level: Level, in utterances: [Utterance]
  ) -> [Double] {
    var spans: [Int: [LabelledSpan]] = [:]
    return examples.items.map { item in
      let middle = (item.start + item.end) / 2
      let own = spans[item.utterance] ?? utterances[item.utterance].spans(at: level)
      spans[item.utterance] = own
      return own.first { $0.start <= middle && middle < $0.end }.map { $0.end - $0.start } ?? .nan
    }
  }
}

/// The log-mel summary of spans.
struct SpanSound {
  /// Half of the mel baseline's: what is finer is no part of a phone's or a word's gist, and costs as much as a layer.
  static let bands = 40
  private static let context = 0.05
  let examples: PooledSpans
  let utterances: [Utterance]

  init(_ examples: PooledSpans, utterances: [Utterance]) {
    (self.examples, self.utterances) = (examples, utterances)
  }

  /// `[items × 5·bands]`
  func summary(threads: Int) throws -> Tensor {
    let places = Dictionary(grouping: examples.items.indices) { examples.items[$0].utterance }
      .sorted { $0.key < $1.key }
    let mel = LogMel.baseline(bands: Self.bands)
    let found = try parallelMap(places.count, threads: threads) { index -> [[Float]] in
      let (utterance, rows) = places[index]
      let frames = try mel.features(
        of: utterances[utterance].sound().resampled(to: mel.samplingRate))
      let seconds = Double(mel.hop) / Double(mel.samplingRate)
      return rows.map { summary(of: examples.items[$0], frames, secondsPerFrame: seconds) }
    }
    var values = [[Float]](repeating: [], count: examples.items.count)
    for (place, rows) in zip(places, found) {
      for (row, own) in zip(place.value, rows) { values[row] = own }
    }
    return Tensor(Array(values.joined()), shape: [examples.items.count, 5 * Self.bands])
  }

  private func summary(of item: PooledSpans.Item, _ frames: Tensor, secondsPerFrame: Double) -> [Float] {
    let third = (item.end - item.start) / 3
    let parts = [
      (item.start, item.end), (item.start, item.start + third), (item.end - third, item.end),
      (item.start - Self.context, item.start), (item.end, item.end + Self.context),
    ]
    return parts.flatMap { start, end -> [Float] in
      var first = Int((start / secondsPerFrame).rounded(.up))
      var last = Int((end / secondsPerFrame).rounded(.up))
      if last <= first {
        first = Int(((start + end) / 2 / secondsPerFrame).rounded())
        last = first + 1
      }
      first = max(0, min(first, frames.rows - 1))
      last = max(first + 1, min(last, frames.rows))
      return frames.withUnsafeBuffer { values in
        (0..<frames.width).map { k in
          let sum = (first..<last).reduce(0.0) { $0 + Double(values[$1 * frames.width + k]) }
          return Float(sum / Double(last - first))
        }
      }
    }
  }
}
