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

/// Two layers that hold the phone as strongly as they are told to, in noise.
private struct Taught: ActivationSource {
  let name: String
  let early, late: Float

  var fingerprint: String { "\(name) \(early) \(late)" }
  var facts: SourceFacts {
    SourceFacts(family: "taught", parameters: 0, samplingRate: 16_000, inputNormalisation: "none")
  }
  var taps: [TapPoint] {
    let timing = FrameTiming(
      samplingRate: 16_000, strideSamples: 320, receptiveFieldSamples: 320, firstCentreSample: 160)
    return ["early", "late"].map { TapPoint(name: $0, width: 8, timing: timing) }
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    let spans = utterance.spans(at: .phoneme)
    let frames = Int(utterance.seconds * 50)
    for (layer, strength) in [("early", early), ("late", late)] where taps.contains(layer) {
      // The noise is the same in every model.
      var numbers = RandomNumbers(seed: 1, stream: "\(layer) \(utterance.id)")
      var values: [Float] = []
      for frame in 0..<frames {
        let time = (Double(frame) + 0.5) / 50
        let label = spans.first { $0.start <= time && time < $0.end }?.label ?? ""
        var code = RandomNumbers(seed: 2, stream: label)
        values += (0..<8).map { _ in strength * Float(code.normal()) + Float(numbers.normal()) }
      }
      try visit(layer, Tensor(values, shape: [frames, 8]))
    }
  }
}

@Suite("A comparison of models") struct ComparisonStudyTests {
  private func compare(_ models: [Taught]) async throws -> ModelComparison {
    let corpus = try Corpus.load(Repository.path("fixtures/human"))
    let compared = models.enumerated().map { step, model in
      ComparedModel(name: model.name, step: 100 * step) { model }
    }
    return try await ComparisonStudy(models: compared) { model in
      var study = LayerStudy(model: model, corpus: corpus)
      try study.select(levels: "phoneme")
      study.twinSeeds = []
      study.bootstrapResamples = 200
      return study
    }.run()
  }

  @Test("a run's peak moves to the layer that was taught; what was gained is told from what was not")
  func run() async throws {
    let comparison = try await compare([
      Taught(name: "a", early: 0.7, late: 0), Taught(name: "b", early: 0.7, late: 0.3),
      Taught(name: "c", early: 0.7, late: 3),
    ])
    let phoneme = try #require(comparison.levels.first)
    #expect(phoneme.results.map { $0?.peak?.layer.name } == ["early", "early", "late"])
    func difference(_ model: Int, _ layer: String) throws -> ModelComparison.Difference {
      try #require(phoneme.differences.first { $0.model == model && $0.layer == layer })
    }
    let gained = try difference(2, "late")
    #expect(gained.isBeyondChance && gained.estimate.isPositive)
    // The same states give the same answers.
    let same = try difference(2, "early")
    #expect(same.estimate.value == 0 && !same.isBeyondChance)
    // A paired difference is the difference of the numbers.
    let values = phoneme.results.map { $0?.layers.last?.metrics?.accuracy.value ?? .nan }
    #expect(abs(gained.estimate.value - (values[2] - values[0])) < 1e-12)

    // The probes at the peaks: those of the first two models are one and the same.
    #expect(phoneme.errors.map(\.model) == [1, 2])
    #expect(phoneme.errors.map(\.layer.name) == ["early", "late"])
    let (unchanged, changes) = (phoneme.errors[0].changes, phoneme.errors[1].changes)
    #expect(changes.since.name == "early" && unchanged.gained == 0 && unchanged.lost == 0)
    #expect(unchanged.pairs.isEmpty && unchanged.broken.isEmpty && unchanged.mended.isEmpty)
    let peaks = phoneme.results.compactMap { $0?.peak?.estimate.value }
    let tested = Double(phoneme.results[0]?.tested ?? 0)
    #expect(Double(changes.gained - changes.lost) == ((peaks[2] - peaks[0]) * tested).rounded())
    #expect(changes.mended.count == 10 && changes.mended.allSatisfy { $0.truth != $0.guess })

    func drift(_ model: Int, _ layer: String) throws -> ModelComparison.Drift {
      try #require(comparison.drifts.first { $0.model == model && $0.layer == layer })
    }
    for model in 0..<3 {
      #expect(abs((try drift(model, "early").toFirst ?? 0) - 1) < 1e-6)
    }
    let late = try (0..<3).map { try drift($0, "late") }
    #expect(abs((late[0].toFirst ?? 0) - 1) < 1e-6 && abs((late[2].toLast ?? 0) - 1) < 1e-6)
    #expect((late[1].toFirst ?? 0) > (late[2].toFirst ?? 1))
    #expect((late[1].toLast ?? 0) > (late[0].toLast ?? 1))

    let summary = comparison.summary
    #expect(summary.contains("The peak of phoneme moves: early (step 0) → late (step 200)."), "\(summary)")
    #expect(summary.contains("step 200, phoneme: gained at 1 layer, most at late"))
    #expect(summary.contains("the layer that changed most is late"))
    #expect(
      summary.contains("step 200 at late against step 0 at early, phoneme: \(changes.gained) spans more"))
  }

  @Test("one model alone is nothing to compare")
  func alone() async throws {
    await #expect(throws: ComparisonError.fewModels(["a"])) {
      try await compare([Taught(name: "a", early: 1, late: 1)])
    }
  }

  @Test("a folder of checkpoints is its checkpoints by step; a model's folder is a model")
  func listing() throws {
    let folder = try TemporaryFolder()
    let names = [
      "run/step-10.ckpt", "run/step-9.safetensors", "run/checkpoint-200/config.json", "run/notes-3.txt",
      "run/last.ckpt", "hf/config.json", "hf/model-00001-of-00002.safetensors",
      "hf/model-00002-of-00002.safetensors", "one/step-1.ckpt",
    ]
    for name in names { try folder.write(Data(), to: name) }
    func list(_ paths: String...) throws -> [String] {
      try ModelListing.models(at: paths.map { folder.path + "/" + $0 }).map {
        $0.name + ($0.step.map { " at \($0)" } ?? "")
      }
    }
    #expect(
      try list("hf", "run", "run/last.ckpt") == [
        "hf", "step-9 at 9", "step-10 at 10", "checkpoint-200 at 200", "last",
      ])
    #expect(try list("one") == ["one"])
    #expect(try list("one/step-1.ckpt", "run/step-10.ckpt") == ["step-1", "step-10"])
    try folder.write(Data(), to: "other/last.ckpt")
    #expect(try list("run/last.ckpt", "other/last.ckpt") == ["run/last.ckpt", "other/last.ckpt"])
    #expect(throws: ComparisonError.sameNames(["run/last.ckpt"])) {
      try list("run/last.ckpt", "run/last.ckpt")
    }
  }
}
