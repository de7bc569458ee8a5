import ArgumentParser
import Foundation
import Strata

/// What the options ask for beside erasing.
extension InterveneCommand {
  func steers() throws -> [SteerRequest] {
    try (steer.map { try listed("steer", $0) } ?? []).map { text in
      guard let request = SteerRequest(text) else {
        throw ValidationError("--steer takes pairs of classes such as AA:IY, not “\(text)”.")
      }
      return request
    }
  }

  func mixedLevel() throws -> Level? {
    guard let mixing else { return nil }
    guard let level = Level(rawValue: mixing) else {
      throw ValidationError(
        "--mixing takes a level such as phoneme or word, not “\(mixing)”.")
    }
    return level
  }

  func reductions() throws -> [WeightReduction] {
    let pruned = try (prune.map { try listed("prune", $0) } ?? []).map { text in
      guard let share = Double(text), share > 0, share < 1 else {
        throw ValidationError("--prune takes shares between 0 and 1, such as 0.5, not “\(text)”.")
      }
      return WeightReduction.pruned(share)
    }
    let rounded = try (quantise.map { try listed("quantise", $0) } ?? []).map { text in
      guard let bits = Int(text), (2...16).contains(bits) else {
        throw ValidationError("--quantise takes numbers of bits from 2 to 16, such as 8,4, not “\(text)”.")
      }
      return WeightReduction.rounded(bits: bits)
    }
    return pruned + rounded
  }

  /// What is asked of smaller weights; nil where nothing is.
  func simplification(_ study: InterventionStudy) throws -> SimplificationStudy? {
    let reductions = try reductions()
    guard !reductions.isEmpty else { return nil }
    let (options, model) = (try loading.options(), model)
    var simplification = SimplificationStudy(
      study, parts: try ReducedModelFolder.parts(of: model, options: options), reductions: reductions
    ) { plan in
      var smaller = options
      smaller.reductions = plan
      return try SpeechModel.load(model, options: smaller)
    }
    simplification.kept = keep
    return simplification
  }

  func mixing(
    _ model: SpeechModel, _ corpus: Corpus, _ study: InterventionStudy
  ) throws -> MixingStudy? {
    guard let level = try mixedLevel() else { return nil }
    var mixing = MixingStudy(model: model, corpus: corpus, level: level)
    if let chosen = study.layers, !chosen.isEmpty { mixing.layers = chosen }
    mixing.labels = try mixingLabels.map { try listed("mixing-labels", $0) } ?? []
    (mixing.seed, mixing.store) = (seed, study.store)
    (mixing.onProgress, mixing.isCancelled) = (study.onProgress, study.isCancelled)
    return mixing
  }

  /// Keeps what is finished in a folder; what cannot be asked of the model is said before the work.
  func keeping(
    _ setup: inout Setup, in folder: String, _ work: UsedWork
  ) throws -> (SimplificationStudy?, MixingStudy?) {
    let kept = try InterventionWork(
      setup.study, in: folder, shards: shards.map { Shard.folders(in: $0) } ?? [], used: work)
    guard let shards, !kept.hasShards else {
      setup.study.store = kept
      return try asked(of: setup)
    }
    throw CommandFailure(
      status: .missingInput,
      message:
        "\(shards) holds no shard of this study: the same command with --shard i/n and --output \(shards) makes them; "
        + "model, corpus and options must be the same")
  }

  /// What else is asked for; what cannot be is said.
  private func asked(of setup: Setup) throws -> (SimplificationStudy?, MixingStudy?) {
    let simplification = try simplification(setup.study)
    let mixing = try mixing(setup.study.model, setup.study.corpus, setup.study)
    try simplification?.check()
    try mixing?.check()
    return (simplification, mixing)
  }
}
