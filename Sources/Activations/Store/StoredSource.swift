import Audio
import Checkpoints
import Corpora
import Foundation
import Models
import Synchronization
import Tensors

/// A source whose frames are kept on disk: what is there is read, what is not is made by the source itself and kept,
/// so that another study, another probe or a notebook needs no second pass.
///
/// ```swift
/// let kept = try StoredSource(model, in: "store", utterances: corpus.utterances)
/// let extraction = try ExtractionPass(of: kept, over: corpus.utterances).run()
/// try kept.flush()
/// ```
/// A layer's frames lie in chunks of half a minute of audio (`StoreLayout`), which are studied like any file of
/// activations. A chunk counts only while its checksum is that of its values, and an utterance's frames only while
/// the hash of its sound is the one that they were made from; what is damaged or stale is made again. Files appear
/// whole, by renaming, and any number of processes may read and write one store: at worst they do the same work twice.
/// Values come back bit for bit, so a study is the same with a store and without.
///
/// Rows of tokens are not kept, since they hang on the text as well.
public final class StoredSource: ActivationSource {
  /// The source that makes what is not kept yet.
  public let base: any ActivationSource
  private let layout: StoreLayout
  private let state = Mutex(State())

  /// Chunks that are kept open for reading, and whose frames are gathered, at a time.
  private static let openChunks = 8

  /// What a store was good for.
  public struct Report: Sendable, Equatable {
    /// Layers of utterances that were read, and that were made.
    public var found = 0
    /// Layers of utterances that were made by the source.
    public var made = 0
    /// Chunks of layers that were there and damaged, or of another sound.
    public var redone = 0
  }

  private struct State {
    /// By chunk and layer; a layer without a usable file is there as an empty one.
    var open: [Int: [String: StoreChunk]] = [:]
    var recent: [Int] = []
    var gathered: [Int: [String: StoreChunk]] = [:]
    /// Utterances of a chunk that were asked for.
    var seen: [Int: Set<String>] = [:]
    var stale: Set<String> = []
    var failure: (any Error)?
    var report = Report()
  }

  /// `folder` is made where it is not there.
  /// - Throws: `FileError` where the folder cannot be made.
  public init(_ base: any ActivationSource, in folder: String, utterances: [Utterance]) throws {
    self.base = base
    layout = StoreLayout(base, utterances, in: folder)
    try layout.prepare()
  }

  public var name: String { base.name }
  public var fingerprint: String { base.fingerprint }
  public var facts: SourceFacts { base.facts }
  public var input: SourceInput { base.input }
  public var taps: [TapPoint] { base.taps }
  public var attentionWindow: Double? { base.attentionWindow }
  /// Where this source's files lie.
  public var folder: String { layout.folder }
  /// What the store has been good for so far.
  public var report: Report { state.withLock { $0.report } }

