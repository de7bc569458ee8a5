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
  public var reductions: [WeightReduction]
  /// The model with some layers' weights made smaller.
  public var load: @Sendable ([String: WeightReduction]) throws -> SpeechModel
  /// The level that the smallest model must keep; nil for no such model.
  public var kept: String?

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
    return 2 * (1 + (parts.count + 1) * reductions.count + search)
  }

  /// - Throws: `InterventionError.unknownLevel` for a level to keep that is not among the study's, and what passes and
  ///   fits throw.
  public func run(threads: Int = 1) throws -> InterventionResult.Simplification {
    guard kept.map(study.levels.contains) ?? true else {
      throw InterventionError.unknownLevel(name: kept ?? "", known: study.levels)
    }
    let whole = try ReducedModel(study, threads: threads, layers: nil)
    let measure = SimplificationMeasure(whole, study)
    let bytes = parts.reduce(0) { $0 + $1.bytes }
    var rows: [InterventionResult.Simplification.Row] = []
    var costs: [String: [WeightReduction: Double]] = [:]
    let total = (parts.count + 1) * reductions.count
    for reduction in reductions {
      for part in parts.map({ [$0] }) + [parts] {
        let plan = Dictionary(uniqueKeysWithValues: part.map { ($0.name, reduction) })
        let found = try reduced(plan, whole, threads: threads)
        let isAll = part.count == parts.count && parts.count > 1
        var row = measure.row(found, part: isAll ? "all" : part[0].name, change: reduction.name)
        row.bytes = part.reduce(0) { $0 + $1.bytes }
        row.saved = row.bytes - part.reduce(0) { $0 + $1.bytes(reduction) }
        if let kept, part.count == 1 {
          costs[part[0].name, default: [:]][reduction] = measure.accuracyLost(of: kept, in: found)
        }
        rows.append(row)
        study.onProgress("Making layers smaller", rows.count, total)
      }
    }
    var result = InterventionResult.Simplification(bytes: bytes, rows: rows)
    if let kept {
      result.smallest = try smallest(keeping: kept, costs, measure, whole, threads: threads)
    }
    return result
  }

  private func reduced(
    _ plan: [String: WeightReduction], _ whole: ReducedModel, threads: Int
  ) throws -> ReducedModel {
    try study.requireGoingOn()
    var smaller = study
    smaller.model = try load(plan)
    return try ReducedModel(smaller, threads: threads, layers: whole.layers)
  }

  /// All layers begin at the reduction that saves most and are taken back, the one that costs the level most for what it
  /// saves first, until the level's accuracy is within the whole model's interval; how many steps back that takes is found
  /// by halving.
  private func smallest(
    keeping level: String, _ costs: [String: [WeightReduction: Double]], _ measure: SimplificationMeasure,
    _ whole: ReducedModel, threads: Int
  ) throws -> InterventionResult.Simplification.Smallest {
    let plans = stepsBack(costs)
    var (low, high) = (0, plans.count - 1)
    var found: [Int: ReducedModel] = [:]
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
    let model = try found[low] ?? (plan.isEmpty ? whole : reduced(plan, whole, threads: threads))
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

/// A model with readers of its own, and what its head says of each utterance.
struct ReducedModel: Sendable {
  let setting: InterventionSetting
  /// The layers that are read.
  let layers: Set<String>
  let heads: [Int: HeadOutput]

  /// `layers` that are read; nil for all.
  init(_ study: InterventionStudy, threads: Int, layers: Set<String>?) throws {
    var reading = study
    (reading.readLayers, reading.layers, reading.comparesUntrained) = (layers, nil, false)
    let setting = try InterventionSetting(reading, threads: threads)
    self.setting = setting
    let last = setting.read.last?.name
    // Beside the last layer each level's best one decides; which that is, the whole model says.
    self.layers = layers ?? Set(setting.bestLayers.compactMap(\.self) + [last].compactMap(\.self))
    guard setting.hasHead else {
      heads = [:]
      return
    }
    let outputs = try parallelMap(setting.utterances.count, threads: threads) { index -> HeadOutput? in
      try study.requireGoingOn()
      var output: HeadOutput?
      let sound = try study.corpus.utterances[setting.utterances[index]].sound()
      try study.model.forward(sound, taps: [InterventionStudy.head]) { _, logits in
        output = HeadOutput(logits: logits)
      }
      return output
    }
    var heads: [Int: HeadOutput] = [:]
    for (utterance, output) in zip(setting.utterances, outputs) { heads[utterance] = output }
    self.heads = heads
  }

  /// Spans of a level that are read right in each utterance; nil where the layer does not read it.
  func right(_ level: Int, at layer: String) -> [Double]? {
    setting.read.firstIndex { $0.name == layer }.flatMap { place in
      setting.intactRight[place][level].isEmpty ? nil : setting.intactRight[place][level]
    }
  }
}

extension InterventionSetting {
  /// Of each level the layer whose readers get most of its spans right; nil where none reads it.
  var bestLayers: [String?] {
    plans.indices.map { level in
      let places = read.indices.filter { !intactRight[$0][level].isEmpty }
      return places.max { intactRight[$0][level].reduce(0, +) < intactRight[$1][level].reduce(0, +) }
        .map { read[$0].name }
    }
  }
}
