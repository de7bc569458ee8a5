import Tensors

/// A model that reads a fixed length of sound at once, and a longer one in windows whose frames stand one after the
/// other as if they were of one pass.
protocol WindowedArchitecture: SpeechArchitecture {
  var window: InputWindow { get }

  /// One pass over at most a window of sound. What is offered to `visit` holds the frames of this sound only.
  func forward(
    window samples: ArraySlice<Float>, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws
}

/// The windows of a model, in samples.
struct InputWindow: Sendable {
  /// What the model reads at once.
  let length: Int
  /// From one window to the next: as many whole frames as the model makes of one.
  let step: Int
  /// What a window's first frame needs.
  let minimum: Int
}

extension WindowedArchitecture {
  /// All windows of `samples`, the last one shorter, each tap joined along time. A sound of one window is passed
  /// through as it is.
  ///
  /// Attention reaches over one window only: `ModelError.attentionAcrossWindows` where it is wanted of more.
  func forward(
    windowsOf samples: [Float], wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    try forward(windowsOf: samples, wanted: wanted, on: run, visit: visit) { range, visit in
      try forward(window: samples[range], wanted: wanted, on: run, visit: visit)
    }
  }

  /// The same where `pass` makes the values of a window, the samples `range`.
  func forward(
    windowsOf samples: [Float], wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool,
    pass: (_ range: Range<Int>, _ visit: (String, Tensor) throws -> Bool) throws -> Void
  ) throws {
    try withoutActuallyEscaping(visit) { visit in
      try forward(windowsOf: samples, wanted: wanted, on: run, escaping: visit, pass: pass)
    }
  }

  private func forward(
    windowsOf samples: [Float], wanted: Set<String>, on run: Evaluation,
    escaping visit: @escaping (String, Tensor) throws -> Bool,
    pass: (_ range: Range<Int>, _ visit: (String, Tensor) throws -> Bool) throws -> Void
  ) throws {
    let starts = Array(stride(from: 0, through: max(0, samples.count - window.minimum), by: window.step))
    guard starts.count > 1 else {
      return try pass(samples.indices, visit)
    }
    if let attention = wanted.sorted().first(where: { $0.contains("attention.") }) {
      throw ModelError.attentionAcrossWindows(
        layer: attention, samples: samples.count, window: window.length)
    }
    var parts: [String: [Tensor]] = [:]
    var order: [String] = []
    for start in starts {
      var remaining = wanted
      let end = min(samples.count, start + window.length)
      try pass(start..<end) { name, values in
        // What nobody wants is only looked at.
        guard remaining.remove(name) != nil else { return try visit(name, values) }
        if start == 0 { order.append(name) }
        parts[name, default: []].append(values)
        return !remaining.isEmpty
      }
    }
    for name in order {
      guard let tensors = parts.removeValue(forKey: name), try visit(name, run.joined(tensors)) else {
        return
      }
    }
  }
}
