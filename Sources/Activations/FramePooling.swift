import Models
import SpeechHierarchy
import Tensors

/// How a layer's frames become one vector a span (METHODS, Probing).
///
/// A frame belongs to the span that holds its centre; a span that holds none, being shorter than the layer's
/// step, takes the frame whose centre is nearest to its middle.
public struct FramePooling: Sendable, Equatable, Codable {
  public enum Mode: String, Sendable, Codable, CaseIterable {
    /// The mean of the span's frames.
    case mean
    /// The frame nearest to the span's middle.
    case center
    /// The mean of the frames in the middle third, where a phone is least coloured by its neighbours.
    case middleThird = "middle-third"
  }

  public let mode: Mode
  /// Where it is not nil: the means of this many seconds before and after the span stand beside its own, so
  /// that a vector is `[before, span, after]`.
  public let context: Double?

  public init(_ mode: Mode = .mean, context: Double? = nil) {
    self.mode = mode
    self.context = context
  }

  /// The mel baseline's: the mean of the span, and of 50 ms before and after it.
  public static let melBaseline = FramePooling(.mean, context: 0.05)

  /// The width of a pooled vector of frames of `width`.
  public func width(ofFrames width: Int) -> Int { context == nil ? width : 3 * width }

  /// `[frames × width]` to `[spans × width]`, or `[spans × 3·width]` with context. `frames` must not be empty
  /// unless `spans` are.
  public func pool(_ frames: Tensor, timing: FrameTiming, spans: [Span]) -> Tensor {
    precondition(frames.rows > 0 || spans.isEmpty, "no frames for \(spans.count) spans")
    let (count, width) = (frames.rows, frames.width)
    let pooled = self.width(ofFrames: width)
    var sums = [Double](repeating: 0, count: width)
    return frames.withUnsafeBuffer { source in
      Tensor(shape: [spans.count, pooled]) { target in
        for (row, span) in spans.enumerated() {
          for (part, range) in ranges(span, count, timing).enumerated() {
            FramePooling.mean(
              of: range, source, width: width, sums: &sums,
              into: UnsafeMutableBufferPointer(
                rebasing: target[(row * pooled + part * width)..<(row * pooled + (part + 1) * width)]))
          }
        }
      }
    }
  }

  /// The frames that each part of a span's vector is the mean of.
  private func ranges(_ span: Span, _ count: Int, _ timing: FrameTiming) -> [Range<Int>] {
    let own: Range<Int>
    switch mode {
    case .mean: own = timing.frames(from: span.start, to: span.end, count: count)
    case .center:
      let nearest = timing.frame(nearestTo: (span.start + span.end) / 2, count: count)
      own = nearest..<(nearest + 1)
    case .middleThird:
      let third = span.seconds / 3
      own = timing.frames(from: span.start + third, to: span.end - third, count: count)
    }
    guard let context else { return [own] }
    return [
      timing.frames(from: span.start - context, to: span.start, count: count), own,
      timing.frames(from: span.end, to: span.end + context, count: count),
    ]
  }

  private static func mean(
    of range: Range<Int>, _ frames: UnsafeBufferPointer<Float>, width: Int, sums: inout [Double],
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    guard range.count > 1 else {  // one frame is copied as it is
      for k in 0..<width { target[k] = frames[range.lowerBound * width + k] }
      return
    }
    sums.withUnsafeMutableBufferPointer { sums in
      sums.update(repeating: 0)
      for frame in range {
        for k in 0..<width { sums[k] += Double(frames[frame * width + k]) }
      }
      let scale = 1 / Double(range.count)
      for k in 0..<width { target[k] = Float(sums[k] * scale) }
    }
  }
}

extension FrameTiming {
  /// Times this close, in seconds, are the same: edges come from decimal text and from sums of it.
  private static let rounding = 1e-9

  /// The frames, of `count`, whose centres lie in `[start, end)`; where there are none, the one nearest to
  /// the middle.
  public func frames(from start: Double, to end: Double, count: Int) -> Range<Int> {
    let first = firstFrame(atOrAfter: start, count: count)
    let last = firstFrame(atOrAfter: end, count: count)
    if first < last { return first..<last }
    let nearest = frame(nearestTo: (start + end) / 2, count: count)
    return nearest..<(nearest + 1)
  }

  /// The frame, of `count`, whose centre is nearest to a time; the earlier of two.
  public func frame(nearestTo time: Double, count: Int) -> Int {
    let after = min(firstFrame(atOrAfter: time, count: count), count - 1)
    guard after > 0 else { return 0 }
    let (before, behind) = (time - centre(of: after - 1), centre(of: after) - time)
    return before <= behind + FrameTiming.rounding ? after - 1 : after
  }

  /// The first frame whose centre is not before a time; `count` where all are.
  private func firstFrame(atOrAfter time: Double, count: Int) -> Int {
    let time = time - FrameTiming.rounding
    let guess = ((time - centre(of: 0)) / stride).rounded(.up)
    guard guess > 0 else { return 0 }
    guard guess < Double(count) + 1 else { return count }
    // The division may be off by a rounding; the centres themselves decide.
    var frame = max(0, Int(guess) - 1)
    while frame < count && centre(of: frame) < time { frame += 1 }
    return frame
  }
}
