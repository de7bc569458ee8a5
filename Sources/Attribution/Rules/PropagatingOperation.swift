import Models
import Tensors

/// An operation that has a rule.
protocol PropagatingOperation: LayerOperation {
  /// What arrives at each input for `gradient` at the output; of the shapes of the inputs and the output.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation
}

struct Propagation {
  /// One for each input.
  var gradients: [Tensor]
  /// The relevance that stays here, with biases and with what rules absorb: `Σ y·g` less `Σ x·g` of the inputs,
  /// worked out from the biases themselves so that conservation can be checked. Zero where none is asked for.
  var absorbed = 0.0
  /// What arrives at the operation's parameters, where `PropagationRules.findsParameters`.
  var parameters: [ParameterGradient] = []
}

/// What arrives at a tensor of a model that has been learned; of its count, and of its shape where that is a matrix.
struct ParameterGradient {
  let parameter: Tensor
  let gradient: Tensor
}

extension Tensor {
  /// `f` of both tensors' values, one by one.
  func zipped(with other: Tensor, _ f: (Float, Float) -> Float) -> Tensor {
    precondition(count == other.count, "\(shape) beside \(other.shape)")
    return withUnsafeBuffer { x in
      other.withUnsafeBuffer { y in
        Tensor(shape: [x.count]) { z in for index in z.indices { z[index] = f(x[index], y[index]) } }
      }
    }.reshaped(shape)
  }

  func mapped(_ f: (Float) -> Float) -> Tensor {
    withUnsafeBuffer { x in
      Tensor(shape: [x.count]) { y in for index in y.indices { y[index] = f(x[index]) } }
    }.reshaped(shape)
  }

  /// Adds `other`, value by value.
  mutating func add(_ other: Tensor) {
    precondition(count == other.count, "\(shape) and \(other.shape) have no sum")
    withUnsafeMutableBuffer { x in
      other.withUnsafeBuffer { y in for index in x.indices { x[index] += y[index] } }
    }
  }

  /// `Σ x·y` over all values, in double precision.
  func dot(_ other: Tensor) -> Double {
    precondition(count == other.count, "\(shape) · \(other.shape)")
    return withUnsafeBuffer { x in
      other.withUnsafeBuffer { y in
        var sum = 0.0
        for index in x.indices { sum += Double(x[index]) * Double(y[index]) }
        return sum
      }
    }
  }

  /// `Σ row·x` over all rows, in double precision.
  func dot(row: Tensor) -> Double {
    let width = width
    precondition(row.count == width, "\(shape) · \(row.shape)")
    return withUnsafeBuffer { x in
      row.withUnsafeBuffer { row in
        var sum = 0.0
        for index in x.indices { sum += Double(x[index]) * Double(row[index % width]) }
        return sum
      }
    }
  }

  var sum: Double { withUnsafeBuffer { $0.reduce(0.0) { $0 + Double($1) } } }
}
