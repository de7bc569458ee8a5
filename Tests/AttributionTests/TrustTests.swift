import Foundations
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution

@Suite("Whether a map is true") struct TrustTests {
  @Test("rank correlation, ties with the mean of their ranks")
  func ranks() throws {
    #expect(abs(try #require(rankCorrelation([1, 2, 3, 4], [10, 30, 20, 40])) - 0.8) < 1e-12)
    // scipy.stats.spearmanr([1, 2, 2, 3, 7], [1, 3, 2, 4, 0])
    #expect(
      abs(try #require(rankCorrelation([1, 2, 2, 3, 7], [1, 3, 2, 4, 0])) + 0.051_298_917_604_257_7) < 1e-12
    )
    #expect(rankCorrelation([1, 1, 1], [1, 2, 3]) == nil)
  }

  @Test("a profile of other frames is met at every 20 ms")
  func resampling() {
    let fine = AttributionMap(
      method: "", target: "", score: 0, layer: "input", centres: (0..<8).map { 0.005 + Double($0) / 100 },
      profile: [1, 3, 5, 7, 9, 11, 13, 15])
    #expect(fine.resampled(seconds: 0.08) == [2, 6, 10, 14])
    let coarse = AttributionMap(
      method: "", target: "", score: 0, layer: "input", centres: [0.05, 0.15], profile: [1, 2])
    #expect(coarse.resampled(seconds: 0.2) == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
  }

  @Test("layers behind a place are the untrained model's, those before it the trained one's")
  func randomisation() throws {
    let (model, samples) = try tinyModel("wav2vec2_variant")
    let twin = try model.randomTwin(seed: 3)
    let (own, other) = (
      try RecordedPass(model, samples, upTo: "hidden.2"), try RecordedPass(twin, samples, upTo: "hidden.2")
    )
    let all = try own.randomised(behind: nil, by: other)
    // A convolution by itself is cut into other blocks than in a pass.
    #expect(try relativeError(all.values(of: "hidden.2"), other.values(of: "hidden.2")) < 1e-5)
    let none = try own.randomised(behind: "hidden.2", by: other)
    #expect(try none.values(of: "hidden.2") == own.values(of: "hidden.2"))
    let some = try own.randomised(behind: "hidden.1", by: other)
    #expect(try some.values(of: "hidden.1") == own.values(of: "hidden.1"))
    #expect(try some.values(of: "hidden.2") != own.values(of: "hidden.2"))
    #expect(try some.values(of: "hidden.2") != other.values(of: "hidden.2"))
    let seed = sines(try some.values(of: "hidden.2").shape)
    let gradients = try some.walk(from: ["hidden.2": seed], to: ["hidden.1", "hidden.0"]).gradients
    #expect(gradients.count == 2)
  }

