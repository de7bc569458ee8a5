import Activations
import Audio
import Corpora
import Foundations
import Models
import Probing
import Results
import Tensors

/// The accuracy of a probe of the 20 ms at each moment around a level's spans.
struct CurvesOverTime {
  private let settings: CurvesStudy
  private let study: LayerStudy
  private let utterances: [Utterance]
  private let chosen: [(utterance: Int, span: LabelledSpan)]
  private let ofSpans: Int
  private let classes: [String]

  /// Half of what a moment is, in seconds.
  private static let half = 0.01
  /// Values that are kept at once, of four bytes; more layers than these hold take another pass.
  static let budget = 128 << 20

  init(_ settings: CurvesStudy) throws {
    self.settings = settings
    study = settings.study
    guard !study.corpus.isText else {
      throw StudyError.otherInput(
        model: study.model.name, reads: "speech", corpus: study.corpus.name, holds: "texts")
    }
    utterances = study.corpus.utterances
    let (first, last) = (settings.offsets.min() ?? 0, settings.offsets.max() ?? 0)
    var (all, count) = ([(utterance: Int, span: LabelledSpan)](), 0)
    for (number, utterance) in utterances.enumerated() {
      let spans = utterance.spans(at: settings.level)
      count += spans.count
      // The same spans at every moment: those with sound at all of them.
      all += spans.filter {
        let anchor = Self.anchor(settings.anchor, of: $0)
        return anchor + first >= 0 && anchor + last <= utterance.seconds
      }.map { (number, $0) }
    }
    var numbers = RandomNumbers(seed: study.seed, stream: "moments around spans")
    chosen = numbers.permutation(all.count).prefix(settings.spans).sorted().map { all[$0] }
    ofSpans = count
    classes = Set(all.map(\.span.label)).sorted()
    guard !chosen.isEmpty else {
      throw StudyError.nothingToProbe(reasons: [
        "no \(settings.level.rawValue) has sound from \(Int(first * 1000)) to \(Int(last * 1000)) ms around it; choose "
          + "moments that are nearer"
      ])
    }
  }

  private static func anchor(_ anchor: CurvesResult.Anchor, of span: LabelledSpan) -> Double {
    switch anchor {
    case .centre: (span.start + span.end) / 2
    case .start: span.start
    case .end: span.end
    }
  }

  func result() throws -> CurvesResult {
    let asked = Set(study.layers ?? study.layersByDefault)
    let taps = study.model.taps.filter { asked.contains($0.name) }
    let plan = try SplitPlan.make(for: study.corpus, seed: study.seed)
    let hears = study.model.input == .sound
    var curves: [CurvesResult.Curve] = []
    var (first, clusters): (LevelResult?, Int) = (nil, 0)
    let total = taps.count + (hears ? 1 : 0)
    for group in groups(taps, withInput: hears) {
      let states = try self.states(of: group.taps, withInput: group.hasInput)
      for name in (group.hasInput ? [LogMel.layer] : []) + group.taps.map(\.name) {
        guard !study.isCancelled() else { throw StudyError.interrupted }
        study.onProgress(
          StudyProgress(stage: "Probing moments", done: curves.count, total: total, detail: nil))
        guard let own = states[name] else {
          curves.append(missing(name, "it has no frames in time"))
          continue
        }
        guard own.allSatisfy({ $0.firstNonFinite() == nil }) else {
          curves.append(missing(name, "it has values that are not finite"))
          continue
        }
        let outcome = try settings.probeStudy(spans(with: own), plan).run(
          threads: study.threads, isCancelled: study.isCancelled)
        first = first ?? outcome.result
        clusters = outcome.draws.values.first?.clusters ?? clusters
        let found = outcome.result.layers.map { $0.metrics?.accuracy ?? .missing }
        let reason = outcome.result.layers.first?.reason
        curves.append(
          found.count == own.count && found.contains { $0.isFinite }
            ? CurvesResult.Curve(layer: name, accuracies: found)
            : missing(name, reason ?? "it cannot be probed"))
      }
    }
    guard let first, first.peak != nil else {
      throw StudyError.nothingToProbe(reasons: curves.compactMap(\.reason))
    }
    return settings.result(
      of: first, places: settings.offsets.map { ($0 * 1000).rounded() }, curves: curves, plan: plan,
      clusters: clusters, ofSpans: ofSpans, ofClasses: classes.count)
  }

