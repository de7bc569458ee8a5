import Activations
import Audio
import Corpora
import Foundations
import Models
import Probing
import Strata
import StrataTestSupport
import Tensors
import Testing

/// A source whose layers are noise, but for phones in `hidden.2` and words in `hidden.5`.
private struct PlantedSource: ActivationSource {
  static let width = 16
  let name = "planted"
  let fingerprint = "planted structure"
  let facts = SourceFacts(
    family: "planted", parameters: 0, samplingRate: 16_000, inputNormalisation: "none")
  /// Frames of 20 ms, side by side.
  let timing = FrameTiming(
    samplingRate: 16_000, strideSamples: 320, receptiveFieldSamples: 320, firstCentreSample: 160)

  var taps: [TapPoint] {
    (1...6).map { TapPoint(name: "hidden.\($0)", width: Self.width, timing: timing) }
  }

  private func vector(_ scale: Double, _ stream: String) -> [Double] {
    var numbers = RandomNumbers(seed: 1, stream: stream)
    return (0..<Self.width).map { _ in scale * numbers.normal() }
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    let count = max(1, Int(utterance.seconds / 0.02))
    for tap in self.taps where taps.contains(tap.name) {
      var numbers = RandomNumbers(seed: 2, stream: "\(utterance.id) \(tap.name)")
      var frames = (0..<count).map { _ in (0..<Self.width).map { _ in numbers.normal() } }
      func put(_ vector: [Double], _ span: LabelledSpan) {
        for frame in timing.frames(from: span.start, to: span.end, count: count) {
          for k in 0..<Self.width { frames[frame][k] += vector[k] }
        }
      }
      /// Takes what a word's frames share out of them, so that nothing of its phones is left in its mean.
      func centre(_ span: LabelledSpan) {
        let own = timing.frames(from: span.start, to: span.end, count: count)
        for k in 0..<Self.width {
          let mean = own.reduce(0) { $0 + frames[$1][k] } / Double(own.count)
          for frame in own { frames[frame][k] -= mean }
        }
      }
      let (phones, words) = (utterance.spans(at: .phoneme), utterance.spans(at: .word))
      switch tap.name {
      case "hidden.2":
        for phone in phones { put(vector(3, "phone \(phone.label)"), phone) }
        words.forEach(centre)
      case "hidden.5":
        // Each phone is thrown anywhere, but a word's mean is not.
        for phone in phones { put(vector(5, "\(utterance.id) \(phone.start)"), phone) }
        words.forEach(centre)
        for word in words { put(vector(2, "word \(word.label)"), word) }
      default: break
      }
      try visit(tap.name, Tensor(frames.joined().map { Float($0) }, shape: [count, Self.width]))
    }
  }
}

@Suite("Planted structure")
struct PlantedStructureTests {
  @Test(
    "phones that are in layer 2 only, and words that are in layer 5 only, are found there and nowhere else")
  func phonesAndWords() async throws {
    let all = try Corpus.load(Repository.path("fixtures/unseen"))
    let speakers = Set(all.utterances.map(\.speaker)).sorted().prefix(3)
    let corpus = Corpus(
      name: all.name, path: all.path, utterances: all.utterances.filter { speakers.contains($0.speaker) },
      silenceLabels: all.silenceLabels, issues: [])
    var study = LayerStudy(model: PlantedSource(), corpus: corpus)
    study.twinSeeds = []
    study.probes = [Level.phoneme, .word].map { level in
      var spec = ProbeSpec(name: level.rawValue, level: level)
      (spec.kind, spec.penalties) = (.ridge, [100])
      return spec
    }
    study.levels = [.phoneme, .word]
    study.threads = 2
    study.bootstrapResamples = 200
    let result = try await study.run()
    for (level, layer) in [(Level.phoneme, "hidden.2"), (.word, "hidden.5")] {
      let found = try #require(result.levels.first { $0.level == level })
      #expect(found.peak?.peakSet.map(\.name) == [layer], "\(level)")
      #expect(found.verdict?.decision == .encoded, "\(found.verdict as Any)")
      for other in found.layers where other.layer.name != layer {
        // What a word says of its phones is all that may be left.
        let allowed = level == .phoneme && other.layer.name == "hidden.5" ? 0.35 : 0.1
        let accuracy = try #require(other.metrics?.accuracy.value)
        #expect(
          accuracy < found.majority.accuracy.value + allowed, "\(level) at \(other.layer.name): \(accuracy)"
        )
      }
    }
  }
}
