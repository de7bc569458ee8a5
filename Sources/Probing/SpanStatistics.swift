import Activations
import Corpora
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is known of spans without hearing them: a baseline that a layer has to beat, or is read beside.
///
/// A word can be guessed from its length, and told from its phones: a model that encodes no words, but lets through how
/// long things are, would else be said to encode them (docs/Methods.md, What probing cannot say).
struct SpanStatistics: Sendable {
  static let bagOfPhones = "bag-of-phones"
  let name: String
  /// `[items × features]`
  let states: Tensor
  /// A level counts as encoded only where its peak beats this. Phones tell a word outright, so that a bag of them is
  /// no bar: what a word probe reads beyond phones is seen beside it.
  let isRequired: Bool

  /// The logarithm of each span's seconds, of a text of its characters.
  static func durations(of examples: PooledSpans) -> SpanStatistics {
    SpanStatistics(
      name: examples.baselineOfText == nil ? "duration" : "length",
      states: Tensor(
        examples.items.map { Float(log(max($0.end - $0.start, 1e-4))) }, shape: [examples.items.count, 1]),
      isRequired: true)
  }

  /// Of spans above the phone: how many phones and syllables they have, and how often which phone. None where the
  /// utterances have no phones, as texts have none, and none that is what is asked for: not the length of a word's
  /// length, nor the phones of a syllable's structure.
  static func contents(
    of examples: PooledSpans, for spec: ProbeSpec, in utterances: [Utterance]
  ) -> [SpanStatistics] {
    guard spec.hasPlainBaselines, utterances.contains(where: { !$0.spans(at: .phoneme).isEmpty }) else {
      return []
    }
    let phones = labels(.phoneme, of: examples, in: utterances)
    let syllables = labels(.syllable, of: examples, in: utterances)
    var features: [SpanStatistics] = []
    if spec.target != .phoneCount && spec.target != .syllableCount {
      var counts: [Float] = []
      for (phones, syllables) in zip(phones, syllables) {
        for count in [phones.count, syllables.count] {
          counts += [Float(count), Float(log(1 + Double(count)))]
        }
      }
      features.append(
        SpanStatistics(name: "length", states: Tensor(counts, shape: [phones.count, 4]), isRequired: true))
    }
    guard spec.target != .structure else { return features }
    let names = Set(phones.joined()).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let bags = Tensor(shape: [phones.count, names.count]) { values in
      values.update(repeating: 0)
      for (row, phones) in phones.enumerated() {
        for phone in phones { values[row * names.count + (places[phone] ?? 0)] += 1 }
      }
    }
    return features + [SpanStatistics(name: bagOfPhones, states: bags, isRequired: false)]
  }

  /// The labels of the smaller spans whose middles lie in each item.
  private static func labels(
    _ level: Level, of examples: PooledSpans, in utterances: [Utterance]
  ) -> [[String]] {
    var found: [Int: (middles: [Double], labels: [String])] = [:]
    return examples.items.map { item in
      if found[item.utterance] == nil {
        let spans = utterances[item.utterance].spans(at: level).sorted { $0.start < $1.start }
        found[item.utterance] = (spans.map { ($0.start + $0.end) / 2 }, spans.map(\.label))
      }
      guard let (middles, labels) = found[item.utterance] else { return [] }
      let first = middles.firstPlace { $0 >= item.start }
      let end = middles.firstPlace { $0 >= item.end }
      return first < end ? Array(labels[first..<end]) : []
    }
  }
}

extension Array where Element == Double {
  /// By halving, of ascending numbers.
  fileprivate func firstPlace(where isReached: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isReached(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension ProbeSpec {
  /// Whether its spans can be told by their length alone: classes of spans that are made of others.
  var hasPlainBaselines: Bool {
    target.outcome == .classes && !target.isOfFrames
      && [.syllable, .word, .phrase, .clause, .sentence].contains(level)
  }
}
