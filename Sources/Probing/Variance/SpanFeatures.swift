import Activations
import Audio
import Corpora
import Tensors

/// What is known of spans without a model, in blocks: how they sound, how long they are, which phones, syllables and words
/// they are, where they stand and who says them.
///
/// ```swift
/// let known = try SpanFeatures(of: examples, in: corpus.utterances).blocks(threads: 2)
/// ```
public struct SpanFeatures: Sendable {
  /// The blocks by name, in the order of the hierarchy.
  public enum Name: String, CaseIterable, Sendable {
    case mel
    case duration, position
    case phone, syllable, word
    case speaker

    /// What is in it, of spans of a level.
    func words(_ level: Level) -> String {
      switch self {
      case .mel: "the span's log-mel spectrum: its mean, first and last third, and 50 ms before and after"
      case .duration: "its length and those of the larger units around it"
      case .position: "where its middle stands in the larger units and in the recording"
      case .phone:
        level == .phoneme
          ? "the phone, the one before and the one after" : "how often which phone is in it or around it"
      case .syllable: level > .syllable ? "how often which syllable is in it" : "which syllable it is in"
      case .word: level > .word ? "how often which word is in it" : "which word it is in"
      case .speaker:
        "the mean and the deviation of log-mel over the speaker's other recordings, which say something of new "
          + "speakers too"
      }
    }
  }

  /// A block with what a report says of it.
  public struct Known: Sendable {
    /// The features, one row a span.
    public let block: FeatureBlock
    /// What is in it, in words.
    public let words: String
    /// The share of spans of which it says anything: an only word of its kind has no column.
    public let coverage: Double
  }

  /// Labels that occur once cannot be learned and tested; the rarest beyond this many are left out.
  static let mostLabels = 500
  private static let knots = 5

  let examples: PooledSpans
  let utterances: [Utterance]

  /// Features of these spans; their utterance indices are those of `utterances`.
  public init(of examples: PooledSpans, in utterances: [Utterance]) {
    (self.examples, self.utterances) = (examples, utterances)
  }

  /// Those of `names` that the corpus has. Throws the reader's error for audio that has gone.
  public func blocks(_ names: [Name] = Name.allCases, threads: Int = 1) throws -> [Known] {
    try names.compactMap { name in
      guard let found = try block(name, threads: threads), found.block.states.width > 0 else { return nil }
      return Known(block: found.block, words: name.words(examples.level), coverage: found.coverage)
    }
  }

  private func block(_ name: Name, threads: Int) throws -> (block: FeatureBlock, coverage: Double)? {
    let isText = examples.baselineOfText != nil
    switch name {
    case .mel:
      if let baseline = examples.baselineOfText {
        return (FeatureBlock(baseline, try examples.states(of: baseline)), 1)
      }
      return (
        FeatureBlock(
          name.rawValue, try SpanSound(examples, utterances: utterances).summary(threads: threads)),
        1
      )
    case .duration:
      let own = JointBaseline.durationCurve(examples.items.map { $0.end - $0.start })
      let around = larger.compactMap { level -> Tensor? in
        let seconds = ProbeDataset.secondsAround(examples, level, in: utterances)
        return seconds.contains(where: \.isFinite) ? JointBaseline.durationCurve(seconds) : nil
      }
      return (FeatureBlock(isText ? "length" : name.rawValue, JointBaseline.joined([own] + around)), 1)
    case .position: return (FeatureBlock(name.rawValue, positions, isCategorical: true), 1)
    case .phone: return labels(.phoneme, name)
    case .syllable: return labels(.syllable, name)
    case .word: return labels(.word, name)
    case .speaker:
      guard !isText, Set(examples.items.map(\.speaker)).count > 1 else { return nil }
      return (FeatureBlock(name.rawValue, try voices(threads: threads)), 1)
    }
  }

  private var larger: [Level] { Level.allCases.filter { $0 > examples.level && $0 != .sentence } }

  // MARK: - Labels

  private func labels(_ level: Level, _ name: Name) -> (block: FeatureBlock, coverage: Double)? {
    guard utterances.contains(where: { !$0.spans(at: level).isEmpty }) else { return nil }
    var spans: [Int: [LabelledSpan]] = [:]
    // Of each item the labels that it has, in places apart: the phone before, the phone, the phone after.
    let found: [[String]] = examples.items.map { item in
      let own = spans[item.utterance] ?? utterances[item.utterance].spans(at: level)
      spans[item.utterance] = own
      let middle = (item.start + item.end) / 2
      guard level >= examples.level else {
        return own.filter { item.start <= ($0.start + $0.end) / 2 && ($0.start + $0.end) / 2 < item.end }
          .map(\.label)
      }
      guard let place = own.firstIndex(where: { $0.start <= middle && middle < $0.end }) else { return [] }
      guard level == .phoneme else { return [own[place].label] }
      let neighbours = [(place - 1, "before "), (place + 1, "after ")].compactMap { index, word in
        own.indices.contains(index) ? word + own[index].label : nil
      }
      return [own[place].label] + neighbours
    }
    return Self.counts(found, name.rawValue)
  }

