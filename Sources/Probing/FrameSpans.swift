import Corpora
import Foundations
import Tensors

/// Single frames as spans of the level `sound`, for probes that read frames instead of labelled spans.
///
/// Whole utterances are taken, in an order drawn from the seed, until there are enough frames: boundaries can be
/// detected only where frames follow each other.
public enum FrameSpans {
  /// From one frame to the next, and the length of each, in seconds: the step of most speech models.
  public static let step = 0.02
  /// A frame this near to a boundary, in seconds, is one of its own.
  public static let tolerance = 0.02

  /// The utterances with a tier of frames where they were drawn, and no tier of the level `sound` elsewhere.
  public static func framed(
    _ utterances: [Utterance], frames most: Int = 8000, seed: UInt64
  ) -> [Utterance] {
    var numbers = RandomNumbers(seed: seed, stream: "frames")
    var left = most
    var drawn = [Bool](repeating: false, count: utterances.count)
    for index in numbers.permutation(utterances.count) {
      let count = Int(utterances[index].seconds / step)
      guard count > 0, count <= left else { continue }
      drawn[index] = true
      left -= count
    }
    return utterances.enumerated().map { index, utterance in
      let count = drawn[index] ? Int(utterance.seconds / step) : 0
      var tiers = utterance.tiers
      tiers[.sound] = Tier(
        name: "frames", level: .sound,
        intervals: (0..<count).map {
          // The label is the utterance's, so that samples keep utterances whole.
          Interval(start: Double($0) * step, end: Double($0 + 1) * step, label: "frames of \(utterance.id)")
        }, isDerived: true)
      return utterance.with(tiers: tiers)
    }
  }

  /// Whether a boundary of an ascending list is within `tolerance` of a time.
  static func isNear(_ time: Double, _ boundaries: [Double]) -> Bool {
    var (low, high) = (0, boundaries.count)
    while low < high {
      let middle = (low + high) / 2
      if boundaries[middle] < time - tolerance - 1e-9 { low = middle + 1 } else { high = middle }
    }
    return low < boundaries.count && boundaries[low] <= time + tolerance + 1e-9
  }

  /// Boundaries as a run of frames that say so: the middle of each run. Frames are `[(middle, is near one)]` in the
  /// order of time; a gap between frames ends a run.
  static func detected(_ frames: [(time: Double, isBoundary: Bool)]) -> [Double] {
    var runs: [ClosedRange<Double>] = []
    var previous: (time: Double, isBoundary: Bool)?
    for frame in frames {
      if frame.isBoundary {
        if let last = previous, last.isBoundary, frame.time - last.time < 1.5 * step, let run = runs.last {
          runs[runs.count - 1] = run.lowerBound...frame.time
        } else {
          runs.append(frame.time...frame.time)
        }
      }
      previous = frame
    }
    return runs.map { ($0.lowerBound + $0.upperBound) / 2 }
  }
}
