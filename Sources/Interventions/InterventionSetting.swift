import Activations
import Corpora
import Foundations
import Models
import Probing
import Tensors

/// Everything that a study of interventions decides before a layer is changed: levels with their folds, layers, readers
/// of the intact model, and how its head is read.
struct InterventionSetting: Sendable {
  let study: InterventionStudy
  let threads: Int
  private(set) var plans: [ConceptPlan]
  /// The layers that are read, in the order of the data.
  let read: [TapPoint]
  /// The names of those that are changed, in the same order.
  let changed: [String]
  /// The model's own output; nil without one.
  let head: ModelHead?
  /// Of the head's frames, where its rows are frames.
  let headTiming: FrameTiming?
  let steers: [Steer]
  /// Utterances that are run: those that the model reads at once.
  let utterances: [Int]
  /// `[layers that are read][levels]`; nil where the layer's step is too long for the level.
  private(set) var readers: [[LayerReaders?]]
  /// Tested spans that readers of the intact model read right, `[layers that are read][levels][utterances of the corpus]`;
  /// none where there are no readers.
  let intactRight: [[[Double]]]
  /// The same of readers of what is simpler than a layer; nil where that is not read, `[levels][utterances]`.
  let baselineRight: [[Double]?]
  /// A point amid each layer's states.
  let centres: [[Double]?]
  /// Draws of random subspaces that each fold of each level has.
  let draws: [[[Int]]]

  var deepest: String { head?.tap ?? read.last?.name ?? "" }

  init(_ study: InterventionStudy, threads: Int) throws {
    self.study = study
    self.threads = max(1, threads)
    let (model, corpus) = (study.model, study.corpus)
    let specs = try study.levels.map { try ProbeSpec.erasable($0, among: study.probes, ofText: false) }
    let head = try ModelHead(study, threads: self.threads)
    let taps = model.taps.filter {
      $0.timing != nil && $0.name != (head?.tap ?? InterventionStudy.head) && $0.kind != .logits
        && study.readLayers?.contains($0.name) ?? true
    }
    self.head = head
    guard !taps.isEmpty else { throw InterventionError.noLayers(model: model.name) }
    read = taps
    changed = taps.map(\.name).filter { study.layers?.contains($0) ?? true }
    guard !changed.isEmpty || study.layers?.isEmpty == true else {
      throw InterventionError.noLayers(model: model.name)
    }
    headTiming = model.taps.first { $0.name == InterventionStudy.head }?.timing
    utterances = corpus.utterances.indices.filter {
      model.canGoOn(corpus.utterances[$0].seconds) && head?.takes($0) ?? true
    }

    let settings = ExtractionSettings(
      levels: Set(specs.map(\.level)).sorted(), layers: taps.map(\.name),
      includesMel: study.readsBaseline, momentsBudget: 0, seed: study.seed)
    let extraction: Extraction
    do {
      extraction = try ExtractionPass(
        of: study.source ?? model as any ActivationSource, over: corpus.utterances, settings: settings
      ).run(
        threads: self.threads,
        progress: { [onProgress = study.onProgress] in onProgress("Extracting", $0.done, $0.total) },
        isCancelled: study.isCancelled)
    } catch ActivationError.interrupted { throw InterventionError.interrupted }
    try study.requireGoingOn()
    plans = try specs.map { spec in
      guard let examples = extraction.levels[spec.level]?.examples else {
        throw InterventionError.tooFewSpans(
          level: spec.name, reason: "the corpus has no \(spec.level.rawValue) labels")
      }
      return try ConceptPlan(
        spec, examples, corpus: corpus, seed: study.seed, readsBaseline: study.readsBaseline,
        threads: max(1, threads))
    }
    draws = plans.map { plan in
      RandomDraws.plan(count: study.controls, folds: plan.foldCount, utterances: plan.tested.count)
    }
    steers = try study.steers.map { [plans] in try Steer($0, plans, symbols: study.symbols) }
    let (plans, read) = (plans, read)
    let found = try parallelMap(taps.count, threads: self.threads) { place in
      try study.requireGoingOn()
      return try IntactLayer(read[place], plans)
    }
    readers = found.map(\.readers)
    intactRight = found.map(\.right)
    centres = found.map(\.centre)
    baselineRight = try plans.map { plan in
      try plan.baseline.map { try plan.right(readingOff: $0.states, threads: max(1, threads)) }
    }
    if study.isUntrained { dropStates() }
  }

  /// Lets go of what only changes of layers need, so that it is not held beside the untrained model's.
  mutating func dropReaders() {
    readers = readers.map { $0.map { _ in nil } }
    dropStates()
  }

  private mutating func dropStates() { for index in plans.indices { plans[index].dropStates() } }

  /// Whether a level is read off a layer.
  func isRead(_ level: Int, at place: Int) -> Bool { !intactRight[place][level].isEmpty }

  /// The utterances that a level is tested on, of those that are run.
  func run(_ plan: ConceptPlan) -> [Int] {
    let running = Set(utterances)
    return plan.tested.filter(running.contains)
  }
}

/// Which random subspaces each fold is given.
enum RandomDraws {
  /// Of so few utterances each is run with every draw.
  static let fewUtterances = 20
  /// Draws that an utterance is run with at least, where there are more.
  static let leastOfEach = 4

  /// The draws of each fold: all of few utterances, else some, so that folds take turns and every draw is had by as many.
  static func plan(count: Int, folds: Int, utterances: Int) -> [[Int]] {
    guard count > 0, folds > 0 else { return Array(repeating: [], count: folds) }
    let each =
      utterances <= fewUtterances ? count : min(count, max(leastOfEach, (count + folds - 1) / folds))
    return (0..<folds).map { fold in (0..<each).map { (fold * each + $0) % count }.sorted() }
  }
}

extension SpeechModel {
  /// Whether a pass over so many seconds can go on from a changed layer: it must be one pass, of one window.
  func canGoOn(_ seconds: Double) -> Bool {
    let limit = windowSamples.map { Double($0) / Double(samplingRate) } ?? attentionWindow ?? .infinity
    return seconds <= limit
  }
}

/// What readers of the intact model find in one layer.
private struct IntactLayer: Sendable {
  var readers: [LayerReaders?] = []
  var right: [[Double]] = []
  var centre: [Double]?

  init(_ tap: TapPoint, _ plans: [ConceptPlan]) throws {
    for plan in plans {
      guard plan.examples.layers.contains(tap.name) else {
        readers.append(nil)
        right.append([])
        continue
      }
      let states = try plan.examples.states(of: tap.name)
      if centre == nil, states.rows > 0 { centre = Self.mean(states) }
      let sums = plan.sums(width: tap.width) { utterance in
        (states.selectingRows(plan.spans[utterance].map(\.row)), plan.spans[utterance])
      }
      let own = try LayerReaders(plan, sums: sums)
      readers.append(own)
      right.append(
        try plan.spans.indices.map { utterance in
          let spans = plan.testedSpans(utterance)
          return try own.right(
            states.selectingRows(spans.map(\.row)), spans, fold: plan.testFold[utterance])
        })
    }
  }

  private static func mean(_ states: Tensor) -> [Double] {
    let width = states.width
    var mean = [Double](repeating: 0, count: width)
    states.withUnsafeBuffer { x in
      for i in x.indices { mean[i % width] += Double(x[i]) / Double(states.rows) }
    }
    return mean
  }
}
