import Activations
import Audio
import Corpora
import Foundations
import Models
import Tensors

/// Where over a corpus the evidence of linear probes lies, for each layer and level.
///
/// ```swift
/// let rows = try EvidenceStudy(model: model, corpus: corpus).run(threads: 2)
/// rows.map { "\($0.layer) \($0.level): \($0.inside.mean)" }
/// ```
/// Of each layer and level a probe is fitted as in a study's first fold; spans of its held-out recordings are explained
/// (the label against the mean of all classes, read over the span) down to the waveform or mel, in steps of 10 ms. A
/// recording is run once, whatever the number of spans, layers and levels.
public struct LocalisationStudy: Sendable {
  /// The model whose layers are explained.
  public var model: SpeechModel
  /// The labelled recordings.
  public var corpus: Corpus
  /// The levels that probes are fitted for; one without enough spans is left out.
  public var levels: [Level] = [.phoneme, .syllable, .word]
  /// Names of tap points; nil for the hidden layers and the projection.
  public var layers: [String]?
  /// The most spans that are explained of a level and layer.
  public var spans = 20
  /// How relevance goes back: `.gradient`, or `.relevance(…)` for layer-wise relevance propagation.
  public var rules = PropagationRules.gradient
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// Told, from any thread, of each stage how many of how many parts are done.
  public var onProgress: @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(model: SpeechModel, corpus: Corpus) {
    self.model = model
    self.corpus = corpus
  }

  /// One span to be explained.
  private struct Job: Sendable {
    let level: Level
    let label: String
    let span: Range<Double>
  }

  /// Throws `AttributionError` where no level can be read, and what passes throw.
  public func run(threads: Int = 1) throws -> [LevelLocalisation] {
    let names = try layers ?? defaultLayers()
    let probes = try probes(of: names, threads: threads)
    let jobs = try jobs(probes)
    let utterances = jobs.keys.sorted()
    let found = try parallelMap(utterances.count, threads: threads) { index in
      defer { onProgress("Explaining", index + 1, utterances.count) }
      return try explain(utterances[index], jobs[utterances[index]] ?? [], probes)
    }
    return levels.flatMap { level in
      names.compactMap { layer in
        guard let probe = probes[Key(layer: layer, level: level)] else { return nil }
        let own = found.flatMap { $0.filter { $0.key == Key(layer: layer, level: level) }.map(\.evidence) }
        return LevelLocalisation(own, layer: layer, level: level, probe: probe.remark, seed: seed)
      }
    }
  }

  private struct Key: Hashable, Sendable {
    let layer: String
    let level: Level
  }

  private func defaultLayers() throws -> [String] {
    let names = model.taps.filter { $0.kind.isHidden || $0.kind == .projection }.map(\.name)
    guard !names.isEmpty else { throw AttributionError.noHead(model: model.name) }
    return names
  }

  private func probes(of names: [String], threads: Int) throws -> [Key: LinearReadout] {
    let settings = ExtractionSettings(
      levels: levels, layers: names, includesMel: false, momentsBudget: 0, seed: seed)
    let extraction = try ExtractionPass(of: model, over: corpus.utterances, settings: settings).run(
      threads: threads, progress: { onProgress("Extracting", $0.done, $0.total) }, isCancelled: isCancelled)
    let splits = try SplitPlan.make(for: corpus, seed: seed)
    let keys = levels.flatMap { level in names.map { Key(layer: $0, level: level) } }
    let fitted = try parallelMap(keys.count, threads: threads) { index -> LinearReadout? in
      guard !isCancelled() else { throw AttributionError.interrupted }
      guard let examples = extraction.levels[keys[index].level]?.examples,
        examples.layers.contains(keys[index].layer)
      else { return nil }
      defer { onProgress("Fitting probes", index + 1, keys.count) }
      do {
        return try LinearReadout.fit(
          examples, layer: keys[index].layer, splits: splits, corpus: corpus.name,
          fingerprint: model.fingerprint)
      } catch AttributionError.tooFewExamples {
        return nil
      }
    }
    let probes = zip(keys, fitted).compactMap { key, probe in probe.map { (key, $0) } }
    guard !probes.isEmpty else {
      throw AttributionError.tooFewExamples(
        layer: names[0], found: 0, expected: "ten spans each of two classes of a level")
    }
    return Dictionary(uniqueKeysWithValues: probes)
  }

