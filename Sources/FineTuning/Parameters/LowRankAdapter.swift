import Foundations
import Models
import Tensors

/// Changes of weights of low rank, trained in the place of the weights (LoRA, Hu 2022): `W + α/r·B·A`.
public struct LowRankAdapter: Sendable, Equatable, Codable {
  /// r: columns of B and rows of A.
  public var rank: Int
  /// α: the change is scaled by α/r.
  public var alpha: Double
  /// The last parts of the names of the layers that have one.
  public var targets: [String]

  public init(rank: Int = 8, alpha: Double = 16, targets: [String] = ["q_proj", "v_proj"]) {
    self.rank = rank
    self.alpha = alpha
    self.targets = targets
  }

  private var scale: Float { Float(alpha / Double(rank)) }

  /// The modules among `parameters` that have one: the name of each weight without its ending.
  func modules(of parameters: [String: Tensor]) -> [String] {
    parameters.compactMap { name, value in
      guard name.hasSuffix(".weight"), value.shape.count == 2 else { return nil }
      let module = String(name.dropLast(7))
      return targets.contains { module == $0 || module.hasSuffix("." + $0) } ? module : nil
    }
    .sorted()
  }

  static func names(_ module: String) -> (a: String, b: String) {
    ("\(module).lora_A.weight", "\(module).lora_B.weight")
  }

  /// Fresh factors: A drawn as PEFT draws it (uniform up to 1/√inputs), B zeros, so that nothing changes at first.
  ///
  /// Throws `FineTuningError.setting` where no weight is meant or the rank is beyond one.
  func factors(for parameters: [String: Tensor], seed: UInt64) throws -> [String: Tensor] {
    let modules = modules(of: parameters)
    guard !modules.isEmpty else {
      throw FineTuningError.setting(
        name: "LoRA's targets", found: targets.joined(separator: ", "),
        expected: "layers of the model, such as q_proj, k_proj, v_proj, out_proj")
    }
    var factors: [String: Tensor] = [:]
    for module in modules {
      guard let shape = parameters["\(module).weight"]?.shape else { continue }
      guard (1...min(shape[0], shape[1])).contains(rank) else {
        throw FineTuningError.setting(
          name: "LoRA's rank", found: "\(rank)",
          expected: "1 to \(min(shape[0], shape[1])), the size of \(module)")
      }
      let (a, b) = Self.names(module)
      var random = RandomNumbers(seed: seed, stream: a)
      let bound = 1 / Double(shape[1]).squareRoot()
      factors[a] = Tensor(shape: [rank, shape[1]]) { values in
        for index in values.indices { values[index] = Float((2 * random.uniform() - 1) * bound) }
      }
      factors[b] = Tensor(shape: [shape[0], rank])
    }
    return factors
  }

  /// The weights with their changes.
  func merged(_ parameters: [String: Tensor], _ factors: [String: Tensor]) -> [String: Tensor] {
    var merged = parameters
    for module in modules(of: parameters) {
      let (aName, bName) = Self.names(module)
      guard let a = factors[aName], let b = factors[bName], var weight = merged["\(module).weight"] else {
        continue
      }
      weight.accumulate(matrixProduct(b, .none, a, .none), times: scale)
      merged["\(module).weight"] = weight
    }
    return merged
  }

  /// With G what arrives at the changed weight: `dA = α/r·Bᵀ·G`, `dB = α/r·G·Aᵀ`.
  func gradients(_ weights: [String: Tensor], _ factors: [String: Tensor]) -> [String: Tensor] {
    var gradients: [String: Tensor] = [:]
    for (name, gradient) in weights where name.hasSuffix(".weight") {
      let (aName, bName) = Self.names(String(name.dropLast(7)))
      guard let a = factors[aName], let b = factors[bName] else { continue }
      gradients[aName] = matrixProduct(b, .transposed, gradient, .none)
      gradients[bName] = matrixProduct(gradient, .none, a, .transposed)
    }
    gradients.scale(by: scale)
    return gradients
  }
}
