import Foundation
import Models
import Results
import StrataTestSupport
import Tensors
import Testing

@testable import Interventions

@Suite("What a planted network uses") struct PlantedTests {
  /// Two rotations and a head that reads the phones' numbers alone.
  private func chain(utterances: Int = 24) throws -> PlantedNetwork {
    let (first, second) = (PlantedNetwork.rotation(seed: 1), PlantedNetwork.rotation(seed: 2))
    return try PlantedNetwork(
      layers: """
          - linear: first
            name: hidden.1
          - linear: second
            name: hidden.2
          - linear: head
            name: logits

        """,
      tensors: [
        ("first.weight", PlantedNetwork.tensor(first)), ("second.weight", PlantedNetwork.tensor(second)),
        ("head.weight", PlantedNetwork.head(after: PlantedNetwork.product(second, first))),
        ("head.bias", PlantedNetwork.headBias),
      ], utterances: utterances)
  }

  private func erasing(_ planted: PlantedNetwork, _ levels: [String]) -> InterventionStudy {
    var study = InterventionStudy(model: planted.model, corpus: planted.corpus, erasing: levels)
    study.symbols = planted.symbols
    study.resamples = 300
    return study
  }

  @Test(
    "what the head reads is used at every layer, and what it ignores is not, though both are read perfectly"
  )
  func usedAndIgnored() throws {
    let planted = try chain()
    let result = try erasing(planted, ["phoneme", "word"]).run(threads: 2)
    #expect(result.quantity == .symbol)
    #expect(result.layers == ["conv.1", "hidden.1", "hidden.2"])
    for layer in result.layers {
      let phones = try #require(result.row("phoneme", at: layer))
      let words = try #require(result.row("word", at: layer))
      #expect(phones.verdict.kind == .used && phones.verdict.reason == nil, "\(layer): \(phones.verdict)")
      #expect(
        words.verdict.kind == .notShown && words.verdict.reason == .atRandom, "\(layer): \(words.verdict)")
      #expect(phones.rank == 2 && words.rank == 2 && phones.width == 8)
      for row in [phones, words] {
        let encoded = try #require(row.encoded)
        #expect(encoded.isReadable && encoded.accuracy.value > 0.99 && encoded.overMajority.low > 0.5)
        // The numbers are signs of cosines, which a power spectrum does not show.
        #expect(encoded.isBeyondBaseline == true && (encoded.baseline ?? 1) < 0.9, "\(encoded)")
        // Both are readable before, and neither after, there and later.
        let own = row.readers.filter { $0.level == row.level }
        #expect(own.allSatisfy { $0.effect.intact > 0.99 }, "\(row.level) at \(layer)")
        #expect(own.allSatisfy { $0.effect.cost.value > 0.4 && $0.effect.isBeyondRandom })
        #expect(row.returned.allSatisfy { !$0.isBack && $0.accuracy.value < 0.6 }, "\(row.returned)")
        #expect(abs((row.randomShare ?? 0) - row.share) < 1e-6)
      }
      // The other level is not hurt.
      let across =
        phones.readers.filter { $0.level == "word" } + words.readers.filter { $0.level == "phoneme" }
      #expect(!across.isEmpty && across.allSatisfy { !$0.effect.isBeyondRandom })
      let loss = try #require(phones.head.first { $0.quantity == .loss })
      // Without the phones each of the two frames of a symbol is a guess among three.
      #expect(loss.intact < 0.1 && loss.cost.value > 0.8, "\(loss)")
      #expect(loss.isBeyondRandom == false, "only what decides is marked")
      let symbol = try #require(phones.head.first { $0.quantity == .symbol })
      #expect(symbol.intact < 0.1 && symbol.cost.value > 0.8 && symbol.isBeyondRandom, "\(symbol)")
      // An untrained head has nothing to lose.
      #expect(symbol.isBeyondUntrained == true && symbol.beyondControl != nil, "\(symbol)")
      let wordLoss = try #require(words.head.first { $0.quantity == .loss })
      #expect(abs(wordLoss.cost.value) < 0.01)
    }
  }

  @Test("a copy beside the changed layer makes it redundant there, and used where both have met")
  func redundant() throws {
    let identity = (0..<8).map { i in (0..<8).map { $0 == i ? 1.0 : 0 } }
    // Strengths so far into tanh's flat part that one copy says as much as two.
    let strong = identity.map { $0.map { 5 * $0 } }
    let planted = try PlantedNetwork(
      layers: """
          - linear: strong
            name: hidden.1
          - residual:
              - linear: copy
                name: hidden.2
            name: hidden.3
          - activation: tanh
            name: hidden.4
          - linear: head
            name: logits

        """,
      tensors: [
        ("strong.weight", PlantedNetwork.tensor(strong)), ("copy.weight", PlantedNetwork.tensor(identity)),
        ("head.weight", PlantedNetwork.head(after: nil)), ("head.bias", PlantedNetwork.headBias),
      ])
    let result = try erasing(planted, ["phoneme"]).run(threads: 2)
    func verdict(_ layer: String) throws -> InterventionResult.Verdict {
      try #require(result.row("phoneme", at: layer)).verdict
    }
    #expect(try verdict("hidden.1").kind == .used)
    let beside = try verdict("hidden.2")
    #expect(beside.kind == .redundant, "\(beside)")
    #expect(beside.returnsAt == "hidden.3")
    #expect(try verdict("hidden.3").kind == .used)
    #expect(try verdict("hidden.4").kind == .used)
  }

  @Test(
    "a block that does nothing can be left out, one that does something cannot; overlaps are told beside")
  func skipped() throws {
    let identity = (0..<8).map { i in (0..<8).map { $0 == i ? 1.0 : 0 } }
    let turn = PlantedNetwork.rotation(seed: 3)
    let planted = try PlantedNetwork(
      layers: """
          - linear: first
            name: hidden.1
          - linear: nothing
            name: hidden.2
          - linear: turn
            name: hidden.3
          - linear: head
            name: logits

        """,
      tensors: [
        ("first.weight", PlantedNetwork.tensor(identity)),
        ("nothing.weight", PlantedNetwork.tensor(identity)),
        ("turn.weight", PlantedNetwork.tensor(turn)), ("head.weight", PlantedNetwork.head(after: turn)),
        ("head.bias", PlantedNetwork.headBias),
      ], utterances: 12)
    var study = erasing(planted, ["phoneme", "word"])
    (study.controls, study.resamples, study.skips) = (4, 100, true)
    let result = try study.run(threads: 2)
    // Nothing comes before the convolution that could take its place.
    #expect(result.lesions.map(\.layer) == ["hidden.1", "hidden.2", "hidden.3"])
    let idle = try #require(result.lesions[1].head.first)
    let turned = try #require(result.lesions[2].head.first)
    #expect(idle.quantity == .symbol && idle.cost.value == 0 && idle.cost.high == 0)
    #expect(turned.cost.low > 0.3, "\(turned)")
    #expect(result.lesions[0].readers.map(\.level) == ["phoneme", "word"])

    #expect(result.overlaps.map(\.layer) == ["conv.1", "hidden.1", "hidden.2", "hidden.3"])
    for overlap in result.overlaps {
      #expect(overlap.first == "phoneme" && overlap.second == "word" && overlap.chance == 0.25)
      // Planted in different directions.
      #expect(overlap.cosines.count == 2 && overlap.overlap < 0.05, "\(overlap)")
    }
  }

  @Test("heads and blocks are replaced by their means: what is the same in all frames is not missed")
  func means() throws {
    let identity = (0..<8).map { i in (0..<8).map { $0 == i ? 1.0 : 0 } }
    let planted = try PlantedNetwork(
      layers: """
          - linear: first
            name: hidden.1
          - linear: moved
            name: hidden.2
          - linear: turn
            name: hidden.3
          - linear: head
            name: logits

        """,
      tensors: [
        ("first.weight", PlantedNetwork.tensor(identity)),
        ("moved.weight", PlantedNetwork.tensor(identity)),
        ("moved.bias", Tensor([1, -2, 3, 0, 0, 1, 0, 0], shape: [8])),
        ("turn.weight", PlantedNetwork.tensor(PlantedNetwork.rotation(seed: 3))),
        ("head.weight", PlantedNetwork.head(after: PlantedNetwork.rotation(seed: 3))),
        ("head.bias", PlantedNetwork.headBias),
      ], utterances: 12)
    var study = erasing(planted, ["phoneme"])
    (study.controls, study.resamples, study.replacesByMeans) = (2, 50, true)
    study.comparesUntrained = false
    let lesions = try study.run(threads: 2).lesions
    #expect(lesions.map(\.layer) == ["conv.1", "hidden.1", "hidden.2", "hidden.3"])
    #expect(lesions.allSatisfy { $0.change == .mean && $0.number == nil })
    let costs = try lesions.map { try #require($0.head.first).cost }
    // What hidden.2 adds is the same everywhere; what hidden.3 adds is not, and all that the convolution gives is not.
    #expect(abs(costs[2].value) < 1e-4 && costs[3].low > 0.3 && costs[0].low > 0.3, "\(costs)")
    // Readers behind a layer that is the same in all frames are at chance.
    let heard = try #require(lesions[0].readers.first?.effect)
    #expect(heard.intact - heard.cost.value < 0.5, "\(heard)")
  }

  @Test("the same numbers come from any number of threads, and from layers that were kept")
  func deterministic() throws {
    let planted = try chain(utterances: 12)
    var study = erasing(planted, ["phoneme"])
    (study.controls, study.resamples) = (4, 50)
    let memory = MemoryStore()
    study.store = memory
    let result = try study.run(threads: 2)
    var other = study
    other.store = nil
    #expect(try other.run(threads: 1) == result)
    // Of the model and of the untrained one.
    #expect(memory.count == 6)
    // Kept work alone: no layer is changed again.
    other.store = memory
    let counter = DoneCounter()
    other.onProgress = { stage, _, _ in if stage.hasPrefix("Changing") { _ = counter.next() } }
    #expect(try other.run(threads: 2) == result)
    #expect(counter.next() == 1)
    // Two shares of the work, done apart, are the whole.
    let apart = MemoryStore()
    for index in 1...2 {
      other.store = apart
      let share = try #require(WorkShare(index, of: 2))
      #expect(try other.keep(share, threads: 2) == (index == 1 ? ["conv.1", "hidden.2"] : ["hidden.1"]))
    }
    #expect(apart.count == 6 && WorkShare(3, of: 2) == nil && WorkShare(0, of: 2) == nil)
    #expect(try other.run(threads: 1) == result)
    #expect(apart.made == 6)
    // In groups of one layer the sums are the same.
    other.store = nil
    other.memory = 1
    let grouped = try other.run(threads: 2)
    #expect(grouped.rows == result.rows && grouped.wholePasses == result.wholePasses + 8)
  }

  @Test("a layer that is dead, or holds nothing of a level, is said by name, and the others are told of")
  func dead() throws {
    let identity = (0..<8).map { i in (0..<8).map { $0 == i ? 1.0 : 0 } }
    // The words' numbers alone go on beside nothing at all.
    let words = identity.enumerated().map {
      $0.offset == 2 || $0.offset == 3 ? $0.element : [Double](repeating: 0, count: 8)
    }
    let planted = try PlantedNetwork(
      layers: """
          - linear: words
            name: hidden.1
          - residual:
              - linear: dead
                name: hidden.2
            name: hidden.3
          - linear: head
            name: logits

        """,
      tensors: [
        ("words.weight", PlantedNetwork.tensor(words)),
        ("dead.weight", Tensor([Float](repeating: 0, count: 64), shape: [8, 8])),
        ("head.weight", PlantedNetwork.head(after: nil)), ("head.bias", PlantedNetwork.headBias),
      ], utterances: 12)
    var study = erasing(planted, ["phoneme", "word"])
    (study.controls, study.resamples, study.comparesUntrained) = (4, 50, false)
    let result = try study.run(threads: 2)
    let dead = try #require(result.row("word", at: "hidden.2")?.verdict)
    #expect(dead.kind == .undecided && dead.reason == .cannotBeErased)
    #expect(dead.obstacle?.contains("hidden.2 does not vary") == true, "\(dead)")
    #expect(result.row("word", at: "hidden.2")?.encoded?.isReadable == false)
    #expect(result.row("phoneme", at: "hidden.1")?.encoded?.isReadable == false)
    #expect(result.row("word", at: "hidden.1")?.encoded?.isReadable == true)
    #expect(result.row("word", at: "hidden.1")?.rank == 2)
    #expect(result.row("word", at: "hidden.1")?.neededRank == 2)
    #expect(result.row("word", at: "conv.1")?.ranks.map(\.rank) == [1, 2])
  }

  @Test("without a head the readers of the last layer are what an effect is measured on")
  func readersAlone() throws {
    let planted = try chain(utterances: 12)
    var study = erasing(planted, ["word"])
    (study.effect, study.controls, study.resamples) = (.probes, 5, 100)
    let result = try study.run(threads: 2)
    #expect(result.quantity == .accuracy)
    // A random chain hands words on as well, so that their loss says nothing of what was learned.
    let carried = try #require(result.row("word", at: "conv.1"))
    #expect(carried.verdict.kind == .notShown)
    #expect(carried.verdict.reason == .untrainedModel)
    study.comparesUntrained = false
    #expect(try study.run(threads: 2).row("word", at: "conv.1")?.verdict.kind == .used)
    #expect(result.row("word", at: "hidden.2")?.verdict.reason == .nothingAfter)
    #expect(result.rows.allSatisfy { $0.head.isEmpty })
  }

  @Test("fewer than ten utterances are undecided")
  func few() throws {
    let planted = try chain(utterances: 6)
    var study = erasing(planted, ["phoneme"])
    (study.controls, study.resamples) = (5, 100)
    let result = try study.run()
    #expect(result.rows.allSatisfy { $0.verdict.kind == .undecided })
    #expect(result.rows.allSatisfy { $0.verdict.reason == .tooFew })
  }

  @Test("what cannot be erased or measured is said by name")
  func refusals() throws {
    let planted = try chain(utterances: 6)
    func refusal(_ levels: [String], _ change: (inout InterventionStudy) -> Void = { _ in }) -> String {
      var study = erasing(planted, levels)
      change(&study)
      do {
        _ = try study.run()
        return "none"
      } catch { return "\(error)" }
    }
    #expect(refusal(["phonem"]).contains("there is no level phonem to erase"))
    #expect(refusal(["phone-duration"]).contains("read as a number"))
    #expect(refusal(["tone"]).contains("tone cannot be erased"))
    let unspelt = refusal(["phoneme"]) { ($0.symbols, $0.effect) = (["<pad>", "AA", "IY"], .loss) }
    #expect(unspelt.contains("no class for the phones uw"), "\(unspelt)")
    let blankless = refusal(["phoneme"]) { ($0.symbols, $0.effect) = (["x", "AA", "IY", "UW"], .symbol) }
    #expect(blankless.contains("CTC's blank"))
    let other = refusal(["phoneme"]) { ($0.symbols, $0.effect) = (["x", "AA", "y", "z"], .frames) }
    #expect(
      other.contains("it has no class for the phonemes IY, UW nor")
        && other.contains("nor for the words ba, di, gu"), "\(other)")
    let many = refusal(["phoneme"]) {
      ($0.symbols, $0.effect) = (["<pad>", "AA", "IY", "UW", "EH"], .loss)
    }
    #expect(many.contains("it has 4 classes, and names of 5 lie with it"), "\(many)")
    #expect(refusal(["phoneme"]) { study in study.isCancelled = { true } }.contains("Stopped"))

    let headless = try PlantedNetwork(
      layers: "  - linear: first\n    name: hidden.1\n",
      tensors: [("first.weight", PlantedNetwork.tensor(PlantedNetwork.rotation(seed: 1)))], utterances: 6)
    var study = erasing(headless, ["phoneme"])
    study.effect = .loss
    #expect(throws: InterventionError.noHead(model: headless.model.name)) { try study.run() }
  }
}
