import Tensors

/// A way of making a weight smaller at a loss.
public enum WeightReduction: Sendable, Hashable, Codable {
  /// The share of values that become zero: those of least magnitude, over the whole tensor
  /// (`torch.nn.utils.prune.l1_unstructured`).
  case pruned(Double)
  /// Rounded to whole steps between −(2^(bits − 1) − 1) and 2^(bits − 1) − 1, the step of each output (axis 0) being its
  /// largest magnitude over the latter (`torch.fake_quantize_per_channel_affine` with zero points of 0).
  case rounded(bits: Int)

  /// `pruned 0.5`, `8 bits`.
  public var name: String {
    switch self {
    case .pruned(let share): "pruned \(share)"
    case .rounded(let bits): "\(bits) bits"
    }
  }

  /// The weight made smaller, in its own shape, `[outputs × …]`.
  public func callAsFunction(_ weight: Tensor) -> Tensor {
    Tensor(values(of: weight.values, outputs: weight.shape.first ?? 1), shape: weight.shape)
  }

  /// The same of values in row-major order.
  func values(of weight: [Float], outputs: Int) -> [Float] {
    switch self {
    case .pruned(let share):
      let count = Int((share * Double(weight.count)).rounded(.toNearestOrEven))
      let order = weight.indices.sorted { (abs(weight[$0]), $0) < (abs(weight[$1]), $1) }
      var kept = weight
      for index in order.prefix(count) { kept[index] = 0 }
      return kept
    case .rounded(let bits):
      let most = Float((1 << (bits - 1)) - 1)
      let width = weight.count / max(1, outputs)
      var rounded = weight
      for output in 0..<outputs {
        let range = (output * width)..<((output + 1) * width)
        let largest = range.reduce(Float(0)) { max($0, abs(weight[$1])) }
        guard largest > 0 else { continue }
        let step = largest / most
        let inverse = 1 / step
        for index in range {
          let whole = (weight[index] * inverse).rounded(.toNearestOrEven)
          rounded[index] = min(max(whole, -most), most) * step
        }
      }
      return rounded
    }
  }

  /// Bytes that a weight of `shape` takes afterwards: of a pruned one the values that are left in single precision and a
  /// bit for each place, of a rounded one its bits and a step for each output in single precision.
  public func bytes(of shape: [Int]) -> Int {
    let count = shape.reduce(1, *)
    return switch self {
    case .pruned(let share):
      4 * (count - Int((share * Double(count)).rounded(.toNearestOrEven))) + (count + 7) / 8
    case .rounded(let bits): (count * bits + 7) / 8 + 4 * (shape.first ?? 1)
    }
  }
}

/// The weights of one layer: tensors whose names have the same beginning, up to the first number in them.
public struct WeightPart: Sendable, Equatable {
  /// `encoder.layers.3`; the first two parts of a name without a number.
  public let name: String
  /// Those of more than one axis: what a reduction changes.
  public var weights: [(name: String, shape: [Int])]

  /// Bytes in single precision.
  public var bytes: Int { weights.reduce(0) { $0 + 4 * $1.shape.reduce(1, *) } }

  /// Bytes after the reduction, of all weights of the layer.
  public func bytes(_ reduction: WeightReduction) -> Int {
    weights.reduce(0) { $0 + reduction.bytes(of: $1.shape) }
  }

  public static func == (a: WeightPart, b: WeightPart) -> Bool {
    a.name == b.name && a.weights.map(\.name) == b.weights.map(\.name)
      && a.weights.map(\.shape) == b.weights.map(\.shape)
  }

  static func name(of tensor: String) -> String {
    let parts = tensor.split(separator: ".").map(String.init)
    if let number = parts.firstIndex(where: { Int($0) != nil }) {
      return parts[...number].joined(separator: ".")
    }
    return parts.prefix(parts.count > 2 ? 2 : 1).joined(separator: ".")
  }
}

extension Checkpoint {
  /// The layers' weights in the order of the file: those of floating-point numbers and of more than one axis that is not
  /// of length 1.
  public var weightParts: [WeightPart] {
    var parts: [WeightPart] = []
    for (name, entry) in tensors where !entry.type.isInteger && entry.shape.count(where: { $0 > 1 }) > 1 {
      let part = WeightPart.name(of: name)
      if let place = parts.firstIndex(where: { $0.name == part }) {
        parts[place].weights.append((name, entry.shape))
      } else {
        parts.append(WeightPart(name: part, weights: [(name, entry.shape)]))
      }
    }
    return parts
  }

  /// The same checkpoint with some layers' weights made smaller, by the layers' names (`weightParts`).
  public func reduced(_ reductions: [String: WeightReduction]) -> Checkpoint {
    guard !reductions.isEmpty else { return self }
    var changed = tensors
    for part in weightParts {
      guard let reduction = reductions[part.name] else { continue }
      for (name, shape) in part.weights {
        guard let original = tensors[name] else { continue }
        changed[name] = TensorEntry(derived: name, shape: shape, path: path, origin: reduction.name) {
          reduction.values(of: try original.floats().values, outputs: shape.first ?? 1)
        }
      }
    }
    let words = reductions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.name)" }
    return with(changed, "reduced: \(words.joined(separator: ", "))")
  }
}
