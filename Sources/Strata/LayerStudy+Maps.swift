import Activations
import Attribution
import Audio
import Corpora
import Foundation
import Foundations
import Models
import Probing
import Results
import Tensors

/// The probe whose evidence a study draws, and what the study found of its level.
struct MapReader: Sendable {
  let probe: LinearReadout
  let decision: Verdict.Decision
}

extension LayerStudy {
  /// What is listened to around a span, in seconds.
  private static let stretch = 2.0

  /// Takes a level's probe at its peak for the maps where none was found yet at a finer level that is encoded.
  func consider(
    _ result: LevelResult, of probe: ProbeSpec, _ trained: Extraction, _ splits: SplitPlan,
    for reader: inout MapReader?
  ) throws {
    guard maps > 0, weights != nil, dimensions == nil, reader?.decision != .encoded,
      probe.target == .identity,
      probe.pool == .mean,
      let decision = result.verdict?.decision, decision != .notEncoded,
      reader == nil || decision == .encoded,
      let peak = result.peak?.layer.name, let examples = trained.levels[probe.level]?.examples
    else { return }
    onProgress(StudyProgress(stage: "Fitting the maps' probe", done: 0, total: 1, detail: nil))
    do {
      let fitted = try LinearReadout.fit(
        examples, layer: peak, splits: splits, corpus: corpus.name, fingerprint: model.fingerprint)
      reader = MapReader(probe: fitted, decision: decision)
    } catch AttributionError.tooFewExamples {
      return
    }
  }

  /// The model whose operations can be gone back through; nil for activations from elsewhere and for text.
  private var weights: SpeechModel? {
    model as? SpeechModel ?? (model as? TeacherForcedModel)?.model
  }

  /// Nil where none are asked for.
  func activationMaps(by reader: MapReader?, _ splits: SplitPlan) throws -> ActivationMaps? {
    guard maps > 0 else { return nil }
    guard let weights else {
      let reason =
        corpus.isText ? "it reads text" : "its activations were made elsewhere, or it hears no sound"
      return ActivationMaps(remarks: [
        "There are no maps of \(model.name): nothing leads from its layers back to a sound, since \(reason)."
      ])
    }
    if dimensions != nil {
      return ActivationMaps(remarks: [
        "There are no maps: layers are read in principal components, and maps are of what a probe reads of a layer as it is."
      ])
    }
    guard let reader else {
      return ActivationMaps(remarks: [
        "There are no maps: no level of labelled spans is encoded, or may be, so there is no evidence to look for."
      ])
    }
    var remarks = [
      "The reader is \(reader.probe.remark), at \(reader.probe.layer), the peak of \(reader.probe.level.rawValue)"
        + (reader.decision == .encoded ? "." : ", which is undecided: take the maps as lightly.")
    ]
    let spans = mappedSpans(of: reader.probe, splits, weights)
    var examples: [ActivationMaps.Example] = []
    for (number, span) in spans.enumerated() {
      onProgress(StudyProgress(stage: "Drawing maps", done: number, total: spans.count, detail: nil))
      do {
        examples.append(try example(of: span, reader.probe, weights))
      } catch let error as AttributionError where error != .interrupted {
        remarks.append(
          "No map of “\(span.interval.label)” in \(corpus.utterances[span.utterance].id): \(error).")
      }
    }
    if !examples.isEmpty {
      remarks.append(
        "Held-out spans of different labels, drawn with the study's seed and not chosen by how they look.")
    }
    return ActivationMaps(remarks: remarks, examples: examples)
  }

  private typealias MappedSpan = (utterance: Int, interval: LabelledSpan)

  /// Spans of the first fold's test recordings that the layer has a frame in, of different labels and where there
  /// are enough of different recordings.
  private func mappedSpans(
    of probe: LinearReadout, _ splits: SplitPlan, _ weights: SpeechModel
  ) -> [MappedSpan] {
    let known = Set(probe.classes)
    let step = weights.taps.first { $0.name == probe.layer }?.timing?.stride ?? 0
    let all = (splits.folds.first?.test ?? []).sorted().flatMap { utterance -> [MappedSpan] in
      corpus.utterances[utterance].spans(at: probe.level)
        .filter { known.contains($0.label) && $0.seconds > step && $0.seconds < Self.stretch }
        .map { (utterance, $0) }
    }
    var random = RandomNumbers(seed: seed, stream: "maps")
    var chosen: [MappedSpan] = []
    let order = random.permutation(all.count)
    for isOfOneRecording in [false, true] {
      for place in order where chosen.count < maps {
        let isNew = !chosen.contains {
          $0.interval.label == all[place].interval.label
            || (!isOfOneRecording && $0.utterance == all[place].utterance)
        }
        if isNew { chosen.append(all[place]) }
      }
    }
    return chosen
  }

  private func example(
    of span: MappedSpan, _ probe: LinearReadout, _ weights: SpeechModel
  ) throws -> ActivationMaps.Example {
    var whole = try AttributionRun(weights, corpus.utterances[span.utterance])
    (whole.threads, whole.probe, whole.isCancelled) = (threads, probe, isCancelled)
    let middle = (span.interval.start + span.interval.end) / 2
    // Whole hundredths of a second can be typed again, for `attribute`.
    let latest = max(0, whole.sound.seconds - Self.stretch)
    let start = (min(max(0, middle - Self.stretch / 2), latest) * 100).rounded(.down) / 100
    let explanation = try whole.part(start..<(start + Self.stretch))
    var request = TargetRequest()
    request.span = (span.interval.start - start)..<(span.interval.end - start)
    let guess = try request.target(of: explanation, probe: probe).label ?? ""
    request.className = span.interval.label
    let target = try request.target(of: explanation, probe: probe)
    var result: AttributionResult
    do {
      result = try explanation.result(
        target, methods: [.gradCAM, .gradientInput], checks: true, depth: .brief)
    } catch AttributionError.notApplicable {
      // Before the first convolution there is no layer to weigh.
      result = try explanation.result(target, methods: [.gradientInput], checks: true, depth: .brief)
    }
    guard result.maps.allSatisfy({ $0.profile.allSatisfy(\.isFinite) }), result.score.isFinite else {
      throw AttributionError.notApplicable(method: "a map", reason: "the gradient is not finite")
    }
    for place in result.maps.indices {
      result.maps[place].regions = []
      (result.maps[place].bands, result.maps[place].bandProfile) = ([], [])
    }
    return ActivationMaps.Example(
      label: span.interval.label, guess: guess, explained: result, sound: Data(explanation.sound.wav()))
  }
}
