import ArgumentParser
import Foundation
import Strata

/// The training that the options describe.
extension FinetuneCommand {
  func training(on corpus: Corpus, _ frame: CommandFrame) throws -> FineTuningRun {
    frame.note("reading \(model)")
    guard let labels = TrainingData.Labels(level) else {
      throw ValidationError("--level takes speaker or a level, not “\(level)”.")
    }
    var training = FineTuningRun(model: try loading.load(model), corpus: corpus, labels: labels)
    training.existingClasses = try HeadClasses.names(of: model)
    training.settings = try settings
    (training.head, training.folds, training.longest) = (head, Int(folds), longest)
    (training.threads, training.replacesOthers) = (running.threads, replacing.force)
    let moments = watch == nil ? [] : (0..<watchPoints).map { ($0 + 1) * steps / (watchPoints + 1) }
    training.snapshots = moments.filter { $0 > 0 && $0 < steps }
    training.onNote = { frame.note($0) }
    training.onStep = { stage, entry, total in
      let loss = String(format: "loss %.3f", entry.loss)
      frame.progress.update(stage: stage, done: entry.step, total: total, detail: loss)
    }
    training.isCancelled = frame.isCancelled
    return training
  }

  private var settings: TrainingSettings {
    get throws {
      var settings = TrainingSettings()
      (settings.task, settings.steps, settings.batch, settings.accumulation) = (
        task, steps, batch, accumulation
      )
      settings.rate = LearningRate(
        peak: rate, warmUp: warmUp ?? steps / 10, layerDecay: layerDecay, head: headRate)
      settings.optimiser.decay = weightDecay
      settings.clip = clip == 0 ? nil : clip
      (settings.smoothing, settings.balancesClasses) = (smoothing, balance)
      settings.frozen = freeze ?? "conv"
      settings.adapter = lora.map { rank in
        LowRankAdapter(
          rank: rank, alpha: loraAlpha ?? Double(2 * rank),
          targets: loraTargets.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
      }
      settings.side = adapters.map {
        SideAdapter(kind: $0, width: adapterWidth, networks: adapterNetworks, slots: adapterSlots)
      }
      (settings.evaluation, settings.patience, settings.seed) = (evaluateEvery, patience, seed)
      settings.augmentation = try augmenting.augmentation
      settings.balancesSampling = augmenting.balancedSampling
      settings.average = try weightAverage
      return settings
    }
  }

  var weightAverage: WeightAverage? {
    get throws {
      guard let average else { return nil }
      if average == "checkpoints" { return .checkpoints }
      guard average.hasPrefix("ema:"), let decay = Double(average.dropFirst(4)) else {
        throw ValidationError(
          "--average takes ema:DECAY, such as ema:0.999, or checkpoints, not “\(average)”.")
      }
      return .exponential(decay: decay)
    }
  }
}
