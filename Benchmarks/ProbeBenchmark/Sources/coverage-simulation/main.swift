import Foundation
import Probing
import Results
import Synchronization
import Tensors

// coverage-simulation [RUNS THREADS]
// How often 95 % intervals of a probe's accuracy and of its gain hold the truth, how often an absent level is called
// encoded, and how often one of several equal layers is left out of the peak set. Exits with 1 where that is not 93 to
// 97 %, or 5 % and more.

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let runs = arguments.first ?? 400
let threads = arguments.dropFirst().first ?? 2

func studies(
  _ signals: [(String, Float)], speakers: Int = 12, sentences: Int = 10
) throws -> [LevelResult] {
  try parallelMap(runs, threads: threads) { run in
    try CoverageSimulation.study(
      signals: signals.map { (layer: $0.0, signal: $0.1) }, seed: UInt64(run) + 1_000_000, resamples: 1000,
      speakers: speakers, sentences: sentences)
  }
}

/// The share of intervals that hold the mean of all values, which is the expectation that each estimates.
func covered(_ estimates: [Estimate]) -> Double {
  let truth = estimates.reduce(0) { $0 + $1.value } / Double(estimates.count)
  return Double(estimates.count { $0.low <= truth && truth <= $0.high }) / Double(estimates.count)
}

func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

do {
  var isSound = true
  func report(_ text: String, _ share: Double, _ range: ClosedRange<Double>) {
    let isWithin = range.contains(share)
    isSound = isSound && isWithin
    print("\(isWithin ? "ok  " : "FAIL") \(text): \(percent(share))")
  }
  print("\(runs) studies of spans with 3 classes, 12 in each utterance, an LDA probe")
  for (speakers, sentences) in [(12, 10), (12, 4), (4, 12)] {
    let name = "\(speakers) speakers × \(sentences) sentences"
    for signal: Float in [0.7, 1.5] {
      let found = try studies(
        [("mel", 0.5), ("hidden.1", signal)], speakers: speakers, sentences: sentences)
      let layers = found.compactMap(\.layers.first)
      report(
        "\(name), signal \(signal): intervals of the accuracy that hold the truth",
        covered(layers.compactMap { $0.metrics?.accuracy }), 0.93...0.97)
      report(
        "\(name), signal \(signal): intervals of the gain over mel that hold the truth",
        covered(layers.compactMap(\.gainOverMel)), 0.93...0.97)
    }
  }
  for (name, signal) in [("nowhere", Float(0)), ("in mel as in the layers", 1.5)] {
    let found = try studies(["mel", "hidden.1", "hidden.2", "hidden.3"].map { ($0, signal) })
    let called = Double(found.count { $0.verdict?.decision == .encoded }) / Double(runs)
    report("a level that is \(name): called encoded", called, 0...0.05)
  }
  for count in [8, 12, 24] {
    let found = try studies((1...count).map { ("hidden.\($0)", 1.2) })
    let wrong = Double(found.count { $0.peak?.peakSet.count != count }) / Double(runs)
    report("\(count) equal layers: one is left out of the peak set", wrong, 0...0.05)
  }
  exit(isSound ? 0 : 1)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(2)
}
