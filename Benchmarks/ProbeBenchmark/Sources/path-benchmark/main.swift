import Checkpoints
import Foundation
import Probing
import Tensors

// path-benchmark TRAIN THREADS LABELS.npy STATES.npy…
// Times the probes of all files of states as a study fits them: a penalty of the default list is chosen, by fits to the
// first TRAIN rows judged on the rest, and all rows are fitted at it to convergence. Prints seconds, the choices and the
// last fits' losses as JSON. Reading is outside the clock.

struct Outcome: Encodable {
  let seconds: Double
  /// Of all threads together.
  let cpuSeconds: Double
  /// Of each file.
  let penalties, objectives: [Double]
}

struct Failure: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

func read(_ path: String) throws -> Tensor {
  let checkpoint = try Checkpoint.open(path)
  guard let name = checkpoint.tensors.keys.first else { throw Failure(text: "\(path) is empty") }
  let mapped = try checkpoint.tensor(name)
  return Tensor(mapped.values, shape: mapped.shape)
}

func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

func run(_ arguments: [String]) throws {
  guard arguments.count > 4, let train = Int(arguments[1]), let threads = Int(arguments[2]) else {
    throw Failure(text: "usage: path-benchmark TRAIN THREADS LABELS.npy STATES.npy…")
  }
  let labels = try read(arguments[3]).values.map { Int($0) }
  let layers = try arguments.dropFirst(4).map(read)
  let classes = (labels.max() ?? 0) + 1
  let clock = ContinuousClock()
  let (start, startCPU) = (clock.now, cpuSeconds())
  let probe = try TunedSoftmaxProbe(penalties: ProbeSpec.defaultPenalties)
  let fits = try parallelMap(layers.count, threads: threads) { layer in
    try probe.fit(
      states: layers[layer], labels: labels, classCount: classes, train: Array(0..<train),
      development: Array(train..<labels.count))
  }
  let elapsed = start.duration(to: clock.now).components
  let outcome = Outcome(
    seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
    cpuSeconds: cpuSeconds() - startCPU, penalties: fits.map(\.penalty),
    objectives: fits.map(\.objective))
  FileHandle.standardOutput.write(try JSONEncoder().encode(outcome))
}

do {
  try run(CommandLine.arguments)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