  private func missing(_ layer: String, _ reason: String) -> CurvesResult.Curve {
    CurvesResult.Curve(
      layer: layer, accuracies: settings.offsets.map { _ in .missing }, reason: reason)
  }

  /// As many layers as the budget holds at a time.
  private func groups(
    _ taps: [TapPoint], withInput: Bool
  ) -> [(taps: [TapPoint], hasInput: Bool)] {
    let values = chosen.count * settings.offsets.count
    var (groups, used) = ([[TapPoint]](), Int.max)
    for tap in taps {
      let own = values * tap.width
      if groups.isEmpty || used > Self.budget - own {
        groups.append([])
        used = 0
      }
      groups[groups.count - 1].append(tap)
      used += own
    }
    return groups.enumerated().map { ($1, withInput && $0 == 0) }
  }

  /// Of each layer a tensor `[spans × width]` for each moment.
  private func states(of taps: [TapPoint], withInput: Bool) throws -> [String: [Tensor]] {
    let places = Dictionary(grouping: chosen.indices) { chosen[$0].utterance }.sorted { $0.key < $1.key }
    let counter = ProgressSteps(
      "Reading moments", total: places.count, report: study.onProgress)
    let names = Set(taps.map(\.name))
    let found = try parallelMap(places.count, threads: study.threads) { index -> [String: Tensor] in
      guard !study.isCancelled() else { throw StudyError.interrupted }
      defer { counter.advance() }
      let utterance = utterances[places[index].key]
      // All moments of a span, then those of the next.
      let moments = places[index].value.flatMap { place -> [LabelledSpan] in
        let anchor = Self.anchor(settings.anchor, of: chosen[place].span)
        return settings.offsets.map {
          LabelledSpan(
            start: anchor + $0 - Self.half, end: anchor + $0 + Self.half, label: "", type: "")
        }
      }
      var pooled: [String: Tensor] = [:]
      let sound = study.model.input == .sound ? try utterance.sound() : nil
      if withInput, let sound {
        let mel = LogMel.baseline()
        pooled[LogMel.layer] = FramePooling().pool(
          try mel.features(of: sound), timing: mel.timing, spans: moments)
      }
      try study.model.forward(utterance, sound, taps: names, threads: 1) { name, frames in
        guard let tap = taps.first(where: { $0.name == name }), frames.rows > 0 else { return }
        if let centres = try study.model.centres(of: tap, in: utterance) {
          pooled[name] = FramePooling().pool(frames, timing: ListedCentres(centres), spans: moments)
        } else if let timing = tap.timing {
          pooled[name] = FramePooling().pool(frames, timing: timing, spans: moments)
        }
      }
      return pooled
    }
    let count = settings.offsets.count
    var states: [String: [Tensor]] = [:]
    for name in (withInput ? [LogMel.layer] : []) + taps.map(\.name) {
      let parts = found.map { $0[name] }
      guard let width = parts.compactMap({ $0?.width }).first, parts.allSatisfy({ $0?.width == width })
      else { continue }
      states[name] = settings.offsets.indices.map { offset in
        Tensor(shape: [chosen.count, width]) { target in
          for (place, part) in zip(places, parts) {
            part?.withUnsafeBuffer { values in
              for (number, row) in place.value.enumerated() {
                for k in 0..<width {
                  target[row * width + k] = values[(number * count + offset) * width + k]
                }
              }
            }
          }
        }
      }
    }
    return states
  }

  /// One layer's moments as layers of their own, so that they share spans, folds and resamples.
  private func spans(with states: [Tensor]) -> PooledSpans {
    func places(_ names: [String]) -> [String: Int] {
      Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }
    let types = Set(chosen.map(\.span.type)).sorted()
    let speakers = Set(utterances.map(\.speaker)).sorted()
    let (ofClass, ofType, ofSpeaker) = (places(classes), places(types), places(speakers))
    return PooledSpans(
      level: settings.level,
      isDerived: utterances.contains { $0.tiers[settings.level]?.isDerived == true },
      classes: classes, types: types, speakers: speakers, utterances: utterances.map(\.id),
      items: chosen.map { utterance, span in
        PooledSpans.Item(
          label: ofClass[span.label] ?? -1, type: ofType[span.type] ?? 0, utterance: utterance,
          speaker: ofSpeaker[utterances[utterance].speaker] ?? 0, start: span.start, end: span.end)
      },
      states: zip(settings.offsets, states).map { ("\(Int(($0 * 1000).rounded())) ms", $1) })
  }
}
