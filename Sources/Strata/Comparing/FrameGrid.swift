import Corpora
import Models

/// The frames of the layer with the longest step, as spans that every layer is pooled on.
///
/// A cell reaches half a step to each side of a frame's centre, so the coarsest layer gives its own frames and finer
/// ones the mean of theirs whose centres lie in the cell.
struct FrameGrid: Sendable {
  /// Which level the cells pass for.
  static let level = Level.sound

  let timing: FrameTiming
  let layer: String

  /// Nil where no layer's rows are stretches of time.
  init?(_ taps: [TapPoint]) {
    let timed = taps.compactMap { tap in tap.timing.map { (tap.name, $0) } }
    guard let coarsest = timed.max(by: { $0.1.stride < $1.1.stride }) else { return nil }
    (layer, timing) = coarsest
  }

  var unit: String { "frames of \(milliseconds) ms" }

  private var milliseconds: String {
    let hundredths = (timing.stride * 100_000).rounded() / 100
    return hundredths == hundredths.rounded() ? "\(Int(hundredths))" : "\(hundredths)"
  }

  func cells(seconds: Double) -> [Interval] {
    let frames = timing.frames(forSamples: Int(seconds * Double(timing.samplingRate)))
    let half = timing.stride / 2
    return (0..<frames).map { frame in
      let centre = timing.centre(of: frame)
      return Interval(start: centre - half, end: centre + half, label: "frame")
    }
  }

  /// The utterances with the cells as their only tier.
  func applied(to utterances: [Utterance]) -> [Utterance] {
    utterances.map { utterance in
      utterance.with(tiers: [
        Self.level: Tier(name: "frames", level: Self.level, intervals: cells(seconds: utterance.seconds))
      ])
    }
  }
}
