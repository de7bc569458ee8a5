import Corpora
import Foundation
import Probing
import Results

/// How long a study takes on this machine, how much memory and how much room for work that is kept, from a few seconds
/// of measurement.
///
/// Studies of some of the utterances and of the narrowest and the widest layer are run, twice as many utterances each
/// time, until one takes a few seconds; the last two say how each stage grows. What a study does once (reading labels,
/// writing the report, activation maps) is not in it.
public struct StudyEstimate: Codable, Equatable, Sendable {
  /// One part of the work.
  public struct Stage: Codable, Equatable, Sendable {
    /// What is done, as progress calls it.
    public var name: String
    /// How long it takes, in seconds.
    public var seconds: Double
  }

  /// The study in `shards` parts at once, each on a machine like this one, and merged on one.
  public struct Sharing: Codable, Equatable, Sendable {
    /// How many parts run at once.
    public var shards: Int
    /// How long one part takes, and merging them all afterwards, in seconds.
    public var shardSeconds, mergeSeconds: Double
    /// How long the whole takes, in seconds.
    public var seconds: Double { shardSeconds + mergeSeconds }

    enum CodingKeys: String, CodingKey { case shards, shardSeconds, mergeSeconds }
  }

  /// What the estimate was made from.
  public struct Measurement: Codable, Equatable, Sendable {
    /// Of the larger part that was measured.
    public var utterances: Int
    /// What all measuring took.
    public var seconds: Double
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = 1
  /// The version of Strata that made it.
  public var version = Release.version
  /// The model of the study.
  public var model: ModelSummary
  /// The corpus of the study.
  public var corpus: CorpusSummary
  /// Threads that the estimate is for.
  public var threads: Int
  /// What was run to estimate.
  public var measured: Measurement
  /// The stages of the study, in their order; `seconds` is their sum.
  public var stages: [Stage]
  /// How long the study takes on this machine, in seconds.
  public var seconds: Double
  /// The most memory at once; nil where the system does not say.
  public var memoryBytes: Int?
  /// What is kept in the output folder while the study runs, and removed at its end.
  public var workBytes: Int
  /// The same in parts, for each number of parts that was asked for.
  public var sharing: [Sharing]
}

extension LayerStudy {
  /// The first part that is measured has at least so many utterances.
  private static let smallestPart = 16
  /// A part that takes so long is the last.
  private static let partSeconds = 4.0

