import Activations
import Corpora
import Foundations
import Results
import Tensors
import Testing

@testable import Probing

/// Studies whose answer is known, since the states were made for it.
@Suite("Studies with a known answer")
struct ProbeStudyTests {
  private static let speakers = 4
  private static let sentences = 6
  private static let spansEach = 20
  private static let classes = 5

  /// Spans of every speaker reading every sentence; `signal` of a layer raises the feature of the span's class.
  private func examples(
    signals: [(layer: String, signal: Float)], classes: Int = classes, stream: String = "",
    step: Double = 1, length: Double = 0.5
  ) -> PooledSpans {
    var items: [PooledSpans.Item] = []
    var numbers = RandomNumbers(seed: 4, stream: "labels")
    for utterance in 0..<(Self.speakers * Self.sentences) {
      for span in 0..<Self.spansEach {
        let label = numbers.index(below: classes)
        items.append(
          PooledSpans.Item(
            label: label, type: numbers.index(below: 40), utterance: utterance,
            speaker: utterance / Self.sentences, start: Double(span) * step,
            end: Double(span) * step + length))
      }
    }
    let width = 8
    let states = signals.map { layer, signal in
      var states = gaussian(items.count, width, stream + layer)
      states.withUnsafeMutableBuffer { values in
        for (row, item) in items.enumerated() { values[row * width + item.label] += signal }
      }
      return (layer: layer, states: states)
    }
    return PooledSpans(
      level: .phoneme, isDerived: false, classes: (0..<classes).map { "c\($0)" },
      types: (0..<40).map { "t\($0)" }, speakers: (0..<Self.speakers).map { "s\($0)" },
      utterances: (0..<(Self.speakers * Self.sentences)).map { "u\($0)" }, items: items, states: states)
  }

  private func study(_ examples: PooledSpans, twins: [PooledSpans] = []) throws -> ProbeStudy {
    try study(ProbeDataset(examples), ProbeSpec(name: "phoneme", level: .phoneme), twins: twins)
  }

  private func study(
    _ targeted: ProbeDataset, _ spec: ProbeSpec, twins: [PooledSpans] = []
  ) throws -> ProbeStudy {
    var spec = spec
    spec.penalties = [100, 1]
    let utterances = (0..<(Self.speakers * Self.sentences)).map {
      (speaker: "s\($0 / Self.sentences)", sentence: "\($0 % Self.sentences)", seconds: 10.0)
    }
    return ProbeStudy(
      spec: spec, targeted: targeted, twins: twins, splits: try SplitPlan.make(for: utterances, seed: 1),
      seed: 1, resamples: 400)
  }

  @Test("what is planted in a layer is found there")
  func planted() throws {
    let trained = examples(signals: [("mel", 0.5), ("hidden.1", 0), ("hidden.2", 3), ("hidden.3", 1)])
    let twin = examples(signals: [("hidden.1", 0), ("hidden.2", 0), ("hidden.3", 0)], stream: "twin")
    let result = try study(trained, twins: [twin]).run().result
    #expect(result.peak?.layer.name == "hidden.2")
    #expect(result.peak?.peakSet.map(\.name) == ["hidden.2"])
    #expect(result.verdict?.decision == .encoded)
    let layer = try #require(result.layers.first { $0.layer.name == "hidden.2" })
    #expect(layer.gainOverMel?.isPositive == true && layer.gainOverTwin?.isPositive == true)
    #expect(layer.selectivity?.isPositive == true)
    #expect(result.tested == result.examples && result.tested == 480)
    let crossed = try #require(result.crossed)
    #expect(crossed.layer.name == "hidden.2" && crossed.speakers == 4 && crossed.types == 40)
    #expect(abs(crossed.accuracy.value - (layer.metrics?.accuracy.value ?? 0)) < 0.02)
    // No speaker and no type is read better than another.
    #expect(crossed.ofSpeakers < 0.02 && crossed.ofTypes < 0.05)
    #expect(crossed.accuracy.low < crossed.accuracy.value && crossed.accuracy.high < 1)
  }

