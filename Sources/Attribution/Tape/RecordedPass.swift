import Models
import Tensors

/// A pass of a model over one utterance that can be gone through backwards, any number of times.
///
/// ```swift
/// let pass = try RecordedPass(model, samples, upTo: "logits")
/// let gradient = try pass.gradients(of: ["logits": seed], at: ["hidden.6"])["hidden.6"]
/// ```
public struct RecordedPass: Sendable {
  /// The model that was run.
  public let model: SpeechModel
  /// The samples that the model was given, at its rate and normalised where it wants that.
  public let samples: [Float]
  /// The deepest tap that was recorded.
  public let deepest: String
  var state: Tape.Record
  let pool: MemoryPool
  let threads: Int

  /// Runs the model up to `tap`, recorded; with `tokens` its decoder on them too. A pass that `keepsAll` holds what
  /// every operation made, else tap points alone (see `AttributionSettings.keepsAll`); one `from` a hidden layer
  /// knows nothing that is only needed to go back further.
  ///
  /// Throws `ModelError` for a name that is no tap and for input that the model cannot take.
  public init(
    _ model: SpeechModel, _ samples: [Float], tokens: [Int]? = nil, upTo tap: String, threads: Int = 1,
    keepsAll: Bool = false, from first: String? = nil
  ) throws {
    try self.init(
      model, samples, tokens: tokens, upTo: tap, threads: threads, keepsAll: keepsAll, from: first,
      noise: nil)
  }

  /// The same with the noise of training, of a model without a decoder.
  package init(
    _ model: SpeechModel, _ samples: [Float], tokens: [Int]? = nil, upTo tap: String, threads: Int = 1,
    keepsAll: Bool = false, from first: String? = nil, noise: PassNoise?
  ) throws {
    let names = (model.taps + (tokens == nil ? [] : model.decoderTaps)).map(\.name)
    guard let last = names.firstIndex(of: tap) else {
      // The model's own words for a name that is no tap.
      _ = try model.resolve(layers: tap)
      throw AttributionError.notApplicable(method: "a recorded pass", reason: "\(tap) is not on its way")
    }
    // One tap point more, so that what `first` is made of is known too.
    let hidden = first.flatMap { name in
      TapKind(name).isHidden || TapKind(name) == .projection ? names[..<last].firstIndex(of: name) : nil
    }
    let begin = hidden.flatMap { $0 > 0 ? $0 - 1 : nil }
    let tape = Tape(
      parameters: model.parameterTensors, keepsAll: keepsAll, from: begin.map { names[$0] })
    try model.forward(
      samples, tokens: tokens, taps: Set(names[(begin ?? 0)...last]), threads: threads, recorder: tape,
      noise: noise
    ) { tape.mark($0, $1) }
    self.model = model
    self.samples = samples
    self.threads = threads
    deepest = tap
    state = tape.snapshot
    if let first = state.inputs.first, state.inputs.filter({ $0.name == first.name }).count > 1 {
      throw AttributionError.notApplicable(
        method: "a recorded pass",
        reason:
          "the sound is longer than the one window that \(model.family) reads at once; explain a part of it "
          + "(--from, --to)"
      )
    }
    pool = MemoryPool()
  }

  /// The value of a tap, `[frames × width]`.
  public func values(of tap: String) throws -> Tensor {
    guard let place = state.places[tap], let held = try value(place.id) else {
      throw AttributionError.untraced(consumer: "tap", tap: tap)
    }
    return held.rows(place.rows)
  }

  /// The tensor that a gradient at the model's input belongs to: samples `[samples × 1]`, or its features.
  public var input: (name: String, values: Tensor)? {
    state.inputs.first.flatMap { input in state.held[input.id].map { (input.name, $0) } }
  }

  /// How a tap's frames are made of tokens, and the tokens; nil where its rows are frames themselves. A gradient at
  /// such a tap is that of its tokens.
  func tokens(of tap: String) -> FrameOperation? { state.places[tap]?.frames }

  /// The tokens that a tap's frames are made of.
  func tokenValues(of tap: String) throws -> Tensor {
    guard let place = state.places[tap], let held = try value(place.source) else {
      throw AttributionError.untraced(consumer: "tap", tap: tap)
    }
    return held
  }

