import Activations
import Attribution
import Corpora
import Foundations
import Models
import Probing
import Results
import Tensors

/// What spans are made of, layer by layer: how much of a labelled span's states comes from itself, its neighbours, the rest
/// of its word, other words, and frames that no word holds.
public struct MixingStudy: Sendable {
  /// The model whose attention is followed.
  public var model: SpeechModel
  /// The labelled recordings.
  public var corpus: Corpus
  /// The spans that are asked about.
  public var level: Level
  /// Labels of the level whose spans are also told of apart, together; homophones and reduced phones always are.
  public var labels: [String] = []
  /// The blocks' outputs, by name; nil for all that have attention.
  public var layers: [String]?
  /// Keeps finished recordings, and gives them back; nil keeps nothing.
  public var store: (any InterventionStore)?
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// How often utterances or speakers are resampled for each 95 % interval.
  public var resamples = 1000
  /// Told, from any thread, of each stage how many of how many parts are done.
  public var onProgress: @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(model: SpeechModel, corpus: Corpus, level: Level) {
    (self.model, self.corpus, self.level) = (model, corpus, level)
  }

  /// Where the frames lie that a span is made of.
  enum Part: String, CaseIterable {
    case own = "the span itself"
    case before = "the span before"
    case after = "the span after"
    case word = "the rest of its word"
    case words = "other words"
    case elsewhere = "no word"
  }

  /// Sums over an utterance's spans, of one layer and method.
  struct Sums: Sendable, Codable, Equatable {
    var spans = 0.0
    /// By part: what the span has of it, and what it would have were all frames alike.
    var shares = [Double](repeating: 0, count: Part.allCases.count)
    var chances = [Double](repeating: 0, count: Part.allCases.count)
    /// How far away what it has lies, seconds; and all frames.
    var distance = 0.0
    var distanceByChance = 0.0
    /// What spans have from frames outside of them, and how far from their edges that lies, seconds; all such frames.
    var outside = 0.0
    var outsideDistance = 0.0
    var outsideFrames = 0.0
    var outsideDistanceByChance = 0.0

    static func += (a: inout Sums, b: Sums) { a.add(b, 1) }

    static func - (a: Sums, b: Sums) -> Sums {
      var difference = a
      difference.add(b, -1)
      return difference
    }

    private mutating func add(_ other: Sums, _ sign: Double) {
      spans += sign * other.spans
      for part in shares.indices {
        shares[part] += sign * other.shares[part]
        chances[part] += sign * other.chances[part]
      }
      distance += sign * other.distance
      distanceByChance += sign * other.distanceByChance
      outside += sign * other.outside
      outsideDistance += sign * other.outsideDistance
      outsideFrames += sign * other.outsideFrames
      outsideDistanceByChance += sign * other.outsideDistanceByChance
    }
  }

  /// An utterance's sums over all spans, then over those of each group.
  typealias Grouped = [MixingMethod: [Sums]]

  /// - Throws: `InterventionError.noLayers` where no block has attention that can be told apart, `.tooFewSpans` where no
  ///   utterance has spans of the level, `.noLabel` for a label that none has, and what passes throw.
  public func run(threads: Int = 1) throws -> [InterventionResult.Mixing] {
    let (blocks, utterances, groups) = (try blocks(), try utterances(), try groups())
    let found = try sums(of: utterances, blocks, groups, threads: threads)
    let statistics = MixingStatistics(utterances.count, resamples: resamples, seed: seed)
    return blocks.indices.flatMap { block in
      MixingMethod.allCases.flatMap { method -> [InterventionResult.Mixing] in
        let own = found.map { $0[block][method] ?? [] }
        func sums(_ place: Int) -> [Sums] { own.map { $0.indices.contains(place) ? $0[place] : Sums() } }
        let all = sums(0)
        return ([SpanGroups.all] + groups.names).enumerated().compactMap { place, group in
          statistics.mixing(
            sums(place), beside: place == 0 ? nil : zip(all, sums(place)).map { $0 - $1 },
            layer: blocks[block].layer, method: method.rawValue, level: level.rawValue, group: group)
        }
      }
    }
  }

