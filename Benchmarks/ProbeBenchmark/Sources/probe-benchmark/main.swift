import Checkpoints
import Foundation
import Probing
import Tensors

// probe-benchmark PENALTY TOLERANCE THREADS STATES.npy LABELS.npy
// Times one fit of a softmax probe, its standardisation and preparation among it, and prints the seconds and
// the weights as JSON. Reading is outside the clock.

struct Outcome: Encodable {
  let seconds: Double
  /// Of all threads together.
  let cpuSeconds: Double
  let iterations: Int
  let isConverged: Bool
  let coefficients: [Double]
  let intercepts: [Double]
}

func read(_ path: String) throws -> Tensor {
  let checkpoint = try Checkpoint.open(path)
  guard let name = checkpoint.tensors.keys.first else { throw Failure(text: "\(path) is empty") }
  let mapped = try checkpoint.tensor(name)
  // Out of the mapped file, so that no page is read inside the clock.
  return Tensor(mapped.values, shape: mapped.shape)
}

func run(_ arguments: [String]) throws {
  guard arguments.count == 6, let penalty = Double(arguments[1]), let tolerance = Double(arguments[2]),
    let threads = Int(arguments[3])
  else { throw Failure(text: "usage: probe-benchmark PENALTY TOLERANCE THREADS STATES.npy LABELS.npy") }
  let states = try read(arguments[4])
  let labels = try read(arguments[5]).values.map { Int($0) }
  let probe = SoftmaxProbe(penalty: penalty, tolerance: tolerance)
  let clock = ContinuousClock()
  let (start, startCPU) = (clock.now, cpuSeconds())
  let fitted = try probe.fit(
    states: states, labels: labels, classCount: (labels.max() ?? 0) + 1, threads: threads)
  let elapsed = start.duration(to: clock.now).components
  let outcome = Outcome(
    seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
    cpuSeconds: cpuSeconds() - startCPU, iterations: fitted.iterations, isConverged: fitted.isConverged,
    coefficients: fitted.coefficients.values, intercepts: fitted.intercepts)
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
