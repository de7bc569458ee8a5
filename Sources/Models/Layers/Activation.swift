import Tensors

/// The nonlinearity between two layers, by the names that configurations have for it.
public enum Activation: Sendable, Equatable {
  case gelu, geluTanh, relu, silu

  /// nil for a name that is none of ours.
  init?(named name: String) {
    switch name {
    case "gelu": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    case "relu": self = .relu
    case "silu", "swish": self = .silu
    default: return nil
    }
  }

  static let knownNames = "gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, silu or swish"

  /// Replaces each value.
  package func apply(to x: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .gelu: Elementwise.gelu(x)
    case .geluTanh: Elementwise.geluTanh(x)
    case .relu: Elementwise.relu(x)
    case .silu: Elementwise.silu(x)
    }
  }
}
