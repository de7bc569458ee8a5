import Foundation

/// CPU seconds of all threads that `body` took, which other processes do not disturb.
func cpuSeconds(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
  let start = now()
  try body()
  return now() - start
}

/// The largest resident size of the process so far, in MiB.
func peakMiB() -> Int {
  var usage = rusage()
  getrusage(0, &usage)  // RUSAGE_SELF
  return usage.ru_maxrss / 1024
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

func print(row cells: [String]) { print("| " + cells.joined(separator: " | ") + " |") }

func text(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }
