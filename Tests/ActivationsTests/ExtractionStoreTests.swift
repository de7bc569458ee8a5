import Corpora
import Files
import Foundation
import Synchronization
import Tensors
import Testing

@testable import Activations

@Suite("Going on after an interruption") struct ExtractionStoreTests {
  /// A pass that keeps its work after every two seconds of audio (about three utterances).
  private func pass(
    _ corpus: SyntheticCorpus, watch: SyntheticSource.Watch? = nil,
    settings: ExtractionSettings = ExtractionSettings(includesMel: false)
  ) -> ExtractionPass {
    var pass = ExtractionPass(
      of: SyntheticSource(watch: watch), over: corpus.utterances, settings: settings,
      workFolder: corpus.work)
    pass.blockSeconds = 2
    return pass
  }

  /// Runs and stops after `count` forward passes, give or take one a thread.
  private func interrupt(
    _ pass: ExtractionPass, _ watch: SyntheticSource.Watch, after count: Int, threads: Int
  )
    -> ActivationError?
  {
    let limit = watch.all + count
    do {
      _ = try pass.run(threads: threads, isCancelled: { watch.all >= limit })
      return nil
    } catch {
      return error as? ActivationError
    }
  }

  private func whole(_ corpus: SyntheticCorpus) throws -> Extraction {
    try ExtractionPass(
      of: SyntheticSource(), over: corpus.utterances, settings: ExtractionSettings(includesMel: false)
    ).run()
  }

