import Foundation
import Tensors

/// A tight frame of windowed spectra, in which a waveform and what arrives at it can be told apart by frequency.
///
/// Windows of 25 ms, 10 ms apart, rooted Hann before and after, so that they add up to the waveform again. What a
/// sample's value times its gradient is in time, `Re(conj(X)·G)` is for a window and frequency, with the same sum (a
/// "virtual inspection layer", Vielhaben 2023). Bands are mel triangles that sum to one at every frequency.
struct SpectralFrames: Sendable {
  let samplingRate: Int
  let bands: Int
  let window: Int
  let hop: Int
  private let bins: Int
  private let root: [Float]  // [window]
  private let transform: Tensor  // [window × 2 · bins]: cosines, then sines
  private let partition: Tensor  // [bins × bands]

  init(samplingRate: Int, bands: Int = 40) {
    self.samplingRate = samplingRate
    self.bands = bands
    let hop = max(1, samplingRate / 100)
    let window = max(4, samplingRate / 40)
    let bins = window / 2 + 1
    (self.hop, self.window, self.bins) = (hop, window, bins)
    root = (0..<window).map { Float(sin(.pi * (Double($0) + 0.5) / Double(window))) }
    transform = Tensor(shape: [window, 2 * bins]) { values in
      for n in 0..<window {
        for bin in 0..<bins {
          let angle = 2 * Double.pi * Double(n * bin % window) / Double(window)
          values[n * 2 * bins + bin] = Float(cos(angle))
          values[n * 2 * bins + bins + bin] = Float(-sin(angle))
        }
      }
    }
    let centres = Self.centres(bands: bands, samplingRate: samplingRate).map(Self.mel)
    partition = Tensor(shape: [bins, bands]) { values in
      values.update(repeating: 0)
      for bin in 0..<bins {
        let place = Self.mel(Double(bin) * Double(samplingRate) / Double(window))
        let above = centres.firstIndex { $0 > place } ?? bands
        if above == 0 || above == bands {
          values[bin * bands + min(bands - 1, above)] = 1
        } else {
          let share = (place - centres[above - 1]) / (centres[above] - centres[above - 1])
          values[bin * bands + above - 1] = Float(1 - share)
          values[bin * bands + above] = Float(share)
        }
      }
    }
  }

  /// Slaney's scale is linear below 1 kHz; this is HTK's, `2595·log₁₀(1 + f/700)`.
  private static func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }

  static func centres(bands: Int, samplingRate: Int) -> [Double] {
    let top = mel(Double(samplingRate) / 2)
    return (1...bands).map { 700 * (pow(10, top * Double($0) / Double(bands + 1) / 2595) - 1) }
  }

  var bandCentres: [Double] { Self.centres(bands: bands, samplingRate: samplingRate) }

  /// Windows that cover so many samples.
  func frames(of samples: Int) -> Int { (samples + window - 1) / hop + 1 }

  /// The middle of a window, in seconds; the first begins before the sound.
  func centre(of frame: Int) -> Double {
    (Double(frame * hop - window + hop) + Double(window) / 2) / Double(samplingRate)
  }

  private func start(of frame: Int) -> Int { frame * hop - window + hop }

  /// What the squared windows come to at each sample.
  private func overlap(_ count: Int) -> [Float] {
    var sums = [Float](repeating: 0, count: count)
    for frame in 0..<frames(of: count) {
      for n in 0..<window where sums.indices.contains(start(of: frame) + n) {
        sums[start(of: frame) + n] += root[n] * root[n]
      }
    }
    return sums
  }

  private func spectra(_ samples: [Float], dividedBy sums: [Float]?) -> Tensor {
    let frames = frames(of: samples.count)
    let windows = Tensor(shape: [frames, window]) { values in
      for frame in 0..<frames {
        for n in 0..<window {
          let sample = start(of: frame) + n
          let isInside = samples.indices.contains(sample)
          values[frame * window + n] =
            isInside ? samples[sample] * root[n] / (sums.map { $0[sample] } ?? 1) : 0
        }
      }
    }
    return matrixProduct(windows, .none, transform, .none)
  }

  /// `Σ x·g` over windows and bands, `[frames × bands]`.
  func products(of samples: [Float], and gradient: [Float]) -> Tensor {
    precondition(samples.count == gradient.count, "\(samples.count) samples, \(gradient.count) gradients")
    let x = spectra(samples, dividedBy: overlap(samples.count))
    let g = spectra(gradient, dividedBy: nil)
    return banded(x, g)
  }

  private func banded(_ x: Tensor, _ g: Tensor) -> Tensor {
    let products = x.withUnsafeBuffer { x in
      g.withUnsafeBuffer { g in
        Tensor(shape: [x.count / (2 * bins), bins]) { products in
          for index in products.indices {
            let (frame, bin) = (index / bins, index % bins)
            let at = frame * 2 * bins + bin
            // Bins but the first and (of even windows) the last stand for their mirror image too.
            let isAlone = bin == 0 || 2 * bin == window
            products[index] =
              (x[at] * g[at] + x[at + bins] * g[at + bins]) * (isAlone ? 1 : 2) / Float(window)
          }
        }
      }
    }
    return matrixProduct(products, .none, partition, .none)
  }

  /// The power in each window and band, `[frames × bands]`, as decibels.
  func decibels(of samples: [Float]) -> Tensor {
    let x = spectra(samples, dividedBy: nil)
    return banded(x, x).mapped { 10 * log10(max($0, 1e-10)) }
  }

  /// The waveform without the parts that `keeps` leaves out: it says of a window and band how much stays, 0 to 1.
  func filtered(_ samples: [Float], keeping keeps: (_ frame: Int, _ band: Int) -> Float) -> [Float] {
    let x = spectra(samples, dividedBy: overlap(samples.count))
    let frames = x.rows
    let gains = matrixProduct(
      Tensor((0..<(frames * bands)).map { keeps($0 / bands, $0 % bands) }, shape: [frames, bands]), .none,
      partition, .transposed)
    var scaled = x
    scaled.withUnsafeMutableBuffer { x in
      gains.withUnsafeBuffer { gains in
        for index in x.indices {
          let (frame, bin) = (index / (2 * bins), index % (2 * bins) % bins)
          let isAlone = bin == 0 || 2 * bin == window
          x[index] *= gains[frame * bins + bin] * (isAlone ? 1 : 2) / Float(window)
        }
      }
    }
    let windows = matrixProduct(scaled, .none, transform, .transposed)
    var output = [Float](repeating: 0, count: samples.count)
    windows.withUnsafeBuffer { windows in
      for frame in 0..<frames {
        for n in 0..<window where output.indices.contains(start(of: frame) + n) {
          output[start(of: frame) + n] += windows[frame * window + n] * root[n]
        }
      }
    }
    return output
  }
}
