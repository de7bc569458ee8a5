import Attribution
import Audio
import Corpora
import Foundation

extension AttributionRun {
  /// The stretch that a model is to be given where it cannot read the whole recording at once: a window of it with `span`
  /// in the middle, or the first; nil where the whole fits.
  public func window(around span: Range<Double>?) -> Range<Double>? {
    guard let window = model.windowSamples, sound.samples.count > window else { return nil }
    let length = Double(window) / Double(model.samplingRate)
    let middle = span.map { ($0.lowerBound + $0.upperBound) / 2 } ?? 0
    let start = min(max(0, middle - length / 2), sound.seconds - length)
    // Whole hundredths of a second can be typed again.
    let rounded = (start * 100).rounded(.down) / 100
    return rounded..<(rounded + length)
  }

  /// The same of a stretch of the recording, in seconds: its labels go with it, cut at its ends.
  /// - Throws: `AttributionError.notApplicable` where nothing of the recording lies in it; `ModelError`.
  public func part(_ range: Range<Double>) throws -> AttributionRun {
    let rate = Double(model.samplingRate)
    let first = Int(max(0, min(range.lowerBound, sound.seconds)) * rate)
    let last = Int((max(0, min(range.upperBound, sound.seconds)) * rate).rounded())
    guard first < last else {
      throw AttributionError.notApplicable(
        method: "\(range.lowerBound)–\(range.upperBound) s",
        reason: String(format: "%@ is %.2f s long", audio, sound.seconds))
    }
    var part = self
    part.sound = Waveform(samples: Array(sound.samples[first..<last]), samplingRate: sound.samplingRate)
    part.samples = try model.inputValues(of: part.sound)
    let seconds = Double(first) / rate..<Double(last) / rate
    part.stretch = seconds
    part.utterance = utterance?.part(seconds)
    return part
  }

  func remark(on stretch: Range<Double>) -> String {
    func spelt(_ value: Double) -> String { String(format: "%.2f", value) }
    let reason =
      model.windowSamples.map { Double($0) / Double(model.samplingRate) }.map {
        ", of which \(model.family) reads \(spelt($0)) s at once"
      } ?? ""
    return
      "Only \(spelt(stretch.lowerBound))–\(spelt(stretch.upperBound)) s of the recording were given to the model"
      + "\(reason). All times count from \(spelt(stretch.lowerBound)) s."
  }
}

extension Utterance {
  /// What lies in a stretch of the recording, cut at its ends, with times from its start.
  func part(_ range: Range<Double>) -> Utterance {
    let tiers = tiers.mapValues { tier -> Tier in
      let kept = tier.intervals.filter { $0.start < range.upperBound && $0.end > range.lowerBound }
      return Tier(
        name: tier.name, level: tier.level, kind: tier.kind,
        intervals: kept.map {
          Interval(
            start: max($0.start, range.lowerBound) - range.lowerBound,
            end: min($0.end, range.upperBound) - range.lowerBound, label: $0.label)
        }, isDerived: tier.isDerived)
    }
    return Utterance(
      id: id, audioPath: audioPath, labelPath: labelPath, speaker: speaker, sentence: sentence,
      channel: channel, seconds: range.upperBound - range.lowerBound, tiers: tiers, labelling: labelling)
  }
}
