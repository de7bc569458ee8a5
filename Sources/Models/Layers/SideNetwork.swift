import Tensors

/// A narrow network beside one of a block's sublayers, trained while the block stays as it is.
enum SideNetwork: Sendable {
  /// Behind the sublayer: `y + up(gelu(down(y)))` of its output y (Houlsby 2019).
  case bottleneck(FeedForward)
  /// Beside the sublayer: a soft mixture of narrow networks reads what the sublayer reads, and is added to its output
  /// (Cappellazzo 2024, "Soft-MoA").
  case softMixture(SoftMixture)

  /// The sublayer's output with what this adds; `input` is what the sublayer has read.
  func callAsFunction(_ output: Tensor, input: Tensor, _ run: Evaluation) -> Tensor {
    switch self {
    case .bottleneck(let network): network(output, adding: output, run)
    case .softMixture(let mixture): run.sum(output, mixture(input, run))
    }
  }
}

/// Networks that each read a few mixtures of all frames, and whose outputs are mixed for each frame (soft mixtures of
/// experts, Puigcerver 2023).
///
/// With logits L = X·Φ, one for each frame and slot: slots are means of frames, weighed by the softmax of L over frames
/// (dispatch); a frame's output is the mean of all slots' outputs, weighed by the softmax of L over slots (combine).
struct SoftMixture: Sendable {
  var slots: Linear  // [width → networks · slots of each], without a bias
  var networks: [FeedForward]

  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
    let logits = slots(x, run)
    let mixed = run.dispatched(x, by: logits)  // [slots × width]
    let each = slots.outputs / networks.count
    let outputs = networks.enumerated().map { number, network in
      network(mixed.rows((number * each)..<((number + 1) * each)), run)
    }
    return run.combined(run.joined(outputs), by: logits)
  }
}

/// `softmax of the logits over frames`ᵀ·x; inputs: x `[frames × width]` and logits `[frames × slots]`.
package struct DispatchOperation: LayerOperation {
  package var name: String { "dispatch to slots" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.dispatched(inputs[0], by: inputs[1])
  }

  /// The weights, `[slots × frames]`, of a row each summing to one.
  package static func weights(_ logits: Tensor) -> Tensor {
    var weights = logits.transposed()
    weights.applySoftmax()
    return weights
  }
}

/// `softmax of the logits over slots`·y; inputs: y `[slots × width]` and logits `[frames × slots]`.
package struct CombineOperation: LayerOperation {
  package var name: String { "combination of slots" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.combined(inputs[0], by: inputs[1])
  }

  /// The weights, `[frames × slots]`, of a row each summing to one.
  package static func weights(_ logits: Tensor) -> Tensor {
    var weights = logits
    weights.applySoftmax()
    return weights
  }
}

extension Evaluation {
  func dispatched(_ x: Tensor, by logits: Tensor) -> Tensor {
    let mixed = matrixProduct(DispatchOperation.weights(logits), .none, x, .none)
    note(DispatchOperation(), [x, logits], mixed)
    return mixed
  }

  func combined(_ y: Tensor, by logits: Tensor) -> Tensor {
    let output = matrixProduct(CombineOperation.weights(logits), .none, y, .none)
    note(CombineOperation(), [y, logits], output)
    return output
  }
}

extension Tensor {
  /// Each row becomes its softmax.
  fileprivate mutating func applySoftmax() {
    let (rows, width) = (rows, width)
    let stride = Elementwise.paddedWidth(width)
    let row = UnsafeMutableBufferPointer<Float>.allocate(capacity: stride)
    defer { row.deallocate() }
    withUnsafeMutableBuffer { values in
      guard let base = row.baseAddress, let values = values.baseAddress else { return }
      for index in 0..<rows {
        base.update(from: values + index * width, count: width)
        Elementwise.softmaxRows(row, rows: 1, width: width, stride: stride)
        (values + index * width).update(from: base, count: width)
      }
    }
  }
}

extension ParameterReader {
  /// The side network `name`, where the source has one; `heads` of other tasks ask for none.
  mutating func sideNetwork(_ name: String, _ width: Int) throws -> SideNetwork? {
    if let shape = shape(of: "\(name).down.weight") {
      return .bottleneck(try narrow(name, width, inner: shape.first ?? 0))
    }
    guard let slots = shape(of: "\(name).slots.weight") else { return nil }
    let count = (0..<slots[0]).prefix { has("\(name).networks.\($0).down.weight") }.count
    guard count > 0, slots.count == 2, slots[0] % count == 0 else {
      throw ModelError.configuration(
        path: path, key: "tensor \(name).slots.weight", found: "of shape \(slots) for \(count) networks",
        expected: "as many slots of each")
    }
    return .softMixture(
      SoftMixture(
        slots: try linear("\(name).slots", width, slots[0], weight: .zeros, bias: nil),
        networks: try (0..<count).map { number in
          let inner = shape(of: "\(name).networks.\(number).down.weight")?.first ?? 0
          return try narrow("\(name).networks.\(number)", width, inner: inner)
        }))
  }

  private mutating func narrow(_ name: String, _ width: Int, inner: Int) throws -> FeedForward {
    FeedForward(
      up: try linear("\(name).down", width, inner, weight: .zeros),
      down: try linear("\(name).up", inner, width, weight: .zeros), activation: .gelu)
  }
}
