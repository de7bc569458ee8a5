import Foundation
import Strata

/// One side of `Benchmarks/attribution.sh`: reads requests from standard input, a line each, and answers with a line.
///
///     run METHOD SECONDS THREADS   one map (grad-cam, gradient-input): wall and CPU seconds
///     save METHOD SECONDS FILE     its profile as raw float32
///     memory                       the process's largest memory so far, in bytes
///
/// Usage: attribution-benchmark MODEL WAVEFORM, where WAVEFORM is raw float32 at the model's rate. The target is unit 5
/// of the last hidden layer, its mean over all frames; Grad-CAM is taken at the layer before.
@main struct AttributionBenchmark {
  static func main() throws {
    let model = try SpeechModel.load(CommandLine.arguments[1])
    let samples = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[2])).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    func map(_ method: String, _ seconds: Int, threads: Int) throws -> AttributionMap {
      let sound = Waveform(
        samples: Array(samples.prefix(seconds * model.samplingRate)), samplingRate: model.samplingRate)
      guard let last = model.taps.last(where: { $0.name.hasPrefix("hidden.") }),
        let method = AttributionMethod(rawValue: method)
      else { preconditionFailure("\(method) of \(model.family)") }
      let attribution = try Attribution(
        model, samples: model.inputValues(of: sound), target: .unit(5, of: last), threads: threads)
      return try attribution.map(by: method)
    }

    answer("ready")
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case "run":
        guard words.count == 4, let seconds = Int(words[2]), let threads = Int(words[3]) else { return }
        let start = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
        let count = try map(words[1], seconds, threads: threads).profile.count
        let end = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
        precondition(count > 0)
        answer("\(end.0 - start.0) \(end.1 - start.1)")
      case "save":
        guard words.count == 4, let seconds = Int(words[2]) else { return }
        let profile = try map(words[1], seconds, threads: 1).profile.map(Float.init)
        try profile.withUnsafeBufferPointer {
          try Data(buffer: $0).write(to: URL(fileURLWithPath: words[3]))
        }
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
