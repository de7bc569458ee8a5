import Tensors
import Testing

@testable import Probing

@Suite("Boundaries in time")
struct BoundaryScoresTests {
  private let truth = [0.10, 0.25, 0.40, 0.80]

  @Test("are hit once each, within the tolerance")
  func hits() {
    let all = BoundaryCounts(true: truth, detected: [0.11, 0.24, 0.43, 0.78, 0.79], tolerance: 0.02)
    // 0.43 is 30 ms off; of 0.78 and 0.79 only one can be 0.80.
    #expect(all.true == 4 && all.detected == 5 && all.hits == 3)
    // The first takes the earlier boundary, so that the second finds one too.
    #expect(BoundaryCounts(true: [0.10, 0.13], detected: [0.11, 0.12], tolerance: 0.021).hits == 2)
    #expect(BoundaryCounts(true: [], detected: [0.1], tolerance: 0.02).hits == 0)
  }

  @Test("scores are those of the paper's equations")
  func scores() {
    let perfect = BoundaryScores(true: 10, detected: 10, hits: 10)
    #expect(perfect.precision == 1 && perfect.recall == 1 && perfect.f1 == 1 && perfect.rValue == 1)
    // Half of them and none made up: HR = 0.5, OS = −0.5: r₁ = √0.5, r₂ = 0.
    let half = BoundaryScores(true: 10, detected: 5, hits: 5)
    #expect(abs(half.rValue - (1 - 0.5.squareRoot() / 2)) < 1e-12)
    #expect(half.precision == 1 && half.recall == 0.5 && abs(half.f1 - 2 / 3.0) < 1e-12)
    // All and as many again made up: HR = 1, OS = 1: r₁ = 1, r₂ = −1/√2.
    let doubled = BoundaryScores(true: 10, detected: 20, hits: 10)
    #expect(abs(doubled.rValue - (1 - (1 + 1 / 2.0.squareRoot()) / 2)) < 1e-12)
    let none = BoundaryScores(true: 10, detected: 0, hits: 0)
    #expect(none.precision == 0 && none.recall == 0 && none.f1 == 0)
    #expect(BoundaryScores(true: 0, detected: 3, hits: 0).rValue == 0)
  }

  @Test("a run of frames that say so is one boundary, in its middle; a gap parts two")
  func runs() {
    let frames = [false, true, true, true, false, true].enumerated().map {
      (time: 0.01 + 0.02 * Double($0), isBoundary: $1)
    }
    let found = FrameSpans.detected(frames)
    #expect(found.count == 2 && abs(found[0] - 0.05) < 1e-12 && abs(found[1] - 0.11) < 1e-12)
    #expect(FrameSpans.detected([(0.1, true), (0.9, true)]).count == 2)
    #expect(FrameSpans.isNear(0.12, truth) && FrameSpans.isNear(0.08, truth))
    #expect(
      !FrameSpans.isNear(0.121, truth) && !FrameSpans.isNear(0.5, truth) && !FrameSpans.isNear(2, truth))
  }

  @Test("a resample's boundaries are those of its utterances")
  func resamples() {
    var tally = ClusterCounts(clusters: 2, .boundaries)
    tally.add(cluster: 0, boundaries: BoundaryCounts(true: truth, detected: truth, tolerance: 0.02))
    tally.add(cluster: 1, boundaries: BoundaryCounts(true: truth, detected: [], tolerance: 0.02))
    let bootstrap = Bootstrap(clusters: 2, resamples: 40, seed: 3)
    let found = bootstrap.metrics(of: tally)
    #expect(found[.recall].values[0] == 0.5 && found[.precision].values[0] == 1)
    for resample in 1...40 {
      #expect(found[.recall].values[resample] == bootstrap.weights[resample, 0] / 2)
    }
    #expect(found.table.metrics.contains(.rValue) && !found.table.metrics.contains(.r2))
  }
}
