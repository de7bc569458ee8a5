import Audio
import Corpora
import Files
import Foundation
import StrataTestSupport
import Synchronization
import Tensors
import Testing

@testable import Activations

@Suite("A store of frames") struct StoredSourceTests {
  private let corpus: SyntheticCorpus
  private let store: TemporaryFolder

  init() throws {
    // A minute and a half: three chunks.
    corpus = try SyntheticCorpus(utterances: 120)
    store = try TemporaryFolder()
  }

  private func extraction(
    _ source: any ActivationSource, threads: Int = 2
  ) throws -> Extraction {
    let settings = ExtractionSettings(layers: ["time", "sound"])
    return try ExtractionPass(of: source, over: corpus.utterances, settings: settings).run(threads: threads)
  }

  /// One pass with the store, and how often the source itself was run.
  private func run(
    _ change: (inout SyntheticSource) -> Void = { _ in }
  ) throws -> (extraction: Extraction, passes: Int, report: StoredSource.Report) {
    let watch = SyntheticSource.Watch()
    var source = SyntheticSource()
    source.watch = watch
    change(&source)
    let kept = try StoredSource(source, in: store.path, utterances: corpus.utterances)
    let extraction = try extraction(kept)
    try kept.flush()
    return (extraction, watch.all, kept.report)
  }

