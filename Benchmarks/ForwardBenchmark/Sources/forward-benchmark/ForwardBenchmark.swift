import Foundation
import Strata

/// One side of `Benchmarks/forward.sh`: reads requests from standard input, a line each, and answers with a line.
///
///     run SECONDS THREADS   one pass that keeps every hidden state, after the last norm too: wall and CPU seconds
///     save SECONDS FILE     the last one as raw float32
///     memory                the process's largest memory so far, in bytes
///
/// Usage: forward-benchmark MODEL WAVEFORM, where WAVEFORM is raw float32 at the model's rate.
@main struct ForwardBenchmark {
  static func main() throws {
    let model = try SpeechModel.load(CommandLine.arguments[1])
    let samples = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[2])).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    let hidden = model.taps.map(\.name).filter { $0.hasPrefix("hidden.") || $0 == "final_norm" }
    func states(_ seconds: Int, threads: Int) throws -> [Tensor] {
      var states: [Tensor] = []
      let waveform = Waveform(
        samples: Array(samples.prefix(seconds * model.samplingRate)), samplingRate: model.samplingRate)
      try model.forward(waveform, taps: Set(hidden), threads: threads) { states.append($1) }
      return states
    }

    answer("ready")
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case "run":
        guard words.count == 3, let seconds = Int(words[1]), let threads = Int(words[2]) else { return }
        let start = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
        let count = try states(seconds, threads: threads).count
        let end = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
        precondition(count == hidden.count)
        answer("\(end.0 - start.0) \(end.1 - start.1)")
      case "save":
        guard words.count == 3, let seconds = Int(words[1]), let last = try states(seconds, threads: 1).last
        else { return }
        try last.withUnsafeBuffer { try Data(buffer: $0).write(to: URL(fileURLWithPath: words[2])) }
        answer("saved")
      case "memory":
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        answer("\((Int(line.filter(\.isNumber)) ?? 0) * 1024)")
      default: return
      }
    }
  }

  private static func clock(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func answer(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }
}
