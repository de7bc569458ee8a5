import Corpora
import Foundation
import Foundations
import Models
import Results
import StrataTestSupport
import Tensors
import Testing

@testable import Interventions

@Suite("What a head says") struct HeadTests {
  /// The probability of `symbols` by going through every path.
  private func byPaths(_ logits: Tensor, _ symbols: [Int], _ isFiller: [Bool]) -> Double {
    let (frames, classes) = (logits.rows, logits.width)
    let rows = (0..<frames).map { frame -> [Double] in
      let row = logits[row: frame].map(Double.init)
      let sum = row.reduce(0) { $0 + exp($1) }
      return row.map { exp($0) / sum }
    }
    var total = 0.0
    func walk(_ frame: Int, _ path: [Int], _ probability: Double) {
      guard frame < frames else {
        // All fillers are one class, and runs of a class are one symbol.
        let merged = path.map { isFiller[$0] ? -1 : $0 }
        let runs = merged.indices.filter { $0 == 0 || merged[$0] != merged[$0 - 1] }.map { merged[$0] }
        if runs.filter({ $0 >= 0 }) == symbols { total += probability }
        return
      }
      for k in 0..<classes { walk(frame + 1, path + [k], probability * rows[frame][k]) }
    }
    walk(0, [], 1)
    return -log(total)
  }

