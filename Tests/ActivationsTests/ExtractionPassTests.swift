import Audio
import Corpora
import Foundation
import Models
import StrataTestSupport
import Synchronization
import Tensors
import Testing

@testable import Activations

@Suite("One pass") struct ExtractionPassTests {
  @Test("every span has its own frames' values at every layer") func values() throws {
    let corpus = try SyntheticCorpus(utterances: 6)
    let extraction = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run()
    #expect(extraction.layers.map(\.name) == ["mel", "time", "sound", "slow"])
    #expect(extraction.utterances == 6 && extraction.issues.isEmpty)
    let phones = try #require(extraction.levels[.phoneme])
    let examples = phones.examples
    #expect(examples.classes == ["AA", "B", "K"] && !examples.isDerived)
    #expect(examples.speakers == ["s0", "s1"])
    #expect(examples.items.count == phones.spans && phones.droppedSpans == 0)
    let times = try examples.states(of: "time")
    for (row, item) in examples.items.enumerated() {
      let frames = SyntheticSource.timing.frames(from: item.start, to: item.end, count: 1000)
      let expected = frames.reduce(0) { $0 + SyntheticSource.timing.centre(of: $1) } / Double(frames.count)
      // The last phone of an utterance may lack its last frame, whose window passes the end.
      #expect(abs(Double(times[row: row][0]) - expected) < 0.011)
      #expect(times[row: row][1] == 1)
      #expect(item.speaker == item.utterance % 2)
    }
    #expect(try #require(extraction.levels[.word]).examples.isDerived)
  }

  @Test("a layer of tokens is pooled by its listed centres, and refused where they do not fit")
  func tokens() throws {
    let corpus = try SyntheticCorpus(utterances: 1)
    var source = SyntheticSource()
    let frames = SyntheticSource.timing.frames(forSamples: Int(corpus.utterances[0].seconds * 16_000))
    let (width, name) = (0.08, "time")
    // The first row lies nowhere; the others one in each phone, all further ones in the last.
    source.listed[name] = (0..<frames).map { $0 == 0 ? -.infinity : min(0.45, width * (Double($0) - 0.5)) }
    source.taps = [TapPoint(name: name, width: 2, timing: SyntheticSource.timing)]
    let found = try #require(
      try ExtractionPass(of: source, over: corpus.utterances).run().levels[.phoneme]
    ).examples
    let states = try found.states(of: name)
    for (row, item) in found.items.enumerated().dropLast() {
      let token = Int((item.start / width).rounded()) + 1
      #expect(states[row: row][0] == Float(SyntheticSource.timing.centre(of: token)))
    }
    #expect(found.items.count > 4)