  private func files(_ corpus: SyntheticCorpus) throws -> [URL] {
    let folders = try FileManager.default.contentsOfDirectory(
      at: URL(filePath: corpus.work), includingPropertiesForKeys: nil)
    return try folders.flatMap {
      try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil)
    }.sorted { $0.path < $1.path }
  }

  @Test("interrupted and resumed gives the bits of an uninterrupted run", arguments: [1, 2])
  func resumed(threads: Int) throws {
    let corpus = try SyntheticCorpus(utterances: 40)
    let watch = SyntheticSource.Watch()
    let error = interrupt(pass(corpus, watch: watch), watch, after: 11, threads: threads)
    guard case .interrupted(let done, 40, let folder?)? = error else {
      Issue.record("not interrupted")
      return
    }
    #expect((11..<(11 + threads)).contains(done) && done == watch.all)
    #expect(folder.hasPrefix(corpus.work))
    _ = interrupt(pass(corpus, watch: watch), watch, after: 15, threads: threads)
    let extraction = try pass(corpus, watch: watch).run(threads: threads)
    #expect(watch.all == 40, "nothing that was begun was lost")
    try expectSame(extraction, try whole(corpus))
  }

  @Test("finished work is not run again") func finished() throws {
    let corpus = try SyntheticCorpus(utterances: 12)
    let first = try pass(corpus).run()
    let watch = SyntheticSource.Watch()
    let resumed = Mutex(0)
    let second = try pass(corpus, watch: watch).run(
      threads: 2, progress: { step in resumed.withLock { $0 = step.resumed } })
    #expect(watch.all == 0 && resumed.withLock { $0 } == 12)
    try expectSame(first, second)
  }

  @Test(
    "a damaged or missing block is found and made again, and it alone",
    arguments: ["flip", "cut", "remove"])
  func damaged(how: String) throws {
    let corpus = try SyntheticCorpus(utterances: 15)
    let first = try pass(corpus).run()
    let block = try #require(try files(corpus).first { $0.lastPathComponent.hasPrefix("sample-4-7") })
    var bytes = [UInt8](try Data(contentsOf: block))
    switch how {
    case "flip": bytes[bytes.count - 100] ^= 1
    case "cut": bytes.removeLast(10)
    default: bytes = []
    }
    if bytes.isEmpty {
      try FileManager.default.removeItem(at: block)
    } else {
      try Data(bytes).write(to: block, options: .atomic)
    }
    let watch = SyntheticSource.Watch()
    let second = try pass(corpus, watch: watch).run(threads: 2)
    #expect(watch.all == 3)
    try expectSame(first, second)
    // And it is whole again.
    let again = SyntheticSource.Watch()
    try expectSame(first, try pass(corpus, watch: again).run())
    #expect(again.all == 0)
  }

  @Test("damaged moments are made again, and the list too", arguments: ["moments-", "manifest"])
  func damagedSums(prefix: String) throws {
    let corpus = try SyntheticCorpus(utterances: 10)
    let first = try pass(corpus).run()
    let file = try #require(try files(corpus).first { $0.lastPathComponent.hasPrefix(prefix) })
    var bytes = [UInt8](try Data(contentsOf: file))
    bytes[bytes.count / 2] ^= 0x10
    try Data(bytes).write(to: file, options: .atomic)
    let watch = SyntheticSource.Watch()
    try expectSame(first, try pass(corpus, watch: watch).run())
    #expect(prefix == "manifest" ? watch.all > 0 : watch.all == 10)
  }

  @Test("work of other settings, labels or audio is not taken for this one's") func stale() throws {
    let corpus = try SyntheticCorpus(utterances: 6)
    _ = try pass(corpus).run()
    for settings in [
      ExtractionSettings(pooling: FramePooling(.center)), ExtractionSettings(seed: 1),
      ExtractionSettings(layers: ["time"]), ExtractionSettings(levels: [.word]),
      ExtractionSettings(sample: SampleLimits(perClass: 3)),
    ] {
      let watch = SyntheticSource.Watch()
      _ = try pass(corpus, watch: watch, settings: settings).run()
      #expect(watch.all == 6)
    }
    try SyntheticCorpus.wav(Array(repeating: 9, count: 9000), 16_000)
      .write(to: URL(filePath: corpus.utterances[0].audioPath))
    let watch = SyntheticSource.Watch()
    _ = try pass(corpus, watch: watch).run()
    #expect(watch.all == 6)
  }

  @Test(
    "other sound of the same length and time of writing is told, and what was made of it is made again",
    arguments: [false, true], [false, true])
  func otherSound(isLink: Bool, hasMoments: Bool) throws {
    let corpus = try SyntheticCorpus(utterances: 15)
    let path = corpus.utterances[5].audioPath
    let (files, other) = (FileManager.default, path + ".other")
    let samples = (0..<Int(corpus.utterances[5].seconds * 16_000)).map { Int16($0 % 321) }
    try SyntheticCorpus.wav(samples, 16_000).write(to: URL(filePath: other))
    if isLink {
      try files.moveItem(atPath: path, toPath: path + ".one")
      try files.createSymbolicLink(atPath: path, withDestinationPath: path + ".one")
    }
    let time = try #require(files.attributesOfItem(atPath: path)[.modificationDate] as? Date)
    try files.setAttributes([.modificationDate: time], ofItemAtPath: other)
    let settings = ExtractionSettings(includesMel: false, momentsLevels: hasMoments ? nil : [])
    _ = try pass(corpus, settings: settings).run()

    if isLink {
      try files.removeItem(atPath: path)
      try files.createSymbolicLink(atPath: path, withDestinationPath: other)
    } else {
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.write(contentsOf: try Data(contentsOf: URL(filePath: other)))
      try handle.close()
      try files.setAttributes([.modificationDate: time], ofItemAtPath: path)
    }
    let watch = SyntheticSource.Watch()
    let told = Mutex<[String]>([])
    var again = pass(corpus, watch: watch, settings: settings)
    again.onChangedSound = { changed in told.withLock { $0 = changed.map(\.id) } }
    let extraction = try again.run()
    #expect(told.withLock { $0 } == ["u5"])
    // Its block; sums cannot be taken apart.
    #expect(watch.all == (hasMoments ? 15 : 3))
    let fresh = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances, settings: settings).run()
    try expectSame(extraction, fresh)
    #expect(extraction.contents == fresh.contents && extraction.contents.allSatisfy { $0 != nil })
  }

  @Test("nothing is kept of a model that was written over") func otherModel() throws {
    let corpus = try SyntheticCorpus(utterances: 12)
    let watch = SyntheticSource.Watch()
    var source = SyntheticSource(watch: watch)
    source.changesAfter = 5
    func pass(_ source: SyntheticSource) -> ExtractionPass {
      let settings = ExtractionSettings(includesMel: false)
      var pass = ExtractionPass(
        of: source, over: corpus.utterances, settings: settings, workFolder: corpus.work)
      pass.blockSeconds = 2
      return pass
    }
    #expect {
      try pass(source).run()
    } throws: { error in
      if case FileError.changed("model", _) = error { true } else { false }
    }
    let kept = try files(corpus).map(\.lastPathComponent).filter { $0.hasPrefix("sample-") }
    #expect(kept == ["sample-0-4.safetensors"])
    // With its first weights again it goes on from there.
    let again = SyntheticSource.Watch()
    try expectSame(try pass(SyntheticSource(watch: again)).run(), try whole(corpus))
    #expect(again.all > 0)
  }

  @Test("without a folder nothing is kept, and it says so") func noFolder() throws {
    let corpus = try SyntheticCorpus(utterances: 6)
    let watch = SyntheticSource.Watch()
    let pass = ExtractionPass(of: SyntheticSource(watch: watch), over: corpus.utterances)
    let error = interrupt(pass, watch, after: 2, threads: 1)
    #expect(error == .interrupted(done: 2, total: 6, keptIn: nil))
  }

  @Test("a folder that cannot be made is an error before any work") func unwritable() throws {
    let corpus = try SyntheticCorpus(utterances: 2)
    let watch = SyntheticSource.Watch()
    let pass = ExtractionPass(
      of: SyntheticSource(watch: watch), over: corpus.utterances,
      workFolder: corpus.utterances[0].audioPath + "/work")
    #expect {
      try pass.run()
    } throws: { error in
      guard case FileError.writeFailed(let path, _) = error else { return false }
      return path.hasPrefix(corpus.utterances[0].audioPath)
    }
    #expect(watch.all == 0)
  }

  @Test("doubles keep every bit in a file of floats") func bits() {
    let values = [
      0, -0.0, 1.0 / 3, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .nan, -.infinity,
    ]
    #expect(
      Tensor(bitsOf: [values]).doublesFromBits(0..<values.count).map(\.bitPattern)
        == values.map(\.bitPattern))
  }
}
