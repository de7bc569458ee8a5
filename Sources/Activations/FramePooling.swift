import Corpora
import Tensors

/// How a layer's frames become one vector a span (docs/Methods.md, Spans and their vectors).
///
/// A frame belongs to the span that holds its centre; a span that holds none, being shorter than the layer's
/// step, takes the frame whose centre is nearest to its middle.
public struct FramePooling: Sendable, Equatable, Codable {
  /// Which of a span's frames count.
  public enum Mode: String, Sendable, Codable, CaseIterable {
    /// The mean of the span's frames.
    case mean
    /// The frame nearest to the span's middle.
    case center
    /// The mean of the frames in the middle third, where a phone is least coloured by its neighbours.
    case middleThird = "middle-third"
  }

  /// Which of the span's frames its vector is the mean of.
  public let mode: Mode
  /// Where it is not nil: the means of this many seconds before and after the span stand beside its own, so
  /// that a vector is `[before, span, after]`.
  public let context: Double?

  /// Pooling by `mode`, with the means of `context` seconds on both sides where that is not nil.
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
  public func pool(_ frames: Tensor, timing: some FrameAxis, spans: [LabelledSpan]) -> Tensor {
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
  func ranges(_ span: LabelledSpan, _ count: Int, _ timing: some FrameAxis) -> [Range<Int>] {
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
