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
  ///
  /// `removesMean` takes each frame's mean off first, `preEmphasis` a then takes a times the sample before off
  /// each sample (a times itself off the first, as Kaldi does). Both are linear, so they are part of the
  /// matrix and cost nothing.
  init(window: [Double], size: Int, removesMean: Bool = false, preEmphasis: Double = 0) {
    precondition(size >= window.count, "a window of \(window.count) in a transform of \(size) points")
    let (length, bins) = (window.count, size / 2 + 1)
    self.length = length
    self.bins = bins
    var values = Matrix(rows: length, columns: 2 * bins)
    // The phase is reduced in integers, so it is as exact for the last sample as for the first, and one of `size`.
    let angles = (0..<size).map { 2 * Double.pi * Double($0) / Double(size) }
    let (cosines, sines) = (angles.map { cos($0) }, angles.map { sin($0) })
    for n in 0..<length {
      for k in 0..<bins {
        values[n, k] = window[n] * cosines[n * k % size]
        values[n, bins + k] = window[n] * sines[n * k % size]
      }
    }
    if preEmphasis != 0 { FourierMatrix.fold(preEmphasis: preEmphasis, into: &values) }
    if removesMean { FourierMatrix.foldMeanRemoval(into: &values) }
    self.values = values
  }

  /// Sample k adds to y(k) and takes off y(k + 1), so its row is that of k less a times the next one.
  private static func fold(preEmphasis a: Double, into values: inout Matrix) {
    let first = (0..<values.columns).map { values[0, $0] }
    for k in 0..<values.rows {
      for column in 0..<values.columns {
        if k + 1 < values.rows { values[k, column] -= a * values[k + 1, column] }
        if k == 0 { values[k, column] -= a * first[column] }
      }
    }
  }

  /// The mean of the frame times every row falls away when each column's mean is taken off.
  private static func foldMeanRemoval(into values: inout Matrix) {
    for column in 0..<values.columns {
      let mean = (0..<values.rows).reduce(0) { $0 + values[$1, column] } / Double(values.rows)
      for k in 0..<values.rows { values[k, column] -= mean }
    }
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

  /// The same over N − 1: first and last sample are zero.
  static func hann(_ length: Int) -> [Double] {
    (0..<length).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(length - 1)) }
  }

  /// 0.54 − 0.46·cos(2πn/(N − 1)).
  static func hamming(_ length: Int) -> [Double] {
    (0..<length).map { 0.54 - 0.46 * cos(2 * .pi * Double($0) / Double(length - 1)) }
  }

  /// Kaldi's: the symmetric Hann window to the power of 0.85.
  static func povey(_ length: Int) -> [Double] { hann(length).map { pow($0, 0.85) } }
}
