import Foundations
import Models
import Tensors

extension Attribution {
  /// How much the target falls when a stretch of sound is hidden, and when a band is, with no look inside the model.
  ///
  /// A stretch is replaced by noise at a thousandth of the sound's level, faded in and out over 5 ms; a frame's value is
  /// the mean over the stretches that cover it. Bands are taken out of the whole utterance, one at a time (a band-stop).
  func occlusion() throws -> AttributionMap {
    let score = try self.score()
    let rate = Double(model.samplingRate)
    let window = max(1, Int(settings.occlusionWindow * rate))
    let step = max(1, Int(settings.occlusionStep * rate))
    let starts = Array(Swift.stride(from: 0, to: samples.count, by: step))
    let hidden = quiet()
    let drops = try parallelMap(starts.count, threads: threads) { index in
      try checkCancellation()
      let range = starts[index]..<min(samples.count, starts[index] + window)
      return try score
        - self.score(of: samples.hiding(range, by: hidden, fade: Int(rate / 200)), by: model, threads: 1)
    }
    let hop = max(1, model.samplingRate / 100)
    let frames = samples.count / hop + 1
    var (sums, counts) = ([Double](repeating: 0, count: frames), [Double](repeating: 0, count: frames))
    for (start, drop) in zip(starts, drops) {
      for frame in (start / hop)..<min(frames, (start + window) / hop + 1) {
        sums[frame] += drop
        counts[frame] += 1
      }
    }
    var map = AttributionMap(
      method: AttributionMethod.occlusion.title, target: target.name, score: score,
      layer: RecordedPass.input, centres: (0..<frames).map { Double($0) / 100 },
      profile: zip(sums, counts).map { $1 == 0 ? 0 : $0 / $1 })
    (map.bands, map.bandProfile) = try bandDrops()
    return map
  }

  /// How much the target falls without each of `count` bands of equal mel width.
  func bandDrops(_ count: Int = 16) throws -> (centres: [Double], drops: [Double]) {
    let frames = SpectralFrames(samplingRate: model.samplingRate, bands: count)
    let whole = frames.filtered(samples) { _, _ in 1 }
    let score = try self.score(of: whole)
    let drops = try parallelMap(count, threads: threads) { band in
      try checkCancellation()
      let without = frames.filtered(samples) { $1 == band ? 0 : 1 }
      return try score - self.score(of: without, by: model, threads: 1)
    }
    return (frames.bandCentres, drops)
  }

  /// What stands where something is hidden: never exactly nothing, as norms over time would blow it up.
  func quiet() -> [Float] {
    var random = RandomNumbers(seed: settings.seed, stream: "occlusion")
    let scale = rootMeanSquare / 1000
    return samples.map { _ in Float(random.normal() * scale) }
  }
}

extension [Float] {
  /// These samples with `other` in their place in `range`, over `fade` samples at each end from one to the other.
  func hiding(_ range: Range<Int>, by other: [Float], fade: Int) -> [Float] {
    var result = self
    for index in range {
      let inside = Swift.min(index - range.lowerBound, range.upperBound - 1 - index)
      let share = fade == 0 ? 1 : Swift.min(1, Float(inside + 1) / Float(fade))
      result[index] = self[index] * (1 - share) + other[index] * share
    }
    return result
  }
}
