import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Triangular filters from a power spectrum to mel bands.
struct MelFilters: Sendable {
  /// `[bins × bands]`.
  let weights: Matrix

  /// Slaney's filters (Auditory Toolbox 1998; librosa's default): triangles on linear frequency with corners
  /// even on Slaney's mel scale (linear to 1 kHz, logarithmic above), each of area 1.
  static func slaney(bands: Int, transformSize: Int, samplingRate: Int, from low: Double, to high: Double)
    -> MelFilters
  {
    let bins = transformSize / 2 + 1
    let (bottom, top) = (mel(low), mel(high))
    let corners = (0..<(bands + 2)).map { hertz(bottom + (top - bottom) * Double($0) / Double(bands + 1)) }
    var weights = Matrix(rows: bins, columns: bands)
    for bin in 0..<bins {
      let frequency = Double(bin) * Double(samplingRate) / Double(transformSize)
      for band in 0..<bands {
        let (left, centre, right) = (corners[band], corners[band + 1], corners[band + 2])
        let rising = (frequency - left) / (centre - left)
        let falling = (right - frequency) / (right - centre)
        weights[bin, band] = max(0, min(rising, falling)) * 2 / (right - left)
      }
    }
    return MelFilters(weights: weights)
  }

  /// Kaldi's filters: triangles of height 1, even and straight on the mel scale 1127·ln(1 + f/700).
  static func kaldi(bands: Int, transformSize: Int, samplingRate: Int, from low: Double, to high: Double)
    -> MelFilters
  {
    func mel(_ hertz: Double) -> Double { 1127 * log(1 + hertz / 700) }
    let bins = transformSize / 2 + 1
    let (bottom, step) = (mel(low), (mel(high) - mel(low)) / Double(bands + 1))
    var weights = Matrix(rows: bins, columns: bands)
    for bin in 0..<bins {
      let place = (mel(Double(bin) * Double(samplingRate) / Double(transformSize)) - bottom) / step
      for band in 0..<bands { weights[bin, band] = max(0, 1 - abs(place - Double(band + 1))) }
    }
    return MelFilters(weights: weights)
  }

  /// Slaney's scale: 200/3 Hz a mel to 1 kHz, then 27 steps a factor of 6.4.
  private static func mel(_ hertz: Double) -> Double {
    hertz < 1000 ? hertz * 3 / 200 : 15 + log(hertz / 1000) * 27 / log(6.4)
  }

  private static func hertz(_ mel: Double) -> Double {
    mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27)
  }
}
