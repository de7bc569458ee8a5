import Activations
import Corpora
import Files
import Foundation
import Foundations
import Models
import Probing
import Reports
import Results
import Similarity

extension LayerStudy {
  /// Runs the whole study away from the caller's thread; cancelling the task stops it.
  ///
  /// Throws `StudyError`, or the error of whatever input was at fault.
  public func run() async throws -> StudyResult {
    let others = try TrainingPoint.found(at: training, corpus: corpus.fingerprint, seed: seed)
    if let file { file.changes(model: model.fingerprint, corpus: corpus.fingerprint).forEach(onNotice) }
    return try await runBlocking { try $0.result() }.among(others)
  }

  /// Runs `body` with this study on a thread of its own; cancelling the task cancels that study.
  func runBlocking<T: Sendable>(_ body: @escaping @Sendable (LayerStudy) throws -> T) async throws -> T {
    try await Strata.runBlocking(asking: isCancelled) { isCancelled in
      var study = self
      study.isCancelled = isCancelled
      return try body(study)
    }
  }

  /// How often a study is begun again because its recordings were changed meanwhile.
  private static let attempts = 3

  private func result() throws -> StudyResult {
    for _ in 0..<Self.attempts {
      let (result, contents) = try requiringModel { try measured() }
      let changed = changedRecordings(since: contents)
      guard !changed.isEmpty else { return result }
      onNotice(Self.notice(ofChanged: changed))
    }
    throw StudyError.soundChanges(corpus: corpus.name)
  }

  /// Runs `body`, which reads the model and the recordings of `utterances`, nil for all.
  ///
  /// Throws `FileError.changed` where one of them is another afterwards.
  func requiringUnchanged<R>(_ utterances: [Utterance]? = nil, _ body: () throws -> R) throws -> R {
    let read = corpus.with(utterances ?? corpus.utterances)
    return try requiringModel { try fingerprints.requiringUnchanged(read.recordings, body) }
  }

  /// The same for the model alone.
  func requiringModel<R>(_ body: () throws -> R) throws -> R {
    func requireUnchanged() throws { try model.requireUnchanged(atEnd: true) }
    return try requiring(requireUnchanged, after: body)
  }

  /// The recordings whose bytes are no more those that were decoded: of each pass, the hash for each utterance.
  private func changedRecordings(since contents: [[String?]]) -> [String] {
    // What was made elsewhere was checked against the shards' descriptions.
    guard shards == nil, !corpus.isText else { return [] }
    return corpus.utterances.enumerated().compactMap { place, utterance in
      let now = try? fingerprints.fingerprint(of: utterance.audioPath)
      let isSame = contents.allSatisfy { $0.count <= place || $0[place] == now }
      return isSame ? nil : utterance.audioPath
    }
  }

  /// The study, and of each pass what its recordings were.
  private func measured() throws -> (result: StudyResult, contents: [[String?]]) {
    let probes = try probesOfLevels()
    var contents: [[String?]] = []
    let splits = try SplitPlan.make(for: corpus, seed: seed)
    var levels: [LevelResult] = []
    var findings = FindingList(corpus: corpus, splits: splits)
    findings.add(kernelsOfShards: shards?.kernels ?? [])
    var similarity: [SimilarityMatrix] = []
    var spectra: [LayerSpectrum] = []
    var reader: MapReader?
    for (place, spans) in passes(of: probes).enumerated() {
      guard let trained = try extraction(of: spans.keepingMoments(place == 0)) else { continue }
      let twins = try twinSeeds.indices.compactMap { try extraction(of: spans.twin($0)) }
      contents += ([trained] + twins).map(\.contents)
      onExtraction(trained)
      findings.add(issues: trained.issues)
      if !twinSeeds.isEmpty, twins.isEmpty { findings.add(noTwinOf: model.name) }
      if place == 0, let compared = comparedLevel(of: trained) {
        similarity = try self.similarity(compared.activations, of: compared.level)
        spectra = try self.spectra(compared.activations)
      }
      for probe in spans.probes {
        guard let outcome = try run(probe, trained: trained, twins: twins, splits: splits) else { continue }
        onOutcome(outcome)
        var result = outcome.result
        let sentence = VerdictWords(result).text ?? ""
        result.verdict?.sentence = sentence
        levels.append(result)
        try consider(outcome.result, of: probe, trained, splits, for: &reader)
        findings.add(outcome.findings, of: probe)
      }
    }
    guard levels.contains(where: { $0.peak != nil }) else {
      throw StudyError.nothingToProbe(reasons: findings.sentences(corpus.terms))
    }
    var result = StudyResult(
      model: modelSummary, corpus: corpusSummary, settings: settings,
      levels: levels.sorted(by: isBelow), similarity: similarity, spectra: spectra,
      warnings: findings.sentences(corpus.terms))
    result.findings = findings.all
    result.maps = try activationMaps(by: reader, splits)
    return (result, contents)
  }

  private func run(
    _ probe: ProbeSpec, trained: Extraction, twins: [Extraction], splits: SplitPlan
  ) throws -> ProbeStudy.Outcome? {
    guard let (study, targeted) = try probeStudy(of: probe, trained: trained, twins: twins, splits: splits)
    else { return nil }
    var cached = study
    cached.fits = try fitLog(of: probe, targeted, trained, twins)
    return try cached.run(
      threads: threads,
      progress: { [onProgress] done, total in
        onProgress(StudyProgress(stage: "Probing \(probe.name)", done: done, total: total, detail: nil))
      }, isCancelled: isCancelled)
  }

