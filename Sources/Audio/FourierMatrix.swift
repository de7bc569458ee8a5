import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The real discrete Fourier transform of windowed frames as one matrix product.
///
/// A 400-point window makes a [400 × 402] matrix: for a few hundred frames at a time a product through BLAS
/// is as quick as a fast transform, takes any length and has no code of its own to be wrong. Everything is
/// double precision, so that quiet bins beside loud ones keep their digits before the logarithm.
struct FourierMatrix: Sendable {
  /// Samples in a frame.
  let length: Int
  /// Frequencies from 0 to half the sampling rate, `size / 2 + 1`.
  let bins: Int
  /// `[length × 2·bins]`: the window times cosines, then times sines.
  private let values: Matrix

  /// A transform of `size` points of frames that `window` weighs; frames shorter than `size` count as padded
  /// with zeros.
  init(window: [Double], size: Int) {
    precondition(size >= window.count, "a window of \(window.count) in a transform of \(size) points")
    let (length, bins) = (window.count, size / 2 + 1)
    self.length = length
    self.bins = bins
    var values = Matrix(rows: length, columns: 2 * bins)
    for n in 0..<length {
      for k in 0..<bins {
        // The phase is reduced in integers, so it is as exact for the last sample as for the first.
        let angle = 2 * Double.pi * Double(n * k % size) / Double(size)
        values[n, k] = window[n] * cos(angle)
        values[n, bins + k] = window[n] * sin(angle)
      }
    }
    self.values = values
  }

  /// |X|² of each frame, `[count × bins]`, from frames `[count × length]`.
  func power(ofFrames frames: [Double]) -> [Double] {
    let count = frames.count / length
    let parts = matrixProduct(Matrix(rows: count, columns: length, values: frames), .none, values)
    return [Double](unsafeUninitializedCapacity: count * bins) { power, initialised in
      for frame in 0..<count {
        let row = frame * 2 * bins
        for k in 0..<bins {
          let (real, imaginary) = (parts.values[row + k], parts.values[row + bins + k])
          power[frame * bins + k] = real * real + imaginary * imaginary
        }
      }
      initialised = count * bins
    }
  }
}

/// Raised-cosine windows.
enum WindowFunction {
  /// ½ − ½·cos(2πn/N): the period starts again after the last sample.
  static func periodicHann(_ length: Int) -> [Double] {
    (0..<length).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(length)) }
  }
}
