import Activations
import Corpora
import Foundation
import Foundations
import Probing
import Results
import Similarity
import Tensors

/// Whether this installation measures what it says: random features must tell nothing, and what is planted in one
/// layer must be found there and nowhere else. No file is read.
///
/// ```swift
/// let checks = try await SelfTest(seed: 0).run(threads: 2)
/// checks.filter { !$0.passes }.isEmpty      // or no number of this machine can be trusted
/// ```
public struct SelfTest: Sendable {
  /// The seed of the random states; every seed must pass.
  public var seed: UInt64

  public init(seed: UInt64 = 0) { self.seed = seed }

  /// One thing that was looked at.
  public struct Check: Codable, Sendable, Equatable, CustomStringConvertible {
    /// What was looked at.
    public let subject: String
    /// The number or verdict that came out.
    public let found: String
    /// What had to come out.
    public let expected: String
    /// Whether what was found is what was expected.
    public let passes: Bool

    public var description: String {
      "\(passes ? "ok  " : "FAIL") \(subject): \(found) (expected \(expected))"
    }
  }

  /// Runs away from the caller's thread; cancelling the task stops it.
  /// - Parameters:
  ///   - threads: how many probes are fitted at once.
  ///   - progress: told how many of how many parts are done.
  ///   - isCancelled: asked between parts; true ends with `StudyError.interrupted`.
  /// - Throws: `StudyError.interrupted` when cancelled.
  public func run(
    threads: Int = 1, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) async throws -> [Check] {
    try await runBlocking(asking: isCancelled) { isCancelled in
      try checks(threads, progress, isCancelled)
    }
  }

  private func checks(
    _ threads: Int, _ progress: (_ done: Int, _ total: Int) -> Void, _ isCancelled: () -> Bool
  ) throws -> [Check] {
    let parts: [() throws -> [Check]] = [
      { try ProbeSpec.Kind.allCases.flatMap { try random($0, threads) } }, { try regression(threads) },
      { try planted(.phoneme, in: "hidden.2", threads) }, { try planted(.word, in: "hidden.5", threads) },
      { try abx(threads) }, similarity,
    ]
    var checks: [Check] = []
    for (done, part) in parts.enumerated() {
      guard !isCancelled() else { throw StudyError.interrupted }
      checks += try part()
      progress(done + 1, parts.count)
    }
    return checks
  }

  // MARK: - Probes

  private static let layers = (1...6).map { "hidden.\($0)" }

  private func study(
    _ spec: ProbeSpec, signals: [(layer: String, signal: Float)], numbers: Bool = false, _ threads: Int
  ) throws -> LevelResult {
    var planted = PlantedSpans()
    planted.level = spec.level
    let examples = planted.examples(signals: signals, seed: seed)
    var drawn = RandomNumbers(seed: seed, stream: "self-test numbers")
    let targets = Matrix(
      rows: examples.items.count, columns: 1, values: examples.items.map { _ in drawn.normal() })
    return try ProbeStudy(
      spec: spec, targeted: ProbeDataset(examples, numbers: numbers ? targets : nil),
      splits: planted.splits(seed: seed), seed: seed, resamples: 400
    ).run(threads: threads).result
  }

  /// Of random states, a probe's accuracy is the commonest class's share but for chance.
  private func random(_ kind: ProbeSpec.Kind, _ threads: Int) throws -> [Check] {
    var spec = ProbeSpec(name: "phoneme", level: .phoneme)
    spec.kind = kind
    let result = try study(spec, signals: ["mel", "hidden.1", "hidden.2"].map { ($0, 0) }, threads)
    let chance = 1 / Double(result.classes.count)
    let allowed = 5 * (chance * (1 - chance) / Double(result.tested)).squareRoot()
    let accuracies = result.layers.compactMap { $0.metrics?.accuracy.value }
    let farthest = accuracies.map { abs($0 - chance) }.max() ?? .infinity
    return [
      Check(
        subject: "\(kind.rawValue) probe of random states, accuracy",
        found: accuracies.map(text).joined(separator: ", "),
        expected: "\(text(chance)) ± \(text(allowed)), one class of \(result.classes.count)",
        passes: accuracies.count == 2 && farthest <= allowed),
      Check(
        subject: "\(kind.rawValue) probe of random states, verdict",
        found: result.verdict?.decision.rawValue ?? "none", expected: "anything but encoded",
        passes: result.verdict.map { $0.decision != .encoded } ?? false),
    ]
  }

  private func regression(_ threads: Int) throws -> [Check] {
    let spec = ProbeSpec(name: "phone-duration", level: .phoneme, target: .duration)
    let result = try study(spec, signals: [("hidden.1", 0)], numbers: true, threads)
    let found = result.layers.first?.metrics?[.r2].value ?? .nan
    return [
      Check(
        subject: "regression of random numbers on random states, R²", found: text(found),
        expected: "−0.10 to 0.02", passes: found > -0.1 && found < 0.02)
    ]
  }

  private func planted(_ level: Level, in layer: String, _ threads: Int) throws -> [Check] {
    let signals = [("mel", Float(0.5))] + SelfTest.layers.map { ($0, $0 == layer ? 3 : 0) }
    let result = try study(
      ProbeSpec(name: level.rawValue, level: level), signals: signals.map { (layer: $0.0, signal: $0.1) },
      threads)
    let peaks = result.peak?.peakSet.map(\.name) ?? []
    return [
      Check(
        subject: "\(level.rawValue)s planted in \(layer) of six layers, peak set",
        found: peaks.joined(separator: ", "), expected: layer, passes: peaks == [layer]),
      Check(
        subject: "\(level.rawValue)s planted in \(layer), verdict",
        found: result.verdict?.decision.rawValue ?? "none", expected: "encoded",
        passes: result.verdict?.decision == .encoded),
    ]
  }

  // MARK: - Measures without training

  private func abx(_ threads: Int) throws -> [Check] {
    var numbers = RandomNumbers(seed: seed, stream: "self-test abx")
    let items = (0..<480).map { ABXItem(phone: $0 % 6, context: 0, speaker: $0 / 6 % 4) }
    let frames = items.map { _ -> ABXFrames? in
      let count = 1 + numbers.index(below: 4)
      return ABXFrames(
        Tensor((0..<(count * 16)).map { _ in Float(numbers.normal()) }, shape: [count, 16]))
    }
    return try ABXTask.Speakers.allCases.flatMap { speakers in
      let task = ABXTask(items, speakers: speakers, seed: seed)
      return try ABXComparison.allCases.map { comparison in
        let error = try task.result(frames, comparison, threads: threads).error
        return Check(
          subject: "ABX error of random frames, \(speakers.rawValue) speakers, \(comparison.rawValue)",
          found: text(error), expected: "0.500 ± 0.030", passes: abs(error - 0.5) <= 0.03)
      }
    }
  }

  private func similarity() throws -> [Check] {
    let finding = try SimilaritySelfTest.run(rows: 1000, width: 64, seed: seed)
    return [
      Check(
        subject: finding.subject, found: text(finding.value), expected: "0 ± \(text(finding.limit))",
        passes: finding.passes)
    ]
  }

  private func text(_ value: Double) -> String { String(format: "%.3f", value) }
}