  /// A probe's part of the study, and what is read of the spans; nil where there are none.
  func probeStudy(
    of probe: ProbeSpec, trained: Extraction, twins: [Extraction], splits: SplitPlan
  ) throws -> (study: ProbeStudy, targeted: ProbeDataset)? {
    guard let examples = trained.levels[probe.level]?.examples else { return nil }
    func read(_ spans: PooledSpans) throws -> PooledSpans {
      try dimensions.map { try spans.inPrincipalComponents($0, threads: threads) } ?? spans
    }
    let targeted = try ProbeDataset(
      read(examples), for: probe, in: corpus.utterances, threads: threads)
    var study = ProbeStudy(
      spec: probe, targeted: targeted,
      twins: try twins.compactMap { try ($0.levels[probe.level]?.examples).map(read) },
      splits: probe.division == .auto
        ? splits
        : try SplitPlan.make(
          for: corpus.utterances.map { ($0.speaker, $0.sentence, $0.seconds) }, by: probe.division,
          seed: seed, terms: corpus.terms),
      tapPoints: layersOfModel, seed: seed, resamples: bootstrapResamples)
    try study.targeted.readSurroundings(in: corpus.utterances, threads: threads)
    study.errorLayers = Set(errorLayers)
    return (study, targeted)
  }

  /// By level, what a span is before what else is read of it.
  private func isBelow(_ a: LevelResult, _ b: LevelResult) -> Bool {
    (a.level, a.subject == nil ? 0 : 1, a.probe) < (b.level, b.subject == nil ? 0 : 1, b.probe)
  }

  /// The definitions for the levels asked for, in the order of the hierarchy; throws where a level has none
  /// or where no level has labels.
  func probesOfLevels() throws -> [ProbeSpec] {
    try corpus.requireReadable(by: model)
    let probes = self.probes.filter { levels.contains($0.level) }.sorted { $0.level < $1.level }
    guard !probes.isEmpty else { throw StudyError.noProbe(levels: levels) }
    let available = Level.allCases.filter { level in
      corpus.utterances.contains { !$0.spans(at: level).isEmpty }
    }
    let labelled = probes.filter { probe in
      probe.target.isOfFrames
        ? probe.target.boundaryLevel.map(available.contains) ?? true : available.contains(probe.level)
    }
    guard !labelled.isEmpty else {
      throw StudyError.noLabels(corpus: corpus.name, levels: levels, available: available)
    }
    return labelled
  }

  /// The level over whose spans layers are compared.
  func comparedLevel(of extraction: Extraction) -> (level: Level, activations: LevelActivations)? {
    (extraction.levels.first { $0.key == similarityLevel } ?? extraction.levels.min { $0.key < $1.key })
      .map { ($0.key, $0.value) }
  }

  /// Debiased and biased linear CKA and SVCCA between all layers, over one level's pooled spans: over all of them
  /// by their moments where these hold every pair of layers, else over the sample.
  func similarity(_ activations: LevelActivations, of level: Level) throws -> [SimilarityMatrix] {
    let examples = activations.examples
    let layers = examples.layers.filter { $0 != examples.baseline }
    let isSampled = activations.spans > examples.items.count
    func matrix(_ measure: some MomentMeasure) throws -> SimilarityMatrix {
      guard !isCancelled() else { throw StudyError.interrupted }
      if isSampled, let moments = activations.moments, moments.extent == .pairs {
        return try LayerSimilarity.matrix(
          moments, unit: "\(level.rawValue) spans", layers: layers, measure: measure, threads: threads
        ).rounded
      }
      return try LayerSimilarity.matrix(examples, layers: layers, measure: measure, threads: threads)
    }
    let width = try layers.reduce(0) { $0 + (try examples.states(of: $1).width) }
    let choice = (rows: examples.items.count, totalWidth: width, layers: layers.count)
    let usesMoments = isSampled && activations.moments?.extent == .pairs
    guard !usesMoments,
      CKAEstimate.cheapest(rows: choice.rows, totalWidth: choice.totalWidth, layers: choice.layers)
        == .minibatch
    else {
      return [try matrix(LinearCKA()), try matrix(LinearCKA(debiased: false)), try matrix(SVCCA())]
    }
    var batches = try LayerSimilarity.matrix(
      examples, layers: layers, measure: MinibatchCKA(), threads: threads)
    batches.notes.append(
      "from batches of rows, since exact values over \(choice.rows) rows of \(width) dimensions are too much work; "
        + "the biased form has no such estimate and is left out")
    return [batches, try matrix(SVCCA())]
  }
}

extension SimilarityMatrix {
  /// With six decimals: shards' sums, added in another order than one run's, differ in the last digits of a double,
  /// and a merged study is to be the same bytes.
  fileprivate var rounded: SimilarityMatrix {
    var result = self
    result.values = values.map { $0.map { $0.map { ($0 * 1e6).rounded() / 1e6 } } }
    return result
  }
}