  /// What this study would take here; nothing is written.
  ///
  /// `shards` are the numbers of parts to tell of. `progress` is told how many utterances are measured.
  /// Throws what the study would, and `StudyError.nothingToProbe` where even all utterances have too few spans.
  public func estimate(
    shards: [Int] = [1, 2, 4, 8, 16], progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> StudyEstimate {
    try await runBlocking { study in
      let count = study.corpus.utterances.count
      var parts: [StudyPilot] = []
      var spent = 0.0
      var next = min(count, max(Self.smallestPart, 2 * study.threads))
      while parts.count < 2 || (parts.last?.seconds ?? 0) < Self.partSeconds {
        progress(next)
        if let part = try StudyPilot(study, utterances: next) {
          parts.append(part)
          spent += part.seconds
        }
        guard next < count else { break }
        next = min(count, 2 * next)
      }
      guard let last = parts.last else {
        throw StudyError.nothingToProbe(reasons: ["no level has enough spans in \(study.corpus.name)"])
      }
      return try study.estimate(from: parts.dropLast().last ?? last, last, spent: spent, shards: shards)
    }
  }

  private func estimate(
    from first: StudyPilot, _ last: StudyPilot, spent: Double, shards: [Int]
  ) throws -> StudyEstimate {
    let length = corpus.utterances.reduce(0) { $0 + $1.seconds }
    let extraction = Growth(first.length, first.extractionSeconds, last.length, last.extractionSeconds)
      .value(at: length)
    let share = length / max(last.length, .leastNonzeroMagnitude)
    let widths = StudyPilot.widths(of: self).map(\.width)
    var stages = [StudyEstimate.Stage(name: "extracting, \(last.passes) passes", seconds: extraction)]
    var (spans, fitBytes) = ((first: 0.0, last: 0.0, whole: 0.0), 0.0)
    let splits = try SplitPlan.make(for: corpus, seed: seed)
    for probe in last.probes {
      let before = first.probes.first { $0.name == probe.name } ?? probe
      let whole = min(Double(probe.limit), Double(probe.spans) * share)
      let spec = probes.first { $0.name == probe.name }
      let folds = Double(spec.map { StudyPilot.folds(of: $0, self, splits) } ?? probe.folds)
      /// Grows with spans, and with folds exactly.
      func grown(_ value: (StudyPilot.Probe) -> Double) -> Double {
        Growth(
          Double(before.spans), value(before) / Double(before.folds), Double(probe.spans),
          value(probe) / Double(probe.folds)
        ).value(at: whole) * folds
      }
      let ofLayers = Growth(
        Double(last.layers[0].width), grown { $0.layerSeconds[0] },
        Double(last.layers[last.layers.count - 1].width),
        grown { $0.layerSeconds[$0.layerSeconds.count - 1] })
      let fits = widths.reduce(0) { $0 + ofLayers.value(at: Double($1)) } + grown(\.otherSeconds)
      let rest = grown(\.restSeconds) * Double(widths.count) / Double(last.layers.count)
      stages.append(.init(name: "probing \(probe.name)", seconds: fits / Double(threads) + rest))
      fitBytes += grown { Double($0.bytes) } * Double(widths.count + 4) / Double(last.layers.count + 4)
      spans.first += Double(before.spans)
      spans.last += Double(probe.spans)
      spans.whole += whole
    }
    let similarity = Growth(
      spans.first, first.similaritySeconds, spans.last, last.similaritySeconds
    ).value(at: spans.whole)
    stages.insert(.init(name: "comparing layers", seconds: similarity), at: 1)
    let probing = stages.dropFirst().reduce(0) { $0 + $1.seconds }
    let pooled = last.pooled * spans.whole / max(spans.last, 1)
    return StudyEstimate(
      model: modelSummary, corpus: corpusSummary, threads: threads,
      measured: .init(utterances: last.utterances, seconds: spent), stages: stages,
      seconds: extraction + probing,
      memoryBytes: memory(first, last, pooled: pooled),
      workBytes: Int(Double(last.workBytes) * max(1, pooled / max(last.pooled, 1)) + fitBytes),
      sharing: shards.filter { $0 <= corpus.utterances.count }.map { count in
        .init(
          shards: count, shardSeconds: extraction / Double(count),
          mergeSeconds: probing)
      })
  }

  /// The peak grows by what each pooled value takes, four bytes at least.
  private func memory(_ first: StudyPilot, _ last: StudyPilot, pooled: Double) -> Int? {
    guard let before = first.peakBytes, let peak = last.peakBytes else { return nil }
    let measured = last.pooled > first.pooled ? Double(peak - before) / (last.pooled - first.pooled) : 0
    return peak + Int(max(4, min(measured, 16)) * max(0, pooled - last.pooled))
  }
}

/// How a cost grows between two measurements: a power of the size, of no more than its square.
struct Growth {
  let size, cost, exponent: Double

  init(_ firstSize: Double, _ firstCost: Double, _ lastSize: Double, _ lastCost: Double) {
    (size, cost) = (max(lastSize, 1e-9), lastCost)
    let isTold = firstSize > 0 && lastSize > firstSize * 1.05 && firstCost > 0 && lastCost > 0
    exponent = isTold ? min(2, max(0.5, log(lastCost / firstCost) / log(lastSize / firstSize))) : 1
  }

  func value(at size: Double) -> Double { cost * pow(max(size, 0) / self.size, exponent) }
}