  static func counts(_ labels: [[String]], _ name: String) -> (block: FeatureBlock, coverage: Double) {
    var rows: [String: Int] = [:]
    for own in labels { for label in Set(own) { rows[label, default: 0] += 1 } }
    let kept = rows.filter { $0.value > 1 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .prefix(mostLabels).map(\.key).sorted()
    let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    var known = 0
    let states = Tensor(shape: [labels.count, kept.count]) { values in
      values.update(repeating: 0)
      for (row, own) in labels.enumerated() {
        let columns = own.compactMap { places[$0] }
        if !columns.isEmpty { known += 1 }
        for column in columns { values[row * kept.count + column] += 1 }
      }
    }
    let coverage = Double(known) / Double(max(labels.count, 1))
    return (FeatureBlock(name, states, isCategorical: true), coverage)
  }

  // MARK: - Place and voice

  /// For each larger unit and for the recording, triangles over the place of the span's middle in it, from its start
  /// to its end.
  private var positions: Tensor {
    let units = larger.map { level in
      var spans: [Int: [LabelledSpan]] = [:]
      return examples.items.map { item -> Double? in
        let own = spans[item.utterance] ?? utterances[item.utterance].spans(at: level)
        spans[item.utterance] = own
        let middle = (item.start + item.end) / 2
        return own.first { $0.start <= middle && middle < $0.end }.map { (middle - $0.start) / $0.seconds }
      }
    }
    let recording = examples.items.map { item -> Double? in
      (item.start + item.end) / 2 / max(utterances[item.utterance].seconds, 1e-9)
    }
    let all = units.filter { $0.contains { $0 != nil } } + [recording]
    let width = all.count * Self.knots
    return Tensor(shape: [examples.items.count, width]) { values in
      values.update(repeating: 0)
      for (unit, places) in all.enumerated() {
        for (row, place) in places.enumerated() {
          guard let place else { continue }
          for knot in 0..<Self.knots {
            let distance = abs(min(max(place, 0), 1) * Double(Self.knots - 1) - Double(knot))
            if distance < 1 { values[row * width + unit * Self.knots + knot] = Float(1 - distance) }
          }
        }
      }
    }
  }

  /// Of each item the mean and the standard deviation of each mel band over its speaker's other recordings; over its own
  /// where there is no other.
  private func voices(threads: Int) throws -> Tensor {
    let mel = LogMel.baseline(bands: SpanSound.bands)
    let speakers = Set(examples.items.map { examples.speakers[$0.speaker] })
    let heard = utterances.indices.filter { speakers.contains(utterances[$0].speaker) }
    let sums = try parallelMap(heard.count, threads: threads) { index in
      BandSums(try mel.features(of: utterances[heard[index]].sound().resampled(to: mel.samplingRate)))
    }
    var ofSpeaker: [String: BandSums] = [:]
    var own: [Int: BandSums] = [:]
    for (utterance, sum) in zip(heard, sums) {
      own[utterance] = sum
      let speaker = utterances[utterance].speaker
      ofSpeaker[speaker] = ofSpeaker[speaker].map { $0.adding(sum, 1) } ?? sum
    }
    let rows = examples.items.map { item -> [Float] in
      guard let own = own[item.utterance], let all = ofSpeaker[utterances[item.utterance].speaker] else {
        return []
      }
      let others = all.adding(own, -1)
      return (others.count > 0 ? others : own).summary
    }
    return Tensor(Array(rows.joined()), shape: [examples.items.count, 2 * SpanSound.bands])
  }
}

/// Sums over frames of each band, and of its square.
private struct BandSums: Sendable {
  var count: Double
  var sums: [Double]

  init(_ frames: Tensor) {
    let width = frames.width
    var sums = [Double](repeating: 0, count: 2 * width)
    frames.withUnsafeBuffer { values in
      for row in 0..<frames.rows {
        for k in 0..<width {
          let value = Double(values[row * width + k])
          sums[k] += value
          sums[width + k] += value * value
        }
      }
    }
    (count, self.sums) = (Double(frames.rows), sums)
  }

  func adding(_ other: BandSums, _ sign: Double) -> BandSums {
    var result = self
    result.count += sign * other.count
    for k in sums.indices { result.sums[k] += sign * other.sums[k] }
    return result
  }

  /// Means, then deviations.
  var summary: [Float] {
    let width = sums.count / 2
    let means = (0..<width).map { sums[$0] / count }
    let deviations = (0..<width).map {
      max(0, sums[width + $0] / count - means[$0] * means[$0]).squareRoot()
    }
    return (means + deviations).map(Float.init)
  }
}
