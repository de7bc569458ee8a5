import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Connectionist temporal classification (Graves et al. 2006): −log of the probability that a path of frames spells the
/// target, blanks and repetitions taken out.
///
/// Sums over paths are in the logarithm and in double precision, forwards and backwards.
public struct CTCLoss: Sendable {
  /// The class that stands for nothing.
  public var blank: Int

  public init(blank: Int = 0) { self.blank = blank }

  /// The loss in nats and its gradient by the logits.
  public struct Result: Sendable {
    /// −log P(target), in nats.
    public let loss: Double
    /// The derivative of the loss by each logit, `[frames × classes]`.
    public let gradient: Tensor  // [frames × classes]
  }

  /// The frames that a target takes at least: one for each symbol and one between two equal ones.
  public static func neededFrames(_ target: [Int]) -> Int {
    target.count + target.indices.dropFirst().count { target[$0] == target[$0 - 1] }
  }

  /// - Parameter logits: `[frames × classes]`, before softmax.
  /// - Returns: nil where there are too few frames for the target, whose loss is infinite.
  public func callAsFunction(_ logits: Tensor, target: [Int]) -> Result? {
    let (frames, classes) = (logits.rows, logits.width)
    precondition((0..<classes).contains(blank), "blank \(blank) of \(classes) classes")
    precondition(
      target.allSatisfy { (0..<classes).contains($0) && $0 != blank }, "a target of other classes")
    guard frames >= max(1, Self.neededFrames(target)) else { return nil }
    let logs = logSoftmax(logits)
    let lattice = CTCLattice(logs: logs, classes: classes, frames: frames, blank: blank, target: target)
    let (forward, backward) = (lattice.forward(), lattice.backward())
    let last = (frames - 1) * lattice.places
    let total =
      lattice.places > 1
      ? logSum(forward[last + lattice.places - 1], forward[last + lattice.places - 2]) : forward[last]
    guard total.isFinite || total.isNaN else { return nil }
    var row = [Double](repeating: -.infinity, count: classes)
    let gradient = Tensor(shape: [frames, classes]) { gradient in
      for frame in 0..<frames {
        for k in 0..<classes { row[k] = -.infinity }
        for place in 0..<lattice.places {
          let k = lattice.symbols[place]
          // A path's probability has this frame's symbol in both directions.
          let path = forward[frame * lattice.places + place] + backward[frame * lattice.places + place]
          row[k] = logSum(row[k], path - logs[frame * classes + k])
        }
        for k in 0..<classes {
          let posterior = row[k] == -.infinity ? 0 : exp(row[k] - total)
          gradient[frame * classes + k] = Float(exp(logs[frame * classes + k]) - posterior)
        }
      }
    }
    return Result(loss: -total, gradient: gradient)
  }

  /// The likeliest class of each frame, repetitions and blanks taken out.
  public func decode(_ logits: Tensor) -> [Int] {
    var symbols: [Int] = []
    var last = -1
    for best in bestClasses(logits) {
      if best != last, best != blank { symbols.append(best) }
      last = best
    }
    return symbols
  }
}

/// The places of a target with blanks around its symbols, over all frames.
private struct CTCLattice {
  let logs: [Double]
  let classes: Int
  let frames: Int
  let symbols: [Int]
  /// Whether a place can be reached from two places before, past a blank.
  let skips: [Bool]
  var places: Int { symbols.count }

  init(logs: [Double], classes: Int, frames: Int, blank: Int, target: [Int]) {
    (self.logs, self.classes, self.frames) = (logs, classes, frames)
    let symbols = [blank] + target.flatMap { [$0, blank] }
    self.symbols = symbols
    skips = symbols.indices.map { $0 > 1 && symbols[$0] != blank && symbols[$0] != symbols[$0 - 2] }
  }

  /// log of the sum over paths that end at a place in a frame, that frame's symbol with them: `[frames × places]`.
  func forward() -> [Double] {
    var sums = [Double](repeating: -.infinity, count: frames * places)
    for place in 0..<min(2, places) { sums[place] = logs[symbols[place]] }
    for frame in 1..<max(1, frames) {
      let (row, before) = (frame * places, (frame - 1) * places)
      for place in 0..<places {
        var ways = sums[before + place]
        if place > 0 { ways = logSum(ways, sums[before + place - 1]) }
        if skips[place] { ways = logSum(ways, sums[before + place - 2]) }
        sums[row + place] = ways + logs[frame * classes + symbols[place]]
      }
    }
    return sums
  }

  /// The same of paths that begin there.
  func backward() -> [Double] {
    var sums = [Double](repeating: -.infinity, count: frames * places)
    let last = frames - 1
    for place in max(0, places - 2)..<places {
      sums[last * places + place] = logs[last * classes + symbols[place]]
    }
    for frame in (0..<last).reversed() {
      let (row, behind) = (frame * places, (frame + 1) * places)
      for place in 0..<places {
        var ways = sums[behind + place]
        if place + 1 < places { ways = logSum(ways, sums[behind + place + 1]) }
        if place + 2 < places, skips[place + 2] { ways = logSum(ways, sums[behind + place + 2]) }
        sums[row + place] = ways + logs[frame * classes + symbols[place]]
      }
    }
    return sums
  }
}

/// log(eᵃ + eᵇ)
func logSum(_ a: Double, _ b: Double) -> Double {
  let largest = max(a, b)
  guard largest > -.infinity else { return -.infinity }
  return largest + log1p(exp(min(a, b) - largest))
}

/// log softmax of each row, in double precision.
func logSoftmax(_ logits: Tensor) -> [Double] {
  let width = logits.width
  var logs = logits.withUnsafeBuffer { $0.map(Double.init) }
  for start in stride(from: 0, to: logs.count, by: max(1, width)) {
    let range = start..<(start + width)
    let largest = logs[range].max() ?? 0
    let total = largest + log(range.reduce(0.0) { $0 + exp(logs[$1] - largest) })
    for index in range { logs[index] -= total }
  }
  return logs
}

/// The largest value's column of each row.
func bestClasses(_ logits: Tensor) -> [Int] {
  let width = logits.width
  return logits.withUnsafeBuffer { logits in
    stride(from: 0, to: logits.count, by: max(1, width)).map { start in
      (0..<width).reduce(0) { logits[start + $1] > logits[start + $0] ? $1 : $0 }
    }
  }
}
