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
  /// Symbols of the transcript, or labelled frames; 0 where it cannot be spelt.
  var symbols = 0.0
  /// −log P(transcript), or of the labels of frames, nats.
  var loss = 0.0
  /// Insertions, deletions and replacements of greedy decoding, or frames whose likeliest class is another.
  var edits = 0.0
  /// Words of a transcript that is spelt in letters, and errors of them.
  var words = 0.0
  var wordEdits = 0.0
  /// Σ over symbols of −log P(symbol | a symbol) where the intact head emits it, nats.
  var symbolLoss = 0.0
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

  /// What it says of an utterance beside what the intact head says of it.
  func tally(of utterance: Int, beside intact: IntactHead, _ reading: ModelHead.Reading) -> HeadTally {
    var tally = HeadTally(frames: Double(frames), divergence: divergence(from: intact.output))
    if case .rows(let targets) = reading {
      let right = targets[utterance]
      precondition(right.count == frames, "\(right.count) right classes of \(frames) rows")
      tally.symbols = Double(frames)
      for (row, target) in right.enumerated() {
        tally.loss -= self[row, target]
        if likeliest(row) != target { tally.edits += 1 }
      }
      return tally
    }
    if case .frames(let labels) = reading {
      for (frame, target) in labels.targets(ofFrames: frames, in: utterance).enumerated() where target >= 0
      {
        tally.symbols += 1
        tally.loss -= self[frame, target]
        if likeliest(frame) != target { tally.edits += 1 }
      }
      return tally
    }
    guard case .symbols(let spelling) = reading, let alignment = intact.alignment else { return tally }
    let symbols = spelling.symbols[utterance]
    guard let loss = loss(of: symbols, isFiller: spelling.isFiller) else { return tally }
    tally.symbols = Double(symbols.count)
    tally.loss = loss
    tally.symbolLoss = symbolLoss(of: alignment, isFiller: spelling.isFiller)
    let decoded = decoded(isFiller: spelling.isFiller)
    tally.edits = Double(Self.edits(from: symbols, to: decoded))
    if let words = spelling.words(symbols), let found = spelling.words(decoded) {
      (tally.words, tally.wordEdits) = (Double(words.count), Double(Self.edits(from: words, to: found)))
    }
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
    CTCLattice(self, symbols, isFiller: isFiller)?.loss
  }

  /// Σ of −log P(symbol | a symbol) over the places where symbols are emitted, by their weights: cross-entropy with the
  /// classes that are no symbols left out, so that it is not asked whether there is one.
  func symbolLoss(of alignment: [CTCLattice.Emission], isFiller: [Bool]) -> Double {
    let spoken = isFiller.indices.filter { !isFiller[$0] }
    var (sum, last, anySymbol) = (0.0, -1, 0.0)
    for emission in alignment {
      let row = emission.frame * classes
      if emission.frame != last {
        (last, anySymbol) = (emission.frame, CTCLattice.logSum(spoken.map { logs[row + $0] }))
      }
      sum += emission.weight * (anySymbol - logs[row + emission.symbol])
    }
    return sum
  }

  /// log P of a class at a frame.
  subscript(frame: Int, symbol: Int) -> Double { logs[frame * classes + symbol] }

  private func likeliest(_ frame: Int) -> Int {
    var best = 0
    for k in 0..<classes where logs[frame * classes + k] > logs[frame * classes + best] { best = k }
    return best
  }

  /// The likeliest class of each frame, repetitions and fillers taken out.
  func decoded(isFiller: [Bool]) -> [Int] {
    var symbols: [Int] = []
    var last = -1
    for frame in 0..<frames {
      let best = likeliest(frame)
      if best != last, !isFiller[best] { symbols.append(best) }
      last = best
    }
    return symbols
  }

  /// Levenshtein's distance.
  static func edits<Symbol: Equatable>(from reference: [Symbol], to found: [Symbol]) -> Int {
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
}

/// The head of the unchanged model on one utterance.
struct IntactHead: Sendable {
  let output: HeadOutput
  /// Where it emits the transcript's symbols; nil where it cannot be spelt.
  let alignment: [CTCLattice.Emission]?

  init(_ output: HeadOutput, of utterance: Int, _ reading: ModelHead.Reading) {
    self.output = output
    guard case .symbols(let spelling) = reading, spelling.isFiller.count == output.classes,
      !spelling.symbols[utterance].isEmpty
    else {
      alignment = nil
      return
    }
    alignment = CTCLattice(output, spelling.symbols[utterance], isFiller: spelling.isFiller)?.emissions
  }
}
