import Checkpoints
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

/// Gradients of all parameters of whole models, of a CTC loss, against autograd's in float64.
@Suite("Gradients of parameters") struct ParameterGradientTests {
  struct Facts: Decodable {
    struct Gradient: Decodable { var loss: Double }
    var gradients: [String: Gradient]
  }

  static let names = [
    "wav2vec2_base", "wav2vec2_large", "wavlm_base", "hubert_base", "data2vec_audio", "mms_variant",
  ]

  static func trained(_ name: String) throws -> (TrainedModel, [[Float]]) {
    let (model, utterances) = try tinyModel(name)
    let reference = try Checkpoint.open(resource("gradients.safetensors"))
    let weight = try reference.tensor("\(name).head")
    let head = TaskHead(task: .ctc, classes: weight.rows, width: weight.width)
    return (
      try TrainedModel(
        model, head: head, loss: TaskLoss(),
        existingHead: ["lm_head.weight": weight, "lm_head.bias": Tensor(shape: [weight.rows])],
        freezing: "none"),
      utterances
    )
  }

  @Test("are autograd's", arguments: names)
  func parity(name: String) throws {
    let (trained, utterances) = try Self.trained(name)
    let reference = try Checkpoint.open(resource("gradients.safetensors"))
    let (loss, gradients) = try trained.ready().gradients(utterances[0], .symbols(targets[0]), of: name)
    let expectedLoss = try #require(json(Facts.self, "steps.json").gradients[name]).loss
    #expect(abs(loss.mean - expectedLoss) < 1e-4 * expectedLoss)
    #expect(Set(gradients.keys) == Set(trained.trained.keys), "every trained parameter has a gradient")
    let known = reference.tensors.keys.filter { $0.hasPrefix("\(name).gradient.") }
    let largest = try known.map { try reference.tensor($0).values.map(abs).max() ?? 0 }.max() ?? 0
    var seen = 0
    for (key, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
      let expected = try reference.tensor("\(name).gradient.\(torchName(key))")
      seen += 1
      let scale = expected.values.map(abs).max() ?? 0
      let difference = zip(thinned(gradient).values, expected.values).map { abs($0 - $1) }.max() ?? 0
      // A gradient that is nothing but rounding (a key's bias, which softmax takes away) has no digits to compare.
      #expect(difference < 1e-4 * max(scale, 1e-3 * largest), "\(key): \(difference) of \(scale)")
    }
    #expect(seen == known.count, "PyTorch has gradients of \(known.count) parameters")
  }

  @Test("are those of finite differences, in directions drawn at random for each parameter")
  func differences() throws {
    let (trained, utterances) = try Self.trained("wavlm_base")
    let gradients = try trained.ready().gradients(utterances[0], .symbols(targets[0]), of: "u").gradients
    for (number, name) in gradients.keys.sorted().enumerated() where number % 6 == 0 {
      let value = try #require(trained.trained[name])
      let gradient = try #require(gradients[name])
      // Along the gradient itself the change is largest, and rounding least.
      let norm = Float(gradient.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
      guard norm > 1e-3 else { continue }
      let size = max(
        1e-3, 1e-3 * Float(value.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()))
      func loss(_ sign: Float) throws -> Double {
        var moved = trained
        var changed = value
        changed.accumulate(gradient, times: sign * size / norm)
        moved.trained[name] = changed
        return try moved.ready().gradients(utterances[0], .symbols(targets[0]), of: "u").loss.mean
      }
      let slope = try (loss(1) - loss(-1)) / Double(2 * size)
      #expect(abs(slope - Double(norm)) < 2e-2 * Double(norm), "\(name): \(slope) beside \(norm)")
    }
  }

  @Test("of what is frozen are not there, and the others do not change with it")
  func frozen() throws {
    let (all, utterances) = try Self.trained("wav2vec2_base")
    let part = try TrainedModel(
      all.base, head: all.head, loss: all.loss, existingHead: all.added,
      freezing: "conv,projection,hidden.0-1")
    let whole = try all.ready().gradients(utterances[0], .symbols(targets[0]), of: "u")
    let some = try part.ready().gradients(utterances[0], .symbols(targets[0]), of: "u")
    #expect(some.loss == whole.loss)
    #expect(
      some.gradients.keys.allSatisfy {
        $0.hasPrefix("encoder.layers.1") || $0.hasPrefix("encoder.layers.2") || $0.hasPrefix("lm_head")
      })
    #expect(some.gradients.count == 2 * 16 + 2)
    for (name, gradient) in some.gradients { #expect(gradient == whole.gradients[name], "\(name)") }
  }

  @Test("do not depend on the number of threads")
  func threads() throws {
    let (trained, utterances) = try Self.trained("wav2vec2_large")
    let ready = try trained.ready()
    let one = try ready.gradients(utterances[1], .symbols(targets[1]), of: "u", threads: 1).gradients
    let three = try ready.gradients(utterances[1], .symbols(targets[1]), of: "u", threads: 3).gradients
    for (name, gradient) in one { #expect(gradient == three[name], "\(name)") }
  }

  @Test("a part that there is not is refused with those that there are")
  func unknownPart() throws {
    let (all, _) = try Self.trained("wav2vec2_base")
    for words in ["convolution", "hidden.2-9", "hidden.3-1"] {
      #expect(throws: FineTuningError.self) {
        try TrainedModel(all.base, head: all.head, loss: all.loss, freezing: words)
      }
    }
  }

  @Test("a parameter that no gradient reaches is refused by name: HuBERT's batch norm before its positions")
  func unreached() throws {
    let (trained, utterances) = try Self.trained("hubert_variant")
    var trainer = Trainer(
      model: trained, settings: TrainingSettings(),
      train: [TrainingExample(id: "u", speaker: "a", target: .symbols([1])) { utterances[0] }],
      development: [],
      identity: "x", folder: NSTemporaryDirectory() + "strata-no-gradient-\(UUID().uuidString)")
    #expect(
      throws: FineTuningError.noGradient(
        model: "hubert_variant",
        parameters: ["encoder.pos_conv_embed.batch_norm.bias", "encoder.pos_conv_embed.batch_norm.weight"])
    ) { try trainer.run() }
    try? FileManager.default.removeItem(atPath: trainer.folder)
  }
}
