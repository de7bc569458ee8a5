import Files
import Foundation
import Foundations
import Models
import Tensors

/// Trains a model on utterances and keeps what it has, so that it can go on after an interruption to the same bytes.
struct Trainer: Sendable {
  var model: TrainedModel
  let settings: TrainingSettings
  let train: [TrainingExample]
  let development: [TrainingExample]
  /// What tells this training from others.
  let identity: String
  /// Where it keeps its state and log.
  let folder: String
  var threads = 1
  var fillers: Set<Int> = []
  /// Changes recordings that are learned from.
  var augmenter: SoundAugmenter?
  /// Whether the state of another training in the folder is given up.
  var replacesOthers = false
  var onStep: @Sendable (TrainingEntry, _ total: Int) -> Void = { _, _ in }
  var isCancelled: @Sendable () -> Bool = { false }
  /// Throws where what is learned from has changed: nothing is kept then.
  var requireUnchanged: @Sendable () throws -> Void = {}
  /// Steps after which the model is shown.
  var snapshots: Set<Int> = []
  var onSnapshot: @Sendable (_ step: Int, TrainedModel) throws -> Void = { _, _ in }
  /// Updates, and time, after which what has been reached is kept at the latest: what an interruption can cost.
  var checkpointInterval = 50
  var checkpointTime = Duration.seconds(60)

  private var statePath: String { "\(folder)/\(TrainingState.file)" }
  private var logPath: String { "\(folder)/training.jsonl" }
  private var order: BatchOrder {
    BatchOrder(
      count: train.count, batch: settings.batch, seed: settings.seed,
      classes: settings.balancesSampling ? TrainingData.classes(of: train) : nil)
  }

  /// Goes on from what is kept, or begins; the model it gives has the best parameters of all looks at the development
  /// part, or the last where there is none. `averaged` has their mean, where one is wanted.
  ///
  /// Throws `FineTuningError`, and what reading sound and running the model throw.
  mutating func run() throws -> (
    model: TrainedModel, averaged: TrainedModel?, log: [TrainingEntry], best: Int?
  ) {
    try ResultFolder.makeFolder(folder)
    PartFile.removeStale(in: folder)
    var state =
      try keptState() ?? TrainingState(optimiser: AdamW(settings.optimiser), parameters: model.trained)
    model.trained = state.parameters
    state.parameters = [:]
    var log = TrainingLog(contentsOf: logPath, upTo: state.step)
    var kept = ContinuousClock.now
    while state.step < settings.steps, !hasConverged(state) {
      if isCancelled() {
        try keep(state, log)
        throw FineTuningError.interrupted(step: state.step)
      }
      var entry = try step(&state, log)
      let isLast = state.step == settings.steps
      let isLook = state.step % settings.evaluation == 0 || isLast
      if !development.isEmpty, isLook { entry.development = try look(&state) }
      if let share = settings.average?.share(
        step: state.step, of: settings.steps, isLook: isLook, count: state.mean.count)
      {
        state.mean.add(model.trained, share: share)
      }
      log.add(entry)
      onStep(entry, settings.steps)
      if snapshots.contains(state.step) { try onSnapshot(state.step, model) }
      // When something is kept decides nothing of what is learned.
      let isDue =
        state.step % checkpointInterval == 0 || entry.development != nil || .now - kept > checkpointTime
      if isDue || isLast {
        try keep(state, log)
        kept = .now
      }
    }
    var averaged: TrainedModel?
    if state.mean.count > 0 {
      averaged = model
      averaged?.trained = state.mean.values
    }
    if let best = state.best { model.trained = best.parameters }
    return (model, averaged, log.entries, state.best?.step)
  }

  private func keptState() throws -> TrainingState? {
    do {
      return try TrainingState(
        contentsOf: statePath, identity: identity, optimiser: settings.optimiser, like: model.trained)
    } catch FineTuningError.otherTraining where replacesOthers {
      try FileManager.default.removeItem(atPath: folder)
      try ResultFolder.makeFolder(folder)
      return nil
    }
  }

  private func hasConverged(_ state: TrainingState) -> Bool {
    settings.patience.map { state.looksWithoutBest >= $0 } ?? false
  }

  private func keep(_ state: TrainingState, _ log: TrainingLog) throws {
    try requireUnchanged()
    var whole = state
    whole.parameters = model.trained
    try log.write(to: logPath)
    try whole.write(to: statePath, identity: identity)
  }

