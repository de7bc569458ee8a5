import Audio
import Tensors

/// The Audio Spectrogram Transformer (Gong 2021): a vision transformer over overlapping patches of Kaldi's filter
/// banks.
///
/// ```
/// filter banks → patches, projected → 2 tokens in front, + positions → N transformer blocks → norm
/// [time × band]  projection           hidden.0                         hidden.1 … hidden.N    final_norm
///                                                    → mean of the 2 tokens → norm, classifier
///                                                      pooled                 logits
/// ```
/// It always reads a window (10.24 s as published), filled up behind. A frame of its layers is the mean over all
/// frequencies of the patches at one time, frame *i* at 87.5 + 100·i ms; frames whose patches reach into the filling
/// are dropped. Longer sounds are read in windows one whole number of frames apart. `pooled` and `logits` are one row a
/// window. Attention is of tokens: the two in front, then those of each frequency from low to high, each in the
/// order of time, filling and all.
struct AudioSpectrogramTransformer: WindowedArchitecture {
  static let modelTypes = ["audio-spectrogram-transformer"]

  /// How the filter banks are scaled; nil where they are taken as they are.
  struct Scale: Sendable, Equatable {
    var mean = -4.2677393
    var deviation = 4.5689974
  }

  var configuration: AudioSpectrogramTransformerConfiguration
  var scale: Scale?
  var network: PatchTransformer
  var parameters: Int

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    try forward(windowsOf: Array(samples.prefix(validSamples)), wanted: wanted, on: run, visit: visit)
  }

  func forward(
    window samples: ArraySlice<Float>, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let frames = frames(ofSamples: samples.count)
    try network.forward(features(of: samples), wanted: wanted, on: run) { name, values in
      let isOfTokens = [.projection, .finalNorm].contains(TapKind(name)) || TapKind(name).isHidden
      return try visit(name, isOfTokens ? network.frames(frames, ofTokens: values, run) : values)
    }
  }

  /// `[mel frames × bands]` of a window, with zeros behind the sound before it is scaled, as in training.
  func features(of samples: ArraySlice<Float>) throws -> Tensor {
    let sound = Waveform(samples: Array(samples), samplingRate: KaldiFilterBank.samplingRate)
    return try KaldiFilterBank.ast(
      of: sound, bands: configuration.bands, frames: configuration.melFrames, mean: scale?.mean ?? 0,
      deviation: scale?.deviation ?? 0.5)
  }
}

// MARK: - Time

extension AudioSpectrogramTransformer {
  /// Where the columns of patches lie.
  private var frameTiming: FrameTiming {
    FrameTiming(
      samplingRate: KaldiFilterBank.samplingRate, kernels: [KaldiFilterBank.window, configuration.patch],
      strides: [KaldiFilterBank.hop, configuration.timeStride])
  }

  /// Frames that have sound.
  private func frames(ofSamples count: Int) -> Int {
    min(configuration.columns, frameTiming.frames(forSamples: count))
  }

  var window: InputWindow {
    InputWindow(
      length: (configuration.melFrames - 1) * KaldiFilterBank.hop + KaldiFilterBank.window,
      step: configuration.columns * configuration.timeStride * KaldiFilterBank.hop,
      minimum: frameTiming.receptiveFieldSamples)
  }

  func minimumSamples(samplingRate: Int) -> Int { window.minimum }

  func taps(samplingRate: Int) -> [TapPoint] {
    let names = ["projection"] + (0...configuration.layers).map { "hidden.\($0)" } + ["final_norm"]
    let whole = FrameTiming(
      samplingRate: samplingRate, strideSamples: window.step, receptiveFieldSamples: window.length,
      firstCentreSample: Double(window.length - 1) / 2)
    return names.map { TapPoint(name: $0, width: configuration.width, timing: frameTiming) }
      + [TapPoint(name: "pooled", width: configuration.width, timing: whole)]
      + (configuration.classes.map { [TapPoint(name: "logits", width: $0, timing: whole)] } ?? [])
  }

  var attentionHeads: [Int] { network.blocks.map(\.attention.heads) }

  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    zip(1..., attentionHeads).map { TapPoint(name: "attention.\($0)", width: $1, timing: nil) }
  }

  func attentionPatches(ofSamples count: Int) -> FrameOperation? {
    network.layout(frames: frames(ofSamples: count), tokens: network.positions.rows)
  }
}
