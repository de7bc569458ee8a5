import Models
import Tensors

extension RecordedPass {
  /// What `result`, a deeper tap, would be were `tap` as given: what comes after it is run again, nothing before.
  ///
  /// Throws `AttributionError` where what comes after is not all recorded.
  public func values(of result: String, replacing tap: String, with values: Tensor) throws -> Tensor {
    guard let found = try self.values(of: [result], replacing: tap, with: values)[result] else {
      throw AttributionError.unreachable(target: result, layer: tap)
    }
    return found
  }

  /// The taps whose values are made of those of `tap`.
  public func places(after tap: String) -> Set<String> {
    guard let from = state.places[tap] else { return [] }
    let changed = dependents(of: [from.source])
    return Set(
      state.places.filter {
        changed.contains($0.value.id) && ![from.id, from.source].contains($0.value.id)
      }
      .keys)
  }

  /// Whether the model goes on from tokens at a tap, of which its frames are means.
  public func goesOnFromTokens(at tap: String) -> Bool { tokens(of: tap) != nil }

  /// What the model goes on from at a tap: its frames or, where these are means of tokens, the tokens, `[tokens × width]`.
  /// - Throws: `AttributionError.untraced` where the pass does not hold it.
  public func states(of tap: String) throws -> Tensor {
    goesOnFromTokens(at: tap) ? try tokenValues(of: tap) : try values(of: tap)
  }

  /// What each of `results`, the tap itself or deeper ones, would be were what the model goes on from at `tap` as given.
  ///
  /// Throws `AttributionError` as `values(of:replacing:with:)` does.
  public func values(
    of results: [String], replacingStatesOf tap: String, with states: Tensor
  ) throws -> [String: Tensor] {
    guard let from = state.places[tap], from.frames != nil, let shape = state.shapes[from.source] else {
      return try values(of: results, replacing: tap, with: states)
    }
    return try values(of: results, changing: from.source, to: states.reshaped(shape), tap)
  }

  /// What each of `results`, deeper taps, would be were `tap` `[frames × width]` as given: what comes after it is run
  /// again once, nothing before. Where a tap shows part of what the model holds (Whisper's frames inside the sound), the
  /// rest stays as it was.
  ///
  /// Throws `AttributionError` where the model does not go on from `tap` itself (frames that are means of tokens), where
  /// a result does not depend on it, and where what comes after is not all recorded.
  public func values(
    of results: [String], replacing tap: String, with values: Tensor
  ) throws -> [String: Tensor] {
    guard let from = state.places[tap], from.frames == nil, let shape = state.shapes[from.id] else {
      throw AttributionError.notApplicable(
        method: "a pass that goes on from a changed \(tap)",
        reason: "the model does not go on from its frames")
    }
    return try self.values(of: results, changing: from.id, to: replaced(values, at: from, of: shape), tap)
  }

  /// The same of any value of the pass; `place` is what messages call it.
  func values(
    of results: [String], changing id: Tape.ID, to value: Tensor, _ place: String
  ) throws -> [String: Tensor] {
    guard !results.isEmpty else { return [:] }
    let changed = dependents(of: [id])
    var places: [String: Tape.Place] = [:]
    for result in results {
      guard let found = state.places[result], changed.contains(found.id), found.id != id else {
        throw AttributionError.unreachable(target: result, layer: place)
      }
      places[result] = found
    }
    var known = state.held.filter { !changed.contains($0.key) }
    known[id] = value
    let run = Evaluation(threads: threads, pool: pool)
    var found: [String: Tensor] = [:]
    for stretch in state.stretches {
      guard state.steps[stretch.steps].contains(where: { changed.contains($0.output) && $0.output != id })
      else { continue }
      for step in state.steps[stretch.steps] where known[step.output] == nil {
        guard let inputs = inputs(of: step, known) else { continue }
        known[step.output] = step.operation(inputs, on: run)
      }
      for (result, place) in places where found[result] == nil {
        found[result] = known[place.id]?.rows(place.rows)
      }
      if found.count == places.count { return found }
      // What a later stretch needs is what was kept of this one.
      known = known.filter { state.held[$0.key] != nil || $0.key == id }
    }
    throw AttributionError.notRepeatable(tap: results.first { found[$0] == nil } ?? place)
  }

  /// The whole value that a tap shows, its rows replaced.
  private func replaced(_ values: Tensor, at place: Tape.Place, of shape: [Int]) throws -> Tensor {
    guard place.rows.count != shape.first else { return values.reshaped(shape) }
    guard let whole = try value(place.id) else { throw AttributionError.notRepeatable(tap: deepest) }
    var changed = whole.reshaped(shape)
    let width = changed.width
    precondition(
      values.count == place.rows.count * width, "\(values.shape) for \(place.rows) rows of \(shape)")
    changed.withUnsafeMutableBuffer { target in
      values.withUnsafeBuffer { source in
        _ = UnsafeMutableBufferPointer(rebasing: target[(place.rows.lowerBound * width)...]).update(
          from: source)
      }
    }
    return changed
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