  private func expectSame(_ a: Extraction, _ b: Extraction) {
    for (level, activations) in a.levels {
      let other = b.levels[level]
      #expect(activations.examples.items == other?.examples.items)
      for layer in activations.examples.layers {
        #expect(
          (try? activations.examples.states(of: layer)) == (try? other?.examples.states(of: layer)))
      }
      let isSame = activations.moments?.flattened == other?.moments?.flattened
      #expect(isSame, "moments")
    }
  }

  private func files() -> [String] { store.contents().filter { $0.hasSuffix(".safetensors") }.sorted() }

  @Test("the second pass runs nothing and gives the same, bit for bit")
  func secondPass() throws {
    let plain = try extraction(SyntheticSource())
    let first = try run()
    #expect(first.passes == 120 && first.report == .init(found: 0, made: 240, redone: 0))
    #expect(files().count == 6, "three chunks of two layers")
    let second = try run()
    #expect(second.passes == 0 && second.report == .init(found: 240, made: 0, redone: 0))
    expectSame(first.extraction, plain)
    expectSame(second.extraction, plain)
  }

  @Test("damaged, cut and missing files are found and made again, to the same bytes")
  func damaged() throws {
    let plain = try run().extraction
    let paths = files().map { store.path + "/" + $0 }
    let whole = try paths.map { try Data(contentsOf: URL(filePath: $0)) }
    // A bit of a value, the end, the header, all of it.
    var flipped = whole[0]
    flipped[flipped.count - 9] ^= 0x10
    try flipped.write(to: URL(filePath: paths[0]))
    try whole[1].prefix(whole[1].count / 2).write(to: URL(filePath: paths[1]))
    try (Data(repeating: 0xff, count: 8) + whole[2].dropFirst(8)).write(to: URL(filePath: paths[2]))
    try FileManager.default.removeItem(atPath: paths[3])
    let again = try run()
    #expect(again.report.redone == 3)
    #expect(again.passes > 0 && again.passes <= 120)
    expectSame(again.extraction, plain)
    for (path, data) in zip(paths, whole) { #expect(try Data(contentsOf: URL(filePath: path)) == data) }
    #expect(try run().passes == 0)
  }

  @Test("frames of audio that has changed are stale; of another model, they are elsewhere")
  func stale() throws {
    _ = try run()
    let changed = corpus.utterances[3]
    let samples = (0..<Int(changed.seconds * 16_000)).map { Int16($0 % 777) }
    try SyntheticCorpus.wav(samples, 16_000).write(to: URL(filePath: changed.audioPath))
    let again = try run()
    #expect(again.passes == 1 && again.report == .init(found: 238, made: 2, redone: 2))
    expectSame(again.extraction, try extraction(SyntheticSource()))
    #expect(try run().passes == 0)
    #expect(try run { $0.fingerprint = "synthetic-2" }.passes == 120)
    #expect(try run { $0.taps.swapAt(0, 1) }.passes == 120)
    #expect(try run { $0.settings = "fewer heads" }.passes == 120)
    #expect(try run().passes == 0)
  }

  @Test("another model's chunk in this one's place is made again") func foreign() throws {
    let plain = try run().extraction
    let own = files()
    #expect(try run { ($0.fingerprint, $0.settings) = ("synthetic-2", "other") }.passes == 120)
    let other = Set(files()).subtracting(own).sorted()
    let values = try Data(contentsOf: URL(filePath: store.path + "/" + other[0]))
    try values.write(to: URL(filePath: store.path + "/" + own[0]))
    let again = try run()
    #expect(again.report.redone == 1 && again.passes > 0 && again.passes < 120)
    expectSame(again.extraction, plain)
  }

  @Test("layers are kept each for itself: another study adds what it lacks")
  func more() throws {
    _ = try run()
    let watch = SyntheticSource.Watch()
    var source = SyntheticSource()
    source.watch = watch
    let kept = try StoredSource(source, in: store.path, utterances: corpus.utterances)
    for utterance in corpus.utterances.prefix(5) {
      var names: Set<String> = []
      let sound = try Waveform.read(utterance.audioPath)
      try kept.forward(utterance, sound, taps: ["time", "slow"], threads: 1) { name, _ in names.insert(name)
      }
      #expect(names.isSubset(of: ["time", "slow"]) && names.contains("time"))
    }
    #expect(watch.all == 5)
    try kept.flush()
    #expect(kept.report.found == 5)
  }

  @Test("concurrent writers leave a whole store")
  func concurrent() throws {
    let plain = try extraction(SyntheticSource())
    let (path, utterances) = (store.path, corpus.utterances)
    let outcomes = Mutex<[Result<Extraction, any Error>]>([])
    parallelFor(3, threads: 3) { _ in
      let outcome = Result {
        let kept = try StoredSource(SyntheticSource(), in: path, utterances: utterances)
        let settings = ExtractionSettings(layers: ["time", "sound"])
        let extraction = try ExtractionPass(of: kept, over: utterances, settings: settings).run()
        try kept.flush()
        return extraction
      }
      outcomes.withLock { $0.append(outcome) }
    }
    for outcome in outcomes.withLock({ $0 }) { expectSame(try outcome.get(), plain) }
    #expect(store.contents().allSatisfy { !$0.contains(".part-") })
    let after = try run()
    #expect(after.passes == 0)
    expectSame(after.extraction, plain)
  }

  @Test("is read like any other file of activations")
  func imported() throws {
    let kept = try run()
    let source = try StoredSource(SyntheticSource(), in: store.path, utterances: corpus.utterances)
    #expect(ImportedActivations.recognises(source.folder + "/time"))
    let imported = try ImportedActivations.open(source.folder, for: corpus.utterances)
    #expect(Set(imported.taps.map(\.name)) == ["time", "sound"])
    // The layers come in another order, and so do the sums.
    let found = try extraction(imported)
    for (level, activations) in kept.extraction.levels {
      for layer in ["time", "sound"] {
        let states = try activations.examples.states(of: layer)
        #expect(try found.levels[level]?.examples.states(of: layer) == states)
      }
    }
  }

  @Test("a store that cannot be written is said once the pass is over, and costs no utterance")
  func unwritable() throws {
    let kept = try StoredSource(SyntheticSource(), in: store.path, utterances: corpus.utterances)
    try Data().write(to: URL(filePath: kept.folder + "/time"))
    expectSame(try extraction(kept), try extraction(SyntheticSource()))
    let error = #expect(throws: FileError.self) { try kept.flush() }
    #expect(error?.description.contains(kept.folder + "/time") == true)
  }
}
