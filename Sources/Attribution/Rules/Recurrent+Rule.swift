import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension RecurrentOperation: PropagatingOperation {
  /// Back through time, from the last step to the first.
  ///
  /// Of relevance gates are constants and weigh what they let through, which has all of it (Arras 2017); tanh hands it
  /// on unchanged.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let x = inputs[0]
    var result = Tensor(shape: x.shape)
    var absorbed = 0.0
    for (index, direction) in layer.directions.enumerated() {
      let way = RecurrentWay(
        layer: layer, direction: direction, isBackward: index == 1, x: x,
        states: output.columns(index, of: layer.directions.count).values,
        arriving: gradient.columns(index, of: layer.directions.count).values,
        conserves: rules.conservesRelevance)
      let (toGates, stayed) = way.back()
      result.add(matrixProduct(toGates, .none, direction.input.weight, .none))
      absorbed += stayed
    }
    return Propagation(gradients: [result], absorbed: absorbed)
  }
}

/// One direction of a recurrent layer, on the way back.
private struct RecurrentWay {
  let layer: RecurrentLayer
  let direction: RecurrentLayer.Direction
  let isBackward: Bool
  let x: Tensor
  let states: [Float]  // [frames × units]
  let arriving: [Float]  // [frames × units]
  let conserves: Bool

  private var units: Int { layer.units }
  private var gates: Int { layer.cell.gates * units }
  /// Frames in the order in which the direction reads them.
  private var order: [Int] { isBackward ? (0..<x.rows).reversed() : Array(0..<x.rows) }

  /// The state before step `step`, zeros before the first.
  private func before(_ step: Int) -> [Float] {
    guard step > 0 else { return Array(repeating: 0, count: units) }
    let frame = order[step - 1]
    return Array(states[(frame * units)..<((frame + 1) * units)])
  }

  /// What arrives at the gates' sums by the input, `[frames × gates]`, and what stays with their biases.
  func back() -> (toGates: Tensor, absorbed: Double) {
    var toGates = [Float](repeating: 0, count: x.rows * gates)
    let frames = order
    let given = matrixProduct(x, .none, direction.input.weight, .transposed)
    let steps = given.rows == 0 ? [] : sums(given)
    var (carried, carriedCell) = ([Float](repeating: 0, count: units), [Float](repeating: 0, count: units))
    var absorbed = 0.0
    for step in frames.indices.reversed() {
      let frame = frames[step]
      let g = (0..<units).map { arriving[frame * units + $0] + carried[$0] }
      let found: (input: [Float], recurrent: [Float], state: [Float])
      switch layer.cell {
      case .lstm:
        found = steps[step].lstm(g, &carriedCell, units: units, conserves: conserves)
      case .gru: found = steps[step].gru(g, before: before(step), units: units, conserves: conserves)
      }
      toGates.replaceSubrange((frame * gates)..<((frame + 1) * gates), with: found.input)
      if conserves {
        absorbed += dot(found.input, direction.input.bias) + dot(found.recurrent, direction.recurrent.bias)
      }
      let through = matrixProduct(
        Tensor(found.recurrent, shape: [1, gates]), .none, direction.recurrent.weight, .none)
      carried = zip(through.values, found.state).map { $0 + $1 }
    }
    return (Tensor(toGates, shape: [x.rows, gates]), absorbed)
  }

  private func dot(_ values: [Float], _ bias: Tensor) -> Double {
    zip(values, bias.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// All steps' sums again, in the order of time of the direction.
  private func sums(_ given: Tensor) -> [RecurrentStep] {
    let (inputBias, recurrentBias) = (direction.input.bias.values, direction.recurrent.bias.values)
    var cell = [Float](repeating: 0, count: units)
    return order.indices.map { step in
      let recurrent = matrixProduct(
        Tensor(before(step), shape: [1, units]), .none, direction.recurrent.weight, .transposed
      ).values
      let input = zip(given[row: order[step]], inputBias).map { $0 + $1 }
      var made = RecurrentStep(
        input: input, recurrent: zip(recurrent, recurrentBias).map { $0 + $1 }, cellBefore: cell)
      if layer.cell == .lstm { cell = made.nextCell(units: units) }
      return made
    }
  }
}

private func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

/// `tanh(z) / z`, or the derivative.
private func tanhFactor(_ z: Float, conserves: Bool) -> Float {
  let y = tanh(z)
  guard conserves else { return 1 - y * y }
  return abs(z) > 1e-3 ? y / z : 1
}

/// What the gates of one step are given, by the input and by the state before.
private struct RecurrentStep {
  let input: [Float]
  let recurrent: [Float]
  let cellBefore: [Float]
  private(set) var cell: [Float] = []

  init(input: [Float], recurrent: [Float], cellBefore: [Float]) {
    self.input = input
    self.recurrent = recurrent
    self.cellBefore = cellBefore
  }

  mutating func nextCell(units: Int) -> [Float] {
    cell = (0..<units).map { unit in
      let z = (0..<4).map { input[$0 * units + unit] + recurrent[$0 * units + unit] }
      return sigmoid(z[1]) * cellBefore[unit] + sigmoid(z[0]) * tanh(z[2])
    }
    return cell
  }

  /// From the output's gradient to the gates' sums; `toCell` is that of the cell's state.
  func lstm(
    _ g: [Float], _ toCell: inout [Float], units: Int, conserves: Bool
  ) -> (input: [Float], recurrent: [Float], state: [Float]) {
    var sums = [Float](repeating: 0, count: 4 * units)
    for unit in 0..<units {
      let z = (0..<4).map { input[$0 * units + unit] + recurrent[$0 * units + unit] }
      let (opened, kept, new, shown) = (sigmoid(z[0]), sigmoid(z[1]), tanh(z[2]), sigmoid(z[3]))
      let state = toCell[unit] + g[unit] * shown * tanhFactor(cell[unit], conserves: conserves)
      sums[2 * units + unit] = state * opened * tanhFactor(z[2], conserves: conserves)
      if !conserves {
        sums[unit] = state * new * opened * (1 - opened)
        sums[units + unit] = state * cellBefore[unit] * kept * (1 - kept)
        sums[3 * units + unit] = g[unit] * tanh(cell[unit]) * shown * (1 - shown)
      }
      toCell[unit] = state * kept
    }
    return (sums, sums, Array(repeating: 0, count: units))
  }

  func gru(
    _ g: [Float], before: [Float], units: Int, conserves: Bool
  ) -> (input: [Float], recurrent: [Float], state: [Float]) {
    var (toInput, toRecurrent) = (
      [Float](repeating: 0, count: 3 * units), [Float](repeating: 0, count: 3 * units)
    )
    var toState = [Float](repeating: 0, count: units)
    for unit in 0..<units {
      let reset = sigmoid(input[unit] + recurrent[unit])
      let update = sigmoid(input[units + unit] + recurrent[units + unit])
      let behind = recurrent[2 * units + unit]
      let z = input[2 * units + unit] + reset * behind
      toState[unit] = g[unit] * update
      let toNew = g[unit] * (1 - update) * tanhFactor(z, conserves: conserves)
      toInput[2 * units + unit] = toNew
      toRecurrent[2 * units + unit] = toNew * reset
      guard !conserves else { continue }
      toInput[unit] = toNew * behind * reset * (1 - reset)
      toInput[units + unit] = g[unit] * (before[unit] - tanh(z)) * update * (1 - update)
      toRecurrent[unit] = toInput[unit]
      toRecurrent[units + unit] = toInput[units + unit]
    }
    return (toInput, toRecurrent, toState)
  }
}
