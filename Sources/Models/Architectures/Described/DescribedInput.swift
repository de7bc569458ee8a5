import Audio
import Tensors

/// What a described model is given of a sound.
struct DescribedInput: Sendable, Equatable {
  enum Features: String, Sendable, CaseIterable {
    case waveform
    /// Kaldi's filter banks.
    case kaldi
    /// Slaney's bands of 25 ms every 10 ms, natural logarithm.
    case logMel = "log-mel"
    case whisper
  }

  enum Normalisation: String, Sendable, CaseIterable {
    case none
    /// All values together at mean 0 and variance 1 over the utterance.
    case utterance
    /// Each band by itself.
    case bands
  }

  var features = Features.kaldi
  var bands = 80
  var window = KaldiFilterBank.Window.povey
  /// What samples of −1 … 1 are multiplied with before Kaldi's filter banks.
  var scale = 32_768.0
  var normalisation = Normalisation.none
  var samplingRate = 16_000
  /// Whether kernels and weights of two dimensions have frequency before time.
  var isFrequencyFirst = false

  /// Values a frame.
  var width: Int { features == .waveform ? 1 : bands }

  /// Where the frames lie.
  var timing: FrameTiming {
    let (hop, field, centre): (Int, Int, Double) =
      switch features {
      case .waveform: (1, 1, 0)
      case .kaldi: (KaldiFilterBank.hop, KaldiFilterBank.window, Double(KaldiFilterBank.window - 1) / 2)
      case .logMel, .whisper: (160, 400, 0)
      }
    return FrameTiming(
      samplingRate: samplingRate, strideSamples: hop, receptiveFieldSamples: field,
      firstCentreSample: centre)
  }

  /// The fewest samples that give `frames` frames.
  func samples(for frames: Int) -> Int {
    switch features {
    case .waveform: frames
    case .kaldi: (frames - 1) * KaldiFilterBank.hop + KaldiFilterBank.window
    case .logMel: (frames - 1) * 160 + 1
    case .whisper: frames * 160
    }
  }

  var inWords: String {
    let name =
      switch features {
      case .waveform: "samples"
      case .kaldi:
        "Kaldi's filter banks, \(bands) bands, \(window.rawValue) window"
          + (scale == 32_768 ? "" : ", × \(scale)")
      case .logMel: "log-mel of \(bands) bands"
      case .whisper: "Whisper's log-mel of \(bands) bands"
      }
    return switch normalisation {
    case .none: name
    case .utterance: "\(name), zero mean, unit variance"
    case .bands: "\(name), each with zero mean and unit variance"
    }
  }

  /// `[frames × width]`.
  func values(of samples: [Float]) throws -> Tensor {
    let sound = Waveform(samples: samples, samplingRate: samplingRate)
    var values =
      switch features {
      case .waveform: Tensor(samples, shape: [samples.count, 1])
      case .kaldi: try KaldiFilterBank(bands: bands, window: window, scale: scale).features(of: sound)
      case .logMel: try LogMel.baseline(bands: bands).features(of: sound)
      case .whisper: try LogMel.whisper(bands: bands).features(of: sound)
      }
    switch normalisation {
    case .none: break
    case .utterance: values = values.reshaped([values.count, 1]).standardised().reshaped(values.shape)
    case .bands: values = values.standardised()
    }
    return values
  }
}

extension Tensor {
  /// Each column at mean 0 and variance 1 (n − 1 in the variance); one that does not vary becomes zeros.
  func standardised() -> Tensor {
    let (rows, width) = (rows, width)
    return withUnsafeBuffer { x in
      Tensor(shape: shape) { y in
        for column in 0..<width {
          let values = (0..<rows).map { Double(x[$0 * width + column]) }
          let mean = values.reduce(0, +) / Double(max(1, rows))
          let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
          let deviation = (squares / Double(max(1, rows - 1))).squareRoot()
          for row in 0..<rows {
            y[row * width + column] = Float((values[row] - mean) / max(deviation, 1e-7))
          }
        }
      }
    }
  }
}
