import Corpora
import Models
import Tensors

/// Pools spans out of a layer's frames that come in parts: the vectors of `FramePooling.pool` over all frames at once, to
/// the last bit, without all frames.
struct PiecePooling {
  private let width: Int
  /// Of each span the frames of each part of its vector, as if frames had no end.
  private var ranges: [[Range<Int>]]
  private var vectors: [Float]
  /// Sums of ranges that began in an earlier piece and have not ended, by place in `vectors`.
  private var open: [Int: [Double]] = [:]

  init(_ pooling: FramePooling, _ timing: FrameTiming, width: Int, spans: [LabelledSpan]) {
    self.width = width
    ranges = spans.map { pooling.ranges($0, Int.max / 2, timing) }
    vectors = [Float](repeating: 0, count: spans.count * pooling.width(ofFrames: width))
  }

  mutating func add(_ piece: FramePiece) {
    let frames = piece.first..<(piece.first + piece.frames.rows)
    piece.frames.withUnsafeBuffer { source in
      for span in ranges.indices {
        for part in ranges[span].indices {
          var range = ranges[span][part]
          // Beyond the last frame there is none nearer than it.
          if piece.isLast, range.lowerBound >= frames.upperBound {
            range = max(0, frames.upperBound - 1)..<frames.upperBound
          }
          let here = range.clamped(to: frames)
          guard !here.isEmpty else { continue }
          let ends = range.upperBound <= frames.upperBound || piece.isLast
          let place = (span * ranges[span].count + part) * width
          add(here, of: range, ends: ends, at: place, source, first: piece.first, end: frames.upperBound)
        }
      }
    }
  }

  private mutating func add(
    _ here: Range<Int>, of range: Range<Int>, ends: Bool, at place: Int,
    _ source: UnsafeBufferPointer<Float>,
    first: Int, end: Int
  ) {
    var sums = open.removeValue(forKey: place) ?? [Double](repeating: 0, count: width)
    for frame in here {
      let row = (frame - first) * width
      for k in 0..<width { sums[k] += Double(source[row + k]) }
    }
    guard ends else {
      open[place] = sums
      return
    }
    let count = min(range.upperBound, end) - range.lowerBound
    let scale = 1 / Double(count)
    for k in 0..<width { vectors[place + k] = Float(count == 1 ? sums[k] : sums[k] * scale) }
  }

  /// `[spans × pooled width]`
  func pooled() -> Tensor {
    let spans = ranges.count
    return Tensor(vectors, shape: [spans, spans == 0 ? width : vectors.count / spans])
  }
}
