import Foundations
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a parameter starts before training, which is what an untrained twin has throughout.
enum Initialisation: Sendable {
  case constant(Float)
  case normal(deviation: Double)
  case uniform(bound: Double)
  /// Normal, with zeros in one row where there is one for padding.
  case embedding(deviation: Double, zeroRow: Int?)
  /// Not drawn: a row for each position, sines and then cosines of it at wavelengths from 2π to 10,000 · 2π
  /// (Vaswani 2017).
  case sinusoids

  static let zeros = Initialisation.constant(0)
  static let ones = Initialisation.constant(1)

  /// Keeps the variance through a layer followed by a rectifier (He 2015); `inputs` of one output value.
  static func kaiming(inputs: Int) -> Initialisation {
    .normal(deviation: (2 / Double(inputs)).squareRoot())
  }

  /// ±√(1/inputs)
  static func uniform(inputs: Int) -> Initialisation { .uniform(bound: (1 / Double(inputs)).squareRoot()) }

  /// A tensor's worth of it, from the parameter's own stream: one parameter's numbers never depend on another.
  func tensor(_ shape: [Int], name: String, seed: UInt64) -> Tensor {
    var random = RandomNumbers(seed: seed, stream: name)
    return Tensor(shape: shape) { values in
      switch self {
      case .constant(let value): values.update(repeating: value)
      case .normal(let deviation):
        for index in values.indices { values[index] = Float(random.normal() * deviation) }
      case .uniform(let bound):
        for index in values.indices { values[index] = Float((2 * random.uniform() - 1) * bound) }
      case .embedding(let deviation, let zeroRow):
        for index in values.indices { values[index] = Float(random.normal() * deviation) }
        let width = shape.last ?? 1
        if let zeroRow, zeroRow < values.count / max(1, width) {
          values[(zeroRow * width)..<((zeroRow + 1) * width)].update(repeating: 0)
        }
      case .sinusoids:
        let width = shape.last ?? 1
        let half = width / 2
        for index in values.indices {
          let (position, column) = (index / width, index % width)
          let angle = Double(position) / pow(10_000, Double(column % half) / Double(max(1, half - 1)))
          values[index] = Float(column < half ? sin(angle) : cos(angle))
        }
      }
    }
  }
}