  private func groups() throws(InterventionError) -> SpanGroups {
    try SpanGroups(corpus, level, labels: labels)
  }

  /// - Throws: `InterventionError` for a model or a corpus of which nothing can be told.
  public func check() throws { (_, _, _) = (try blocks(), try utterances(), try groups()) }

  /// Does and keeps a share of the recordings.
  ///
  /// - Throws: as `run` does.
  public func keep(_ share: WorkShare, threads: Int = 1) throws {
    _ = try sums(of: share.part(of: utterances()), blocks(), groups(), threads: threads)
  }

  private func utterances() throws -> [Int] {
    let utterances = corpus.utterances.indices.filter {
      model.canGoOn(corpus.utterances[$0].seconds) && !corpus.utterances[$0].spans(at: level).isEmpty
    }
    guard !utterances.isEmpty else {
      throw InterventionError.tooFewSpans(level: level.rawValue, reason: "no recording has spans of it")
    }
    return utterances
  }

  private func sums(
    of utterances: [Int], _ blocks: [Block], _ groups: SpanGroups, threads: Int
  ) throws -> [[Grouped]] {
    let counter = DoneCounter()
    return try parallelMap(utterances.count, threads: threads) { index in
      defer { onProgress("Mixing", counter.next(), utterances.count) }
      let name =
        "mixing \(level.rawValue) \(utterances[index]) " + blocks.map(\.layer).joined(separator: " ")
        + " groups " + groups.names.joined(separator: "; ")
      if let kept = try store?.kept(name, as: [Grouped].self) { return kept }
      let found = try sums(utterances[index], blocks, groups)
      try store?.keep(found, as: name)
      return found
    }
  }

  private typealias Block = (layer: String, attention: String)

  /// The blocks whose attention is told of, with the names of their attention weights.
  private func blocks() throws -> [Block] {
    let all = model.attentionTaps.compactMap { tap -> Block? in
      let layer = tap.name.replacing("attention.", with: "hidden.")
      return model.taps.contains { $0.name == layer } ? (layer, tap.name) : nil
    }
    let chosen = all.filter { layers?.contains($0.layer) ?? true }
    guard !chosen.isEmpty, model.attentionObstacle == nil else {
      throw InterventionError.noLayers(model: model.name)
    }
    return chosen
  }

  private func sums(
    _ utterance: Int, _ blocks: [Block], _ groups: SpanGroups
  ) throws -> [Grouped] {
    if isCancelled() { throw InterventionError.interrupted }
    let samples = try model.inputValues(of: corpus.utterances[utterance].sound())
    let pass = try RecordedPass(model, samples, upTo: blocks.last?.layer ?? "")
    let names = model.attentionTaps.map(\.name)
    let deepest = names.lastIndex { name in blocks.contains { $0.attention == name } } ?? names.count - 1
    var weights: [String: Tensor] = [:]
    try model.forward(inputValues: samples, taps: Set(names[...deepest])) { weights[$0] = $1 }
    return try blocks.map { block in
      if isCancelled() { throw InterventionError.interrupted }
      guard let own = weights[block.attention], let attention = pass.attention(of: block.layer),
        let timing = model.taps.first(where: { $0.name == block.layer })?.timing
      else { return [:] }
      let below = names[...(names.firstIndex(of: block.attention) ?? 0)].compactMap { weights[$0] }
      let through = RecordedPass.attention(through: below)
      let matrices: [MixingMethod: [Double]] = [
        .zeroing: try pass.zeroedValues(of: attention), .norms: try pass.weightedValues(of: attention, own),
        .attention: through.last, .rollout: through.rollout,
      ]
      let frames = SpanFrames(corpus.utterances[utterance], level, timing, count: own.shape[1])
      return matrices.mapValues {
        frames.sums($0, groups: groups.members[utterance], groupCount: groups.names.count)
      }
    }
  }
}
