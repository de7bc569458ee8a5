#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Waveform {
  /// The same sound spoken `tempo` times as fast at the same pitch, by WSOLA (Verhelst & Roelands 1993): frames of 30 ms
  /// that overlap by half are taken where they continue the last one best, within 10 ms of where they are due. What was
  /// at second t is at t/`tempo`, to those 10 ms.
  ///
  /// `tempo` must be from 0.25 to 4. Less than 30 ms of sound is brought to its new length by repeating or cutting it.
  public func stretched(tempo: Double) -> Waveform {
    precondition((0.25...4).contains(tempo), "a tempo of \(tempo)")
    let count = Int((Double(samples.count) / tempo).rounded())
    guard tempo != 1, count > 0, !samples.isEmpty else { return self }
    let hop = max(1, samplingRate * 15 / 1000)
    let (window, search) = (2 * hop, samplingRate / 100)
    guard samples.count > window else {
      let sound = (0..<count).map { samples[$0 % samples.count] }
      return Waveform(samples: sound, samplingRate: samplingRate)
    }
    let weights = (0..<window).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(window)) }
    var (sum, weight) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var due = 0
    for first in stride(from: 0, to: count, by: hop) {
      let middle = Int((Double(first) * tempo).rounded())
      let start = first == 0 ? 0 : continuation(of: due, near: middle, within: search, length: hop)
      for k in 0..<window where first + k < count && start + k < samples.count {
        sum[first + k] += weights[k] * Double(samples[start + k])
        weight[first + k] += weights[k]
      }
      due = start + hop
    }
    // At both ends one frame alone has what it has.
    let sound = zip(sum, weight).map { $1 > 1e-3 ? Float($0 / $1) : Float($0) }
    return Waveform(samples: sound, samplingRate: samplingRate)
  }

  /// The place within `search` of `middle` whose sound is most like that at `due`, by its normalised correlation.
  private func continuation(of due: Int, near middle: Int, within search: Int, length: Int) -> Int {
    let last = samples.count - length
    guard due <= last else { return max(0, min(middle, last)) }
    let places = max(0, min(middle - search, last))...max(0, min(middle + search, last))
    return samples.withUnsafeBufferPointer { x in
      var (best, place) = (-Float.infinity, max(0, min(middle, last)))
      var energy = (0..<length).reduce(Float(0)) {
        $0 + x[places.lowerBound + $1] * x[places.lowerBound + $1]
      }
      for start in places {
        var product: Float = 0
        for k in 0..<length { product += x[due + k] * x[start + k] }
        let likeness = product / max(energy, 1e-9).squareRoot()
        if likeness > best { (best, place) = (likeness, start) }
        if start + length < samples.count {
          energy += x[start + length] * x[start + length] - x[start] * x[start]
        }
      }
      return place
    }
  }

  /// The same sound with every frequency `semitones` higher at the same tempo: stretched, and played as much faster.
  /// Throws `AudioError` as resampling does.
  public func pitched(semitones: Double) throws -> Waveform {
    precondition(abs(semitones) <= 24, "\(semitones) semitones")
    guard semitones != 0 else { return self }
    let ratio = pow(2, semitones / 12)
    // Whole numbers of samples a second, of a fraction fine enough that no one hears the difference.
    let played = Int((Double(samplingRate) * ratio).rounded())
    let longer = stretched(tempo: 1 / ratio)
    let sound = try Waveform(samples: longer.samples, samplingRate: played).resampled(to: samplingRate)
    let rest = max(0, samples.count - sound.samples.count)
    return Waveform(
      samples: sound.samples.prefix(samples.count) + [Float](repeating: 0, count: rest),
      samplingRate: samplingRate)
  }

  /// The sound with `noise` added, of as many samples, and scaled such that the sound's mean power is `decibels` above
  /// that of what is added; the sound as it is where one of the two is silent.
  public func with(noise: [Float], decibels: Double) -> Waveform {
    precondition(noise.count == samples.count, "\(noise.count) samples of noise for \(samples.count)")
    func power(_ samples: [Float]) -> Double {
      samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))
    }
    let (own, added) = (power(samples), power(noise))
    guard own > 0, added > 0 else { return self }
    let gain = Float((own / added / pow(10, decibels / 10)).squareRoot())
    return Waveform(samples: zip(samples, noise).map { $0 + gain * $1 }, samplingRate: samplingRate)
  }
}
