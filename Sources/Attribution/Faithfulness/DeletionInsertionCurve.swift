import Foundations
import Models
import Tensors

/// How the target falls as a recording is hidden bit by bit (deletion), and rises as it is shown bit by bit
/// (insertion), in the order of a map (Petsiuk 2018), beside the same in random orders.
public struct DeletionInsertionCurve: Sendable, Equatable {
  /// Shares of the recording that are hidden or shown.
  public let shares: [Double]
  /// The target's value with so much hidden, the most relevant first: 1 for the whole recording and 0 for one that is
  /// hidden all over; beyond them where some part speaks against the target.
  public let deletion: [Double]
  /// The same with so much shown, the most relevant first.
  public let insertion: [Double]
  /// The mean of deletion over random orders.
  public let randomDeletion: [Double]
  /// The mean of insertion over random orders.
  public let randomInsertion: [Double]

  /// The area under a curve by the trapezoid rule.
  public static func area(_ curve: [Double]) -> Double {
    guard curve.count > 1 else { return curve.first ?? 0 }
    return zip(curve, curve.dropFirst()).reduce(0) { $0 + ($1.0 + $1.1) / 2 } / Double(curve.count - 1)
  }

  /// The value furthest outside 0…1, where one is more than half outside; nil where none is. Values outside are those of
  /// targets that rise above the whole recording's, or fall below that of silence, with part of it hidden.
  public var furthest: Double? {
    let outside = (deletion + insertion).filter { $0 < -0.5 || $0 > 1.5 }
    return outside.max { abs($0 - 0.5) < abs($1 - 0.5) }
  }

  /// Insertion's area less deletion's; 0 is what a random order gives on average, 1 the most.
  public var gain: Double { Self.area(insertion) - Self.area(deletion) }
  /// The mean area of random orders' insertion less that of their deletion.
  public var randomGain: Double { Self.area(randomInsertion) - Self.area(randomDeletion) }
}

extension Attribution {
  /// The curves of a map; `orders` random ones beside it. Cells of 20 ms are hidden, in `points` steps.
  ///
  /// Throws `AttributionError.notApplicable` where hiding everything does not make the target fall.
  public func hidingCurve(of map: AttributionMap, points: Int = 10, orders: Int = 3) throws
    -> DeletionInsertionCurve
  {
    let seconds = Double(samples.count) / Double(model.samplingRate)
    let values = map.resampled(seconds: seconds)
    let whole = try score(of: samples)
    let nothing = try score(of: hiding(cells: Set(values.indices)))
    guard whole - nothing > 1e-9 else {
      throw AttributionError.notApplicable(
        method: "a hiding curve", reason: "the target does not fall when the whole recording is hidden")
    }
    let shares = (0...points).map { Double($0) / Double(points) }
    func curves(_ order: [Int]) throws -> (deletion: [Double], insertion: [Double]) {
      let scores = try parallelMap(2 * shares.count, threads: threads) { index in
        try checkCancellation()
        let count = Int((shares[index / 2] * Double(order.count)).rounded())
        let hidden = index % 2 == 0 ? order.prefix(count) : order.dropFirst(count)
        let score = try score(of: hiding(cells: Set(hidden)), by: model, threads: 1)
        return (score - nothing) / (whole - nothing)
      }
      return (
        stride(from: 0, to: scores.count, by: 2).map { scores[$0] },
        stride(from: 1, to: scores.count, by: 2).map { scores[$0] }
      )
    }
    let own = try curves(values.indices.sorted { (values[$1], $0) < (values[$0], $1) })
    var random: [(deletion: [Double], insertion: [Double])] = []
    for number in 0..<max(1, orders) {
      var generator = RandomNumbers(seed: settings.seed, stream: "hiding order \(number)")
      random.append(try curves(generator.permutation(values.count)))
    }
    func mean(_ part: (Int) -> [Double]) -> [Double] {
      shares.indices.map { point in
        random.indices.reduce(0) { $0 + part($1)[point] } / Double(random.count)
      }
    }
    return DeletionInsertionCurve(
      shares: shares, deletion: own.deletion, insertion: own.insertion,
      randomDeletion: mean { random[$0].deletion }, randomInsertion: mean { random[$0].insertion })
  }

  /// The recording with cells of 20 ms replaced as occlusion does it.
  func hiding(cells: Set<Int>) -> [Float] {
    let size = max(1, model.samplingRate / 50)
    let (hidden, fade) = (quiet(), model.samplingRate / 400)
    var result = samples
    var start: Int?
    // Neighbouring cells are hidden as one stretch, faded at its ends only.
    for cell in 0...(samples.count / size + 1) {
      if cells.contains(cell) || (cell == samples.count / size && cells.contains(cell - 1)) {
        start = start ?? cell * size
      } else if let from = start {
        result = result.hiding(from..<min(samples.count, cell * size), by: hidden, fade: fade)
        start = nil
      }
    }
    return result
  }
}
