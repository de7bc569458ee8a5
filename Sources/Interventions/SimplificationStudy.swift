import Checkpoints
import Corpora
import Models
import Probing
import Results
import Tensors

/// What each layer can lose: weights are pruned and rounded layer by layer and in all layers, and what that costs the
/// levels and the head stands beside the bytes saved.
///
/// A level's readers are fitted anew to the smaller model, as a probe would be: what is asked is whether the level is still
/// encoded. They are read at the layer that reads the level best in the whole model, and at the last layer.
public struct SimplificationStudy: Sendable {
  /// The whole model, its levels and its corpus; what is erased in it plays no part.
  public var study: InterventionStudy
  /// The layers' weights.
  public var parts: [WeightPart]
  /// What is done to weights, each to every layer alone and to all.
  public var reductions: [WeightReduction]
  /// The model with some layers' weights made smaller.
  public var load: @Sendable ([String: WeightReduction]) throws -> SpeechModel
  /// The level that the smallest model must keep; nil for no such model.
  public var kept: String?

  /// A study of `parts`, each made smaller by each of `reductions`; `load` gives the model with some of them.
  public init(
    _ study: InterventionStudy, parts: [WeightPart], reductions: [WeightReduction],
    load: @escaping @Sendable ([String: WeightReduction]) throws -> SpeechModel
  ) {
    (self.study, self.parts, self.reductions, self.load) = (study, parts, reductions, load)
  }

  /// The smallest model's reductions by layer, from what a result says of it.
  public static func plan(
    _ smallest: InterventionResult.Simplification.Smallest, among reductions: [WeightReduction]
  ) -> [String: WeightReduction] {
    var plan: [String: WeightReduction] = [:]
    for change in smallest.changes {
      plan[change.part] = reductions.first { $0.name == change.change }
    }
    return plan
  }

  /// Passes over the corpus that it takes, at most.
  public var passes: Int {
    let search = kept == nil ? 0 : (parts.count * reductions.count + 1).searchSteps
    return 2 * (1 + trials.count + search)
  }

  /// - Throws: `InterventionError.unknownLevel` for a level to keep that is not among the study's, and what passes and
  ///   fits throw.
  public func run(threads: Int = 1) throws -> InterventionResult.Simplification {
    try check()
    let whole = try WholeModel(study, threads: threads)
    let measure = SimplificationMeasure(whole, study)
    let bytes = parts.reduce(0) { $0 + $1.bytes }
    var rows: [InterventionResult.Simplification.Row] = []
    var costs: [String: [WeightReduction: Double]] = [:]
    let trials = trials
    for (part, reduction) in trials {
      let found = try reduced(Self.plan(part, reduction), whole, threads: threads)
      let isAll = part.count == parts.count && parts.count > 1
      var row = measure.row(found, part: isAll ? "all" : part[0].name, change: reduction.name)
      row.bytes = part.reduce(0) { $0 + $1.bytes }
      row.saved = row.bytes - part.reduce(0) { $0 + $1.bytes(reduction) }
      if let kept, part.count == 1 {
        costs[part[0].name, default: [:]][reduction] = measure.accuracyLost(of: kept, in: found)
      }
      rows.append(row)
      study.onProgress("Making layers smaller", rows.count, trials.count)
    }
    var result = InterventionResult.Simplification(bytes: bytes, rows: rows)
    if let kept {
      result.smallest = try smallest(keeping: kept, costs, measure, whole, threads: threads)
    }
    return result
  }

  /// - Throws: `InterventionError.unknownLevel` for a level to keep that is not among the study's.
  public func check() throws(InterventionError) {
    guard kept.map(study.levels.contains) ?? true else {
      throw .unknownLevel(name: kept ?? "", known: study.levels)
    }
  }

  /// Does and keeps a share of the smaller models; the search for the smallest one is no part of it.
  ///
  /// - Throws: as `run` does.
  public func keep(_ share: WorkShare, threads: Int = 1) throws {
    let whole = try WholeModel(study, threads: threads)
    let own = share.part(of: trials)
    for (place, (part, reduction)) in own.enumerated() {
      _ = try reduced(Self.plan(part, reduction), whole, threads: threads)
      study.onProgress("Making layers smaller", place + 1, own.count)
    }
  }

