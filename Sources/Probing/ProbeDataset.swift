import Activations
import Audio
import Corpora
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A level's examples with what a probe is asked to read: other labels than the spans' own, or numbers.
public struct ProbeDataset: Sendable {
  /// The pooled spans, with the class that is read as each item's label.
  public var examples: PooledSpans
  /// A regression's targets, `[items × outputs]`; a row with a NaN is left out.
  public var numbers: Matrix?
  /// Of a boundary probe: each utterance's boundaries, in seconds.
  public var boundaries: [[Double]]?
  /// What spans are made of, as baselines.
  var contents: [SpanStatistics] = []
  /// The log-mel summary of each span `[items × 5·bands]`; nil where it was not read.
  var sound: Tensor?
  /// The durations of the units around each span, a tensor `[items × ·]` for each larger level.
  var enclosing: [Tensor] = []

  /// Examples whose own labels are read, or these numbers, or boundaries.
  public init(_ examples: PooledSpans, numbers: Matrix? = nil, boundaries: [[Double]]? = nil) {
    self.examples = examples
    self.numbers = numbers
    self.boundaries = boundaries
  }

  /// What `spec` reads off `examples`, whose utterance indices are those of `utterances`.
  ///
  /// Audio is read again where the target is a measure of the signal. Throws `ProbeSpecError` where the definition
  /// needs a lexicon that cannot be read, and the reader's error for audio that has gone.
  public init(
    _ examples: PooledSpans, for spec: ProbeSpec, in utterances: [Utterance], threads: Int = 1
  ) throws {
    let reader = try TargetReader(spec: spec, examples: examples, utterances: utterances)
    switch spec.target.outcome {
    case .numbers: self.init(examples, numbers: try reader.numbers(threads: threads))
    case .classes:
      self.init(spec.target == .identity ? examples : try reader.relabelled(threads: threads))
    case .boundaries:
      let boundaries = reader.boundaries
      self.init(reader.marked(boundaries), boundaries: boundaries)
    }
    contents = SpanStatistics.contents(of: examples, for: spec, in: utterances)
  }
}

/// Finds the targets of items.
private struct TargetReader {
  let spec: ProbeSpec
  let examples: PooledSpans
  let utterances: [Utterance]
  let lexicon: Lexicon?

  init(spec: ProbeSpec, examples: PooledSpans, utterances: [Utterance]) throws {
    self.spec = spec
    self.examples = examples
    self.utterances = utterances
    lexicon = spec.lexicon == nil || !spec.target.needsLexicon ? nil : try Lexicon(of: spec)
  }

  func relabelled(threads: Int) throws -> PooledSpans {
    let names = spec.target == .voiced ? try voicing(threads: threads) : labels
    let classes = Set(names.compactMap(\.self)).sorted()
    let numbers = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    return examples.relabelled(
      classes: classes, labels: names.map { $0.flatMap { numbers[$0] } ?? -1 })
  }

  /// Each item's class by the labels around it; nil for none.
  private var labels: [String?] {
    var structures: [Int: UtteranceStructure] = [:]
    return examples.items.map { item in
      if structures[item.utterance] == nil {
        structures[item.utterance] = UtteranceStructure(utterances[item.utterance])
      }
      return structures[item.utterance].flatMap { label(of: item, $0) }
    }
  }

  private func label(of item: PooledSpans.Item, _ structure: UtteranceStructure) -> String? {
    let (start, end) = (item.start, item.end)
    let own = item.label >= 0 ? examples.classes[item.label] : ""
    if let feature = spec.target.feature {
      return utterances[item.utterance].labelling.phoneSet.features(of: own)?[feature]
    }
    switch spec.target {
    case .phoneWithStress: return structure.phoneWithStress(from: start, to: end)
    case .partOfSyllable: return structure.partOfSyllable(from: start, to: end)
    case .structure: return structure.shape(from: start, to: end)
    case .stress: return structure.stress(from: start, to: end)
    case .tone: return structure.tone(from: start, to: end)
    case .positionInWord: return position(start, end, in: .word, structure)
    case .positionInPhrase: return position(start, end, in: .phrase, structure)
    case .positionInSentence: return position(start, end, in: .sentence, structure)
    case .phoneCount: return count(.phoneme, start, end, structure)
    case .syllableCount: return count(.syllable, start, end, structure)
    case .partOfSpeech:
      return lexicon.map { $0.entries[own]?.partOfSpeech }
        ?? utterances[item.utterance].tag(.partOfSpeech, at: examples.level, from: start)
    case .speaker: return examples.speakers[item.speaker]
    default: return nil
    }
  }

