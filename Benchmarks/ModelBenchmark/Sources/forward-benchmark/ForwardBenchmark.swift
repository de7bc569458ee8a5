import BenchmarkSide
import Strata

/// One side of `Benchmarks/forward.sh`: `SECONDS` is one pass that keeps every hidden state, after the last norm too;
/// its values are the last one's.
@main struct ForwardBenchmark {
  static func main() throws {
    let side = try BenchmarkSide()
    let hidden = side.model.taps.map(\.name).filter { $0.hasPrefix("hidden.") || $0 == "final_norm" }
    try side.answer { words, threads in
      guard let seconds = words.first.flatMap({ Int($0) }) else { return [] }
      var states: [Tensor] = []
      try side.model.forward(side.sound(seconds: seconds), taps: Set(hidden), threads: threads) {
        states.append($1)
      }
      precondition(states.count == hidden.count)
      return states.last?.values ?? []
    }
  }
}
