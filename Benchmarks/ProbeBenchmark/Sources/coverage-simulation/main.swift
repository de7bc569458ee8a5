import Foundation
import Probing
import Results
import Synchronization
import Tensors

// coverage-simulation [RUNS THREADS] [intervals verdicts peaks changes variance]
// How often 95 % intervals of a probe's accuracy and of its gain hold the truth (intervals), how often an absent level is
// called encoded (verdicts), how often one of several equal layers is left out of the peak set (peaks) and one of two equal
// models is said to have gained or lost somewhere (changes), and how often intervals of shares of variance hold the truth
// (variance). Exits with 1 where that is not 93 to 97 %, or more than 5 %.

let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let runs = numbers.first ?? 400
let threads = numbers.dropFirst().first ?? 2
let asked = CommandLine.arguments.dropFirst().filter { Int($0) == nil }

func each<Value: Sendable>(_ study: @Sendable (UInt64) throws -> Value) throws -> [Value] {
  try parallelMap(runs, threads: threads) { try study(UInt64($0) + 1_000_000) }
}

func studies(
  _ signals: [(layer: String, signal: Float)], speakers: Int = 12, sentences: Int = 10
) throws -> [LevelResult] {
  try each { seed in
    try CoverageSimulation.study(
      signals: signals, seed: seed, resamples: 1000, speakers: speakers, sentences: sentences)
  }
}

/// The share of intervals that hold the mean of all values, which is the expectation that each estimates.
func covered(_ estimates: [Estimate]) -> Double {
  let truth = estimates.reduce(0) { $0 + $1.value } / Double(estimates.count)
  return Double(estimates.count { $0.low <= truth && truth <= $0.high }) / Double(estimates.count)
}

func equal(_ count: Int) -> [(layer: String, signal: Float)] {
  (1...count).map { (layer: "hidden.\($0)", signal: 1.2) }
}

nonisolated(unsafe) var isSound = true
func report(_ text: String, _ share: Double, _ range: ClosedRange<Double>) {
  let isWithin = range.contains(share)
  isSound = isSound && isWithin
  print("\(isWithin ? "ok  " : "FAIL") \(text): \(String(format: "%.1f %%", 100 * share))")
  fflush(nil)
}

let designs = [(12, 10), (12, 4), (4, 12)]

func intervals() throws {
  for (speakers, sentences) in designs {
    for signal: Float in [0.7, 1.5] {
      let found = try studies(
        [("mel", 0.5), ("hidden.1", signal)], speakers: speakers, sentences: sentences)
      let layers = found.compactMap(\.layers.first)
      let name = "\(speakers) speakers × \(sentences) sentences, signal \(signal): intervals of the"
      report(
        "\(name) accuracy that hold the truth", covered(layers.compactMap { $0.metrics?.accuracy }),
        0.93...0.97)
      report(
        "\(name) gain over mel that hold the truth", covered(layers.compactMap(\.gainOverMel)), 0.93...0.97)
    }
  }
}

func verdicts() throws {
  for (name, signal) in [("nowhere", Float(0)), ("in mel as in the layers", 1.5)] {
    let found = try studies(["mel", "hidden.1", "hidden.2", "hidden.3"].map { ($0, signal) })
    let called = Double(found.count { $0.verdict?.decision == .encoded }) / Double(runs)
    report("a level that is \(name): called encoded", called, 0...0.05)
  }
}

func peaks() throws {
  for count in [8, 12, 24] {
    let found = try studies(equal(count))
    let wrong = Double(found.count { $0.peak?.peakSet.count != count }) / Double(runs)
    report("\(count) equal layers: one is left out of the peak set", wrong, 0...0.05)
  }
}

func changes() throws {
  for (count, sentences) in [(8, 10), (8, 4), (24, 4)] {
    let changes = try each { seed in
      try CoverageSimulation.changes(
        from: equal(count), to: equal(count), seed: seed, resamples: 1000, sentences: sentences)
    }
    report(
      "two equal models of \(count) layers, 12 speakers × \(sentences) sentences: a gain or a loss is told",
      Double(changes.count { $0 > 0 }) / Double(runs), 0...0.05)
  }
}

func variance() throws {
  let parts: [(String, @Sendable (VarianceShares) -> Estimate)] = [
    ("of all blocks together", { $0.together }), ("of one block alone", { $0.blocks[0].alone }),
    ("of one uniquely", { $0.blocks[1].unique }), ("of the smallest uniquely", { $0.blocks[2].unique }),
  ]
  for (speakers, sentences) in designs {
    let found = try each { seed in
      try CoverageSimulation.variance(seed: seed, speakers: speakers, sentences: sentences)
    }
    for (name, part) in parts {
      report(
        "\(speakers) speakers × \(sentences) sentences: shares of variance \(name) that hold the truth",
        covered(found.map(part)), 0.93...0.97)
    }
  }
}

do {
  print("\(runs) studies of spans with 3 classes, 12 in each utterance, an LDA probe")
  let sections: [(name: String, run: () throws -> Void)] = [
    ("intervals", intervals), ("verdicts", verdicts), ("peaks", peaks), ("changes", changes),
    ("variance", variance),
  ]
  if let unknown = asked.first(where: { name in !sections.contains { $0.name == name } }) {
    FileHandle.standardError.write(
      Data("no section \(unknown): \(sections.map(\.name).joined(separator: ", "))\n".utf8))
    exit(2)
  }
  for section in sections where asked.isEmpty || asked.contains(section.name) { try section.run() }
  exit(isSound ? 0 : 1)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(2)
}