  private func position(
    _ start: Double, _ end: Double, in larger: Level, _ structure: UtteranceStructure
  ) -> String? {
    structure.position(of: examples.level, from: start, to: end, in: larger)?.rawValue
  }

  /// Padded, so that the names' order is the numbers'.
  private func count(
    _ level: Level, _ start: Double, _ end: Double, _ structure: UtteranceStructure
  ) -> String? {
    guard structure.has(level) else { return nil }
    let count = structure.count(of: level, from: start, to: end)
    return count == 0 ? nil : (count < 10 ? " " : "") + "\(count)"
  }

  // MARK: - Numbers

  func numbers(threads: Int) throws -> Matrix {
    switch spec.target {
    case .duration: return column(examples.items.map { log(max($0.end - $0.start, 1e-4)) })
    case .frequency:
      return column(
        examples.items.map { item in
          guard item.label >= 0, let count = lexicon?.entries[examples.classes[item.label]]?.frequency
          else { return .nan }
          return log(count)
        })
    case .mel:
      let bands = try measured(threads: threads) { $0.melBands(at: $1) }
      return Matrix(
        rows: bands.count, columns: SoundMeasures.bands, values: Array(bands.joined()))
    case .pitch: return column(try measured(threads: threads) { $0.logPitch(at: $1) ?? .nan })
    case .spectralCentroid:
      return column(try measured(threads: threads) { $0.spectralCentroid(at: $1) ?? .nan })
    default: return column(try measured(threads: threads) { $0.energy(at: $1) })
    }
  }

  private func column(_ values: [Double]) -> Matrix {
    Matrix(rows: values.count, columns: 1, values: values)
  }

  private func voicing(threads: Int) throws -> [String?] {
    try measured(threads: threads) { $0.logPitch(at: $1) == nil ? "not voiced" : "voiced" }
  }

  /// What a measure gives at each item's middle; an utterance's audio is read once.
  private func measured<Value: Sendable>(
    threads: Int, _ measure: @Sendable (SoundMeasures, Double) -> Value
  ) throws -> [Value] {
    var runs: [Range<Int>] = []
    for index in examples.items.indices {
      if let last = runs.last,
        examples.items[last.lowerBound].utterance == examples.items[index].utterance
      {
        runs[runs.count - 1] = last.lowerBound..<(index + 1)
      } else {
        runs.append(index..<(index + 1))
      }
    }
    let (items, utterances, ranges) = (examples.items, utterances, runs)
    let found = try parallelMap(ranges.count, threads: threads) { place in
      let waveform = try utterances[items[ranges[place].lowerBound].utterance].sound()
      let sound = try SoundMeasures(waveform)
      return ranges[place].map { measure(sound, (items[$0].start + items[$0].end) / 2) }
    }
    return Array(found.joined())
  }

  // MARK: - Boundaries

  /// Each utterance's own, of the level that the target asks for.
  var boundaries: [[Double]] {
    guard let level = spec.target.boundaryLevel else { return [] }
    return utterances.map { UtteranceStructure($0).boundaries(of: level) }
  }

  /// Frames within 20 ms of a boundary apart from the others.
  func marked(_ boundaries: [[Double]]) -> PooledSpans {
    let labels = examples.items.map { item in
      let middle = (item.start + item.end) / 2
      return FrameSpans.isNear(middle, boundaries[item.utterance]) ? 0 : 1
    }
    return examples.relabelled(classes: ["boundary", "inside"], labels: labels)
  }
}