  /// Spans of held-out recordings whose label the probes know, at most `spans` a level, by the recording.
  private func jobs(_ probes: [Key: LinearReadout]) throws -> [Int: [Job]] {
    let held = (try SplitPlan.make(for: corpus, seed: seed).folds.first?.test ?? []).filter {
      model.readsAtOnce(corpus.utterances[$0].seconds)
    }
    var jobs: [Int: [Job]] = [:]
    for level in levels {
      guard let probe = probes.first(where: { $0.key.level == level })?.value else { continue }
      let known = Set(probe.classes)
      let all = held.flatMap { utterance in
        corpus.utterances[utterance].spans(at: level).filter { known.contains($0.label) }.map {
          (utterance, Job(level: level, label: $0.label, span: $0.start..<$0.end))
        }
      }
      var random = RandomNumbers(seed: seed, stream: "evidence of \(level.rawValue)")
      for index in random.permutation(all.count).prefix(spans).sorted() {
        jobs[all[index].0, default: []].append(all[index].1)
      }
    }
    return jobs
  }

  private func explain(
    _ utterance: Int, _ jobs: [Job], _ probes: [Key: LinearReadout]
  ) throws -> [(key: Key, evidence: SpanEvidence)] {
    let samples = try model.inputValues(of: corpus.utterances[utterance].sound())
    let places = model.taps.map(\.name)
    let deepest = Set(probes.keys.map(\.layer)).max {
      (places.firstIndex(of: $0) ?? 0) < (places.firstIndex(of: $1) ?? 0)
    }
    guard let deepest else { return [] }
    let pass = try RecordedPass(model, samples, upTo: deepest)
    let keys = probes.keys.sorted { ($0.layer, $0.level) < ($1.layer, $1.level) }
    var found: [(Key, SpanEvidence)] = []
    for key in keys {
      guard let probe = probes[key] else { continue }
      let point = try model.tap(key.layer, tokens: nil)
      let values = try pass.values(of: key.layer)
      for job in jobs where job.level == key.level {
        guard !isCancelled() else { throw AttributionError.interrupted }
        let target = try AttributionTarget.probe(probe, class: job.label, span: job.span)
        let seed: Tensor
        do {
          seed = try target.reading(of: values, at: point).seed
        } catch AttributionError.emptySpan {
          continue  // shorter than the layer's step
        }
        let walk = try pass.walk(from: [key.layer: seed], to: [RecordedPass.input], by: rules)
        guard let profile = pass.timeProfile(of: walk) else { continue }
        let evidence = SpanEvidence(profile: profile, step: 0.01, span: job.span, utterance: utterance)
        if let evidence { found.append((key, evidence)) }
      }
    }
    return found
  }
}

extension RecordedPass {
  /// `Σ input·gradient` in steps of 10 ms; nil where the walk did not go to the input.
  func timeProfile(of walk: Walk) -> [Double]? {
    guard let input, let gradient = walk.gradients[Self.input] else { return nil }
    let rows = input.name == "waveform" ? max(1, model.samplingRate / 100) : 1
    let width = input.values.width * rows
    let frames =
      input.name == "waveform"
      ? (input.values.rows + rows - 1) / rows
      : min(input.values.rows, samples.count * 100 / model.samplingRate + 1)
    return input.values.withUnsafeBuffer { x in
      gradient.withUnsafeBuffer { g in
        (0..<frames).map { frame in
          (frame * width..<min(x.count, (frame + 1) * width)).reduce(0.0) { $0 + Double(x[$1] * g[$1]) }
        }
      }
    }
  }
}

extension SpeechModel {
  /// Whether a sound is no longer than the window of a model that has one: gradients and attention reach over one window.
  public func readsAtOnce(_ seconds: Double) -> Bool {
    windowSamples.map { seconds * Double(samplingRate) <= Double($0) } ?? true
  }
}