  @Test("what is taken for what is counted, with the worst spans and what changes from layer to layer")
  func errors() throws {
    var study = try study(
      examples(signals: [("mel", 0), ("hidden.1", 1), ("hidden.2", 3), ("hidden.3", 2)]))
    let byDefault = try study.run().result
    #expect(byDefault.errors?.map(\.layer.name) == ["hidden.2"])
    #expect(byDefault.errors?.first?.changes?.since.name == "hidden.1")
    study.errorLayers = ["hidden.1", "hidden.3", "no such layer"]
    let result = try study.run(threads: 2).result
    let errors = try #require(result.errors)
    #expect(errors.map(\.layer.name) == ["hidden.1", "hidden.2", "hidden.3"])
    #expect(errors.map(\.changes?.since.name) == [nil, "hidden.1", "hidden.2"])
    #expect(errors[1] == byDefault.errors?.first)
    let accuracies = result.layers.map { $0.metrics?.accuracy.value ?? 0 }
    for (analysis, accuracy) in zip(errors, accuracies) {
      #expect(result.classes.reduce(0) { $0 + analysis.tested($1) } == result.tested)
      let right = result.classes.reduce(0) { $0 + analysis.count($1, as: $1) }
      #expect(abs(Double(right) / Double(result.tested) - accuracy) < 1e-12)
      for (kind, count) in [(ErrorAnalysis.Part.Kind.speaker, Self.speakers), (.duration, 1)] {
        let parts = analysis.parts.filter { $0.kind == kind }
        #expect(parts.count == count)
        #expect(parts.reduce(0) { $0 + $1.tested } == result.tested)
        #expect(parts.reduce(0) { $0 + $1.right } == right)
      }
      let mistaken = analysis.mostConfused()
      #expect(mistaken.reduce(0) { $0 + $1.count } == result.tested - right)
      #expect(mistaken.map(\.count) == mistaken.map(\.count).sorted(by: >))
      #expect(analysis.worst.map(\.probability) == analysis.worst.map(\.probability).sorted())
      #expect(analysis.worst.allSatisfy { $0.truth != $0.guess && $0.end == $0.start + 0.5 })
    }
    for (place, analysis) in errors.enumerated().dropFirst() {
      let changes = try #require(analysis.changes)
      let net = (accuracies[place] - accuracies[place - 1]) * Double(result.tested)
      #expect(Double(changes.gained - changes.lost) == net.rounded())
      #expect(changes.classes.map(\.name) == result.classes)
      let before = errors[place - 1]
      for pair in changes.pairs {
        #expect(analysis.count(pair.truth, as: pair.guess) == pair.now && pair.truth != pair.guess)
        #expect(before.count(pair.truth, as: pair.guess) == pair.before && pair.before != pair.now)
      }
      #expect(
        changes.broken.count == min(10, changes.lost) && changes.mended.count == min(10, changes.gained))
    }
  }

  @Test("durations are parted into quarters of one size")
  func durationsOfErrors() throws {
    var items = examples(signals: [("hidden.1", 1)])
    items = PooledSpans(
      level: items.level, isDerived: false, classes: items.classes, types: items.types,
      speakers: items.speakers, utterances: items.utterances,
      items: items.items.enumerated().map { row, item in
        var item = item
        item.end = item.start + 0.1 * Double(1 + row % 4)
        return item
      }, states: [("hidden.1", try items.states(of: "hidden.1"))])
    let parts = try study(items).run().result.errors?.first?.parts.filter { $0.kind == .duration }
    #expect(parts?.map(\.tested) == [120, 120, 120, 120])
    #expect(parts?.map(\.name) == ["0.10–0.20 s", "0.20–0.30 s", "0.30–0.40 s", "0.40 s"])
  }

  @Test("several twins take turns: three that are the same are as one, of two that differ every one counts")
  func turns() throws {
    let trained = examples(signals: [("hidden.1", 3)])
    let (good, bad) = (
      examples(signals: [("hidden.1", 3)], stream: "good"), examples(signals: [("hidden.1", 0)])
    )
    func accuracy(_ twins: [PooledSpans]) throws -> Estimate? {
      try study(trained, twins: twins).run().result.layers.first?.twin?.accuracy
    }
    let (best, worst) = (try #require(try accuracy([good])), try #require(try accuracy([bad])))
    #expect(try accuracy([good, good, good]) == best)
    let both = try #require(try accuracy([good, bad]))
    #expect(worst.value + 0.1 < both.value && both.value < best.value - 0.1)
  }

  @Test("random states are read no better than the commonest class, and nothing is called encoded")
  func random() throws {
    let result = try study(examples(signals: [("mel", 0), ("hidden.1", 0), ("hidden.2", 0)])).run().result
    let layer = try #require(result.layers.first?.metrics)
    #expect(abs(layer.accuracy.value - result.majority.accuracy.value) < 0.08)
    #expect(layer.bits.value < 0.02)
    // 24 utterances may be too few to say that there is nothing, never enough to say that there is something.
    #expect(result.verdict?.decision != .encoded, "\(result.verdict as Any)")
    #expect(result.verdict?.isReadable == false && result.verdict?.isBeyondBaseline == false)
    #expect(abs((result.shuffled?.accuracy.value ?? 1) - result.majority.accuracy.value) < 0.08)
  }

  @Test("a number that is planted in a layer is read there, with the R² that its noise leaves")
  func regression() throws {
    let examples = examples(signals: [("mel", 0), ("hidden.1", 0), ("hidden.2", 3)])
    let states = try examples.states(of: "hidden.2")
    // Half of the variance is a feature's, half noise.
    let noise = gaussian(examples.items.count, 1, "noise").values
    let numbers = Matrix(
      rows: examples.items.count, columns: 1,
      values: examples.items.indices.map { Double(states.values[$0 * 8 + 7] + noise[$0]) })
    let spec = ProbeSpec(name: "phone-duration", level: .phoneme, target: .duration)
    let result = try study(ProbeDataset(examples, numbers: numbers), spec).run().result
    #expect(result.metric == .r2 && result.peak?.layer.name == "hidden.2")
    let peak = try #require(result.peak)
    #expect(abs(peak.estimate.value - 0.5) < 0.08 && peak.estimate.low < 0.5 && peak.estimate.high > 0.42)
    #expect(result.verdict?.decision == .encoded, "\(result.verdict as Any)")
    #expect(abs(result.majority[.r2].value) < 0.02 && (result.shuffled?[.r2].value ?? 1) < 0.02)
    #expect(result.layers.first?.metrics?.metrics == [.r2])
    #expect(result.layers.allSatisfy { $0.selectivity == nil })
    #expect(result.errors == nil)
    let deviations = try #require(result.deviations?.first)
    #expect(result.deviations?.count == 1 && deviations.layer.name == "hidden.2")
    // In standard deviations what is left of the variance is 1 − R².
    let speakers = deviations.parts.filter { $0.kind == .speaker }
    #expect(speakers.reduce(0) { $0 + $1.tested } == result.tested)
    let left = speakers.reduce(0) { $0 + Double($1.tested) * $1.rootMeanSquare * $1.rootMeanSquare }
    #expect(abs(left / Double(result.tested) - (1 - peak.estimate.value)) < 1e-9)
    #expect(deviations.worst.map(\.deviation) == deviations.worst.map(\.deviation).sorted(by: >))
    #expect(deviations.worst.allSatisfy { ($0.truth ?? 0) != ($0.guess ?? 0) && $0.end == $0.start + 0.5 })
  }

  @Test("boundaries that are planted are detected in time")
  func boundaries() throws {
    // Frames that follow each other; those of class 0 are the boundaries.
    let examples = examples(
      signals: [("mel", 0), ("hidden.1", 6)], classes: 2, step: FrameSpans.step, length: FrameSpans.step)
    let frames = Dictionary(grouping: examples.items) { $0.utterance }
    let boundaries = (0..<(Self.speakers * Self.sentences)).map { utterance in
      FrameSpans.detected((frames[utterance] ?? []).map { (($0.start + $0.end) / 2, $0.label == 0) })
    }
    var spec = ProbeSpec(name: "word-boundary", level: .sound, target: .wordBoundary)
    spec.isBalanced = true
    let result = try study(ProbeDataset(examples, boundaries: boundaries), spec).run().result
    let table = try #require(result.layers.first?.metrics)
    #expect(result.metric == .rValue && table[.rValue].value > 0.97 && table[.f1].value > 0.97)
    #expect(result.verdict?.decision == .encoded)
  }

  @Test("ridge and LDA probes find what the softmax probe finds", arguments: [ProbeSpec.Kind.ridge, .lda])
  func linearKinds(kind: ProbeSpec.Kind) throws {
    var spec = ProbeSpec(name: "phoneme", level: .phoneme)
    spec.kind = kind
    let examples = examples(signals: [("mel", 0.5), ("hidden.1", 0), ("hidden.2", 3)])
    let result = try study(ProbeDataset(examples), spec).run().result
    #expect(result.peak?.layer.name == "hidden.2" && result.verdict?.decision == .encoded)
    let accuracy = try #require(result.layers.last?.metrics?.accuracy.value)
    #expect(accuracy > 0.9)
  }

  @Test("any number of threads gives the same result")
  func threads() throws {
    let study = try study(examples(signals: [("mel", 0.5), ("hidden.1", 1)]))
    #expect(try study.run(threads: 1).result == study.run(threads: 3).result)
  }

  @Test("one class has no number, and the reason is said")
  func oneClass() throws {
    let outcome = try study(examples(signals: [("mel", 0), ("hidden.1", 1)], classes: 1)).run()
    #expect(outcome.result.peak == nil && outcome.result.verdict == nil)
    #expect(outcome.result.layers.first?.reason?.contains("one class") == true)
    #expect(!outcome.findings.isEmpty)
  }

  @Test("twins of other spans are refused, and a cancelled study ends")
  func refusals() throws {
    let trained = examples(signals: [("mel", 0), ("hidden.1", 1)])
    let other = trained.selecting(Array(0..<10))
    #expect(throws: ProbeError.self) { try study(trained, twins: [other]).run() }
    #expect(throws: ProbeError.interrupted) { try study(trained).run(isCancelled: { true }) }
  }

  @Test("a layer that is its baseline and no more is readable, and adds nothing to it")
  func jointBaseline() throws {
    let examples = examples(signals: [("mel", 2), ("hidden.1", 0)])
    let mel = try examples.states(of: "mel")
    // The baseline turned and scaled, with noise beside it.
    let noise = gaussian(mel.rows, 8, "beside")
    let copied = Tensor(shape: [mel.rows, 16]) { values in
      for row in 0..<mel.rows {
        for k in 0..<8 {
          values[row * 16 + k] = 3 * mel.values[row * 8 + k] - mel.values[row * 8 + (k + 1) % 8]
          values[row * 16 + 8 + k] = noise.values[row * 8 + k]
        }
      }
    }
    let layered = PooledSpans(
      level: .phoneme, isDerived: false, classes: examples.classes, types: examples.types,
      speakers: examples.speakers, utterances: examples.utterances, items: examples.items,
      states: [("mel", mel), ("hidden.1", copied)])
    let result = try study(layered).run(threads: 2).result
    let joint = try #require(result.joint)
    #expect(joint.features == ["mel", "duration"] && joint.layer.name == "hidden.1")
    #expect(joint.gain.high < VerdictRule.negligible && abs(joint.gain.value) < 0.02, "\(joint.gain)")
    #expect(result.verdict?.decision != .encoded && result.verdict?.isBeyondBaseline == false)
    #expect(result.verdict?.isReadable == true)

    let more = try study(self.examples(signals: [("mel", 1), ("hidden.1", 2.5)])).run(threads: 2).result
    #expect(more.joint?.gain.isPositive == true && more.joint?.gainInBits?.isPositive == true)
    #expect(more.verdict?.isBeyondBaseline == true)
  }

  @Test("selectivity on noise is zero within its interval, whatever the seed")
  func selectivityOfNoise() throws {
    let examples = examples(signals: [("mel", 0), ("hidden.1", 0)])
    for seed in 0..<6 {
      var study = try study(examples)
      study.seed = UInt64(seed)
      let result = try study.run(threads: 2).result
      let selectivity = try #require(result.layers[0].selectivity)
      #expect(selectivity.low <= 0 && selectivity.high >= 0, "seed \(seed): \(selectivity)")
      #expect((result.controlDraws ?? 0) >= 5)
      #expect(result.verdict?.decision != .encoded)
    }
  }

  @Test("rows that own a layer are named, and its numbers stand beside those without them")
  func outliers() throws {
    let examples = examples(signals: [("mel", 0), ("hidden.1", 2), ("hidden.2", 2)])
    var states = try examples.states(of: "hidden.2")
    let victim = 45
    states.withUnsafeMutableBuffer { values in
      for k in 0..<8 { values[victim * 8 + k] *= 1e3 }
    }
    let spoilt = PooledSpans(
      level: .phoneme, isDerived: false, classes: examples.classes, types: examples.types,
      speakers: examples.speakers, utterances: examples.utterances, items: examples.items,
      states: [
        ("mel", try examples.states(of: "mel")), ("hidden.1", try examples.states(of: "hidden.1")),
        ("hidden.2", states),
      ])
    let outcome = try study(spoilt).run(threads: 2)
    #expect(outcome.result.layers[0].outliers == nil)
    let found = try #require(outcome.result.layers[1].outliers)
    #expect(found.count == 1 && found.rows.first?.utterance == "u2" && found.rows.first?.start == 5)
    #expect((found.rows.first?.timesMedian ?? 0) > 100)
    let (with, without) = (
      try #require(outcome.result.layers[1].metrics), try #require(found.metricsWithout)
    )
    let clean = try #require(try study(examples).run(threads: 2).result.layers[1].metrics)
    #expect(abs(without.accuracy.value - clean.accuracy.value) < 0.01)
    #expect(without.accuracy.value - with.accuracy.value > 0.02, "\(with.accuracy) \(without.accuracy)")
    #expect(
      outcome.findings.contains {
        if case .outliers(1, "hidden.2", "u2", _) = $0 { true } else { false }
      })
  }
}
