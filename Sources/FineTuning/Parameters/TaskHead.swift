import Attribution
import Foundations
import Models
import Tensors

/// The layer or two that a task has on top of a model, under the names that transformers has for them: `lm_head` for CTC,
/// `classifier` for frames, and for utterances a `projector` of each frame, the mean of these, and a `classifier`; of models
/// whose utterances are one row already, a norm and `classifier.dense`.
struct TaskHead: Sendable {
  let task: TrainingTask
  let classes: Int
  let width: Int
  /// What frames are brought to before their mean is taken.
  var pooledWidth = 256
  /// What is added to the variance by the norm of an utterance's one row; nil where there are rows of frames.
  var rowEpsilon: Float?
  static let norm = "classifier.layernorm"

  /// The names of its layers, the nearest to the model first.
  var layers: [(name: String, inputs: Int, outputs: Int)] {
    switch task {
    case .ctc: [("lm_head", width, classes)]
    case .frames: [("classifier", width, classes)]
    case .utterance where rowEpsilon != nil: [("classifier.dense", width, classes)]
    case .utterance: [("projector", width, pooledWidth), ("classifier", pooledWidth, classes)]
    }
  }

  /// Freshly drawn as transformers draws them: weights normal with a deviation of 0.02, biases zero.
  func parameters(seed: UInt64) -> [String: Tensor] {
    var drawn: [String: Tensor] = [:]
    for (name, inputs, outputs) in layers {
      var random = RandomNumbers(seed: seed, stream: "head \(name)")
      drawn["\(name).weight"] = Tensor(shape: [outputs, inputs]) { values in
        for index in values.indices { values[index] = Float(random.normal() * 0.02) }
      }
      drawn["\(name).bias"] = Tensor(shape: [outputs])
    }
    if rowEpsilon != nil {
      drawn["\(Self.norm).weight"] = Tensor(repeating: 1, shape: [width])
      drawn["\(Self.norm).bias"] = Tensor(shape: [width])
    }
    return drawn
  }

  /// The names of its layers and of its norm, where it has one.
  var modules: [String] { layers.map(\.name) + (rowEpsilon == nil ? [] : [Self.norm]) }

  /// Whether a parameter is one of its own.
  func has(_ parameter: String) -> Bool {
    layers.contains { parameter.hasPrefix($0.name + ".") } || parameter.hasPrefix(Self.norm + ".")
  }

  /// `[frames × width]` to `[frames × classes]`, or to `[1 × classes]` for an utterance.
  func logits(_ states: Tensor, _ parameters: [String: Tensor]) -> Tensor {
    if let norm = norm(parameters) {
      return apply(layers[0].name, norm.normalised(states), parameters)
    }
    guard task == .utterance else { return apply(layers[0].name, states, parameters) }
    let mean = meanRow(apply(layers[0].name, states, parameters))
    return apply(layers[1].name, mean, parameters)
  }

  /// What arrives at the states and at the head's parameters for `g` at the logits.
  func gradients(
    _ g: Tensor, states: Tensor, _ parameters: [String: Tensor]
  ) -> (states: Tensor, parameters: [String: Tensor]) {
    if let norm = norm(parameters) {
      let (toRow, own) = back(layers[0].name, g, norm.normalised(states), parameters)
      let behind = norm.gradients(toRow, x: states)
      return (
        behind.input,
        own.merging(["\(Self.norm).weight": behind.weight, "\(Self.norm).bias": behind.bias]) {
          own, _ in own
        }
      )
    }
    guard task == .utterance else { return back(layers[0].name, g, states, parameters) }
    let frames = states.rows
    let mean = meanRow(apply(layers[0].name, states, parameters))
    let (toMean, own) = back(layers[1].name, g, mean, parameters)
    let values = toMean.values
    let spread = Tensor(shape: [frames, values.count]) { spread in
      for index in spread.indices { spread[index] = values[index % values.count] / Float(frames) }
    }
    let (toStates, first) = back(layers[0].name, spread, states, parameters)
    return (toStates, own.merging(first) { own, _ in own })
  }

  private func norm(_ parameters: [String: Tensor]) -> TrainedNorm? {
    guard let rowEpsilon, let weight = parameters["\(Self.norm).weight"],
      let bias = parameters["\(Self.norm).bias"]
    else { return nil }
    return TrainedNorm(weight: weight, bias: bias, epsilon: rowEpsilon)
  }

  private func apply(_ name: String, _ x: Tensor, _ parameters: [String: Tensor]) -> Tensor {
    guard let weight = parameters["\(name).weight"], let bias = parameters["\(name).bias"] else {
      preconditionFailure("a head without its \(name)")
    }
    var y = matrixProduct(x, .none, weight, .transposed)
    let biases = bias.values
    y.withUnsafeMutableBuffer { for index in $0.indices { $0[index] += biases[index % biases.count] } }
    return y
  }

  private func back(
    _ name: String, _ g: Tensor, _ x: Tensor, _ parameters: [String: Tensor]
  ) -> (Tensor, [String: Tensor]) {
    guard let weight = parameters["\(name).weight"] else {
      preconditionFailure("a head without its \(name)")
    }
    let ones = Tensor(repeating: 1, shape: [1, g.rows])
    return (
      matrixProduct(g, .none, weight, .none),
      [
        "\(name).weight": matrixProduct(g, .transposed, x, .none),
        "\(name).bias": matrixProduct(ones, .none, g, .none).reshaped([weight.rows]),
      ]
    )
  }

  private func meanRow(_ x: Tensor) -> Tensor {
    let ones = Tensor(repeating: 1 / Float(max(1, x.rows)), shape: [1, x.rows])
    return matrixProduct(ones, .none, x, .none)
  }
}
