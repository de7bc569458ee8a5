import Activations
import Models
import Probing
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension ChangedPass {
  /// What readers and the head say of spans of one class, moved by each dose towards another, and in other directions.
  func steered(
    _ steer: Steer, number: Int, _ directions: SteeringDirections
  ) throws -> [SteeredUtterance] {
    try requireFrames()
    let plan = setting.plans[steer.level]
    let spans = plan.testedSpans(utterance).filter { $0.label == steer.from }
    guard !spans.isEmpty, let timing = setting.read[place].timing else { return [] }
    var isMoved = [Bool](repeating: false, count: states.rows)
    for span in spans {
      for frame in timing.frames(from: span.start, to: span.end, count: states.rows) {
        isMoved[frame] = true
      }
    }
    func reading(_ dose: Int, _ draw: Int, _ direction: [Double]) throws -> SteeredUtterance {
      let size = dose < 0 ? 0 : Steer.doses[dose]
      let moved = states.moved(by: direction.map { $0 * size }, rows: isMoved)
      return try steered(steer, number, spans, try values(with: moved), dose: dose, draw: draw)
    }
    var found = [try reading(-1, -1, directions.own)]
    for dose in Steer.doses.indices {
      found.append(try reading(dose, -1, directions.own))
      for (draw, other) in directions.others.enumerated() { found.append(try reading(dose, draw, other)) }
    }
    return found
  }

  private func steered(
    _ steer: Steer, _ number: Int, _ spans: [ConceptPlan.Span], _ values: [String: Tensor], dose: Int,
    draw: Int
  ) throws -> SteeredUtterance {
    let plan = setting.plans[steer.level]
    var found = SteeredUtterance(
      steer: number, utterance: utterance, dose: dose, draw: draw, spans: spans.count, target: [],
      source: [])
    func count(_ guesses: [Int], _ from: Int, _ to: Int) {
      found.target.append(Double(guesses.count { $0 == to }))
      found.source.append(Double(guesses.count { $0 == from }))
    }
    for reader in setting.read.indices {
      guard reader >= place, let readers = setting.readers[reader][steer.level],
        let frames = values[setting.read[reader].name], let timing = setting.read[reader].timing
      else {
        count([], steer.from, steer.to)
        continue
      }
      let vectors = FramePooling().pool(frames, timing: timing, spans: spans.map(\.labelled))
      count(try readers.guesses(vectors, fold: plan.testFold[utterance]), steer.from, steer.to)
    }
    if let logits = values[InterventionStudy.head], let head = steer.head, let timing = setting.headTiming,
      let isFiller = setting.head?.isFiller
    {
      let output = HeadOutput(logits: logits)
      let guesses = spans.map { span in
        output.likeliest(
          among: timing.frames(from: span.start, to: span.end, count: output.frames), isFiller: isFiller)
      }
      count(guesses, head.from, head.to)
    }
    return found
  }
}

extension HeadOutput {
  /// The symbol that has most probability over some frames.
  func likeliest(among frames: Range<Int>, isFiller: [Bool]) -> Int {
    var best = (symbol: -1, probability: -1.0)
    for symbol in isFiller.indices where !isFiller[symbol] {
      let probability = frames.reduce(0) { $0 + exp(self[$1, symbol]) }
      if probability > best.probability { best = (symbol, probability) }
    }
    return best.symbol
  }
}

extension Tensor {
  /// `direction` added to those rows that are marked.
  func moved(by direction: [Double], rows isMoved: [Bool]) -> Tensor {
    precondition(direction.count == width && isMoved.count == rows)
    return withUnsafeBuffer { x in
      Tensor(shape: shape) { y in
        for i in y.indices {
          y[i] = isMoved[i / direction.count] ? x[i] + Float(direction[i % direction.count]) : x[i]
        }
      }
    }
  }
}