  @Test("the loss is that of all paths, with and without a class for silence, repeated symbols too")
  func loss() throws {
    var numbers = RandomNumbers(seed: 4)
    let logits = Tensor((0..<24).map { _ in Float(numbers.normal()) }, shape: [6, 4])
    for isFiller in [[true, false, false, false], [true, true, false, false]] {
      for symbols in [[2], [2, 3], [3, 3], [2, 3, 2], [2, 2, 2]] {
        let found = try #require(HeadOutput(logits: logits).loss(of: symbols, isFiller: isFiller))
        #expect(abs(found - byPaths(logits, symbols, isFiller)) < 1e-10, "\(symbols)")
      }
    }
    #expect(
      HeadOutput(logits: logits).loss(of: [2, 2, 2, 2], isFiller: [true, false, false, false]) == nil)
  }

  @Test("where symbols are emitted is what all paths say")
  func emissions() throws {
    var numbers = RandomNumbers(seed: 5)
    let logits = Tensor((0..<24).map { _ in Float(numbers.normal()) }, shape: [6, 4])
    let output = HeadOutput(logits: logits)
    let (symbols, isFiller) = ([2, 3, 3], [true, true, false, false])
    // Of each frame and place of the transcript the probability of all paths that go through it.
    var total = 0.0
    var through = [[Double]](repeating: [0, 0, 0], count: 6)
    func walk(_ path: [Int], _ log: Double) {
      guard path.count < 6 else {
        let merged = path.map { isFiller[$0] ? -1 : $0 }
        var (place, at) = (-1, [Int]())
        for (frame, symbol) in merged.enumerated() {
          if symbol >= 0, frame == 0 || merged[frame - 1] != symbol { place += 1 }
          at.append(symbol >= 0 ? place : -1)
        }
        let runs = merged.indices.filter { $0 == 0 || merged[$0] != merged[$0 - 1] }.map { merged[$0] }
        guard runs.filter({ $0 >= 0 }) == symbols else { return }
        total += exp(log)
        for (frame, place) in at.enumerated() where place >= 0 { through[frame][place] += exp(log) }
        return
      }
      for symbol in 0..<4 { walk(path + [symbol], log + output[path.count, symbol]) }
    }
    walk([], 0)
    let lattice = try #require(CTCLattice(output, symbols, isFiller: isFiller))
    #expect(abs(lattice.loss + log(total)) < 1e-12)
    var expected: [CTCLattice.Emission] = []
    for frame in 0..<6 {
      for place in symbols.indices {
        let all = (0..<6).reduce(0) { $0 + through[$1][place] }
        let weight = through[frame][place] / all
        if weight > 1e-6 { expected.append(.init(frame: frame, symbol: symbols[place], weight: weight)) }
      }
    }
    let found = lattice.emissions
    #expect(found.count == expected.count)
    for (own, other) in zip(found, expected) {
      #expect(own.frame == other.frame && own.symbol == other.symbol)
      #expect(abs(own.weight - other.weight) < 1e-12)
    }
    // The loss of symbols: cross-entropy over the two symbols alone, however likely the fillers are.
    let loss = output.symbolLoss(of: found, isFiller: isFiller)
    let byHand = expected.reduce(0) { sum, emission in
      let both = exp(output[emission.frame, 2]) + exp(output[emission.frame, 3])
      return sum - emission.weight * log(exp(output[emission.frame, emission.symbol]) / both)
    }
    #expect(abs(loss - byHand) < 1e-12)
    let louder = Tensor(
      logits.values.enumerated().map { $0 % 4 < 2 ? $1 + 5 : $1 }, shape: [6, 4])
    #expect(abs(HeadOutput(logits: louder).symbolLoss(of: found, isFiller: isFiller) - loss) < 1e-6)
  }

  @Test("greedy decoding and the distance between transcripts")
  func decoding() {
    func logits(_ path: [Int]) -> Tensor {
      Tensor(path.flatMap { best in (0..<4).map { $0 == best ? Float(3) : 0 } }, shape: [path.count, 4])
    }
    let output = HeadOutput(logits: logits([2, 2, 0, 2, 1, 1, 3, 3]))
    #expect(output.decoded(isFiller: [true, true, false, false]) == [2, 2, 3])
    #expect(HeadOutput.edits(from: [2, 2, 3], to: [2, 2, 3]) == 0)
    #expect(HeadOutput.edits(from: [1, 2, 3], to: [2, 3, 4]) == 2)
    #expect(HeadOutput.edits(from: [], to: [1, 2]) == 2)
    #expect(HeadOutput.edits(from: [1, 2], to: []) == 2)
  }

  @Test("the divergence is Kullback and Leibler's, zero of the same output")
  func divergence() {
    let (p, q) = (Tensor([0, 1, 2], shape: [1, 3]), Tensor([2, 1, 0], shape: [1, 3]))
    let sum = 1 + exp(1.0) + exp(2.0)
    let expected = (0..<3).reduce(0.0) { $0 + exp(Double($1)) / sum * (2 * Double($1) - 2) }
    #expect(abs(HeadOutput(logits: q).divergence(from: HeadOutput(logits: p)) - expected) < 1e-12)
    #expect(HeadOutput(logits: p).divergence(from: HeadOutput(logits: p)) == 0)
  }

  private func corpus(_ phones: [String], words: [String] = []) -> Corpus {
    func tier(_ labels: [String], _ level: Level) -> Tier {
      Tier(
        name: level.rawValue, level: level,
        intervals: labels.enumerated().map {
          Interval(start: Double($0), end: Double($0) + 1, label: $1)
        })
    }
    let utterance = Utterance(
      id: "u", audioPath: "u.wav", labelPath: "u.TextGrid", speaker: "s", sentence: "u", seconds: 9,
      tiers: [.phoneme: tier(phones, .phoneme), .word: tier(words, .word)])
    return Corpus(name: "c", path: "c", utterances: [utterance], silenceLabels: [], issues: [])
  }

  private func spelling(_ phones: [String], words: [String] = [], _ classes: [String]) throws
    -> HeadSpelling
  {
    let corpus = corpus(phones, words: words)
    return try HeadSpelling(corpus, classes: HeadClassNames(classes), model: "m")
  }

  @Test("case is looked past, except where it tells a head's classes apart")
  func letterCase() throws {
    let xSampa = ["<pad>", "s", "S", "a"]
    #expect(try spelling(["S", "a", "s"], xSampa).symbols == [[2, 3, 1]])
    #expect(throws: InterventionError.self) { try spelling(["A"], xSampa) }
    #expect(try spelling(["AA", "s"], ["<PAD>", "aa", "S"]).symbols == [[1, 2]])
    let letters = try spelling(["x"], words: ["to", "so"], ["<pad>", "|", "O", "S", "T"])
    #expect(letters.unit == .letters && letters.symbols == [[4, 2, 1, 3, 2]])
  }

  @Test("letters make words, and errors of words are counted of what is decoded")
  func words() throws {
    let letters = try spelling(["x"], words: ["to", "so"], ["<pad>", "|", "o", "s", "t"])
    #expect(letters.words(letters.symbols[0]) == [[4, 2], [3, 2]])
    #expect(try spelling(["AA"], ["<pad>", "AA"]).words([1]) == nil)
    // Decoded: t o | t o, one letter and one word wrong.
    let path = [4, 2, 1, 4, 2]
    let logits = Tensor(
      path.flatMap { best in (0..<5).map { $0 == best ? Float(6) : 0 } }, shape: [path.count, 5])
    let output = HeadOutput(logits: logits)
    let reading = ModelHead.Reading.symbols(letters)
    let tally = output.tally(of: 0, beside: IntactHead(output, of: 0, reading), reading)
    #expect(tally.edits == 1 && tally.symbols == 5 && tally.wordEdits == 1 && tally.words == 2)
    let part = InterventionResult.Quantity.wordErrors.part(HeadTally(), tally)
    #expect(part == nil)
    let share = try #require(InterventionResult.Quantity.wordErrors.part(tally, tally))
    #expect(share.intact == 1 && share.changed == 1 && share.weight == 2)
  }

  @Test("a head without a blank is asked for the label of each frame, unlabelled frames left out")
  func frames() throws {
    let timing = FrameTiming(
      samplingRate: 2, strideSamples: 1, receptiveFieldSamples: 1, firstCentreSample: 0)
    let labels = try FrameLabels(
      corpus(["AA", "S"]), classes: HeadClassNames(["aa", "s", "sil"]), timing: timing, model: "m")
    #expect(labels.level == .phoneme && labels.isFiller == [false, false, true])
    #expect(labels.targets(ofFrames: 6, in: 0) == [0, 0, 1, 1, -1, -1])
    var numbers = RandomNumbers(seed: 6)
    let logits = Tensor((0..<18).map { _ in Float(numbers.normal()) }, shape: [6, 3])
    let output = HeadOutput(logits: logits)
    let reading = ModelHead.Reading.frames(labels)
    let tally = output.tally(of: 0, beside: IntactHead(output, of: 0, reading), reading)
    let expected = [(0, 0), (1, 0), (2, 1), (3, 1)]
    let loss = expected.reduce(0.0) { sum, place in
      let row = logits[row: place.0].map(Double.init)
      return sum - row[place.1] + log(row.reduce(0) { $0 + exp($1) })
    }
    #expect(abs(tally.loss - loss) < 1e-6 && tally.symbols == 4 && tally.frames == 6)
    let wrong = expected.count { place in
      let row = Array(logits[row: place.0])
      return row[place.1] < (row.max() ?? 0)
    }
    #expect(tally.edits == Double(wrong))
    // Words where phones are no classes of the head; what it has no class for is said by name.
    let words = try FrameLabels(
      corpus(["AA"], words: ["to", "so"]), classes: HeadClassNames(["so", "to"]), timing: timing, model: "m"
    )
    #expect(words.level == .word && words.targets(ofFrames: 4, in: 0) == [1, 1, 0, 0])
    #expect(
      throws: InterventionError.unspellable(
        model: "m", reason: "it has no class for the phonemes AA nor for the words so, to")
    ) {
      try FrameLabels(
        corpus(["AA"], words: ["to", "so"]), classes: HeadClassNames(["x"]), timing: timing, model: "m")
    }
    #expect(throws: InterventionError.unspellable(model: "m", reason: "its rows are no frames")) {
      try FrameLabels(corpus(["AA"]), classes: HeadClassNames(["AA"]), timing: nil, model: "m")
    }
  }

  @Test("classes beyond the names count as fillers")
  func unnamed() {
    let names = HeadClassNames(["<pad>", "AA", "sil"], width: 5)
    #expect(names.isFiller == [true, false, true, true, true] && names.hasBlank)
    #expect(names["aa"] == 1 && names["sil"] == nil && names["IY"] == nil)
  }
}
