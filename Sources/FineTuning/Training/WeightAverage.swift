import Tensors

/// Parameters that are a mean over a training's steps, tested and written in the place of the last or best ones.
public enum WeightAverage: Sendable, Equatable, Codable {
  /// After each update `decay · mean + (1 − decay) · parameters`, begun with the first ones (Polyak & Juditsky 1992).
  case exponential(decay: Double)
  /// The mean of the parameters at all looks at the development part from half of the steps on, all alike (stochastic
  /// weight averaging, Izmailov 2018).
  case checkpoints

  /// In words.
  var name: String {
    switch self {
    case .exponential(let decay): "exponential moving average, decay \(decay)"
    case .checkpoints: "mean of the checkpoints of the second half"
    }
  }

  /// What new parameters count in the mean after `step` updates, with `count` in it so far; nil where they are left out.
  func share(step: Int, of steps: Int, isLook: Bool, count: Int) -> Double? {
    switch self {
    case .exponential(let decay): count == 0 ? 1 : 1 - decay
    case .checkpoints: isLook && 2 * step >= steps ? 1 / Double(count + 1) : nil
    }
  }
}

/// A running mean of parameters.
struct ParameterMean: Sendable {
  /// How often parameters were added.
  var count = 0
  var values: [String: Tensor] = [:]

  /// `mean + share · (parameters − mean)`
  mutating func add(_ parameters: [String: Tensor], share: Double) {
    count += 1
    guard share < 1 else {
      values = parameters
      return
    }
    let share = Float(share)
    for (name, value) in parameters {
      guard var mean = values.removeValue(forKey: name) else { continue }
      mean.withUnsafeMutableBuffer { mean in
        value.withUnsafeBuffer { value in
          for index in mean.indices { mean[index] += share * (value[index] - mean[index]) }
        }
      }
      values[name] = mean
    }
  }
}
