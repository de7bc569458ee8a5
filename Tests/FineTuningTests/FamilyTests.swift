import Audio
import Checkpoints
import Corpora
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

/// Families whose input is a spectrogram: gradients against autograd's in float64, and whole runs.
@Suite("Other families") struct FamilyTests {
  struct Facts: Decodable {
    struct Case: Decodable {
      var loss: Double
      var logits: [Double]
    }
    var cases: [String: Case]
  }

  private func trained(_ name: String) throws -> (TrainedModel, [Float]) {
    let reference = try Checkpoint.open(resource("families.safetensors"))
    let folder = repository("Tests/ModelsTests/Resources/\(name)")
    let base = try SpeechModel.load(folder)
    var head = TaskHead(
      task: .utterance, classes: 5, width: try #require(base.topTap).width, pooledWidth: 6)
    if name == "ast" { head.rowEpsilon = 1e-12 }
    var start: [String: Tensor] = [:]
    for key in head.parameters(seed: 0).keys {
      start[key] = try reference.tensor("\(name).head.\(key)")
    }
    let model = try TrainedModel(
      base, head: head, loss: TaskLoss(), existingHead: start, freezing: "none")
    return (model, try base.inputValues(of: Waveform.read(folder + "/input.wav")))
  }

  @Test("gradients of all parameters are autograd's", arguments: ["whisper", "ast"])
  func parity(name: String) throws {
    let reference = try Checkpoint.open(resource("families.safetensors"))
    let facts = try #require(json(Facts.self, "families.json").cases[name])
    let (model, samples) = try trained(name)
    let ready = try model.ready()
    let logits = try ready.logits(samples).values
    #expect(logits.count == 5)
    for (own, theirs) in zip(logits, facts.logits) { #expect(abs(Double(own) - theirs) < 1e-4) }
    let (loss, gradients) = try ready.gradients(samples, .utterance(2), of: name)
    #expect(abs(loss.mean - facts.loss) < 1e-4 * max(1, facts.loss))
    // Whisper's sinusoids stay as they are.
    let known = reference.tensors.keys.filter {
      $0.hasPrefix("\(name).gradient.") && !$0.hasSuffix(".encoder.embed_positions.weight")
    }
    #expect(
      Set(gradients.keys.map { "\(name).gradient.\($0)" }) == Set(known),
      "every trained parameter has a gradient")
    let largest = try known.map { try reference.tensor($0).values.map(abs).max() ?? 0 }.max() ?? 0
    for (key, gradient) in gradients {
      guard known.contains("\(name).gradient.\(key)") else { continue }
      let expected = try reference.tensor("\(name).gradient.\(key)").values
      let scale = expected.map(abs).max() ?? 0
      let difference = zip(thinned(gradient).values, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(difference < 1e-4 * max(scale, 1e-3 * largest), "\(key): \(difference) of \(scale)")
    }
  }

  @Test(
    "parts are frozen by their names",
    arguments: [("whisper", "conv,hidden.1"), ("ast", "projection,hidden.0-2")])
  func frozen(name: String, parts: String) throws {
    let (all, samples) = try trained(name)
    let some = try TrainedModel(all.base, head: all.head, loss: TaskLoss(), freezing: parts)
    let gradients = try some.ready().gradients(samples, .utterance(2), of: "u").gradients
    #expect(Set(gradients.keys) == Set(some.trained.keys))
    #expect(
      !gradients.keys.contains { $0.hasPrefix("encoder.conv") || $0.hasPrefix("embeddings.") })
    #expect(
      !gradients.keys.contains {
        $0.hasPrefix("encoder.layers.0.") || $0.hasPrefix("encoder.layer.1.")
      })
    #expect(gradients.keys.contains { $0.hasPrefix("encoder.layer") })
  }

  @Test(
    "learn speakers, and what is written is read again as it was", arguments: ["whisper", "ast"])
  func run(name: String) throws {
    let folder = try TemporaryFolder()
    let base = try SpeechModel.load(repository("Tests/ModelsTests/Resources/\(name)"))
    var run = FineTuningRun(
      model: base,
      corpus: try Corpus.load(repository("fixtures/human")) { try Waveform.header($0).seconds },
      labels: .speaker)
    (run.settings.steps, run.settings.batch, run.settings.task, run.settings.frozen) = (
      1, 2, .utterance, "none"
    )
    run.settings.augmentation.dropout = 0.1
    run.settings.augmentation.layerDrop = 0.2
    let result = try run.finished(in: folder.path)
    #expect(result.notes.contains { $0.contains("are left out") }, "\(result.notes)")
    let loaded = try SpeechModel.load(folder.path + "/model")
    let (old, new) = (try base.parameterValues(), try loaded.parameterValues())
    #expect(Set(old.keys) == Set(new.keys))
    #expect(old.keys.contains { old[$0] != new[$0] })
    let config = try String(contentsOfFile: folder.path + "/model/config.json", encoding: .utf8)
    #expect(config.contains("ForAudioClassification"))
    run.settings.augmentation.maskedFrames = 0.1
    #expect(throws: FineTuningError.self) { try run.finished(in: folder.path) }
    run.settings.augmentation.maskedFrames = 0
    run.settings.task = .frames
    #expect(throws: FineTuningError.self) { try run.finished(in: folder.path) }
  }
}
