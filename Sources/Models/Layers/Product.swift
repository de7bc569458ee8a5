import Tensors

/// Values times what weighs them, one by one; inputs: values and gates of one shape.
package struct ProductOperation: LayerOperation {
  package var name: String { "product" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.product(inputs[0], gate: inputs[1])
  }
}

/// Values times a number; input: any.
package struct ScaleOperation: LayerOperation {
  package let factor: Float
  package var name: String { "scale" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.scaled(inputs[0], by: factor)
  }
}

extension Evaluation {
  func product(_ x: Tensor, gate: Tensor) -> Tensor {
    precondition(x.shape == gate.shape, "\(x.shape) and \(gate.shape) have no product")
    let product = x.withUnsafeBuffer { x in
      gate.withUnsafeBuffer { gate in
        Tensor(shape: [x.count], from: pool) { product in
          for index in product.indices { product[index] = x[index] * gate[index] }
        }
      }
    }.reshaped(x.shape)
    note(ProductOperation(), [x, gate], product)
    return product
  }

  func scaled(_ x: Tensor, by factor: Float) -> Tensor {
    let scaled = x.withUnsafeBuffer { x in
      Tensor(shape: [x.count], from: pool) { scaled in
        for index in scaled.indices { scaled[index] = x[index] * factor }
      }
    }.reshaped(x.shape)
    note(ScaleOperation(factor: factor), [x], scaled)
    return scaled
  }
}
