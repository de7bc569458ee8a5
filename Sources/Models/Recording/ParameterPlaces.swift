import Tensors

/// The memory that a tensor's values are in: what tells one parameter of a model from another for as long as the model
/// lives.
package struct ParameterKey: Hashable, Sendable {
  let storage: ObjectIdentifier
  let range: Range<Int>

  /// nil of a tensor whose memory is gone.
  package init?(_ tensor: Tensor) {
    let memory = tensor.memory
    guard let storage = memory.storage else { return nil }
    (self.storage, range) = (ObjectIdentifier(storage), memory.range)
  }
}

/// Of which named parameters the tensors of a model are made, so that their gradients go back to these.
package struct ParameterPlaces: Sendable {
  enum Making: Sendable {
    case itself(String)
    /// A convolution's weight `[outputs × inputs × kernel]`, tap by tap.
    case taps(of: String, shape: [Int])
    /// Parameters one after the other.
    case joined([String])
    /// `g·v/‖v‖`, the length taken over all axes but one (Salimans & Kingma 2016).
    case normed(length: String, direction: String, axis: Int)
  }

  /// By the memory that a tensor is in, whole or in part.
  private var makings: [ObjectIdentifier: (making: Making, range: Range<Int>)] = [:]

  mutating func add(_ tensor: Tensor, _ making: Making) {
    guard let key = ParameterKey(tensor) else { return }
    makings[key.storage] = (making, key.range)
  }

  /// The names of the parameters that a tensor of the model is made of; none of one that has not been learned.
  package func names(of key: ParameterKey) -> [String] {
    switch makings[key.storage]?.making {
    case .itself(let name), .taps(let name, _): [name]
    case .joined(let names): names
    case .normed(let length, let direction, _): [length, direction]
    case nil: []
    }
  }

  /// The gradients of parameters by name for those of the model's tensors; `values` are the parameters.
  package func gradients(
    _ found: [ParameterKey: Tensor], values: [String: Tensor]
  ) -> [String: Tensor] {
    var gradients: [String: Tensor] = [:]
    // In the order of their places, so that sums are always in the same order.
    let ordered = found.compactMap { key, gradient in
      makings[key.storage].map { (key: key, gradient: gradient, place: $0) }
    }
    .sorted {
      (names(of: $0.key).first ?? "", $0.key.range.lowerBound) < (
        names(of: $1.key).first ?? "", $1.key.range.lowerBound
      )
    }
    func add(_ gradient: Tensor, to name: String) {
      guard let value = values[name] else { return }
      let gradient = gradient.reshaped(value.shape)
      if gradients[name] == nil {
        gradients[name] = gradient
      } else {
        gradients[name]?.accumulate(gradient)
      }
    }
    for (key, gradient, place) in ordered {
      switch place.making {
      case .itself(let name): add(gradient.part(key.range, of: place.range), to: name)
      case .taps(let name, let shape): add(gradient.inputByInput(shape), to: name)
      case .joined(let names):
        let all = gradient.part(key.range, of: place.range).values
        var start = 0
        for name in names {
          guard let count = values[name]?.count, start + count <= all.count else { break }
          add(Tensor(Array(all[start..<(start + count)]), shape: [count]), to: name)
          start += count
        }
      case .normed(let length, let direction, let axis):
        guard let g = values[length], let v = values[direction] else { continue }
        let parts = Self.throughNorm(gradient, length: g, direction: v, axis: axis)
        add(parts.length, to: length)
        add(parts.direction, to: direction)
      }
    }
    return gradients
  }

  /// With w = g·v/‖v‖: `dg = dw·v/‖v‖` and `dv = g/‖v‖·(dw − v·(dw·v)/‖v‖²)`, for each place of the axis.
  private static func throughNorm(
    _ gradient: Tensor, length g: Tensor, direction v: Tensor, axis: Int
  ) -> (length: Tensor, direction: Tensor) {
    let count = v.shape[axis]
    let step = v.shape[(axis + 1)...].reduce(1, *)
    var squares = [Double](repeating: 0, count: count)
    var products = squares
    return v.withUnsafeBuffer { v in
      gradient.withUnsafeBuffer { gradient in
        for index in v.indices {
          squares[index / step % count] += Double(v[index]) * Double(v[index])
          products[index / step % count] += Double(gradient[index]) * Double(v[index])
        }
        let lengths = g.values.map(Double.init)
        let toLength = Tensor(shape: g.shape) { result in
          for place in 0..<count {
            result[place] = squares[place] > 0 ? Float(products[place] / squares[place].squareRoot()) : 0
          }
        }
        let toDirection = Tensor(shape: gradient.count == 0 ? [0] : [gradient.count]) { result in
          for index in v.indices {
            let place = index / step % count
            guard squares[place] > 0 else {
              result[index] = 0
              continue
            }
            let along = Double(v[index]) * products[place] / squares[place]
            result[index] = Float(
              lengths[place] / squares[place].squareRoot() * (Double(gradient[index]) - along))
          }
        }
        return (toLength, toDirection)
      }
    }
  }
}

extension Tensor {
  /// Adds `other`, value by value.
  package mutating func accumulate(_ other: Tensor, times factor: Float = 1) {
    precondition(count == other.count, "\(shape) and \(other.shape) have no sum")
    withUnsafeMutableBuffer { x in
      other.withUnsafeBuffer { y in for index in x.indices { x[index] += factor * y[index] } }
    }
  }

  /// These values in the place `own` of `whole`, zeros elsewhere; themselves where that is all.
  fileprivate func part(_ own: Range<Int>, of whole: Range<Int>) -> Tensor {
    guard own != whole else { return self }
    return withUnsafeBuffer { source in
      Tensor(shape: [whole.count]) { target in
        target.update(repeating: 0)
        _ = UnsafeMutableBufferPointer(rebasing: target[(own.lowerBound - whole.lowerBound)...]).update(
          from: source)
      }
    }
  }

  /// Rows of taps `[outputs × kernel · inputs]` as `[outputs × inputs × kernel]`.
  fileprivate func inputByInput(_ shape: [Int]) -> Tensor {
    let (outputs, inputs, kernel) = (shape[0], shape[1], shape[2])
    return withUnsafeBuffer { source in
      Tensor(shape: shape) { target in
        for output in 0..<outputs {
          let row = output * inputs * kernel
          for input in 0..<inputs {
            for tap in 0..<kernel {
              target[row + input * kernel + tap] = source[row + tap * inputs + input]
            }
          }
        }
      }
    }
  }
}
