import Audio
import Corpora
import Dispatch
import Files
import Foundation
import Models
import Synchronization
import Tensors

/// One pass of a source over a corpus: every utterance is read and run once, each layer's frames are pooled
/// into spans at once and dropped.
///
/// ```swift
/// let pass = ExtractionPass(of: model, over: corpus.utterances, workFolder: "study/work")
/// let extraction = try pass.run(threads: 2)
/// let phones = extraction.levels[.phoneme]?.examples
/// ```
/// Utterances run in parallel, one worker each, and are folded in the order of the corpus, so the results are
/// bit for bit the same with any number of threads and however often the work was interrupted. Memory: a
/// layer's frames and a waveform a worker, the sample (`SampleLimits`) and the moments
/// (`ExtractionSettings.momentsBudget`), whatever the hours of audio.
///
/// An utterance whose file cannot be read, or which is too short for the model, is reported as an issue and
/// left out; when none is left, `ActivationError.nothingExtracted` is thrown.
public struct ExtractionPass: Sendable {
  let source: any ActivationSource
  let utterances: [Utterance]
  private let settings: ExtractionSettings
  private let workFolder: String?
  private let fingerprints: FileFingerprints
  /// Told the recordings that are others than those that kept work was made of; what was made of them is made again.
  public var onChangedSound: @Sendable ([Utterance]) -> Void = { _ in }
  /// Work is kept each time this much audio is done: some ten seconds of a core for a base-sized model.
  var blockSeconds = 120.0
  /// The same for texts.
  var blockCharacters = 20_000.0

  /// `workFolder` keeps finished work, for going on after an interruption; without one nothing is written. Passes that
  /// share `fingerprints` read no recording only for its fingerprint twice.
  public init(
    of source: any ActivationSource, over utterances: [Utterance],
    settings: ExtractionSettings = ExtractionSettings(), workFolder: String? = nil,
    fingerprints: FileFingerprints = FileFingerprints()
  ) {
    self.fingerprints = fingerprints
    self.source = source
    self.utterances = utterances
    self.settings = settings
    self.workFolder = workFolder
  }

