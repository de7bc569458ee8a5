import Corpora
import Foundation
import Results

extension SyntheticStudy {
  /// The whole one as the last of three checkpoints, with maps of two spans.
  static let mapped: StudyResult = {
    var study = whole
    study.training = [500, 1000, 2000].enumerated().map { place, step in
      let isOwn = step == 2000
      var levels = study.levels
      for level in levels.indices {
        for layer in levels[level].layers.indices {
          guard let accuracy = levels[level].layers[layer].metrics?.accuracy else { continue }
          let share = 0.55 + 0.2 * Double(place) - 0.004 * Double(layer)
          levels[level].layers[layer].metrics?.accuracy = Estimate(
            value: rounded(accuracy.value * share), low: rounded(accuracy.low * share),
            high: rounded(accuracy.high * share))
        }
        let peak = levels[level].layers[4 + 3 * place]
        levels[level].peak = peak.metrics.map {
          Peak(layer: peak.layer, estimate: $0.accuracy, peakSet: [peak.layer])
        }
      }
      return TrainingPoint(
        name: "step\(step)", step: step, fingerprint: isOwn ? study.model.fingerprint : "\(step)",
        levels: isOwn ? [] : levels)
    }
    study.maps = ActivationMaps(
      remarks: ["The reader is a softmax probe of 38 classes, at hidden.2, the peak of phoneme."],
      examples: [example("AE", read: "AE", at: 0.4), example("<M>", read: "N", at: 1.1)])
    return study
  }()

  /// A sound that sweeps upwards, with what speaks for a label around a moment.
  private static func example(_ label: String, read guess: String, at time: Double)
    -> ActivationMaps.Example
  {
    let (frames, bands) = (198, 40)
    func picture(_ value: (_ time: Double, _ band: Int) -> Double) -> AttributionResult.Picture {
      .init(
        frames: frames, bands: bands, start: 0.0125, step: 0.01,
        values: (0..<(frames * bands)).map { Float(value(0.01 * Double($0 / bands), $0 % bands)) })
    }
    let near = { (moment: Double) in max(0, 1 - abs(moment - time) / 0.06) }
    let profile = (0..<frames).map {
      rounded(near(0.01 * Double($0)) - 0.2 * near(0.01 * Double($0) - 0.2))
    }
    var explained = AttributionResult(
      model: "w2v2-tiny-phones", fingerprint: "f", family: "wav2vec2", audio: "kal_s015.flac", seconds: 2,
      target: "“\(label)” by a probe of hidden.2", targetLayer: "hidden.2",
      span: [time - 0.05, time + 0.05], score: 4.5, probe: nil,
      tiers: [
        .init(
          level: .phoneme,
          intervals: [
            Interval(start: 0.1, end: time - 0.05, label: "DH"),
            Interval(start: time - 0.05, end: time + 0.05, label: label),
          ]), .init(level: .word, intervals: [Interval(start: 0.1, end: 1.9, label: "word")]),
      ],
      maps: [
        .init(method: "Grad-CAM", layer: "hidden.1", start: 0.0125, step: 0.01, profile: profile),
        .init(
          method: "gradient × input", layer: "input", start: 0.0125, step: 0.01, profile: profile,
          grid: picture { moment, band in near(moment) * (band < 20 ? 1 : -0.4) }),
      ], warnings: [],
      spectrogram: picture { moment, band in -abs(20 * moment - Double(band)) }, bandLimit: 8000)
    explained.stretch = [0.5, 2.5]
    explained.trust = explained.maps.map { map in
      let isDoubted = map.method == "gradient × input" && label != guess
      return AttributionResult.Trust(
        method: map.method, hiding: nil, gain: isDoubted ? 0.01 : 0.52, randomGain: 0.02,
        randomisation: [.init(name: "all random", correlation: 0.08)], noise: [], agreement: [],
        doubts: isDoubted ? ["hiding what it marks makes the target fall no faster than at random"] : [])
    }
    let header = Data("RIFF....WAVE".utf8)
    return ActivationMaps.Example(label: label, guess: guess, explained: explained, sound: header)
  }
}
