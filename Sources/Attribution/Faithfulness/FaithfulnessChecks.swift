import Foundations
import Models
import Tensors

/// Whether a map shows what the model does: what was tried, and in words what speaks against it.
public struct FaithfulnessChecks: Sendable {
  /// How much is tried.
  public enum Depth: Sendable {
    /// Everything: some hundred passes a map.
    case full
    /// The hiding curve in five steps beside two random orders, and random weights in all layers: some forty passes.
    case brief
  }

  /// The method whose map was tried.
  public let method: String
  /// Nil where hiding everything does not make the target fall.
  public let hiding: DeletionInsertionCurve?
  /// For methods that no gradient is part of, with all layers drawn at random only.
  public let cascade: [(trainedUpTo: String?, correlation: Double)]
  /// Spearman's rank correlation of the map with that of the recording in white noise, so many decibels below it.
  public let noise: [(decibels: Double, correlation: Double)]
  /// With each other method's map.
  public let agreement: [(method: String, correlation: Double)]

  /// Sentences on why it should not be trusted; empty where nothing speaks against it.
  public var doubts: [String] {
    var doubts: [String] = []
    func spelt(_ value: Double) -> String { String((value * 100).rounded() / 100) }
    if let hiding, hiding.gain <= hiding.randomGain {
      doubts.append(
        "hiding what it marks makes the target fall no faster than hiding at random (insertion less deletion "
          + "\(spelt(hiding.gain)), at random \(spelt(hiding.randomGain)))")
    }
    if let extreme = hiding?.furthest {
      doubts.append(
        "with part of the sound hidden the target comes to \(spelt(extreme)), where 1 is the whole recording and 0 one that "
          + "is hidden all over: some parts speak against it, and areas under its curves are not shares")
    }
    if hiding == nil {
      doubts.append(
        "the target does not fall when the whole recording is hidden: there is nothing to explain")
    }
    if let last = cascade.last, last.correlation > 0.5 {
      doubts.append(
        "with random weights throughout it is much the same (rank correlation \(spelt(last.correlation))), so it "
          + "shows the sound more than what the model has learned")
    }
    if let mild = noise.first(where: { $0.decibels >= 20 }), mild.correlation < 0.5 {
      doubts.append(
        "noise \(spelt(mild.decibels)) dB below the sound makes another map of it (rank correlation "
          + "\(spelt(mild.correlation)))")
    }
    if !agreement.isEmpty, agreement.allSatisfy({ $0.correlation < 0.1 }) {
      doubts.append("no other method agrees with it (rank correlations below 0.1)")
    }
    return doubts
  }
}

extension Attribution {
  /// Tries every map, each by its method, and beside the others.
  /// - Throws: `AttributionError` where the method does not fit the model or the target, or when cancelled;
  ///   `ModelError`.
  public func trust(
    _ maps: [(method: AttributionMethod, map: AttributionMap)], depth: FaithfulnessChecks.Depth = .full,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> [FaithfulnessChecks] {
    let seconds = Double(samples.count) / Double(model.samplingRate)
    let profiles = maps.map { $0.map.resampled(seconds: seconds) }
    return try maps.enumerated().map { number, entry in
      let hiding: DeletionInsertionCurve?
      do {
        hiding =
          try depth == .full
          ? hidingCurve(of: entry.map) : hidingCurve(of: entry.map, points: 5, orders: 2)
      } catch AttributionError.notApplicable {
        hiding = nil
      }
      let cascade = try randomisationCascade(
        of: entry.map, by: entry.method, count: depth == .full ? 4 : 0)
      let noise = depth == .full ? try noiseStability(of: entry.map, by: entry.method) : []
      let agreement = maps.indices.filter { $0 != number }.map { other in
        (maps[other].method.title, rankCorrelation(profiles[number], profiles[other]) ?? 0)
      }
      progress(number + 1, maps.count)
      return FaithfulnessChecks(
        method: entry.method.title, hiding: hiding, cascade: cascade, noise: noise, agreement: agreement)
    }
  }
}
