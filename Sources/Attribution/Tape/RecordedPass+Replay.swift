import Models
import Tensors

extension RecordedPass {
  /// What `result`, a deeper tap, would be were `tap` as given: what comes after it is run again, nothing before.
  ///
  /// Throws `AttributionError` where what comes after is not all recorded.
  public func values(of result: String, replacing tap: String, with values: Tensor) throws -> Tensor {
    guard let from = state.places[tap], let to = state.places[result],
      let shape = state.shapes[from.id], from.rows.count == shape.first
    else { throw AttributionError.unreachable(target: result, layer: tap) }
    let changed = dependents(of: [from.id])
    guard changed.contains(to.id) else { throw AttributionError.unreachable(target: result, layer: tap) }
    var known = state.held.filter { !changed.contains($0.key) }
    known[from.id] = values.reshaped(shape)
    let run = Evaluation(threads: threads, pool: pool)
    for stretch in state.stretches {
      guard state.steps[stretch.steps].contains(where: { changed.contains($0.output) }) else { continue }
      for step in state.steps[stretch.steps] where known[step.output] == nil {
        guard let inputs = inputs(of: step, known) else { continue }
        known[step.output] = step.operation(inputs, on: run)
      }
      if let output = known[to.id] { return output.rows(to.rows) }
    }
    throw AttributionError.notRepeatable(tap: result)
  }
}

extension RecordedPass {
  /// The same pass with another input: every operation is run again.
  func replacingInput(by values: Tensor) throws -> RecordedPass {
    guard let id = state.inputs.first?.id, let shape = state.shapes[id] else {
      throw AttributionError.unreachable(target: deepest, layer: Self.input)
    }
    let changed = dependents(of: [id])
    var moved = self
    moved.state.held = state.held.filter { !changed.contains($0.key) }
    moved.state.held[id] = values.reshaped(shape)
    let run = Evaluation(threads: threads, pool: pool)
    var known = moved.state.held
    for stretch in state.stretches {
      for step in state.steps[stretch.steps] where known[step.output] == nil {
        guard let inputs = inputs(of: step, known) else {
          throw AttributionError.notRepeatable(tap: stretch.tap)
        }
        known[step.output] = step.operation(inputs, on: run)
      }
      // What was kept is kept again, the rest goes with its stretch.
      for (id, value) in known where state.held[id] != nil { moved.state.held[id] = value }
      known = moved.state.held
    }
    return moved
  }
}
