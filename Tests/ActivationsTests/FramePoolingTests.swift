import Corpora
import Foundations
import Models
import Tensors
import Testing

@testable import Activations

@Suite("Pooling") struct FramePoolingTests {
  let timing = SyntheticSource.timing  // centres at 12.47 + 20·i ms

  func span(_ start: Double, _ end: Double) -> LabelledSpan {
    LabelledSpan(start: start, end: end, label: "x", type: "x")
  }

  /// `[frames × 1]` whose value is the frame's own centre.
  func ramp(_ frames: Int) -> Tensor {
    Tensor((0..<frames).map { Float(timing.centre(of: $0)) }, shape: [frames, 1])
  }

  @Test("a span's vector is the mean of the frames whose centres it holds") func mean() {
    var random = RandomNumbers(seed: 1)
    let frames = ramp(100)
    let spans = (0..<500).map { _ in
      let start = 1.8 * random.uniform()
      return span(start, start + 0.3 * random.uniform())
    }
    let pooled = FramePooling(.mean).pool(frames, timing: timing, spans: spans)
    #expect(pooled.shape == [500, 1])
    for (row, span) in spans.enumerated() {
      let centres = (0..<100).map(timing.centre).filter { $0 >= span.start && $0 < span.end }
      let middle = (span.start + span.end) / 2
      let expected =
        centres.isEmpty
        ? (0..<100).map(timing.centre).min { abs($0 - middle) < abs($1 - middle) } ?? -1
        : centres.reduce(0, +) / Double(centres.count)
      #expect(abs(Double(pooled[row: row][0]) - expected) < 1e-6, "\(span.start) … \(span.end)")
    }
  }

  @Test("a click lies in the span that holds its frame's centre and in no other") func click() {
    var values = [Float](repeating: 0, count: 50)
    values[20] = 1  // 412.47 ms
    let pooled = FramePooling(.mean).pool(
      Tensor(values, shape: [50, 1]), timing: timing,
      spans: [
        span(0.30, 0.40), span(0.40, 0.42), span(0.42, 0.50), span(0.412, 0.4124), span(0.4125, 0.45),
      ])
    #expect(pooled.values == [0, 1, 0, 1, 0])
  }

  @Test("edges are half-open: a centre at the end belongs to the next span") func edges() {
    let even = FrameTiming(
      samplingRate: 1000, strideSamples: 10, receptiveFieldSamples: 10, firstCentreSample: 0)
    #expect(even.frames(from: 0.02, to: 0.04, count: 10) == 2..<4)
    #expect(even.frames(from: 0.04, to: 0.05, count: 10) == 4..<5)
    // Steps whose sums are not exact in binary must still meet without gap or overlap.
    var next = 0
    for k in 0..<9 {
      let frames = even.frames(from: Double(k) * 0.01, to: Double(k + 1) * 0.01, count: 10)
      #expect(frames.lowerBound == next && frames.count == 1)
      next = frames.upperBound
    }
  }

  @Test("spans before the first and after the last centre take the nearest frame") func ends() {
    #expect(timing.frames(from: 0, to: 0.005, count: 5) == 0..<1)
    #expect(timing.frames(from: 0.5, to: 0.6, count: 5) == 4..<5)
    #expect(timing.frames(from: -1, to: -0.5, count: 5) == 0..<1)
    #expect(timing.frame(nearestTo: timing.centre(of: 2) + 0.01, count: 5) == 2)
  }

  @Test("center takes one frame, middle-third the frames of the middle") func modes() {
    let frames = ramp(50)
    let spans = [span(0.1, 0.4)]
    let centre = FramePooling(.center).pool(frames, timing: timing, spans: spans)
    #expect(abs(centre.values[0] - 0.252_47) < 1e-5)
    let third = FramePooling(.middleThird).pool(frames, timing: timing, spans: spans)
    // Centres in [0.2, 0.3): 212.47 … 292.47 ms.
    #expect(abs(third.values[0] - 0.252_47) < 1e-5)
    #expect(timing.frames(from: 0.2, to: 0.3, count: 50).count == 5)
  }

  @Test("context stands on both sides") func context() {
    let frames = ramp(50)
    let pooled = FramePooling.melBaseline.pool(
      frames, timing: timing, spans: [span(0.2, 0.3), span(0, 0.1)])
    #expect(pooled.shape == [2, 3])
    let expected: [Float] = [0.182_47 - 0.01, 0.252_47, 0.322_47]
    for (found, expected) in zip(pooled[row: 0], expected) { #expect(abs(found - expected) < 0.011) }
    #expect(pooled[row: 0][0] < pooled[row: 0][1] && pooled[row: 0][1] < pooled[row: 0][2])
    #expect(abs(pooled[row: 1][0] - 0.012_47) < 1e-5, "before the start there is only the first frame")
  }

  @Test("no spans give no rows") func none() {
    let pooled = FramePooling(.mean).pool(Tensor([], shape: [0, 4]), timing: timing, spans: [])
    #expect(pooled.shape == [0, 4] || pooled.count == 0)
  }

  @Test("listed centres pool as a timing with the same centres does")
  func listedCentres() {
    let count = 50
    let listed = ListedCentres((0..<count).map(timing.centre))
    for (start, end) in [(0.0, 0.1), (0.2, 0.3), (0.031, 0.033), (0.9, 1.2), (-1, -0.5), (5, 6)] {
      #expect(
        listed.frames(from: start, to: end, count: count)
          == timing.frames(from: start, to: end, count: count))
    }
  }

  @Test("rows of no place are in no span, and repeated centres stay together")
  func placelessRows() {
    let listed = ListedCentres([-.infinity, 1, 1, 2.5, .infinity])
    #expect(listed.frames(from: 0, to: 2, count: 5) == 1..<3)
    #expect(listed.frames(from: 2, to: 3, count: 5) == 3..<4)
    #expect(listed.frames(from: 1.4, to: 1.6, count: 5) == 2..<3)
    #expect(listed.frame(nearestTo: 9, count: 5) == 3)
  }
}
