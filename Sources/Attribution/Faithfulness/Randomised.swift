import Foundation
import Foundations
import Models
import Tensors

extension RecordedPass {
  /// The same pass where the layers behind `tap` have the weights of `twin`, a pass of the untrained model over the
  /// same input; nil puts all of them in. Constants that depend on lengths alone stay.
  ///
  /// Throws `AttributionError.notRepeatable` where not every operation is recorded.
  func randomised(behind tap: String?, by twin: RecordedPass) throws -> RecordedPass {
    var hybrid = self
    // Convolutions are recorded together and then named one by one: where one ends is where its value is made.
    let first = try tap.map { tap in
      guard let place = state.places[tap],
        let step = state.steps.lastIndex(where: { $0.output == place.id })
      else { throw AttributionError.unreachable(target: deepest, layer: tap) }
      return step + 1
    }
    let start = first ?? 0
    guard twin.state.steps.count == state.steps.count else {
      throw AttributionError.notRepeatable(tap: deepest)
    }
    for index in start..<state.steps.count {
      let (own, other) = (state.steps[index], twin.state.steps[index])
      hybrid.state.steps[index] = Tape.Step(
        operation: other.operation, inputs: own.inputs, inputShapes: own.inputShapes, output: own.output)
    }
    let changed = Set(state.steps[start...].map(\.output))
    hybrid.state.held = state.held.filter { !changed.contains($0.key) }
    let kept = Set(state.held.keys)
    let run = Evaluation(threads: threads, pool: pool)
    for stretch in state.stretches where stretch.steps.upperBound > start {
      var known = hybrid.state.held
      for step in hybrid.state.steps[stretch.steps] where known[step.output] == nil {
        guard let inputs = hybrid.inputs(of: step, known) else {
          throw AttributionError.notRepeatable(tap: stretch.tap)
        }
        known[step.output] = step.operation(inputs, on: run)
      }
      for (id, value) in known where kept.contains(id) { hybrid.state.held[id] = value }
    }
    return hybrid
  }
}

/// What a recorded pass of an attribution is made with besides the model's own weights.
struct Randomisation: Sendable {
  let twin: SpeechModel
  /// Layers behind it are the twin's; nil for all.
  let tap: String?
}

extension Attribution {
  /// How alike a map is to those of the same model with more and more of its layers drawn at random, from the
  /// target down (Adebayo 2018, "cascading randomisation"): rank correlations, each with the last layer that is
  /// still trained, nil for none. A map that stays as it was does not show what the model has learned.
  ///
  /// At most `count` stages of hidden layers, then every convolution, then one more. Methods that go back through no recorded pass (CAM, occlusion, attention) are
  /// asked of the model with all of its layers drawn at random only, as all are where `count` is 0.
  /// - Throws: `AttributionError` where the method does not fit the model or the target, or when cancelled;
  ///   `ModelError`.
  public func randomisationCascade(
    of map: AttributionMap, by method: AttributionMethod, layer: String? = nil, count: Int = 4
  ) throws -> [(trainedUpTo: String?, correlation: Double)] {
    let twin = try model.randomTwin(seed: settings.seed &+ 1)
    let seconds = Double(samples.count) / Double(model.samplingRate)
    let own = map.resampled(seconds: seconds).map(abs)
    func likeness(of other: Attribution) throws -> Double {
      let random = try other.map(by: method, layer: layer ?? map.layerOfMethod)
      return rankCorrelation(own, random.resampled(seconds: seconds).map(abs)) ?? 0
    }
    guard method.usesGradients, count > 0 else {
      let other = try Attribution(
        twin, samples: samples, tokens: tokens, target: target, settings: settings, threads: threads)
      return [(nil, try likeness(of: other.cancelled(by: isCancelled)))]
    }
    let names = model.taps.map(\.name)
    let end = names.firstIndex(of: target.tap) ?? names.count - 1
    // A probe or unit is read at its layer as it is; whatever is before may be another.
    let hidden = names[..<end].filter { TapKind($0).isHidden }
    let step = max(1, (hidden.count + count - 1) / max(1, count))
    let stages: [String?] =
      stride(from: hidden.count - 1, to: -1, by: -step).map { hidden[$0] }
      + names[..<end].filter { TapKind($0).isConvolution }.reversed() + [nil]
    return try stages.map { stage in
      var other = self
      other.randomisation = Randomisation(twin: twin, tap: stage)
      return (stage, try likeness(of: other))
    }
  }

  /// How alike a map is to those of the recording with white noise at some signal-to-noise ratios in dB: rank
  /// correlations.
  /// - Throws: `AttributionError` where the method does not fit the model or the target, or when cancelled;
  ///   `ModelError`.
  public func noiseStability(
    of map: AttributionMap, by method: AttributionMethod, layer: String? = nil,
    decibels: [Double] = [0, 10, 20, 30]
  ) throws -> [(decibels: Double, correlation: Double)] {
    let seconds = Double(samples.count) / Double(model.samplingRate)
    let own = map.resampled(seconds: seconds)
    return try decibels.map { ratio in
      var random = RandomNumbers(seed: settings.seed, stream: "noise at \(ratio)")
      let scale = rootMeanSquare * pow(10, -ratio / 20)
      let noisy = try Attribution(
        model, samples: samples.map { $0 + Float(random.normal() * scale) }, tokens: tokens, target: target,
        settings: settings, threads: threads)
      let other = try noisy.cancelled(by: isCancelled).map(by: method, layer: layer ?? map.layerOfMethod)
      return (ratio, rankCorrelation(own, other.resampled(seconds: seconds)) ?? 0)
    }
  }

  private func cancelled(by isCancelled: @escaping @Sendable () -> Bool) -> Attribution {
    var result = self
    result.isCancelled = isCancelled
    return result
  }
}

extension AttributionMap {
  /// The layer to ask a layer's method for; nil for methods of the input.
  var layerOfMethod: String? { layer == RecordedPass.input ? nil : layer }
}
