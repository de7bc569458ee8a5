import BenchmarkSide
import Strata

/// One side of `Benchmarks/attribution.sh`: `METHOD SECONDS` is one map (grad-cam, gradient-input); its values are the
/// map's profile. With `all` behind them every value of the pass is kept, without, those at tap points. The target is unit 5 of the last hidden layer, its mean over all frames; Grad-CAM is taken at the
/// layer before.
@main struct AttributionBenchmark {
  static func main() throws {
    let side = try BenchmarkSide()
    try side.answer { words, threads in
      guard words.count >= 2, let method = AttributionMethod(rawValue: words[0]), let seconds = Int(words[1]),
        let last = side.model.taps.last(where: { $0.name.hasPrefix("hidden.") })
      else { return [] }
      var attribution = try Attribution(
        side.model, samples: side.model.inputValues(of: side.sound(seconds: seconds)),
        target: .unit(5, of: last), threads: threads)
      attribution.settings.keepsAll = words.last == "all"
      return try attribution.map(by: method).profile.map(Float.init)
    }
  }
}
