import Tensors

/// One of the windows that a long recording is read in: what is heard, and the part of it whose frames are taken.
///
/// Windows overlap, so that the frames that are taken have sound on both sides; every frame is taken once.
struct SoundWindow: Equatable, Sendable {
  /// The samples that are heard, from the recording's start.
  let heard: Range<Int>
  /// Frames with their centres from here on are taken; the first window takes all before.
  let from: Int?
  /// And up to here, which belongs to the next; the last window takes all after.
  let to: Int?

  /// What is heard before and after what is taken, in seconds, where the window is long enough: five seconds.
  static func context(ofWindow seconds: Double) -> Double { min(5, seconds / 4) }

  /// The windows of a recording of `count` samples, of at most `length` each with `context` on both sides. They begin at
  /// multiples of `step`, so that each layer's frames lie as in one pass. One window where the recording is no longer.
  static func plan(samples count: Int, length: Int, context: Int, step: Int) -> [SoundWindow] {
    let core = (length - 2 * context) / step * step
    guard count > length, core > 0 else { return [SoundWindow(heard: 0..<count, from: nil, to: nil)] }
    var windows: [SoundWindow] = []
    var start = 0
    while true {
      let isLast = start + length >= count
      windows.append(
        SoundWindow(
          heard: start..<min(count, start + length), from: start == 0 ? nil : start + context,
          to: isLast ? nil : start + core + context))
      if isLast { return windows }
      start += core
    }
  }

  /// Which rows of a layer's `rows` in this window are taken, and the place of the first among all of the recording's.
  func taken(rows: Int, _ timing: FrameTiming) -> (rows: Range<Int>, first: Int) {
    let before = heard.lowerBound / timing.strideSamples
    func row(at sample: Int) -> Int {
      let place = (Double(sample) - timing.firstCentreSample) / Double(timing.strideSamples)
      return min(max(Int(place.rounded(.up)) - before, 0), rows)
    }
    let (low, high) = (from.map(row) ?? 0, to.map(row) ?? rows)
    return (low..<max(low, high), before + low)
  }
}

/// A part of a layer's frames, in the order of time.
public struct FramePiece: Sendable {
  /// `[rows × width]`
  public let frames: Tensor
  /// The place of its first row among all of the recording's.
  public let first: Int
  /// Whether no other part follows.
  public let isLast: Bool

  public init(frames: Tensor, first: Int, isLast: Bool) {
    (self.frames, self.first, self.isLast) = (frames, first, isLast)
  }
}
