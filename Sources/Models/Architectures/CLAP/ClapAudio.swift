import Audio
import Tensors

/// CLAP's audio tower (Wu 2023): HTS-AT (Chen 2022), a Swin transformer that reads ten seconds as a picture.
///
/// ```
/// log-mel → norm of bands, laid out → patches → 4 stages of blocks → norm      → mean   → 2 layers, length 1
/// [time × band]                       hidden.0  block.k, hidden.1 …  final_norm  pooled   embeds
/// ```
/// It always reads ten seconds at 48 kHz. A shorter sound is repeated, as often as it fits whole; frames behind the
/// first time are dropped. A longer one is read in windows of ten seconds. The spectrogram is cut into four strips
/// that lie below each other; a frame here is the mean over all frequencies of its strip at one time, and the
/// strips' frames follow each other as they do in the sound. Each stage but the last halves time and frequency, so
/// `hidden.k` of the published models has a frame for 39, 78, 156, 313 and again 313 ms. `pooled`, and `embeds` in
/// the space shared with texts, are one row a window.
///
/// The model stretches 1,001 mel frames over 1,024 columns. Declared is an even grid over the ten seconds, from
/// whose middles the true ones are less than 5 ms away.
struct ClapAudio: WindowedArchitecture {
  static let modelTypes = ["clap", "clap_audio_model"]
  static let samplingRate = 48_000
  static let windowSamples = 480_000

  var configuration: ClapAudioConfiguration
  var frontEnd: LogMel
  var network: SwinTransformer
  var shared: SharedProjection?
  var parameters: Int

  /// Into the space shared with texts.
  struct SharedProjection: Sendable {
    var first, second: Linear
    var activation: Activation

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      run.atUnitLength(second(first(x, run, activation), run))
    }
  }

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
    func offer(_ name: String, _ tokens: Tensor) throws -> Bool {
      try visit(name, frames(of: tokens, name, samples.count, run))
    }
    let mel = try features(of: samples)
    guard let normed = try network.forward(mel, on: run, visit: offer) else { return }
    guard try offer("final_norm", normed) else { return }
    let pooled = run.mean(ofRows: Array(0..<normed.rows), of: normed)
    guard try visit("pooled", pooled), let shared else { return }
    _ = try visit("embeds", shared(pooled, run))
  }

  /// `[1001 × bands]` of a window, the sound repeated in it.
  func features(of samples: ArraySlice<Float>) throws -> Tensor {
    let sound = Waveform(samples: Array(samples), samplingRate: Self.samplingRate)
    return try frontEnd.features(of: LogMel.clapWindow(of: sound))
  }

  /// A layer's frames of the first `samples` samples.
  private func frames(of tokens: Tensor, _ name: String, _ samples: Int, _ run: Evaluation) -> Tensor {
    let level = level(of: name)
    let columns = configuration.grid >> level
    return run.frames(
      ofTokens: tokens,
      FrameOperation(
        leading: 0, rows: columns / configuration.strips, columns: columns,
        frames: min(samples / stride(ofLevel: level), columns * configuration.strips),
        strips: configuration.strips))
  }
}

// MARK: - Time

extension ClapAudio {
  var window: InputWindow {
    InputWindow(
      length: Self.windowSamples, step: Self.windowSamples,
      minimum: stride(ofLevel: configuration.depths.count - 1))
  }

  func minimumSamples(samplingRate: Int) -> Int { window.minimum }

  /// How often time has been halved.
  private func level(of name: String) -> Int {
    let last = configuration.depths.count - 1
    let part = name.split(separator: ".")
    guard let number = part.last.flatMap({ Int($0) }) else { return last }
    guard part[0] == "block" else { return min(number, last) }
    var (blocks, stage) = (0, 0)
    while stage < last, number > blocks + configuration.depths[stage] {
      blocks += configuration.depths[stage]
      stage += 1
    }
    return stage
  }

  private func stride(ofLevel level: Int) -> Int {
    (Self.windowSamples / (configuration.grid * configuration.strips)) << level
  }

  func taps(samplingRate: Int) -> [TapPoint] {
    var names = ["hidden.0"]
    var number = 0
    for (stage, depth) in zip(1..., configuration.depths) {
      names += (1...depth).map { "block.\(number + $0)" } + ["hidden.\(stage)"]
      number += depth
    }
    names.removeAll { $0 == "block.\(number)" }
    let frames = (names + ["final_norm"]).map { name in
      let level = level(of: name)
      return TapPoint(name: name, width: configuration.width << level, timing: timing(ofLevel: level))
    }
    let whole = FrameTiming(
      samplingRate: samplingRate, strideSamples: Self.windowSamples,
      receptiveFieldSamples: Self.windowSamples, firstCentreSample: Double(Self.windowSamples - 1) / 2)
    return frames + [TapPoint(name: "pooled", width: configuration.outputWidth, timing: whole)]
      + (configuration.sharedWidth.map { [TapPoint(name: "embeds", width: $0, timing: whole)] } ?? [])
  }

  /// A frame's share of the ten seconds.
  private func timing(ofLevel level: Int) -> FrameTiming {
    let stride = stride(ofLevel: level)
    return FrameTiming(
      samplingRate: Self.samplingRate, strideSamples: stride, receptiveFieldSamples: stride,
      firstCentreSample: Double(stride - 1) / 2)
  }

  /// Windows of tokens attend to themselves; there are no weights of frames to each other.
  var attentionHeads: [Int] { [] }

  var attentionObstacle: String? {
    "its attention is within windows of \(configuration.windowSide) × \(configuration.windowSide) patches that "
      + "shift from block to block, on grids that halve from stage to stage: no weights tell how much each moment looks at each other. "
      + "grad-cam, lrp and gradient-input tell moments and frequencies"
  }
}
