import Models

/// Where the rows of a layer lie: their centres, which never fall from one row to the next.
public protocol FrameAxis: Sendable {
  /// The centre of row `frame`, counted from 0, in seconds from the start of the recording.
  func centre(of frame: Int) -> Double
  /// The first row, of `count`, whose centre is not before a time; `count` where all are.
  func firstFrame(atOrAfter time: Double, count: Int) -> Int
}

/// Times this close, in seconds, are the same: edges come from decimal text and from sums of it.
private let rounding = 1e-9

extension FrameAxis {
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
    return before <= behind + rounding ? after - 1 : after
  }
}

extension FrameTiming: FrameAxis {
  public func firstFrame(atOrAfter time: Double, count: Int) -> Int {
    let time = time - rounding
    let guess = ((time - centre(of: 0)) / stride).rounded(.up)
    guard guess > 0 else { return 0 }
    guard guess < Double(count) + 1 else { return count }
    // The division may be off by a rounding; the centres themselves decide.
    var frame = max(0, Int(guess) - 1)
    while frame < count && centre(of: frame) < time { frame += 1 }
    return frame
  }
}

/// Rows that lie where a list says, such as the tokens of a text.
public struct ListedCentres: FrameAxis {
  private let centres: [Double]

  /// `centres` must not fall.
  public init(_ centres: [Double]) { self.centres = centres }

  public func centre(of frame: Int) -> Double { centres[frame] }

  public func firstFrame(atOrAfter time: Double, count: Int) -> Int {
    let time = time - rounding
    var range = 0..<min(count, centres.count)
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = centres[middle] < time ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}