  func value(_ id: Tape.ID) throws -> Tensor? {
    if let held = state.held[id] { return held }
    guard let stretch = state.madeIn[id] else { return nil }
    return try stretchValues(stretch)[id]
  }
}

// MARK: - Backwards

extension RecordedPass {
  /// What one walk back has found.
  public struct Walk: Sendable {
    /// What arrives at each place asked about, in the shape of its values.
    public let gradients: [String: Tensor]
    /// The relevance that stayed on the way, with biases and rules.
    public let absorbed: Double
    /// What arrives at parameters that were asked about, by the memory that they are in.
    package var parameters: [ParameterKey: Tensor] = [:]
  }

  /// The name by which `gradients(…, at:)` is asked for the model's input.
  public static let input = "input"

  /// Goes back from `seeds` (what the target's gradient is at taps, each in the shape of its values) to `places`,
  /// taps or `RecordedPass.input`, by `rules`.
  ///
  /// Throws `AttributionError` for an operation without a rule, for values made by what is not recorded, and for a
  /// place that the seeds do not depend on.
  public func walk(
    from seeds: [String: Tensor], to places: Set<String>, by rules: PropagationRules = .gradient
  ) throws -> Walk {
    try walk(from: seeds, to: places, by: rules) { _ in false }
  }

  /// The gradients of the model's parameters that are `trained`, for those of `seeds`. Nothing is gone through that none
  /// of them lies behind.
  package func parameterGradients(
    from seeds: [String: Tensor], of trained: (ParameterKey) -> Bool
  ) throws -> [ParameterKey: Tensor] {
    try walk(from: seeds, to: [], by: .gradient, parameters: trained).parameters
  }

  private func walk(
    from seeds: [String: Tensor], to places: Set<String>, by rules: PropagationRules,
    parameters isTrained: (ParameterKey) -> Bool
  ) throws -> Walk {
    var wanted: [Tape.ID: Set<String>] = [:]
    for name in places {
      guard let id = name == Self.input ? state.inputs.first?.id : state.places[name]?.source else {
        throw AttributionError.unreachable(target: deepest, layer: name)
      }
      wanted[id, default: []].insert(name)
    }
    var arriving: [Tape.ID: Tensor] = [:]
    for (tap, seed) in seeds {
      guard let place = state.places[tap], let shape = state.shapes[place.id] else {
        throw AttributionError.untraced(consumer: "target", tap: tap)
      }
      arriving[place.id] = seed.placed(at: place.rows, of: shape)
    }
    // Parameters that operations take in as they take in what others made: tables of positions, tokens.
    let given = state.held.compactMapValues { value in
      ParameterKey(value).flatMap { isTrained($0) ? $0 : nil }
    }
    .filter { state.origins[$0.key] == .constant }
    let trained = Set(
      state.steps.filter { step in
        step.operation.parameters.compactMap(ParameterKey.init).contains(where: isTrained)
          || step.inputs.contains { given[$0] != nil }
      }
      .map(\.output))
    let onWay = dependents(of: Set(wanted.keys).union(trained))
    var absorbed = 0.0
    var found: [ParameterKey: Tensor] = [:]
    for stretch in state.stretches.indices.reversed() {
      let steps = state.stretches[stretch].steps
      let isReached = steps.contains {
        let step = state.steps[$0]
        return arriving[step.output] != nil
          && (trained.contains(step.output) || step.inputs.contains(where: onWay.contains))
      }
      guard isReached else { continue }
      var values = try stretchValues(stretch)
      for index in steps.reversed() {
        let step = state.steps[index]
        guard
          let gradient = wanted[step.output] == nil
            ? arriving.removeValue(forKey: step.output)
            : arriving[step.output]
        else { continue }
        let findsParameters = trained.contains(step.output)
        guard findsParameters || step.inputs.contains(where: onWay.contains) else { continue }
        var rules = rules
        rules.findsParameters = findsParameters
        let parts = try propagate(step, gradient, values, by: rules)
        absorbed += parts.absorbed
        for part in parts.parameters {
          guard let key = ParameterKey(part.parameter), isTrained(key) else { continue }
          if found[key] == nil { found[key] = part.gradient } else { found[key]?.add(part.gradient) }
        }
        for (input, part) in zip(step.inputs, parts.gradients) {
          if let key = given[input] {
            if found[key] == nil { found[key] = part } else { found[key]?.add(part) }
          }
          guard onWay.contains(input) else {
            try refuse(input)
            if rules.conservesRelevance, let x = values[input] { absorbed += x.dot(part) }
            continue
          }
          if arriving[input] == nil { arriving[input] = part } else { arriving[input]?.add(part) }
        }
        values[step.output] = nil
      }
    }
    return Walk(gradients: try gathered(wanted, arriving), absorbed: absorbed, parameters: found)
  }

