import Activations
import Audio
import Corpora
import Foundations
import Models
import Results
import Strata
import StrataTestSupport
import Tensors
import Testing

/// A source whose `hidden.1` follows the labels, whatever is heard, `hidden.2` is the log-mel spectrum, and `hidden.3` holds
/// the phone of 80 ms before, with noise.
private struct FollowingSource: ActivationSource {
  let name = "following"
  let fingerprint = "following"
  let facts = SourceFacts(
    family: "planted", parameters: 0, samplingRate: 16_000, inputNormalisation: "none")
  let timing = FrameTiming(
    samplingRate: 16_000, strideSamples: 320, receptiveFieldSamples: 320, firstCentreSample: 160)
  let phones: [String]

  var taps: [TapPoint] {
    [
      TapPoint(name: "hidden.1", width: phones.count, timing: timing),
      TapPoint(name: "hidden.2", width: 80, timing: LogMel.baseline().timing),
      TapPoint(name: "hidden.3", width: phones.count, timing: timing),
    ]
  }

  private func labels(_ utterance: Utterance, _ count: Int, delay: Double) -> Tensor {
    var numbers = RandomNumbers(seed: 1, stream: "\(utterance.id) \(delay)")
    let spans = utterance.spans(at: .phoneme)
    return Tensor(shape: [count, phones.count]) { values in
      for frame in 0..<count {
        let time = 0.01 + 0.02 * Double(frame) - delay
        let own = spans.first { $0.start <= time && time < $0.end }
        for (k, phone) in phones.enumerated() {
          values[frame * phones.count + k] = (own?.label == phone ? 4 : 0) + Float(0.5 * numbers.normal())
        }
      }
    }
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    let count = Int(utterance.seconds / 0.02)
    if taps.contains("hidden.1") { try visit("hidden.1", labels(utterance, count, delay: 0)) }
    if taps.contains("hidden.2"), let waveform {
      try visit("hidden.2", try LogMel.baseline().features(of: waveform))
    }
    if taps.contains("hidden.3") { try visit("hidden.3", labels(utterance, count, delay: 0.08)) }
  }
}

@Suite("How states move, and when they hold what") struct GeometryStudyTests {
  private func study(_ utterances: Int) throws -> LayerStudy {
    let all = try Corpus.load(Repository.path("fixtures/unseen"))
    let kept = all.utterances.enumerated().filter { $0.offset % (all.utterances.count / utterances) == 0 }
      .map(\.element)
    let corpus = Corpus(
      name: all.name, path: all.path, utterances: kept, silenceLabels: all.silenceLabels, issues: [])
    let phones = Set(kept.flatMap { $0.spans(at: .phoneme).map(\.label) }).sorted()
    var study = LayerStudy(model: FollowingSource(phones: phones), corpus: corpus)
    (study.threads, study.bootstrapResamples) = (2, 200)
    return study
  }

  @Test("what follows labels does not move in noise, and what is the spectrum moves as the spectrum does")
  func noise() async throws {
    var geometry = GeometryStudy(of: try study(12))
    geometry.conditions = [.init(.noise, 20), .init(.noise, 0), .init(.pitch, 3)]
    let result = try await geometry.run()
    #expect(result.recordings >= 12 && result.spans > 100 && result.untrained.isEmpty)
    #expect(result.layers.map(\.layer.name) == ["hidden.1", "hidden.2", "hidden.3"])
    let (labels, spectrum) = (result.layers[0], result.layers[1])
    #expect(labels.changes.allSatisfy { $0.value == 0 })
    for (own, input) in zip(spectrum.changes, result.input.changes) {
      #expect(abs(own.value - input.value) < 1e-9)
      #expect(input.low <= input.value && input.value <= input.high && input.value < 2)
    }
    // More noise moves states further, and none as far as another span's.
    #expect(result.input.changes[0].value + 0.05 < result.input.changes[1].value)
    #expect(result.input.changes[0].value > 0.05)
    #expect(spectrum.curvature == result.input.curvature && spectrum.entropy == result.input.entropy)
    // Jumps between one-hot vectors with noise: nearly independent draws.
    #expect((100...130).contains(labels.curvature.value))
    #expect((0...1).contains(labels.entropy.value))
    #expect(try await geometry.run() == result)
  }

  @Test("another tempo is followed: the spectrum of a phone stays nearly what it was")
  func tempo() async throws {
    var geometry = GeometryStudy(of: try study(12))
    geometry.study.layers = ["hidden.2"]
    geometry.conditions = [.init(.tempo, 1), .init(.tempo, 0.8), .init(.tempo, 1.25), .init(.noise, 0)]
    let changes = try await geometry.run().input.changes.map(\.value)
    #expect(changes[0] < 1e-9)
    #expect(changes[1] < 0.2 && changes[2] < 0.2, "\(changes)")
    #expect(changes[1] < changes[3] && changes[2] < changes[3])
  }

  @Test("a level without labels is refused")
  func refused() async throws {
    var geometry = GeometryStudy(of: try study(5))
    geometry.level = .clause
    await #expect(throws: StudyError.self) { try await geometry.run() }
    var curves = CurvesStudy(of: try study(5), over: .time)
    curves.level = .clause
    await #expect(throws: StudyError.self) { try await curves.run() }
  }

  @Test("a layer that holds what was 80 ms before is read best there")
  func moments() async throws {
    var curves = CurvesStudy(of: try study(25), over: .time)
    (curves.offsets, curves.spans) = ([-0.08, 0, 0.08, 0.16], 400)
    curves.study.layers = ["hidden.1", "hidden.3"]
    let result = try await curves.run()
    #expect(result.places == [-80, 0, 80, 160])
    #expect(result.curves.map(\.layer) == ["mel", "hidden.1", "hidden.3"])
    func best(_ layer: String) throws -> Int {
      let curve = try #require(result.curves.first { $0.layer == layer })
      return try #require(
        curve.accuracies.indices.max { curve.accuracies[$0].value < curve.accuracies[$1].value })
    }
    #expect(try best("hidden.1") == 1 && best("hidden.3") == 2 && best("mel") == 1)
    let top = result.curves[1].accuracies[1]
    #expect(top.value > 0.8 && top.low <= top.value && top.value <= top.high)
    #expect(result.tested <= 400 && result.tested > 200 && result.classes <= result.ofClasses)
  }

  @Test("one accuracy is tested on the same spans, whatever is learned from, and rises with it")
  func examples() async throws {
    var curves = CurvesStudy(of: try study(40), over: .examples)
    curves.study.layers = ["hidden.1", "hidden.2"]
    curves.draws = 2
    curves.shares = [0.25, 0.5, 1]
    let result = try await curves.run()
    #expect(
      result.places.count == 3 && result.places[0] < result.places[1] && result.places[1] < result.places[2]
    )
    #expect(abs(result.places[1] / result.places[2] - 0.5) < 0.1)
    let mel = try #require(result.curves.first { $0.layer == "mel" })
    #expect(mel.accuracies[2].value > mel.accuracies[0].value)
    let limit = try #require(mel.limit)
    #expect(limit.value >= mel.accuracies[2].value - 0.02 && limit.value <= 1)
    let labels = try #require(result.curves.first { $0.layer == "hidden.1" })
    #expect(labels.accuracies[2].value > 0.9)
  }
}
