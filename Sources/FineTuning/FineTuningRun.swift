import Corpora
import Files
import Foundation
import Foundations
import Models
import Results
import Tensors

/// Trains a speech model on a corpus, tests it on what was kept apart, and writes it as a folder that transformers opens.
///
/// ```swift
/// var run = FineTuningRun(model: try SpeechModel.load("hubert-base"), corpus: corpus, labels: .level(.phoneme))
/// run.settings.steps = 500
/// let result = try run.finished(in: "adapted")
/// print(result.terminalSummary)
/// ```
/// The result, to the last byte, is a function of model, corpus and settings, and not of `threads` or of interruptions.
public struct FineTuningRun: Sendable {
  /// Which head is trained.
  public enum HeadChoice: String, Sendable, CaseIterable {
    /// The model's own, where it has one whose classes are known and has all labels; else a new one.
    case auto
    case keep, new
  }

  /// The model that is trained further.
  public var model: SpeechModel
  /// The recordings and their labels.
  public var corpus: Corpus
  /// What the model is to give: a level's labels, or who speaks.
  public var labels: TrainingData.Labels
  /// How it is trained.
  public var settings = TrainingSettings()
  /// Whether the model's own head is kept.
  public var head = HeadChoice.auto
  /// The names of the classes of the model's own head, as far as they are known.
  public var existingClasses: [String] = []
  /// How many divisions of the corpus are gone through, each with a model of its own; nil for all.
  public var folds: Int? = 1
  /// Recordings of more seconds are left out.
  public var longest: Double?
  /// Whether an unfinished training of other settings in the folder is given up for this one.
  public var replacesOthers = false
  /// Steps after which the model is also kept, as `step-000100` and so on, to look into its layers.
  public var snapshots: [Int] = []
  /// Files that tell of the run, written with what was found.
  public var records: [(name: String, data: Data)] = []
  /// Whether finished work stays for whoever looks at the model before and after, until `removeWork(of:)`.
  public var keepsWork = false
  /// How many threads work at once; the result does not depend on it.
  public var threads = ProcessInfo.processInfo.activeProcessorCount
  /// Told each update of the parameters, with how many there will be.
  public var onStep: @Sendable (_ stage: String, TrainingEntry, _ total: Int) -> Void = { _, _, _ in }
  /// Told, in a sentence, what a user should know while the training runs.
  public var onNote: @Sendable (String) -> Void = { _ in }
  /// Asked now and then from any thread; true ends the work with an error that says it was interrupted.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(model: SpeechModel, corpus: Corpus, labels: TrainingData.Labels) {
    (self.model, self.corpus, self.labels) = (model, corpus, labels)
  }

  /// Trains, or goes on with what an interrupted run of the same settings left in `folder`.
  ///
  /// Each fold's model lies in `folder/model` (of several `folder/fold-1/model` …), its log in `training.jsonl` beside it;
  /// `folder/finetune.json` and `folder/results.json` hold what was found.
  /// - Throws: `FineTuningError`, `ModelError`, `CorpusError`, and `FileError`: `.changed` where the model or a recording was
  ///   changed meanwhile.
  public func finished(in folder: String) throws -> FineTuningResult {
    let fingerprints = FileFingerprints()
    let recordings = WatchedFiles(corpus.utterances.map(\.audioPath), by: fingerprints)
    @Sendable func requireUnchanged() throws {
      try model.requireUnchanged()
      try recordings.requireUnchanged()
    }
    return try requiring(requireUnchanged) {
      try trained(in: folder, fingerprints, requireUnchanged: requireUnchanged)
    }
  }

  private func trained(
    in folder: String, _ fingerprints: FileFingerprints,
    requireUnchanged: @escaping @Sendable () throws -> Void
  ) throws -> FineTuningResult {
    try settings.check()
    try ModelFolder.check(model, settings.task)
    try ModelFolder.check(model, settings.augmentation)
    let augmenter =
      settings.augmentation.changesSound ? try SoundAugmenter(settings.augmentation) : nil
    let (data, keeps) = try divisions()
    var outcomes: [Outcome] = []
    var folds: [FineTuningResult.Fold] = []
    var counts = (trained: 0, all: 0)
    let place = RunFolder(path: folder, folds: data.count)
    var kept: [String] = []
    for (number, part) in data.enumerated() {
      if number == 0 { part.notes.forEach(onNote) }
      guard settings.patience == nil || !part.development.isEmpty else {
        throw FineTuningError.noDevelopmentPart(
          reason: "too few speakers and sentences are left beside the tested ones; leave out --patience")
      }
      let untrained = try trainee(part, keeps: keeps)
      counts = untrained.counts
      let need = try MemoryNeed(untrained, averages: settings.average != nil).check(
        part, threads: threads, batch: settings.batch, slowest: settings.augmentation.slowest)
      if number == 0 { onNote("training takes about \(need >> 20) MiB of memory") }
      let stage = data.count == 1 ? "Training" : "Training fold \(number + 1) of \(data.count)"
      let work = place.place(of: number)
      var trainer = try Trainer(
        model: untrained, settings: settings, train: part.train, development: part.development,
        identity: identity(part, augmenter, fingerprints), folder: work, threads: threads,
        fillers: part.fillers)
      trainer.augmenter = augmenter
      trainer.replacesOthers = replacesOthers
      trainer.isCancelled = isCancelled
      trainer.requireUnchanged = requireUnchanged
      trainer.onStep = { onStep(stage, $0, $1) }
      trainer.snapshots = Set(snapshots)
      trainer.onSnapshot = { try write($1, part, to: "\(work)/\(RunFolder.snapshot($0))") }
      let (last, averaged, log, best) = try trainer.run()
      let trained = averaged ?? last
      func tested(_ model: TrainedModel) throws -> EvaluationOutcome {
        try Evaluation(of: model, fillers: part.fillers).run(part.test, threads: threads)
      }
      outcomes.append(
        Outcome(
          before: keeps ? try tested(untrained) : nil, after: try tested(trained),
          plain: averaged == nil ? nil : try tested(last)))
      try write(trained, part, to: "\(work)/model")
      let steps = log.last?.step ?? 0
      let models = ["model"] + snapshots.filter { $0 <= steps }.map(RunFolder.snapshot)
      kept += (models + (trained.adapter == nil ? [] : models.map { $0 + "-adapter" }))
        .map { place.prefix(of: number) + $0 }
      folds.append(
        FineTuningResult.Fold(
          model: "\(place.prefix(of: number))model", train: part.train.count,
          development: part.development.count, test: part.test.count, steps: steps, bestStep: best))
    }
    try requireUnchanged()
    let (result, standardError) = try result(of: outcomes, folds, data[0], counts)
    let staged = try staged(result, standardError, place)
    defer { staged.discard() }
    // What takes room is written by now.
    try place.publish(kept)
    try staged.commit()
    if !keepsWork { place.removeWork() }
    return result
  }

  /// The parts of each fold, and whether the model's own head is kept.
  private func divisions() throws -> (data: [TrainingData], keepsHead: Bool) {
    func data(_ existing: [String]?, _ fold: Int) throws -> TrainingData {
      try TrainingData(
        corpus, for: model, task: settings.task, labels: labels, existing: existing, fold: fold,
        longest: longest,
        seed: settings.seed)
    }
    func all(_ existing: [String]?) throws -> [TrainingData] {
      let first = try data(existing, 0)
      let count = min(folds ?? first.foldCount, first.foldCount)
      return try [first] + (1..<max(1, count)).map { try data(existing, $0) }
    }
    let width = model.taps.last { $0.name == "logits" }?.width
    let canKeep = settings.task == .ctc && width == existingClasses.count && !existingClasses.isEmpty
    switch head {
    case .new: return (try all(nil), false)
    case .keep:
      guard canKeep else {
        throw FineTuningError.setting(
          name: "the head", found: width == nil ? "none" : "one of \(width ?? 0) classes without names",
          expected:
            "a CTC head with the names of its classes (vocab.json), to keep it; --head new makes one")
      }
      return (try all(existingClasses), true)
    case .auto:
      guard canKeep else { return (try all(nil), false) }
      do { return (try all(existingClasses), true) } catch FineTuningError.unknownLabels {
        onNote("the model's own head has not all labels: it gets a new one")
        return (try all(nil), false)
      }
    }
  }

  private func trainee(_ part: TrainingData, keeps: Bool) throws -> TrainedModel {
    guard let top = model.topTap else { throw ModelError.unknownLayer(name: "hidden", nearest: []) }
    var task = TaskHead(task: settings.task, classes: part.classes.count, width: top.width)
    if top.name == "pooled" {
      task.rowEpsilon = Float(model.storedConfiguration?["layer_norm_eps"]?.number ?? 1e-12)
    }
    let values = keeps ? try model.parameterValues().filter { $0.key.hasPrefix("lm_head.") } : nil
    let loss = TaskLoss(
      blank: part.blank,
      entropy: CrossEntropy(
        classWeights: settings.balancesClasses ? part.classWeights : nil, smoothing: settings.smoothing))
    return try TrainedModel(
      model, head: task, loss: loss, existingHead: values, adapter: settings.adapter,
      beside: settings.side,
      freezing: settings.frozen, masksFrames: settings.augmentation.maskedFrames > 0, seed: settings.seed)
  }

  /// Removes what a run with `keepsWork` in `folder` has left for its going on.
  public static func removeWork(of folder: String) { RunFolder(path: folder, folds: 1).removeWork() }

  /// The name of the folder that holds the model after so many steps.
  public static func snapshotName(_ step: Int) -> String { RunFolder.snapshot(step) }

  /// What tells one training from another, a line each.
  private func identity(
    _ part: TrainingData, _ augmenter: SoundAugmenter?, _ fingerprints: FileFingerprints
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let settings = String(decoding: try encoder.encode(settings), as: UTF8.self)
    var content = StableHash()
    let paths = Dictionary(corpus.utterances.map { ($0.id, $0.audioPath) }) { first, _ in first }
    for example in part.train + part.development {
      content.combine(example.id)
      content.combine("\(example.target)")
      if let path = paths[example.id] { content.combine(try fingerprints.fingerprint(of: path)) }
    }
    return [
      "model \(model.fingerprint) \(model.settings)", "labels \(labels.name)", "settings \(settings)",
      "classes \(part.classes.joined(separator: " "))", "utterances \(content.value)",
      "noise \(try augmenter?.identity() ?? "none")",
    ].joined(separator: "\n")
  }

  private func write(_ model: TrainedModel, _ part: TrainingData, to folder: String) throws {
    let staged = try StagedResults(for: folder)
    defer { staged.discard() }
    let files = ModelFolder(model: model, classes: part.classes, blank: part.blank)
    try files.write(into: staged)
    try staged.commit()
    guard model.adapter != nil else { return }
    let adapter = try StagedResults(for: folder + "-adapter")
    defer { adapter.discard() }
    try files.writeAdapter(into: adapter)
    try adapter.commit()
  }

  /// A fold's tests: before, after, and after without the average of parameters that was taken.
  private struct Outcome {
    var before: EvaluationOutcome?
    var after: EvaluationOutcome
    var plain: EvaluationOutcome?
  }

  private func result(
    of outcomes: [Outcome], _ folds: [FineTuningResult.Fold],
    _ part: TrainingData, _ counts: (trained: Int, all: Int)
  ) throws -> (result: FineTuningResult, standardError: Double?) {
    func joined(_ parts: [EvaluationOutcome]) -> EvaluationOutcome {
      EvaluationOutcome(
        task: settings.task, classes: part.classes.count, utterances: parts.flatMap(\.utterances))
    }
    let befores = outcomes.compactMap(\.before)
    let after = joined(outcomes.map(\.after))
    let before = befores.count == outcomes.count ? joined(befores) : nil
    let scores = Scores(
      after: after, before: before, classes: part.classes, spelling: TextSpelling(labels),
      tolerance: Evaluation.tolerance(of: model), seed: settings.seed)
    var result = FineTuningResult(
      model: model.name, fingerprint: model.fingerprint, corpus: corpus.name,
      task: settings.task.rawValue,
      labels: labels.name, measure: measure, trainedParameters: counts.trained,
      allParameters: counts.all,
      classes: part.classes, folds: folds, before: before.map(scores.score),
      after: scores.score(after),
      difference: scores.difference, unit: scores.unit, units: scores.units,
      utterances: scores.utterances,
      notes: part.notes)
    let plains = outcomes.compactMap(\.plain)
    if let average = settings.average, plains.count == outcomes.count {
      let plain = joined(plains)
      let beside = Scores(after: after, before: plain, classes: part.classes, seed: settings.seed)
      result.averaging = FineTuningResult.Averaging(
        method: average.name, without: beside.score(plain).errors, difference: beside.difference)
    }
    return (result, scores.standardError(after))
  }

  /// What was found, the logs and the records, on their way into the run's folder.
  private func staged(
    _ result: FineTuningResult, _ standardError: Double?, _ place: RunFolder
  ) throws -> StagedResults {
    let staged = try StagedResults(for: place.path)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try staged.write(try encoder.encode(result) + Data("\n".utf8), to: "finetune.json")
    try staged.write(
      try HarnessResult(result: result, standardError: standardError, settings: settings).data(),
      to: "results.json")
    for (name, log) in try place.logs() { try staged.write(log, to: name) }
    for record in records { try staged.write(record.data, to: record.name, isRecord: true) }
    return staged
  }

  private var measure: String {
    switch (settings.task, labels) {
    case (.ctc, .level(.phoneme)): "phone error rate"
    case (.ctc, .level(.word)): "word error rate"
    case (.ctc, .level(.character)): "character error rate"
    case (.ctc, _): "\(labels.name) error rate"
    default: "share of wrong classes"
    }
  }
}
