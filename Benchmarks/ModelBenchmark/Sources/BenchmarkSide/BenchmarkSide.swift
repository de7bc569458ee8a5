import Foundation
import Strata

/// One side of a comparison that asks both in turn (`Benchmarks/in_turn.py`): reads requests from standard input, a
/// line each, and answers with a line.
///
///     run WHAT… THREADS   done once: wall and CPU seconds
///     save WHAT… FILE     its values as raw float32
///     memory              the process's largest memory so far, in bytes
///
/// Usage: BINARY MODEL WAVEFORM, where WAVEFORM is raw float32 at the model's rate.
public struct BenchmarkSide {
  public let model: SpeechModel
  private let samples: [Float]

  public init() throws {
    model = try SpeechModel.load(CommandLine.arguments[1])
    samples = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[2])).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
  }

  /// The beginning of the waveform.
  public func sound(seconds: Int) -> Waveform {
    Waveform(samples: Array(samples.prefix(seconds * model.samplingRate)), samplingRate: model.samplingRate)
  }

  /// Answers requests until there are no more: `values` does what the words of one say, with so many threads.
  public func answer(_ values: ([String], Int) throws -> [Float]) throws {
    say("ready")
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      let what = Array(words.dropFirst().dropLast())
      switch words.first {
      case "run":
        guard let threads = words.last.flatMap({ Int($0) }) else { return }
        let start = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
        let count = try values(what, threads).count
        let end = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
        precondition(count > 0)
        say("\(end.0 - start.0) \(end.1 - start.1)")
      case "save":
        guard let path = words.last else { return }
        try values(what, 1).withUnsafeBufferPointer {
          try Data(buffer: $0).write(to: URL(fileURLWithPath: path))
        }
        say("saved")
      case "memory":
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        say("\((Int(line.filter(\.isNumber)) ?? 0) * 1024)")
      default: return
      }
    }
  }

  private func clock(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
