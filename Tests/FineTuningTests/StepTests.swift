import Checkpoints
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

/// Ten AdamW steps of each recipe against PyTorch's in float64, dropout off.
@Suite("Ten steps") struct StepTests {
  struct Facts: Decodable {
    struct Steps: Decodable {
      var losses: [Double]
      var norms: [Double]
    }
    var steps: [String: Steps]
  }

  struct Recipe: Sendable, CustomTestStringConvertible {
    var name: String
    var model: String
    var task = TrainingTask.ctc
    var settings = TrainingSettings()
    var classes = 9
    var weights: [Double]?
    var testDescription: String { name }

    static let all: [Recipe] = {
      var common = TrainingSettings()
      (common.steps, common.batch, common.clip, common.frozen) = (10, 2, nil, "none")
      common.rate = LearningRate(peak: 1e-3, warmUp: 2)
      common.optimiser.decay = 0.05
      var full = Recipe(name: "full", model: "wav2vec2_base", settings: common)
      full.settings.frozen = "none"
      var parts = Recipe(name: "recipe", model: "wav2vec2_large", settings: common)
      parts.settings.frozen = "conv,hidden.1"
      (parts.settings.clip, parts.settings.accumulation) = (1, 2)
      (parts.settings.rate.layerDecay, parts.settings.rate.head) = (0.8, 3e-3)
      var lora = Recipe(name: "lora", model: "wav2vec2_base", settings: common)
      lora.settings.adapter = LowRankAdapter(rank: 4, alpha: 8)
      var head = Recipe(name: "head", model: "hubert_base", settings: common)
      head.settings.frozen = "all"
      var frames = Recipe(name: "frames", model: "wavlm_base", task: .frames, settings: common)
      frames.settings.smoothing = 0.1
      frames.weights = [1, 2, 0.5, 1, 1.5, 1, 3, 1, 0.2]
      let utterance = Recipe(
        name: "utterance", model: "data2vec_audio", task: .utterance, settings: common, classes: 3)
      var bottleneck = Recipe(name: "bottleneck", model: "wav2vec2_base", settings: common)
      bottleneck.settings.side = SideAdapter(kind: .bottleneck, width: 5)
      var mixture = Recipe(name: "soft-moa", model: "wav2vec2_large", settings: common)
      mixture.settings.side = SideAdapter(kind: .softMixture, width: 5, networks: 3, slots: 2)
      return [full, parts, lora, head, frames, utterance, bottleneck, mixture]
    }()
  }

  @Test("equal PyTorch's in loss, gradients' norm and parameters", arguments: Recipe.all)
  func parity(recipe: Recipe) throws {
    let reference = try Checkpoint.open(resource("steps.safetensors"))
    let facts = try #require(json(Facts.self, "steps.json").steps[recipe.name])
    let (base, utterances) = try tinyModel(recipe.model)
    let width = try #require(base.topTap).width
    let head = TaskHead(task: recipe.task, classes: recipe.classes, width: width, pooledWidth: 6)
    var start: [String: Tensor] = [:]
    for (name, _, outputs) in head.layers {
      start["\(name).weight"] = try reference.tensor("\(recipe.name).start.\(name).weight")
      start["\(name).bias"] = Tensor(shape: [outputs])
    }
    var model = try TrainedModel(
      base, head: head,
      loss: TaskLoss(
        entropy: CrossEntropy(classWeights: recipe.weights, smoothing: recipe.settings.smoothing)),
      existingHead: start, adapter: recipe.settings.adapter, beside: recipe.settings.side,
      freezing: recipe.settings.frozen)
    for name in model.trained.keys where name.contains("lora_A") || name.contains(".beside_") {
      model.trained[name] = try reference.tensor("\(recipe.name).start.\(name)")
    }
    let ends = reference.tensors.keys.filter { $0.hasPrefix("\(recipe.name).end.") }
    #expect(ends.count == model.trained.count)
    var optimiser = AdamW(recipe.settings.optimiser)
    for step in 0..<10 {
      var gradients: [String: Tensor] = [:]
      var loss = 0.0
      let ready = try model.ready()
      let rounds = recipe.settings.accumulation
      for micro in 0..<rounds {
        let first = step * rounds + micro
        let chosen = [first % 3, (first + 1) % 3]
        let examples = try chosen.map { try example($0, recipe, utterances[$0], ready) }
        loss +=
          try Trainer.batch(examples, ready, threads: 2, into: &gradients, share: 1 / Float(rounds))
          / Double(rounds)
      }
      let norm = gradients.clip(to: recipe.settings.clip)
      #expect(abs(loss - facts.losses[step]) < 1e-4 * max(1, facts.losses[step]), "loss of step \(step)")
      #expect(abs(norm - facts.norms[step]) < 2e-3 * facts.norms[step], "norm of step \(step)")
      let (rate, depths) = (recipe.settings.rate, model)
      model.withTrained { values in
        optimiser.update(&values, gradients) { rate.rate(done: step, of: 10, depth: depths.depth(of: $0)) }
      }
    }
    for (name, value) in model.trained.sorted(by: { $0.key < $1.key }) where !name.hasSuffix("k_proj.bias")
    {
      let error = relativeError(
        thinned(value), try reference.tensor("\(recipe.name).end.\(torchName(name))"))
      #expect(error < 1e-4, "\(name)")
    }
  }

  private func example(
    _ number: Int, _ recipe: Recipe, _ samples: [Float], _ ready: ReadyModel
  ) throws -> TrainingExample {
    let target: TrainingTarget
    switch recipe.task {
    case .ctc: target = .symbols(targets[number])
    case .utterance: target = .utterance(number % 3)
    case .frames:
      let frames = try ready.states(samples, threads: 1).rows
      target = .frames((0..<frames).map { $0 % 7 == 3 ? nil : ($0 / 5 + number) % recipe.classes })
    }
    return TrainingExample(id: "\(number)", speaker: "a", target: target) { samples }
  }
}