  @Test("each convolution by itself is drawn at random in turn")
  func everyConvolution() throws {
    let (model, samples) = try tinyModel("wav2vec2_variant")
    let twin = try model.randomTwin(seed: 3)
    let own = try RecordedPass(model, samples, upTo: "hidden.0")
    let other = try RecordedPass(twin, samples, upTo: "hidden.0")
    let convolutions = model.taps.map(\.name).filter { $0.hasPrefix("conv.") }
    var found: [Tensor] = []
    for (place, tap) in convolutions.enumerated() {
      let hybrid = try own.randomised(behind: tap, by: other)
      #expect(try relativeError(hybrid.values(of: tap), own.values(of: tap)) < 1e-5)
      if place + 1 < convolutions.count {
        #expect(
          try relativeError(
            hybrid.values(of: convolutions[place + 1]), own.values(of: convolutions[place + 1]))
            > 1e-2)
      }
      found.append(try hybrid.values(of: "hidden.0"))
    }
    for (a, b) in zip(found, found.dropFirst()) { #expect(relativeError(a, b) > 1e-4) }
    let target = try AttributionTarget.unit(1, of: #require(model.taps.last { $0.name == "hidden.0" }))
    let attribution = try Attribution(model, samples: samples, target: target, threads: 2)
    let cascade = try attribution.randomisationCascade(
      of: attribution.map(by: .gradientInput), by: .gradientInput)
    #expect(cascade.map(\.trainedUpTo) == convolutions.reversed() + [nil])
  }

  @Test("a unit of a convolution is explained in a sound that the front end takes in tiles")
  func tiles() throws {
    let (model, samples) = try tinyModel("wav2vec2_base")
    let long = (0..<48_000).map { samples[$0 % samples.count] }
    let tap = try #require(model.taps.first { $0.name == "conv.4" })
    let target = try AttributionTarget.unit(2, of: tap, span: 1.5..<1.6)
    var attribution = try Attribution(model, samples: long, target: target, threads: 2)
    let map = try attribution.map(by: .gradientInput)
    // What is made again gives the map of what was kept.
    attribution.settings.keepsAll = true
    let kept = try attribution.map(by: .gradientInput)
    let size = kept.profile.map(abs).max() ?? 0
    let error = zip(map.profile, kept.profile).map { abs($0 - $1) }.max() ?? 1
    #expect(size > 0 && error < 1e-4 * size, "\(error) of \(size)")
  }

  @Test("hiding what a unit hears makes it fall at once, in any order it ends at nothing")
  func hiding() throws {
    let (model, samples) = try tinyModel("wav2vec2_variant")
    let tap = try #require(model.taps.first { $0.name == "conv.4" })
    // Against the unit: it is lower in this sound than in none.
    var weights = [Float](repeating: 0, count: tap.width)
    weights[2] = -1
    let target = AttributionTarget(name: "not unit 2", tap: tap.name, weights: weights, span: 0.15..<0.2)
    let attribution = try Attribution(model, samples: samples, target: target, threads: 2)
    let curve = try attribution.hidingCurve(of: attribution.map(by: .occlusion), points: 5, orders: 2)
    for values in [curve.deletion, curve.randomDeletion] {
      #expect(abs(values[0] - 1) < 1e-5 && abs(values[5]) < 1e-5)
    }
    for values in [curve.insertion, curve.randomInsertion] {
      #expect(abs(values[0]) < 1e-5 && abs(values[5] - 1) < 1e-5)
    }
    #expect(curve.gain > curve.randomGain + 0.2)
    #expect(DeletionInsertionCurve.area([1, 1, 1]) == 1 && DeletionInsertionCurve.area([1, 0]) == 0.5)
  }

  @Test("a map stays in faint noise, and less so in loud")
  func noise() throws {
    let (model, samples) = try tinyModel("wav2vec2_base")
    let target = try AttributionTarget.unit(3, of: #require(model.taps.last), span: 0.1..<0.2)
    let attribution = try Attribution(
      model, samples: Array(samples.prefix(6000)), target: target, threads: 2)
    let map = try attribution.map(by: .gradientInput)
    let found = try attribution.noiseStability(of: map, by: .gradientInput, decibels: [0, 90])
    #expect(found[1].correlation > 0.99 && found[0].correlation < found[1].correlation)
    let trust = try attribution.trust([(method: .gradientInput, map: map)])
    #expect(trust[0].cascade.last?.trainedUpTo == nil && trust[0].cascade.count > 3)
    // What goes back through no layer is asked of the model without any training.
    let rollout = try attribution.map(by: .attentionRollout)
    let cascade = try attribution.randomisationCascade(of: rollout, by: .attentionRollout)
    #expect(cascade.count == 1 && cascade[0].trainedUpTo == nil && cascade[0].correlation < 0.99)
  }

  @Test("doubts are said where numbers give them, and only there")
  func doubts() {
    func trust(gain: Double, random: Double, weights: Double, noise: Double) -> FaithfulnessChecks {
      FaithfulnessChecks(
        method: "m",
        hiding: DeletionInsertionCurve(
          shares: [0, 1], deletion: [0, 0], insertion: [gain, gain], randomDeletion: [0, 0],
          randomInsertion: [random, random]),
        cascade: [("hidden.1", 0.9), (nil, weights)], noise: [(10, 0), (20, noise)],
        agreement: [("other", 0.4)])
    }
    #expect(trust(gain: 0.5, random: 0, weights: 0.1, noise: 0.8).doubts.isEmpty)
    #expect(trust(gain: 0.1, random: 0.2, weights: 0.9, noise: 0.2).doubts.count == 3)
  }
}