  /// Runs to the end, or until `isCancelled` gives true: then the utterances under way are finished, everything
  /// done is kept and `ActivationError.interrupted` is thrown.
  ///
  /// `progress` is called after every utterance, in the corpus's order, by one thread at a time.
  public func run(
    threads: Int = 1, progress: @escaping @Sendable (ExtractionProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Extraction {
    let plan = try plan()
    let reducer = try reduced(
      plan, over: utterances.indices, threads: threads, progress: progress, isCancelled: isCancelled)
    return try plan.extraction(reducer.finished(), source)
  }

  func plan() throws -> ExtractionPlan {
    try ExtractionPlan(source, utterances, settings, fingerprints: fingerprints)
  }

  /// The folders in `workFolder` that hold what a pass keeps.
  /// - Throws: `ActivationError` where the settings do not fit the source or the utterances.
  public func keptFolders() throws -> [String] {
    guard let workFolder else { return [] }
    let key = try plan().key
    let names = (try? FileManager.default.contentsOfDirectory(atPath: workFolder)) ?? []
    return names.filter { $0 == key || $0.hasPrefix(key + "-") }.map { workFolder + "/" + $0 }
  }

  /// Runs over a part of the utterances and gives what they were folded into.
  func reduced(
    _ plan: ExtractionPlan, over part: Range<Int>, threads: Int,
    progress: @escaping @Sendable (ExtractionProgress) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws -> ExtractionReducer {
    let store = try workFolder.map { try ExtractionStore(workFolder: $0, plan: plan, part: part) }
    let initial = ExtractionReducer(
      plan, store, part: part, blockSeconds: plan.isText ? blockCharacters : blockSeconds,
      requireUnchanged: { [source] in try source.requireUnchanged(atEnd: false) })
    if !initial.changed.isEmpty { onChangedSound(initial.changed.map { utterances[$0] }) }
    let pending = initial.pending()
    let reducer = Mutex(initial)
    let meter = Mutex(Meter(plan, part, pending))

    let first = part.lowerBound
    let queue = OrderedQueue<PooledUtterance?>(count: part.count, window: max(64, 4 * threads)) {
      index, pooled in
      try reducer.withLock { try $0.fold(first + index, pooled) }
      progress(meter.withLock { $0.advanced() })
    }
    let mel = LogMel.baseline()
    let source = self.source
    // A recording may take minutes: what is done is kept at once, so that whoever has to end before may do so.
    let watch = store.map { _ in
      CancellationWatch(asking: isCancelled) {
        queue.close()
        // What cannot be kept now is tried once more below.
        try? reducer.withLock { try $0.keep() }
      }
    }
    parallelFor(max(1, threads), threads: max(1, threads)) { _ in
      while let index = queue.next() {
        queue.finish(index, pending[index] ? plan.pool(first + index, source, mel) : nil)
        if isCancelled() { queue.close() }
      }
    }

    watch?.stop()
    if let failure = queue.failure { throw failure }
    try reducer.withLock { try $0.keep() }
    let done = reducer.withLock { $0.done } - first
    guard done == part.count else {
      throw ActivationError.interrupted(done: done, total: part.count, keptIn: store?.folder)
    }
    return reducer.withLock { $0 }
  }
}

// MARK: - What it will take

/// How much an extraction will hold, known before any audio is read.
public struct ExtractionCost: Sendable, Equatable {
  /// Labelled spans over all levels, and those whose vectors are kept.
  public let spans: Int
  /// Spans whose vectors are kept.
  public let sampled: Int
  /// Bytes of the kept vectors, which the work folder holds too.
  public let sampleBytes: Int
  /// Bytes of the moments; the work folder holds as much, for a moment twice as much.
  public let momentsBytes: Int
}

extension ExtractionPass {
  /// What `run` will hold, from the labels alone.
  /// - Throws: `ActivationError` where the settings do not fit the source or the utterances.
  public func cost() throws -> ExtractionCost {
    let plan = try plan()
    var (spans, sampled, sampleBytes, momentsBytes) = (0, 0, 0, 0)
    for (level, widths) in zip(plan.levels, plan.widths) {
      let rows = level.plan.sampled.reduce(0) { $0 + $1.count }
      spans += level.plan.count
      sampled += rows
      sampleBytes += 4 * rows * widths.reduce(0, +)
      if let extent = level.extent {
        momentsBytes += Moments.bytes(
          widths: widths, classes: level.plan.summedClasses.count, extent: extent)
      }
    }
    return ExtractionCost(
      spans: spans, sampled: sampled, sampleBytes: sampleBytes, momentsBytes: momentsBytes)
  }
}

/// Asks ten times a second whether work should stop, and acts once when it should.
private final class CancellationWatch: Sendable {
  private let queue = DispatchQueue(label: "strata.cancellation")
  /// Used on the queue only.
  nonisolated(unsafe) private let timer: any DispatchSourceTimer

  init(asking isCancelled: @escaping @Sendable () -> Bool, _ act: @escaping @Sendable () -> Void) {
    let timer = DispatchSource.makeTimerSource(queue: queue)
    self.timer = timer
    timer.schedule(deadline: .now() + 0.1, repeating: 0.1)
    timer.setEventHandler {
      guard isCancelled() else { return }
      timer.cancel()
      act()
    }
    timer.activate()
  }

  /// Returns when it has stopped asking and acting.
  func stop() {
    queue.sync { timer.cancel() }
  }
}

/// Counts what is done.
private struct Meter: Sendable {
  private let lengths: [Double]
  private let totalSeconds: Double
  private let resumed: Int
  private var done = 0
  private var seconds = 0.0

  init(_ plan: ExtractionPlan, _ part: Range<Int>, _ pending: [Bool]) {
    lengths = plan.utterances[part].map(\.seconds)
    totalSeconds = lengths.reduce(0, +)
    resumed = pending.count { !$0 }
  }

  mutating func advanced() -> ExtractionProgress {
    seconds += lengths[done]
    done += 1
    return ExtractionProgress(
      done: done, total: lengths.count, seconds: seconds, totalSeconds: totalSeconds, resumed: resumed)
  }
}
