import Tensors

/// One layer of an LSTM (Hochreiter & Schmidhuber 1997) or a GRU (Cho 2014) as PyTorch has them, in one or both
/// directions of time.
package struct RecurrentLayer: Sendable {
  package enum Cell: Sendable, Equatable {
    case lstm, gru

    /// How many gates of as many values as there are units.
    package var gates: Int { self == .lstm ? 4 : 3 }
  }

  /// One direction's weights, gate by gate: input, forget, cell, output; or reset, update, new.
  package struct Direction: Sendable {
    package let input: Linear  // [inputs → gates · units]
    package let recurrent: Linear  // [units → gates · units]
    /// The recurrent weight as each step reads it.
    let steps: PackedMatrix

    package init(input: Linear, recurrent: Linear) {
      (self.input, self.recurrent) = (input, recurrent)
      steps = PackedMatrix(recurrent.weight)
    }
  }

  package let cell: Cell
  /// Forward in time first, then backward where there is that.
  package let directions: [Direction]

  package var units: Int { directions[0].recurrent.inputs }
  package var outputs: Int { units * directions.count }

  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor { run.recurrent(x, self) }
}

/// A recurrent layer; input: `[frames × inputs]`.
package struct RecurrentOperation: LayerOperation {
  package let layer: RecurrentLayer
  package var name: String { layer.cell == .lstm ? "LSTM" : "GRU" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.recurrent(inputs[0], layer)
  }
}

extension Evaluation {
  /// `[frames × units · directions]`, the backward direction's output beside the forward one's of the same frame.
  ///
  /// What the gates are given by the input is one product over all frames; what is left for each step is a product of
  /// a matrix and a vector. Directions run on threads of their own.
  func recurrent(_ x: Tensor, _ layer: RecurrentLayer) -> Tensor {
    let quiet = Evaluation(threads: threads, pool: pool)
    let given = layer.directions.map { direction in
      // Where a gate's two biases are only added up, the second goes with the first.
      quiet.linear(
        x, Linear(weight: direction.input.weight, bias: layer.inputBias(of: direction)))
    }
    let result = Tensor(shape: [x.rows, layer.outputs], from: pool) { output in
      let output = Shared(output)
      parallelFor(layer.directions.count, threads: threads) { index in
        guard let output = output.pointer.baseAddress else { return }
        let steps = RecurrentSteps(
          cell: layer.cell, direction: layer.directions[index], isBackward: index == 1, frames: x.rows,
          stride: layer.outputs)
        steps.run(given[index], into: output + index * layer.units, pool)
      }
    }
    note(RecurrentOperation(layer: layer), [x], result)
    return result
  }
}

extension RecurrentLayer {
  /// A GRU's new state weighs its recurrent bias with the reset gate; all others are summands.
  func inputBias(of direction: Direction) -> Tensor {
    let (input, recurrent) = (direction.input.bias.values, direction.recurrent.bias.values)
    let summed = cell == .lstm ? recurrent.count : 2 * units
    return Tensor(
      input.indices.map { input[$0] + ($0 < summed ? recurrent[$0] : 0) }, shape: [input.count])
  }
}

/// The way through time of one direction.
private struct RecurrentSteps {
  let cell: RecurrentLayer.Cell
  let direction: RecurrentLayer.Direction
  let isBackward: Bool
  let frames: Int
  /// From one frame's output to the next.
  let stride: Int

  private var units: Int { direction.recurrent.inputs }
  private var gates: Int { cell.gates * units }

  /// `given` is `[frames × gates]`, of the input alone.
  func run(_ given: Tensor, into output: UnsafeMutablePointer<Float>, _ pool: MemoryPool) {
    // The gates' sums, the cell's state and, before the first frame, the output.
    let padded = direction.steps.paddedRows
    pool.withScratch(padded + 2 * units) { scratch in
      guard let sums = scratch.baseAddress else { return }
      scratch.update(repeating: 0)
      let state = sums + padded
      var before = UnsafePointer(state + units)
      given.withPointer { given in
        for step in 0..<frames {
          let frame = isBackward ? frames - 1 - step : step
          let (row, now) = (given + frame * gates, output + frame * stride)
          switch cell {
          case .lstm: sums.update(from: row, count: gates)
          case .gru:
            sums.update(repeating: 0, count: 2 * units)
            (sums + 2 * units).copyEnd(of: direction.recurrent.bias, count: units)
          }
          direction.steps.add(before, to: sums, backwards: step % 2 == 1)
          switch cell {
          case .lstm: Elementwise.lstmStep(gates: sums, cell: state, into: now, width: units)
          case .gru:
            Elementwise.gruStep(input: row, recurrent: sums, before: before, into: now, width: units)
          }
          before = UnsafePointer(now)
        }
      }
    }
  }
}

extension UnsafeMutablePointer<Float> {
  /// Copies the last `count` values of `bias` here.
  fileprivate func copyEnd(of bias: Tensor, count: Int) {
    bias.withPointer { update(from: $0 + (bias.count - count), count: count) }
  }
}
