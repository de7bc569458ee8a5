import Checkpoints
import Tensors

/// What is kept of a model with smaller weights: what readers of its own read right, and what its head says.
struct ReducedOutcome: Sendable, Codable, Equatable {
  /// Of each layer that is read, spans that are read right, `[levels][utterances of the corpus]`; none where the layer does
  /// not read the level.
  var right: [String: [[Double]]]
  /// By utterance, beside the whole model's; empty without a head.
  var heads: [Int: HeadTally]

  /// What it is kept as.
  static func name(_ plan: [String: WeightReduction]) -> String {
    "smaller " + plan.map { "\($0.key)=\($0.value.name)" }.sorted().joined(separator: ",")
  }

  /// Spans of a level that are read right in each utterance; nil where the layer does not read it.
  func right(_ level: Int, at layer: String) -> [Double]? {
    right[layer].flatMap { $0[level].isEmpty ? nil : $0[level] }
  }
}

/// The model that smaller ones are compared with.
struct WholeModel: Sendable {
  let setting: InterventionSetting
  let outcome: ReducedOutcome
  /// The layers that smaller models are read at: beside the last layer each level's best one, which the whole model tells.
  private let layers: Set<String>
  private let heads: [Int: IntactHead]

  init(_ study: InterventionStudy, threads: Int) throws {
    var reading = study
    (reading.layers, reading.comparesUntrained, reading.readsBaseline) = (nil, false, false)
    let setting = try InterventionSetting(reading, threads: threads)
    self.setting = setting
    layers = Set((setting.bestLayers + [setting.read.last?.name]).compactMap(\.self))
    let outputs = try setting.headOutputs()
    var heads: [Int: IntactHead] = [:]
    if let head = setting.head {
      for (utterance, output) in outputs {
        heads[utterance] = IntactHead(output, of: utterance, head.reading)
      }
    }
    self.heads = heads
    outcome = ReducedOutcome(
      right: setting.right(at: layers), heads: Self.tallies(outputs, beside: heads, setting.head))
  }

  /// What a smaller model reads and says.
  func outcome(of study: InterventionStudy, threads: Int) throws -> ReducedOutcome {
    var reading = study
    (reading.readLayers, reading.layers) = (layers, nil)
    (reading.comparesUntrained, reading.readsBaseline) = (false, false)
    let setting = try InterventionSetting(reading, threads: threads)
    return ReducedOutcome(
      right: setting.right(at: layers),
      heads: Self.tallies(try setting.headOutputs(), beside: heads, setting.head))
  }

  private static func tallies(
    _ outputs: [Int: HeadOutput], beside heads: [Int: IntactHead], _ head: ModelHead?
  ) -> [Int: HeadTally] {
    guard let head else { return [:] }
    var tallies: [Int: HeadTally] = [:]
    for (utterance, output) in outputs {
      tallies[utterance] = heads[utterance].map { output.tally(of: utterance, beside: $0, head.reading) }
    }
    return tallies
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

  fileprivate func right(at layers: Set<String>) -> [String: [[Double]]] {
    var right: [String: [[Double]]] = [:]
    for (place, tap) in read.enumerated() where layers.contains(tap.name) {
      right[tap.name] = intactRight[place]
    }
    return right
  }
}
