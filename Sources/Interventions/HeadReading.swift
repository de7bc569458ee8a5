import Corpora
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a model's own output says of one utterance, in sums that add up over utterances.
struct HeadTally: Sendable, Codable, Equatable {
  var frames = 0.0
  /// Σ over frames of KL(intact ‖ changed), nats.
  var divergence = 0.0
  /// Symbols of the transcript; 0 where it cannot be spelt.
  var symbols = 0.0
  /// −log P(transcript), nats.
  var loss = 0.0
  /// Insertions, deletions and replacements of greedy decoding.
  var edits = 0.0
}

/// Transcripts in the classes of a head that is trained with CTC (Graves et al. 2006).
///
/// Blank and the classes that stand for silence are one class here, the sum of their probabilities: a transcript says
/// nothing of where silence is.
struct HeadSpelling: Sendable {
  enum Unit: String, Sendable { case phones, letters }

  let unit: Unit
  /// Of each utterance of the corpus.
  let symbols: [[Int]]
  let isFiller: [Bool]

  private static let blanks: Set<String> = [
    "<pad>", "<blank>", "<blk>", "[pad]", "blank", "<ctc>", "<eps>",
  ]
  private static let silences: Set<String> = ["sil", "sp", "spn", "<s>", "</s>", "<unk>", "[unk]", "<sil>"]

  /// - Throws: `InterventionError.unspellable` with the labels that the head has no class for.
  init(_ corpus: Corpus, classes: [String], model: String) throws {
    func refuse(_ reason: String) -> InterventionError { .unspellable(model: model, reason: reason) }
    guard !classes.isEmpty else { throw refuse("no names of its classes lie with it (vocab.json)") }
    let names = classes.map { $0.lowercased() }
    guard names.contains(where: Self.blanks.contains) else {
      throw refuse("none of them is CTC's blank (<pad>, <blank>)")
    }
    let isFiller = names.map { Self.blanks.contains($0) || Self.silences.contains($0) }
    self.isFiller = isFiller
    // X-SAMPA's s and S are two phones: case is looked past only where it tells no classes apart.
    let spoken = classes.indices.filter { !isFiller[$0] }
    let tellsCase = Set(spoken.map { names[$0] }).count < Set(spoken.map { classes[$0] }).count
    func folded(_ name: String) -> String { tellsCase ? name : name.lowercased() }
    var numbers: [String: Int] = [:]
    for number in spoken { numbers[folded(classes[number])] = number }
    let phones = corpus.utterances.map { $0.spans(at: .phoneme).map { folded($0.label) } }
    let strangers = Set(phones.joined()).filter { numbers[$0] == nil }.sorted()
    if strangers.isEmpty, phones.contains(where: { !$0.isEmpty }) {
      (unit, symbols) = (.phones, phones.map { $0.compactMap { numbers[$0] } })
      return
    }
    let texts = corpus.utterances.map { utterance in
      utterance.spans(at: .word).map { folded($0.label) }.joined(
        separator: numbers["|"] == nil ? "" : "|"
      )
      .map(String.init)
    }
    let letters = Set(texts.joined()).filter { numbers[$0] == nil }.sorted()
    guard letters.isEmpty, texts.contains(where: { !$0.isEmpty }) else {
      throw refuse(
        "it has no class for the phones \(strangers.prefix(8).joined(separator: " ")) nor for the letters "
          + letters.prefix(8).joined(separator: " "))
    }
    (unit, symbols) = (.letters, texts.map { $0.compactMap { numbers[$0] } })
  }
}

/// A head's log-probabilities over its classes, `[frames × classes]`.
struct HeadOutput: Sendable {
  let frames: Int
  let classes: Int
  private let logs: [Double]