    // A phone would get the token of its word.
    source.taps.append(TapPoint(name: "sound", width: 5, timing: nil))
    let settings = ExtractionSettings(levels: [.phoneme])
    let phones = try #require(
      try ExtractionPass(of: source, over: corpus.utterances, settings: settings).run().levels[.phoneme]
    ).examples
    #expect(!phones.layers.contains("sound"))
    #expect(phones.reasons["sound"]?.contains("tokens of words") == true)

    source.listed[name] = [0, 1]
    #expect(throws: ActivationError.self) {
      try ExtractionPass(of: source, over: corpus.utterances).run()
    }
  }

  @Test("mel stands beside the layers, with its context") func mel() throws {
    let corpus = try SyntheticCorpus(utterances: 2)
    let examples = try #require(
      try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run().levels[.phoneme]
    ).examples
    let states = try examples.states(of: "mel")
    #expect(states.shape == [examples.items.count, 240])
    let waveform = try Waveform.read(corpus.utterances[0].audioPath)
    let frames = try LogMel.baseline().features(of: waveform)
    // The second phone spans 80 … 160 ms: frames 8 … 15, before it 3 … 7, after it 16 … 20.
    for (part, range) in [3...7, 8...15, 16...20].enumerated() {
      let expected = range.reduce(Float(0)) { $0 + frames[row: $1][40] } / Float(range.count)
      #expect(abs(states[row: 1][part * 80 + 40] - expected) < 1e-4)
    }
    let without = ExtractionSettings(includesMel: false)
    let twin = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances, settings: without).run()
    #expect(try #require(twin.levels[.phoneme]).examples.items == examples.items)
    #expect(twin.layers.map(\.name) == ["time", "sound", "slow"])
  }

  @Test("a layer whose step is longer than the median span gets no numbers, and says why") func slow()
    throws
  {
    let corpus = try SyntheticCorpus(utterances: 2)
    let extraction = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run()
    let examples = try #require(extraction.levels[.phoneme]).examples
    #expect(examples.layers == ["mel", "time", "sound"])
    #expect(
      examples.reasons == ["slow": "its step of 1000 ms is longer than the median phoneme (80 ms)"])
  }

  @Test("moments are those of all pooled spans") func moments() throws {
    let corpus = try SyntheticCorpus(utterances: 40)
    let settings = ExtractionSettings(sample: SampleLimits(perClass: 10_000, total: 100_000))
    let level = try #require(
      try ExtractionPass(of: SyntheticSource(), over: corpus.utterances, settings: settings).run()
        .levels[.phoneme])
    let moments = try #require(level.moments)
    #expect(moments.count == level.spans && level.examples.items.count == level.spans)
    #expect(level.spans > MomentsAccumulator.block)
    var direct = Moments(layers: [("mel", 240), ("time", 2), ("sound", 5)], classes: ["AA", "B", "K"])
    try direct.add(
      ["mel", "time", "sound"].map { try level.examples.states(of: $0) },
      labels: level.examples.items.map(\.label))
    let (found, expected) = (
      try moments.crossMoment("time", "sound"), try direct.crossMoment("time", "sound")
    )
    let worst = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-9 * (expected.values.map(abs).max() ?? 0))
    #expect(moments.classCounts == direct.classCounts)
  }

  @Test("the budget decides which moments are kept") func budget() throws {
    let corpus = try SyntheticCorpus(utterances: 2)
    func extent(_ budget: Int) throws -> Moments.Extent? {
      let settings = ExtractionSettings(includesMel: false, momentsBudget: budget)
      return try ExtractionPass(of: SyntheticSource(), over: corpus.utterances, settings: settings).run()
        .levels[.phoneme]?.moments?.extent
    }
    let widths = [2, 5]
    #expect(try extent(Moments.bytes(widths: widths, classes: 3, extent: .pairs)) == .pairs)
    #expect(try extent(Moments.bytes(widths: widths, classes: 3, extent: .pairs) - 1) == .layers)
    #expect(try extent(0) == nil)
  }

  @Test("what it will hold is known before any audio is read") func cost() throws {
    let corpus = try SyntheticCorpus(utterances: 5)
    let pass = ExtractionPass(of: SyntheticSource(), over: corpus.utterances)
    let (cost, extraction) = (try pass.cost(), try pass.run())
    let levels = extraction.levels.values
    #expect(cost.spans == levels.reduce(0) { $0 + $1.spans })
    #expect(cost.sampled == levels.reduce(0) { $0 + $1.examples.items.count })
    #expect(cost.sampleBytes == 4 * cost.sampled * (240 + 2 + 5))
    #expect(cost.momentsBytes == levels.reduce(0) { $0 + 8 * ($1.moments?.flattened.count ?? 0) })
  }

  @Test("one and more threads give the same bits", arguments: [2, 3]) func threads(count: Int) throws {
    let corpus = try SyntheticCorpus(utterances: 30)
    let pass = ExtractionPass(of: SyntheticSource(), over: corpus.utterances)
    try expectSame(try pass.run(threads: 1), try pass.run(threads: count))
  }

  @Test("no more utterances are held than there are workers") func live() throws {
    let corpus = try SyntheticCorpus(utterances: 30)
    let watch = SyntheticSource.Watch()
    _ = try ExtractionPass(of: SyntheticSource(watch: watch), over: corpus.utterances).run(threads: 3)
    #expect(watch.all == 30 && watch.most <= 3)
  }

  @Test("progress counts up in order to the whole") func progress() throws {
    let corpus = try SyntheticCorpus(utterances: 8)
    let seen = Mutex<[ExtractionProgress]>([])
    _ = try ExtractionPass(of: SyntheticSource(), over: corpus.utterances).run(
      threads: 2, progress: { step in seen.withLock { $0.append(step) } })
    let steps = seen.withLock { $0 }
    #expect(steps.map(\.done) == Array(1...8))
    #expect(steps.last?.seconds == steps.last?.totalSeconds)
  }

  @Test("shards' samples and moments add up to the whole's") func shards() throws {
    let corpus = try SyntheticCorpus(utterances: 20)
    let settings = ExtractionSettings(sample: SampleLimits(perClass: 100_000, total: 100_000))
    func level(_ utterances: ArraySlice<Utterance>) throws -> LevelActivations {
      try #require(
        try ExtractionPass(of: SyntheticSource(), over: Array(utterances), settings: settings).run()
          .levels[.phoneme])
    }
    let (whole, a, b) = (
      try level(corpus.utterances[...]), try level(corpus.utterances[..<7]),
      try level(corpus.utterances[7...])
    )
    let merged = try #require(a.moments) + #require(b.moments)
    let expected = try #require(whole.moments)
    #expect(merged.count == expected.count && a.spans + b.spans == whole.spans)
    let (x, y) = (try merged.secondMoment(of: "mel"), try expected.secondMoment(of: "mel"))
    let worst = zip(x.values, y.values).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-11 * (y.values.map(abs).max() ?? 0))
    let rows = try a.examples.states(of: "sound").values + b.examples.states(of: "sound").values
    #expect(try whole.examples.states(of: "sound").values == rows)
  }

  @Test("shards' bounded samples merge into the whole's", arguments: [(5, 1000), (1000, 40), (7, 33)])
  func shardSamples(perClass: Int, total: Int) throws {
    let corpus = try SyntheticCorpus(utterances: 24)
    let limits = SampleLimits(perClass: perClass, total: total)
    func examples(_ utterances: ArraySlice<Utterance>) throws -> PooledSpans {
      let settings = ExtractionSettings(includesMel: false, sample: limits, momentsBudget: 0, seed: 3)
      let pass = ExtractionPass(of: SyntheticSource(), over: Array(utterances), settings: settings)
      return try #require(try pass.run().levels[.phoneme]).examples
    }
    let whole = try examples(corpus.utterances[...])
    let (a, b, c) = (
      try examples(corpus.utterances[..<9]), try examples(corpus.utterances[9..<10]),
      try examples(corpus.utterances[10...])
    )
    let merged = try a.merging(b, limits: limits, seed: 3).merging(c, limits: limits, seed: 3)
    #expect(merged.items == whole.items && merged.items.count <= min(total, 3 * perClass))
    #expect(merged.classes == whole.classes && merged.utterances == whole.utterances)
    #expect(try merged.states(of: "sound") == whole.states(of: "sound"))
  }
}

/// Two extractions hold the same bits.
func expectSame(_ a: Extraction, _ b: Extraction, sourceLocation: SourceLocation = #_sourceLocation) throws
{
  #expect(a.levels.keys == b.levels.keys && a.issues == b.issues, sourceLocation: sourceLocation)
  for (level, x) in a.levels {
    let y = try #require(b.levels[level], sourceLocation: sourceLocation)
    #expect(x.examples.items == y.examples.items, sourceLocation: sourceLocation)
    #expect(x.examples.layers == y.examples.layers, sourceLocation: sourceLocation)
    for layer in x.examples.layers {
      #expect(
        try x.examples.states(of: layer) == y.examples.states(of: layer), "\(level) \(layer)",
        sourceLocation: sourceLocation)
    }
    #expect(x.moments?.flattened == y.moments?.flattened, "\(level)", sourceLocation: sourceLocation)
    #expect(x.spans == y.spans && x.droppedSpans == y.droppedSpans, sourceLocation: sourceLocation)
  }
}
