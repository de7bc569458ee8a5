import Activations
import Audio
import Foundation
import Foundations
import Models
import Results
import Strata
import StrataTestSupport
import Tensors
import Testing

/// Layers that are functions of time, sampled at a step of their own.
private struct Waves: ActivationSource {
  let name: String
  /// Samples at 16 kHz.
  let hop: Int
  /// Columns of every layer that are their own noise, and not the signal.
  var noise = 0
  /// A constant column at the end of every layer.
  var isFlat = false

  var fingerprint: String { "\(name) \(hop) \(noise) \(isFlat)" }
  var facts: SourceFacts {
    SourceFacts(family: "waves", parameters: 0, samplingRate: 16_000, inputNormalisation: "none")
  }
  var taps: [TapPoint] {
    let timing = FrameTiming(
      samplingRate: 16_000, strideSamples: hop, receptiveFieldSamples: hop,
      firstCentreSample: Double(hop) / 2)
    return [TapPoint(name: "waves", width: 6 + (isFlat ? 1 : 0), timing: timing)]
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    let frames = Int(utterance.seconds * 16_000) / hop
    var numbers = RandomNumbers(seed: 1, stream: "\(name) \(utterance.id)")
    let width = self.taps[0].width
    let values = (0..<frames).flatMap { frame in
      let time = (Double(frame) + 0.5) * Double(hop) / 16_000
      return (0..<width).map { column -> Float in
        if isFlat, column == width - 1 { return 3 }
        if column < noise { return Float(numbers.normal()) }
        return Float(sin((3 + 2 * Double(column)) * time + Double(column)))
      }
    }
    try visit("waves", Tensor(values, shape: [frames, width]))
  }
}

@Suite("A comparison of layers") struct SimilarityStudyTests {
  private func study(_ first: Waves, _ second: Waves? = nil) throws -> SimilarityStudy {
    var study = SimilarityStudy(
      model: first, second: second, corpus: try Corpus.load(Repository.path("fixtures/human")))
    study.level = nil
    return study
  }

  private func value(_ result: SimilarityResult) throws -> Double {
    try #require(result.comparisons.first?.matrix.values.first?.first ?? nil)
  }

  @Test("layers of different steps lie on the same time, in either order", arguments: [false, true])
  func alignment(swapped: Bool) async throws {
    let (fine, coarse) = (Waves(name: "fine", hop: 160), Waves(name: "coarse", hop: 480))
    let result = try await study(swapped ? coarse : fine, swapped ? fine : coarse).run()
    // A mean of three neighbours is the middle one times a factor near 1, the same everywhere.
    #expect(try value(result) > 0.999)
    #expect(result.unit == "frames of 30 ms")
    #expect(result.alignment.contains("the coarsest"))
    // A shift by one frame would show: sines of up to 13 rad/s turn by a rad in 80 ms.
    let seconds = try Corpus.load(Repository.path("fixtures/human")).utterances.reduce(0) {
      $0 + $1.seconds
    }
    #expect(abs(Double(result.rows) * 0.03 - seconds) < 0.03 * 14)
  }

  @Test("the spans of a level align them too")
  func spans() async throws {
    var study = try study(Waves(name: "fine", hop: 160), Waves(name: "coarse", hop: 320))
    study.level = .phoneme
    let result = try await study.run()
    #expect(try value(result) > 0.97)
    #expect(result.unit == "phoneme spans")
    #expect(result.alignment.hasPrefix("Layers of different steps are aligned by time"))
  }

  @Test("unrelated layers are near zero, and labels unrelated to a layer too")
  func independence() async throws {
    var study = try study(Waves(name: "a", hop: 160, noise: 6), Waves(name: "b", hop: 160, noise: 6))
    study.level = .phoneme
    study.comparesLabels = true
    let result = try await study.run()
    #expect(abs(try value(result)) < 0.02)
    let labels = try #require(result.labels.first)
    #expect(abs(labels.debiasedCKA ?? 1) < 0.05)
    #expect(result.labels.map(\.model) == ["a", "b"])
  }

  @Test("a constant dimension changes nothing and is named")
  func constantDimension() async throws {
    var study = try study(Waves(name: "waves", hop: 160))
    study.measures = [.debiasedLinearCKA, .svcca, .pwcca, .procrustes]
    let plain = try await study.run()
    study.second = Waves(name: "flat", hop: 160, isFlat: true)
    study.measuresSpectra = true
    let result = try await study.run()
    for comparison in result.comparisons {
      let found = try #require(comparison.matrix.values.first?.first ?? nil)
      #expect(abs(found - 1) < 1e-6, "\(comparison.matrix.measure)")
    }
    #expect(plain.comparisons.count == result.comparisons.count)
    #expect(result.spectra.map(\.dead) == [[], [6]])
    let notes = result.comparisons.flatMap(\.matrix.notes)
    #expect(notes.contains { $0.contains("1 of 7 dimensions do not vary") })
  }

  @Test("frames of any step are no shorter than that step", arguments: [80, 160, 320, 400, 640])
  func anyStep(hop: Int) async throws {
    #expect(try value(try await study(Waves(name: "waves", hop: hop)).run()) > 1 - 1e-9)
  }

  @Test("fewer rows than dimensions are warned of")
  func fewRows() async throws {
    var study = try study(Waves(name: "waves", hop: 160))
    study.rowLimit = 5
    study.measures = [.linearCKA, .meanCCA]
    let result = try await study.run()
    #expect(result.sampled == 5)
    #expect(result.warnings.contains { $0.hasPrefix("There are fewer rows (5) than dimensions (6)") })
    // Moments of all rows need no sample.
    #expect(result.comparisons.map(\.source) == [.moments, .moments])
  }

  @Test("the result does not depend on the number of threads")
  func threads() async throws {
    var study = try study(Waves(name: "a", hop: 160, noise: 3), Waves(name: "b", hop: 320, noise: 2))
    study.measures = [.debiasedLinearCKA, .svcca]
    study.threads = 1
    let one = try await study.run()
    study.threads = 3
    #expect(try await study.run() == one)
  }

  @Test("what cannot be compared is said")
  func refusals() async throws {
    var study = try study(Waves(name: "a", hop: 160))
    study.comparesLabels = true
    await #expect(throws: ComparisonError.labelsOfFrames) { try await study.run() }
    study.level = .sound
    await #expect {
      try await study.run()
    } throws: {
      "\($0)".contains("labels of the level sound")
    }
    #expect(throws: ComparisonError.self) { try SimilarityStudy.measures(named: "cka,ckb") }
    #expect(throws: ComparisonError.self) { try SimilarityStudy.level(named: "phonem") }
    #expect(try SimilarityStudy.measures(named: "cka, svcca") == [.debiasedLinearCKA, .svcca])
  }
}