  /// Each layer and all of them, by each reduction.
  private var trials: [(parts: [WeightPart], reduction: WeightReduction)] {
    reductions.flatMap { reduction in
      (parts.map { [$0] } + (parts.count > 1 ? [parts] : [])).map { ($0, reduction) }
    }
  }

  private static func plan(_ parts: [WeightPart], _ reduction: WeightReduction) -> [String: WeightReduction]
  {
    Dictionary(uniqueKeysWithValues: parts.map { ($0.name, reduction) })
  }

  private func reduced(
    _ plan: [String: WeightReduction], _ whole: WholeModel, threads: Int
  ) throws -> ReducedOutcome {
    try study.requireGoingOn()
    let name = ReducedOutcome.name(plan)
    if let kept = try study.store?.kept(name, as: ReducedOutcome.self) { return kept }
    var smaller = study
    (smaller.model, smaller.source) = (try load(plan), nil)
    let outcome = try whole.outcome(of: smaller, threads: threads)
    try study.store?.keep(outcome, as: name)
    return outcome
  }

  /// All layers begin at the reduction that saves most and are taken back, the one that costs the level most for what it
  /// saves first, until the level's accuracy is within the whole model's interval; how many steps back that takes is found
  /// by halving.
  private func smallest(
    keeping level: String, _ costs: [String: [WeightReduction: Double]], _ measure: SimplificationMeasure,
    _ whole: WholeModel, threads: Int
  ) throws -> InterventionResult.Simplification.Smallest {
    let plans = stepsBack(costs)
    var (low, high) = (0, plans.count - 1)
    var found: [Int: ReducedOutcome] = [:]
    func keeps(_ index: Int) throws -> Bool {
      // The last plan changes nothing.
      guard !plans[index].isEmpty else { return true }
      let model = try reduced(plans[index], whole, threads: threads)
      found[index] = model
      study.onProgress("Seeking the smallest model", found.count, plans.count.searchSteps)
      return measure.keeps(level, in: model)
    }
    while low < high {
      let middle = (low + high) / 2
      if try keeps(middle) { high = middle } else { low = middle + 1 }
    }
    let plan = plans[low]
    let model = try found[low] ?? (plan.isEmpty ? whole.outcome : reduced(plan, whole, threads: threads))
    let bytes = parts.reduce(0) { sum, part in sum + (plan[part.name].map(part.bytes) ?? part.bytes) }
    return measure.smallest(
      model, level: level, bytes: bytes,
      changes: parts.map { .init(part: $0.name, change: plan[$0.name]?.name) }, plan: plan)
  }

  /// Plans from the smallest model to the whole one, one layer a step less reduced.
  func stepsBack(_ costs: [String: [WeightReduction: Double]]) -> [[String: WeightReduction]] {
    // Of each layer its reductions by what they save, most first; the last is none.
    let ladders = parts.map { part -> [WeightReduction?] in
      reductions.sorted { part.bytes($0) < part.bytes($1) } + [nil]
    }
    var places = parts.map { _ in 0 }
    func plan() -> [String: WeightReduction] {
      Dictionary(
        uniqueKeysWithValues: parts.indices.compactMap { index in
          ladders[index][places[index]].map { (parts[index].name, $0) }
        })
    }
    /// What a step back is worth: accuracy won for a byte more.
    func worth(_ index: Int) -> Double {
      let (now, next) = (ladders[index][places[index]], ladders[index][places[index] + 1])
      func cost(_ reduction: WeightReduction?) -> Double {
        reduction.flatMap { costs[parts[index].name]?[$0] } ?? 0
      }
      func bytes(_ reduction: WeightReduction?) -> Int {
        reduction.map(parts[index].bytes) ?? parts[index].bytes
      }
      return (cost(now) - cost(next)) / Double(max(1, bytes(next) - bytes(now)))
    }
    var plans = [plan()]
    while true {
      let open = parts.indices.filter { places[$0] + 1 < ladders[$0].count }
      guard let next = open.max(by: { worth($0) < worth($1) }) else { return plans }
      places[next] += 1
      plans.append(plan())
    }
  }
}

extension Int {
  /// Halvings of so many until one is left.
  fileprivate var searchSteps: Int { self < 2 ? 0 : Int.bitWidth - (self - 1).leadingZeroBitCount }
}
