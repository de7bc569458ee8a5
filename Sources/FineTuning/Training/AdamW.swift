import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), its moments corrected for their start at zero (Kingma &
/// Ba 2015).
///
///     p ← p·(1 − rate·decay) − rate·m̂ / (√v̂ + ε)
public struct AdamW: Sendable {
  /// The optimiser's constants.
  public struct Settings: Sendable, Equatable, Codable {
    /// β₁: how much of the running mean of gradients is kept at each step.
    public var beta1 = 0.9
    /// β₂: how much of the running mean of their squares is kept at each step.
    public var beta2 = 0.999
    /// ε: what is added to the root of the second moment.
    public var epsilon = 1e-8
    /// Of weights; biases and the scales of norms are left alone.
    public var decay = 0.01

    public init() {}
  }

  /// The optimiser's constants.
  public var settings: Settings
  /// Steps taken.
  public private(set) var step = 0
  /// Running means of gradients and of their squares, by parameter.
  private(set) var first: [String: Tensor] = [:]
  private(set) var second: [String: Tensor] = [:]

  /// An optimiser that has not taken a step.
  public init(_ settings: Settings = Settings()) { self.settings = settings }

  init(_ settings: Settings, step: Int, first: [String: Tensor], second: [String: Tensor]) {
    (self.settings, self.step, self.first, self.second) = (settings, step, first, second)
  }

  /// Whether a parameter's weights decay: no bias and no norm's scale.
  static func decays(_ name: String) -> Bool {
    let parts = name.split(separator: ".")
    return parts.last != "bias" && !parts.contains { $0.hasSuffix("norm") }
  }

  /// One step of every parameter that has a gradient, each at its own rate.
  public mutating func update(
    _ parameters: inout [String: Tensor], _ gradients: [String: Tensor], threads: Int = 1,
    rate: (String) -> Double
  ) {
    step += 1
    let corrections = (1 - pow(settings.beta1, Double(step)), 1 - pow(settings.beta2, Double(step)))
    for name in gradients.keys.sorted() {
      guard let gradient = gradients[name], var value = parameters.removeValue(forKey: name) else {
        continue
      }
      var mean = first.removeValue(forKey: name) ?? Tensor(shape: value.shape)
      var square = second.removeValue(forKey: name) ?? Tensor(shape: value.shape)
      update(
        &value, gradient, &mean, &square, corrections: corrections, rate: rate(name),
        decay: Self.decays(name) ? settings.decay : 0, threads: threads)
      (parameters[name], first[name], second[name]) = (value, mean, square)
    }
  }

  private func update(
    _ value: inout Tensor, _ gradient: Tensor, _ mean: inout Tensor, _ square: inout Tensor,
    corrections: (first: Double, second: Double), rate: Double, decay: Double, threads: Int
  ) {
    precondition(value.count == gradient.count, "\(value.shape) with a gradient of \(gradient.shape)")
    let (b1, b2, epsilon) = (Float(settings.beta1), Float(settings.beta2), Float(settings.epsilon))
    let keep = Float(1 - rate * decay)
    let step = Float(rate / corrections.first)
    let root = Float(1 / corrections.second.squareRoot())
    let block = 1 << 16
    value.withUnsafeMutableBuffer { p in
      mean.withUnsafeMutableBuffer { m in
        square.withUnsafeMutableBuffer { v in
          let (p, m, v) = (Shared(p), Shared(m), Shared(v))
          let count = p.pointer.count
          parallelFor((count + block - 1) / block, threads: threads) { index in
            let (p, m, v) = (p.pointer, m.pointer, v.pointer)
            gradient.withUnsafeBuffer { g in
              for i in (index * block)..<min(count, (index + 1) * block) {
                m[i] = b1 * m[i] + (1 - b1) * g[i]
                v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i]
                p[i] = p[i] * keep - step * m[i] / (v[i].squareRoot() * root + epsilon)
              }
            }
          }
        }
      }
    }
  }
}

extension [String: Tensor] {
  /// √Σ g² over all gradients, and the same gradients scaled so that it is at most `limit`.
  ///
  /// As in PyTorch the factor is `limit / (norm + 1e-6)`, never above 1.
  mutating func clip(to limit: Double?) -> Double {
    var square = 0.0
    for name in keys.sorted() {
      square += self[name]?.withUnsafeBuffer { $0.reduce(0.0) { $0 + Double($1) * Double($1) } } ?? 0
    }
    let norm = square.squareRoot()
    guard let limit, norm.isFinite else { return norm }
    let factor = Swift.min(1, limit / (norm + 1e-6))
    if factor < 1 { scale(by: Float(factor)) }
    return norm
  }

  mutating func scale(by factor: Float) {
    for name in Array(keys) {
      guard var tensor = removeValue(forKey: name) else { continue }
      tensor.withUnsafeMutableBuffer { for index in $0.indices { $0[index] *= factor } }
      self[name] = tensor
    }
  }

  /// Adds all of `other`, times a factor.
  mutating func add(_ other: [String: Tensor], times factor: Float) {
    for (name, tensor) in other {
      if var sum = removeValue(forKey: name) {
        sum.accumulate(tensor, times: factor)
        self[name] = sum
      } else {
        self[name] = Tensor(shape: tensor.shape) { target in
          tensor.withUnsafeBuffer { for index in $0.indices { target[index] = factor * $0[index] } }
        }
      }
    }
  }
}