  private func gathered(
    _ wanted: [Tape.ID: Set<String>], _ arriving: [Tape.ID: Tensor]
  ) throws -> [String: Tensor] {
    var gradients: [String: Tensor] = [:]
    for (id, names) in wanted {
      for name in names {
        guard let gradient = arriving[id] else {
          throw AttributionError.unreachable(target: deepest, layer: name)
        }
        // What arrives at tokens is not at their frames' rows.
        let rows = name == Self.input || tokens(of: name) != nil ? nil : state.places[name]?.rows
        let shape = state.shapes[id] ?? gradient.shape
        gradients[name] = rows.map { gradient.reshaped(shape).rows($0) } ?? gradient.reshaped(shape)
      }
    }
    return gradients
  }

  /// All values that are made from `places`, with themselves.
  func dependents(of places: Set<Tape.ID>) -> Set<Tape.ID> {
    var found = places
    for step in state.steps where step.inputs.contains(where: found.contains) { found.insert(step.output) }
    return found
  }

  /// A value that does not come from the places asked about must be known not to.
  private func refuse(_ input: Tape.ID) throws {
    guard case .unknown(let consumer, let stretch) = state.origins[input] else { return }
    let tap = state.stretches.indices.contains(stretch) ? state.stretches[stretch].tap : deepest
    throw AttributionError.untraced(consumer: consumer, tap: tap)
  }

  private func propagate(
    _ step: Tape.Step, _ gradient: Tensor, _ values: [Tape.ID: Tensor], by rules: PropagationRules
  ) throws -> Propagation {
    guard let operation = step.operation as? any PropagatingOperation else {
      throw AttributionError.noRule(operation: step.operation.name)
    }
    guard let inputs = inputs(of: step, values), let output = values[step.output] else {
      throw AttributionError.notRepeatable(tap: deepest)
    }
    return operation.propagate(
      gradient.reshaped(output.shape), inputs: inputs, output: output, by: rules, threads: threads)
  }

  /// Everything that a stretch makes and takes in, made again where it is not kept.
  func stretchValues(_ stretch: Int) throws -> [Tape.ID: Tensor] {
    guard state.stretches.indices.contains(stretch) else { return [:] }
    var values = state.held
    let (tap, steps) = (state.stretches[stretch].tap, state.stretches[stretch].steps)
    let run = Evaluation(threads: threads, pool: pool)
    guard state.steps[steps].contains(where: { values[$0.output] == nil }) else { return values }
    // The end of a stretch is made again although it is kept: an operation that nobody noted shows there.
    for step in state.steps[steps] {
      guard let inputs = inputs(of: step, values) else { throw AttributionError.notRepeatable(tap: tap) }
      let made = step.operation(inputs, on: run)
      // What was made tile by tile, as the convolutions of a long recording are, is the same but for rounding; what the
      // model itself made of it is kept.
      if let kept = values[step.output] {
        guard kept.isRounded(from: made) else { throw AttributionError.notRepeatable(tap: tap) }
      } else {
        values[step.output] = made
      }
    }
    return values
  }

  func inputs(of step: Tape.Step, _ values: [Tape.ID: Tensor]) -> [Tensor]? {
    let inputs = zip(step.inputs, step.inputShapes).compactMap { values[$0]?.reshaped($1) }
    return inputs.count == step.inputs.count ? inputs : nil
  }
}

extension Tensor {
  /// Whether it is another with its sums taken in another order: no value differs by more than the rounding of a long sum,
  /// as a share of the largest value.
  fileprivate func isRounded(from other: Tensor) -> Bool {
    guard count == other.count else { return false }
    return withUnsafeBuffer { own in
      other.withUnsafeBuffer { other in
        let largest = own.reduce(Float(0)) { Swift.max($0, abs($1)) }
        return zip(own, other).allSatisfy { abs($0 - $1) <= 1e-5 * largest || $0 == $1 }
      }
    }
  }
}
