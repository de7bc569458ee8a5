import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution

@Suite("What a model leans on") struct RegionTests {
  private func map(_ profile: [Double], grid: Tensor? = nil) -> AttributionMap {
    var map = AttributionMap(
      method: "", target: "", score: 0, layer: "input",
      centres: profile.indices.map { 0.005 + Double($0) / 100 }, profile: profile)
    map.grid = grid
    return map
  }

  @Test("stretches of time that hold half of what speaks for the target")
  func stretches() {
    let regions = map([0, 4, 4, 0, -9, 0, 6, 0, 1, 1]).regions(holding: 0.8, nyquist: 8000)
    #expect(regions.count == 2)
    #expect(abs(regions[0].share - 0.5) < 1e-9 && abs(regions[1].share - 0.375) < 1e-9)
    #expect(abs(regions[0].start - 0.01) < 1e-9 && abs(regions[0].end - 0.03) < 1e-9)
    #expect(abs(regions[1].start - 0.06) < 1e-9 && abs(regions[1].end - 0.07) < 1e-9)
    #expect(regions.allSatisfy { $0.low == 0 && $0.high == 8000 })
    #expect(map([-1, 0]).regions(nyquist: 8000).isEmpty)
  }

  @Test("boxes of time and frequency: cells that touch are one, bands meet between their middles")
  func boxes() {
    // Frames by bands; two cells touch along frequency, one lies apart.
    let grid = Tensor([0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 4], shape: [4, 3])
    let regions = map([0, 3, 3, 4], grid: grid).regions(holding: 1, nyquist: 8000)
    #expect(regions.count == 2)
    #expect(abs(regions[0].share - 0.6) < 1e-6)
    #expect(abs(regions[0].start - 0.01) < 1e-9 && abs(regions[0].end - 0.02) < 1e-9)
    let middles = SpectralFrames.centres(bands: 3, samplingRate: 16_000)
    #expect(abs(regions[0].low - (middles[0] + middles[1]) / 2) < 1e-6 && regions[0].high == 8000)
    #expect(regions[1].start > 0.029)
  }

  @Test("a unit's peaks are apart, the largest first")
  func peaks() {
    #expect(TopActivation.peaks([1, 5, 4, 0, 3, 9, 2], apart: 2, count: 2) == [5, 1])
    #expect(TopActivation.peaks([1, 5, 4, 0, 3, 9, 2], apart: 1, count: 3) == [5, 1, 2])
  }

  @Test("the weightiest channels of Grad-CAM, and what is left out of them")
  func channels() throws {
    let (model, samples) = try tinyModel("wav2vec2_variant")
    let target = try AttributionTarget.unit(3, of: #require(model.taps.last), span: 0.1..<0.2)
    let attribution = try Attribution(model, samples: samples, target: target, threads: 2)
    let all = try attribution.channelMaps(at: "conv.4")
    let top = try attribution.topChannels(3, at: "conv.4")
    #expect(top.count == 3)
    func weight(_ profile: [Double]) -> Double { profile.reduce(0) { $0 + max(0, $1) } }
    let weights = (0..<all.width).map { channel in
      weight((0..<all.rows).map { Double(all[row: $0][channel]) })
    }.sorted(by: >)
    for (number, map) in top.enumerated() {
      #expect(abs(weight(map.profile) - weights[number]) < 1e-5 * max(1e-3, weights[0]))
      #expect(map.method.hasPrefix("channel "))
    }
  }
}
