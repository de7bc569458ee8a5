import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The nonlinearity between two layers, by the names that configurations have for it.
public enum Activation: Sendable, Equatable, CaseIterable {
  case gelu, geluTanh, relu, silu
  /// None.
  case linear
  case tanh
  /// x·sigmoid(1.702·x).
  case quickGelu
  /// Gelu held between −10 and 10.
  case gelu10
  /// x·tanh(ln(1 + exp x)) (Misra 2019).
  case mish
  /// A hundredth of x below zero.
  case leakyRelu
  /// max(x, 0)².
  case squaredRelu
  /// x held between 0 and 6.
  case relu6

  /// nil for a name that is none of ours.
  init?(named name: String) {
    guard let activation = Self.names[name] else { return nil }
    self = activation
  }

  private static let names: [String: Activation] = [
    "gelu": .gelu, "gelu_python": .gelu, "gelu_python_tanh": .geluTanh, "gelu_new": .geluTanh,
    "gelu_pytorch_tanh": .geluTanh,
    "gelu_fast": .geluTanh, "gelu_accurate": .geluTanh, "quick_gelu": .quickGelu, "gelu_10": .gelu10,
    "relu": .relu, "relu2": .squaredRelu, "relu6": .relu6, "leaky_relu": .leakyRelu, "silu": .silu,
    "swish": .silu, "mish": .mish, "tanh": .tanh, "linear": .linear,
  ]

  static let knownNames = "one of " + names.keys.sorted().joined(separator: ", ")

  /// Replaces each value.
  package func apply(to x: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .gelu: Elementwise.gelu(x)
    case .geluTanh: Elementwise.geluTanh(x)
    case .relu: Elementwise.relu(x)
    case .silu: Elementwise.silu(x)
    case .linear: break
    case .tanh: Elementwise.tanh(x)
    case .gelu10:
      Elementwise.gelu(x)
      for index in x.indices { x[index] = min(max(x[index], -10), 10) }
    case .quickGelu, .mish, .leakyRelu, .squaredRelu, .relu6:
      for index in x.indices { x[index] *= share(x[index]) }
    }
  }

  /// y / x, by its limit near zero, of those that have no loop of their own.
  package func share(_ x: Float) -> Float {
    switch self {
    case .quickGelu: 1 / (1 + exp(-1.702 * x))
    case .mish: hyperbolicTangent(log1p(exp(min(x, 80))))
    case .leakyRelu: x > 0 ? 1 : 0.01
    case .squaredRelu: max(x, 0)
    case .relu6: x <= 0 ? 0 : x < 6 ? 1 : 6 / x
    case .tanh: abs(x) < 1e-4 ? 1 : hyperbolicTangent(x) / x
    default: 1
    }
  }

  /// The derivative of those that have no loop of their own.
  package func slope(_ x: Float) -> Float {
    switch self {
    case .quickGelu:
      let share = share(x)
      return share + 1.702 * x * share * (1 - share)
    case .mish:
      let share = share(x)
      return share + x * (1 - share * share) / (1 + exp(-x))
    case .leakyRelu: return share(x)
    case .squaredRelu: return 2 * max(x, 0)
    case .relu6: return x > 0 && x < 6 ? 1 : 0
    case .tanh:
      let y = hyperbolicTangent(x)
      return 1 - y * y
    default: return 1
    }
  }
}

/// The C library's, under a name that no case of `Activation` has.
private func hyperbolicTangent(_ x: Float) -> Float { tanh(x) }