  public func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]? {
    try base.centres(of: tap, in: utterance)
  }

  public func requireUnchanged(atEnd: Bool) throws { try base.requireUnchanged(atEnd: atEnd) }

  public func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)? {
    try base.randomTwin(ofSeed: seed)
  }

  /// About how many bytes the frames of `layers` take, all of them where nil.
  public func bytes(of layers: [String]? = nil, utterances: [Utterance]) -> Int {
    layout.bytes(of: layers ?? taps.map(\.name), utterances: utterances)
  }

  public func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps wanted: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    guard let waveform, let chunk = layout.place[utterance.id] else {
      return try base.forward(utterance, waveform, taps: wanted, threads: threads, visit: visit)
    }
    let sound = Self.hash(of: waveform)
    var missing = wanted
    var found: [(String, Tensor)] = []
    for tap in base.taps where wanted.contains(tap.name) && layout.taps[tap.name] != nil {
      if let frames = frames(of: tap, chunk, utterance.id, sound) {
        found.append((tap.name, frames))
        missing.remove(tap.name)
      }
    }
    var made: [(String, Tensor)] = []
    defer { gather(made, found.count, of: utterance.id, sound, chunk) }
    for (name, frames) in found { try visit(name, frames) }
    guard !missing.isEmpty else { return }
    try base.forward(utterance, waveform, taps: missing, threads: threads) { name, frames in
      if layout.taps[name] != nil { made.append((name, frames)) }
      try visit(name, frames)
    }
  }

  /// Writes what has been gathered of chunks that are not complete, and throws what went wrong with writing.
  public func flush() throws {
    for chunk in state.withLock({ $0.gathered.keys.sorted() }) { write(chunk) }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  private static func hash(of waveform: Waveform) -> String {
    let samples = Tensor(waveform.samples, shape: [waveform.samples.count])
    return "\(waveform.samplingRate)-" + ContentHash.hexadecimal(of: [samples])
  }

  // MARK: Reading

  private func frames(of tap: TapPoint, _ chunk: Int, _ utterance: String, _ sound: String) -> Tensor? {
    let known = state.withLock { $0.open[chunk]?[tap.name] }
    let file = known ?? open(tap, chunk)
    if file.sounds[utterance] != nil, file.sounds[utterance] != sound {
      state.withLock { state in
        if state.stale.insert(layout.path(of: tap.name, chunk: chunk)).inserted { state.report.redone += 1 }
      }
    }
    return file.frames(of: utterance, sound: sound)
  }

  private func open(_ tap: TapPoint, _ chunk: Int) -> StoreChunk {
    let path = layout.path(of: tap.name, chunk: chunk)
    let file = StoreChunk(path, layer: tap, of: layout.source)
    let isDamaged = file == nil && FileManager.default.fileExists(atPath: path)
    return state.withLock { state in
      if let known = state.open[chunk]?[tap.name] { return known }
      if isDamaged, state.stale.insert(path).inserted { state.report.redone += 1 }
      state.recent.removeAll { $0 == chunk }
      state.recent.append(chunk)
      if state.recent.count > Self.openChunks { state.open[state.recent.removeFirst()] = nil }
      let file = file ?? StoreChunk()
      state.open[chunk, default: [:]][tap.name] = file
      return file
    }
  }

  // MARK: Writing

  /// Takes what was made of an utterance, and writes its chunk where it was the last of it. A fault of the disk is no
  /// fault of the utterance: it is thrown by `flush`.
  private func gather(
    _ made: [(String, Tensor)], _ found: Int, of utterance: String, _ sound: String, _ chunk: Int
  ) {
    let complete = state.withLock { state -> [Int] in
      state.report.found += found
      state.report.made += made.count
      guard state.failure == nil else { return [] }
      for (name, frames) in made {
        state.gathered[chunk, default: [:]][name, default: StoreChunk()]
          .add(frames, of: utterance, sound: sound)
      }
      state.seen[chunk, default: []].insert(utterance)
      var complete: [Int] = []
      if state.seen[chunk]?.count == layout.chunks[chunk].count {
        complete.append(chunk)
        state.seen[chunk] = nil
      }
      // Where work goes on after an interruption not every utterance is asked for.
      if state.gathered.count > Self.openChunks, let first = state.gathered.keys.min(), first != chunk {
        complete.append(first)
      }
      return complete
    }
    for chunk in complete { write(chunk) }
  }

  /// Puts what was gathered of a chunk beside what its files have.
  private func write(_ chunk: Int) {
    guard let gathered = state.withLock({ $0.gathered.removeValue(forKey: chunk) }) else { return }
    do {
      try base.requireUnchanged(atEnd: false)
      for (name, fresh) in gathered.sorted(by: { $0.key < $1.key }) {
        guard let tap = layout.taps[name] else { continue }
        let path = layout.path(of: name, chunk: chunk)
        var file = StoreChunk(path, layer: tap, of: layout.source) ?? StoreChunk()
        for (utterance, frames) in fresh.frames {
          file.add(frames, of: utterance, sound: fresh.sounds[utterance] ?? "")
        }
        try file.write(to: path, layer: tap, of: layout.source, words: words(of: tap))
        state.withLock { $0.open[chunk]?[name] = nil }
      }
    } catch {
      state.withLock { state in
        state.failure = state.failure ?? error
        state.gathered = [:]
      }
    }
  }

  private func words(of tap: TapPoint) -> [String: String] {
    ActivationMetadata(of: base, layers: [tap], writtenBy: "strata's store").words
  }
}