  /// One update.
  private mutating func step(_ state: inout TrainingState, _ log: TrainingLog) throws -> TrainingEntry {
    var gradients: [String: Tensor] = [:]
    var loss = 0.0
    var utterances: [String] = []
    do {
      let ready = try model.ready()
      let order = order
      for micro in 0..<settings.accumulation {
        let number = state.step * settings.accumulation + micro
        let chosen = order[number].map { train[$0] }
        utterances += chosen.map(\.id)
        loss +=
          try Self.batch(
            chosen, ready, threads: threads, into: &gradients, share: 1 / Float(settings.accumulation),
            draws: draws(number, chosen.count))
          / Double(settings.accumulation)
      }
      if state.step == 0, settings.augmentation.layerDrop == 0 { try requireAll(gradients) }
    } catch ModelError.nonFiniteValue {
      loss = .nan
    }
    let norm = gradients.clip(to: settings.clip)
    guard loss.isFinite, norm.isFinite else {
      try keep(state, log)
      throw FineTuningError.lossNotFinite(step: state.step + 1, utterances: utterances, kept: statePath)
    }
    let (done, total, depths) = (state.step, settings.steps, model)
    let rate = settings.rate
    let threads = threads
    model.withTrained { values in
      state.optimiser.update(&values, gradients, threads: threads) {
        rate.rate(done: done, of: total, depth: depths.depth(of: $0))
      }
    }
    state.step += 1
    return TrainingEntry(
      step: state.step, passes: order.passes(state.step * settings.accumulation), loss: loss,
      rate: rate.rate(done: done, of: total, depth: 0), gradientNorm: norm)
  }

  /// What is drawn for one utterance of a batch.
  struct Draw: Sendable {
    var sound: TrainingExample.Draw?
    var noise: PassNoise?
  }

  /// What is drawn for each of a batch's utterances: of nothing but the seed, the batch's number and the place in it.
  private func draws(_ batch: Int, _ count: Int) -> [Draw] {
    (0..<count).map { place in
      var hash = StableHash(seed: settings.seed)
      hash.combine("augmentation")
      hash.combine(batch)
      hash.combine(place)
      return Draw(
        sound: augmenter.map { TrainingExample.Draw(augmenter: $0, seed: hash.value) },
        noise: settings.augmentation.noise(seed: hash.value))
    }
  }

  /// Adds the gradient of a batch's mean loss, times `share`; utterances are added in their order, so that the number of
  /// threads changes nothing. `draws` are as many as examples, or none.
  /// - Returns: The mean loss.
  static func batch(
    _ examples: [TrainingExample], _ model: ReadyModel, threads: Int,
    into gradients: inout [String: Tensor],
    share: Float, draws: [Draw] = []
  ) throws -> Double {
    var sum = LossSum()
    var summed: [String: Tensor] = [:]
    for start in stride(from: 0, to: examples.count, by: max(1, threads)) {
      let part = start..<min(examples.count, start + max(1, threads))
      let found = try parallelMap(part.count, threads: threads) { index in
        let place = part.lowerBound + index
        let draw = draws.isEmpty ? nil : draws[place]
        let (samples, target) = try examples[place].drawn(draw?.sound)
        return try model.gradients(
          samples, target, of: examples[place].id, noise: draw?.noise, threads: max(1, threads / part.count)
        )
      }
      for result in found {
        sum = sum + result.loss
        summed.add(result.gradients, times: 1)
      }
    }
    guard sum.weight > 0 else { return 0 }
    summed.scale(by: share / Float(sum.weight))
    if gradients.isEmpty { gradients = summed } else { gradients.add(summed, times: 1) }
    return sum.mean
  }

  /// Throws where something that is to be trained has no gradient, which would never change.
  private func requireAll(_ gradients: [String: Tensor]) throws {
    // Whether a frame is masked is drawn.
    let missing = model.trained.keys.filter { gradients[$0] == nil && $0 != TrainedModel.maskVector }
      .sorted()
    guard missing.isEmpty else {
      throw FineTuningError.noGradient(model: model.base.name, parameters: missing)
    }
  }

  /// Tests the development part, and keeps the parameters where they are the best yet.
  private mutating func look(_ state: inout TrainingState) throws -> TrainingEntry.Development {
    let outcome = try Evaluation(of: model, fillers: fillers).run(development, threads: threads)
    let found = TrainingEntry.Development(loss: outcome.loss, errors: outcome.errors)
    // Of equal errors the one with the smaller loss.
    let score = found.errors + 1e-6 * min(1e3, found.loss)
    if state.best.map({ score < $0.score }) ?? true {
      state.best = (state.step, score, model.trained)
      state.looksWithoutBest = 0
    } else {
      state.looksWithoutBest += 1
    }
    return found
  }
}