  init(logits: Tensor) {
    let (frames, classes) = (logits.rows, logits.width)
    (self.frames, self.classes) = (frames, classes)
    logs = logits.withUnsafeBuffer { x in
      var logs = [Double](repeating: 0, count: x.count)
      for frame in 0..<frames {
        let row = frame * classes
        var largest = -Double.infinity
        for k in 0..<classes { largest = max(largest, Double(x[row + k])) }
        var sum = 0.0
        for k in 0..<classes { sum += exp(Double(x[row + k]) - largest) }
        for k in 0..<classes { logs[row + k] = Double(x[row + k]) - largest - log(sum) }
      }
      return logs
    }
  }

  func tally(of utterance: Int, intact: HeadOutput, _ spelling: HeadSpelling?) -> HeadTally {
    var tally = HeadTally(frames: Double(frames), divergence: divergence(from: intact))
    guard let spelling, spelling.isFiller.count == classes else { return tally }
    let symbols = spelling.symbols[utterance]
    guard !symbols.isEmpty, let loss = loss(of: symbols, isFiller: spelling.isFiller) else { return tally }
    tally.symbols = Double(symbols.count)
    tally.loss = loss
    tally.edits = Double(Self.edits(from: symbols, to: decoded(isFiller: spelling.isFiller)))
    return tally
  }

  /// Σ over frames of KL(intact ‖ this), nats.
  func divergence(from intact: HeadOutput) -> Double {
    precondition(intact.logs.count == logs.count, "\(intact.frames) and \(frames) frames")
    var sum = 0.0
    for i in logs.indices { sum += exp(intact.logs[i]) * (intact.logs[i] - logs[i]) }
    return max(0, sum)
  }

  /// −log P(symbols) by CTC's forward sums, nats; nil where there are too few frames for them.
  func loss(of symbols: [Int], isFiller: [Bool]) -> Double? {
    let places = 2 * symbols.count + 1
    let repeats = symbols.indices.dropFirst().count { symbols[$0] == symbols[$0 - 1] }
    guard frames >= symbols.count + repeats else { return nil }
    let fillers = isFiller.indices.filter { isFiller[$0] }
    var reached = [Double](repeating: -.infinity, count: places)
    for frame in 0..<frames {
      let row = frame * classes
      let silence = Self.logSum(fillers.map { logs[row + $0] })
      var next = [Double](repeating: -.infinity, count: places)
      for place in 0..<places {
        let isSymbol = place % 2 == 1
        let emitted = isSymbol ? logs[row + symbols[place / 2]] : silence
        var ways: Double
        if frame == 0 {
          ways = place < 2 ? 0 : -.infinity
        } else {
          ways = reached[place]
          if place > 0 { ways = Self.logSum(ways, reached[place - 1]) }
          if isSymbol, place > 1, symbols[place / 2] != symbols[place / 2 - 1] {
            ways = Self.logSum(ways, reached[place - 2])
          }
        }
        next[place] = ways + emitted
      }
      reached = next
    }
    let total = places > 1 ? Self.logSum(reached[places - 1], reached[places - 2]) : reached[0]
    return total.isFinite ? -total : nil
  }

  /// The likeliest class of each frame, repetitions and fillers taken out.
  func decoded(isFiller: [Bool]) -> [Int] {
    var symbols: [Int] = []
    var last = -1
    for frame in 0..<frames {
      var best = 0
      for k in 0..<classes where logs[frame * classes + k] > logs[frame * classes + best] { best = k }
      if best != last, !isFiller[best] { symbols.append(best) }
      last = best
    }
    return symbols
  }

  /// Levenshtein's distance.
  static func edits(from reference: [Int], to found: [Int]) -> Int {
    var row = Array(0...found.count)
    for (i, symbol) in reference.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in found.enumerated() {
        let replaced = diagonal + (symbol == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[found.count]
  }

  private static func logSum(_ a: Double, _ b: Double) -> Double {
    let largest = max(a, b)
    guard largest > -.infinity else { return -.infinity }
    return largest + log(exp(a - largest) + exp(b - largest))
  }

  private static func logSum(_ values: [Double]) -> Double { values.reduce(-.infinity, logSum) }
}
