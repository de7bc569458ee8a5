import Audio
import Tensors

// A pass over all of a long recording takes time and memory by the square of its length where frames attend to all
// others. Windows take them in proportion. What layers without attention give is the same but within a receptive field of
// a window's edges, which overlap far more; attention sees a window and no further. What is computed over the whole sound
// before (its mean and variance) stays so; what layers compute over all frames (a group norm, features that are normalised
// by band) is then of a window.

extension SpeechModel {
  /// The window, in seconds, that a model is given where nobody says another.
  public static let usualWindow = 60.0

  /// Its window where it has attention over all that it hears; nil where it has its own windows, or needs none.
  public var attentionWindow: Double? {
    architecture is any WindowedArchitecture || architecture.attentionHeads.isEmpty ? nil : window
  }

  /// The windows that so many samples, at the model's rate, are read in for some taps.
  func windows(ofSamples count: Int, taps wanted: Set<String>) throws -> [SoundWindow] {
    let whole = [SoundWindow(heard: 0..<count, from: nil, to: nil)]
    guard let seconds = attentionWindow else { return whole }
    let rate = Double(samplingRate)
    let (length, context) = (Int(seconds * rate), Int(SoundWindow.context(ofWindow: seconds) * rate))
    guard count > length else { return whole }
    if let attention = wanted.sorted().first(where: { $0.contains("attention.") }) {
      throw ModelError.attentionAcrossWindows(layer: attention, samples: count, window: length)
    }
    let timings = taps.filter { wanted.contains($0.name) }.map(\.timing)
    guard !timings.contains(nil) else { return whole }
    let step = taps.compactMap { $0.timing?.strideSamples }.reduce(1, leastCommonMultiple)
    let field = timings.compactMap { $0?.receptiveFieldSamples }.max() ?? 0
    guard field < context, step < length else { return whole }
    return SoundWindow.plan(samples: count, length: length, context: context, step: step)
  }

  /// How many times as long one pass over so many seconds takes as passes over windows of `usualWindow`: a transformer
  /// layer costs 12·width² products a frame, and its attention 2·width for each frame that the frame attends to.
  public func costOfOnePass(over seconds: Double) -> Double {
    guard !architecture.attentionHeads.isEmpty,
      let tap = taps.last(where: { $0.name.hasPrefix("hidden.") }),
      let stride = tap.timing?.stride, stride > 0, seconds > SpeechModel.usualWindow
    else { return 1 }
    func cost(_ seconds: Double) -> Double { 12 * Double(tap.width) + 2 * seconds / stride }
    return cost(seconds) / cost(SpeechModel.usualWindow)
  }

  /// A pass that gives each layer's frames in parts, so that a long recording takes no more memory than a short one: as
  /// `forward(_:taps:threads:visit:)`, window after window.
  public func forwardInPieces(
    _ waveform: Waveform, taps wanted: Set<String>, threads: Int = 1,
    visit: (String, FramePiece) throws -> Void
  ) throws {
    let samples = try inputValues(of: waveform)
    let windows = try windows(ofSamples: samples.count, taps: wanted)
    guard windows.count > 1 else {
      return try forward(inputValues: samples, taps: wanted, threads: threads) { name, frames in
        try visit(name, FramePiece(frames: frames, first: 0, isLast: true))
      }
    }
    for number in windows.indices {
      let heard = Array(samples[windows[number].heard])
      try forward(heard, windows, number, taps: wanted, threads: threads, visit: visit)
    }
  }

  /// The same of a recording that is read from its file, window after window, so that its length takes no memory.
  /// - Throws: As `forward`, and `AudioError` where the file is no more what it was.
  public func forwardInPieces(
    _ sound: StreamedSound, taps wanted: Set<String>, threads: Int = 1,
    visit: (String, FramePiece) throws -> Void
  ) throws {
    let heard = try sound.resampled(to: samplingRate)
    let windows = try windows(ofSamples: heard.count, taps: wanted)
    guard windows.count > 1 else {
      return try forwardInPieces(sound.waveform(), taps: wanted, threads: threads, visit: visit)
    }
    let normalisation = normalisesInput ? try heard.normalisation(epsilon: normalisationEpsilon) : nil
    try heard.slices(windows.map(\.heard)) { number, samples in
      let values = normalisation.map { samples.map($0.applied(to:)) } ?? samples
      try forward(values, windows, number, taps: wanted, threads: threads, visit: visit)
    }
  }

  /// One of several windows, whose input is `samples`.
  private func forward(
    _ samples: [Float], _ windows: [SoundWindow], _ number: Int, taps wanted: Set<String>, threads: Int,
    visit: (String, FramePiece) throws -> Void
  ) throws {
    let isLast = number == windows.count - 1
    try forward(inputValues: samples, taps: wanted, threads: threads) { name, frames in
      guard let timing = taps.first(where: { $0.name == name })?.timing else {
        preconditionFailure("\(name), whose frames lie nowhere, in windows")
      }
      let (rows, first) = windows[number].taken(rows: frames.rows, timing)
      try visit(name, FramePiece(frames: frames.rows(rows), first: first, isLast: isLast))
    }
  }
}

private func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
  var (x, y) = (a, b)
  while y != 0 { (x, y) = (y, x % y) }
  let (product, overflow) = (a / max(1, x)).multipliedReportingOverflow(by: b)
  return overflow ? .max : product
}
