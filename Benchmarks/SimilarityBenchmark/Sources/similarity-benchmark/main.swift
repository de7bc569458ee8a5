import Checkpoints
import Foundation
import Results
import Similarity
import Tensors

// similarity-benchmark MEASURE THREADS FILE…
// Times one layer matrix over states read from .npy files, one a layer, and prints the seconds and the values
// as JSON. Reading is outside the clock.

struct Outcome: Encodable {
  let seconds: Double
  /// Of all threads together.
  let cpuSeconds: Double
  let values: [[Double?]]
  let notes: [String]
}

func run(_ arguments: [String]) throws {
  guard arguments.count > 3, let threads = Int(arguments[2]) else {
    throw Failure(text: "usage: similarity-benchmark MEASURE THREADS FILE…")
  }
  let layers = try arguments[3...].map { path in
    let checkpoint = try Checkpoint.open(path)
    guard let name = checkpoint.tensors.keys.first else { throw Failure(text: "\(path) is empty") }
    let mapped = try checkpoint.tensor(name)
    // Out of the mapped file, so that no page is read inside the clock.
    return LayerStates(layer: name, states: Tensor(mapped.values, shape: mapped.shape))
  }
  let measures: [String: any SimilarityMeasure] = [
    "cka": LinearCKA(), "biased_cka": LinearCKA(debiased: false), "svcca": SVCCA(), "pwcca": PWCCA(),
    "procrustes": Procrustes(),
    "minibatch": MinibatchCKA(), "rbf": RBFCKA(), "rsa": RSA(), "mean_cca": MeanCCA(),
  ]
  guard let measure = measures[arguments[1]] else {
    throw Failure(text: "\(arguments[1]) is none of \(measures.keys.sorted().joined(separator: ", "))")
  }
  let clock = ContinuousClock()
  let (start, startCPU) = (clock.now, cpuSeconds())
  let matrix = try LayerSimilarity.matrix(rows: layers, unit: "rows", measure: measure, threads: threads)
  let elapsed = start.duration(to: clock.now).components
  let outcome = Outcome(
    seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
    cpuSeconds: cpuSeconds() - startCPU, values: matrix.values, notes: matrix.notes)
  FileHandle.standardOutput.write(try JSONEncoder().encode(outcome))
}

func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

struct Failure: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

do {
  try run(CommandLine.arguments)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
