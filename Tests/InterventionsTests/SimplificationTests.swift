import Checkpoints
import Foundation
import Foundations
import Models
import Probing
import Results
import StrataTestSupport
import Tensors
import Testing

@testable import Interventions

@Suite("Smaller weights") struct SimplificationTests {
  private struct Fixture: Decodable {
    struct Case: Decodable {
      var shape: [Int]
      var weight: [Float]
      var pruned, rounded: [String: [Float]]
    }
    var cases: [Case]
  }

  @Test("are PyTorch's, to the bit")
  func reference() throws {
    let path = Repository.path("Tests/InterventionsTests/Resources/weights.json")
    let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: URL(filePath: path)))
    #expect(fixture.cases.count == 3)
    for sample in fixture.cases {
      let weight = Tensor(sample.weight, shape: sample.shape)
      for (share, expected) in sample.pruned {
        let reduction = WeightReduction.pruned(try #require(Double(share)))
        let found = reduction(weight)
        #expect(found.values == expected && found.shape == sample.shape, "\(share) of \(sample.shape)")
        let zeros = expected.count { $0 == 0 }
        #expect(reduction.bytes(of: sample.shape) == 4 * (weight.count - zeros) + (weight.count + 7) / 8)
      }
      for (bits, expected) in sample.rounded {
        let reduction = WeightReduction.rounded(bits: try #require(Int(bits)))
        let found = reduction(weight).values
        #expect(found == expected, "\(bits) bits of \(sample.shape)")
        // Half a step at most from what it was, and rounding twice is rounding once.
        let again = reduction(Tensor(found, shape: sample.shape)).values
        #expect(zip(again, found).allSatisfy { abs($0 - $1) <= 1e-6 * abs($1) })
      }
    }
    #expect(
      WeightReduction.rounded(bits: 8)(Tensor(repeating: 0, shape: [2, 3])).values == [0, 0, 0, 0, 0, 0])
    #expect(WeightReduction.rounded(bits: 4).bytes(of: [3, 5]) == 8 + 12)
  }

  @Test("layers are told by the first number in their tensors' names")
  func parts() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model.safetensors")
    let matrix = Tensor([1, -4, 2, 3], shape: [2, 2])
    try SafetensorsWriter.write(
      [
        ("encoder.layers.0.a.weight", matrix), ("encoder.layers.0.a.bias", Tensor([1, 2], shape: [2])),
        ("encoder.layers.0.b.weight", matrix), ("encoder.layers.1.a.weight", matrix),
        ("encoder.pos.conv.g", Tensor([1, 2], shape: [1, 1, 2])), ("head.weight", matrix),
      ], to: path)
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.weightParts.map(\.name) == ["encoder.layers.0", "encoder.layers.1", "head"])
    #expect(checkpoint.weightParts.map(\.bytes) == [32, 16, 16])
    let reduced = checkpoint.reduced(["encoder.layers.0": .pruned(0.5)])
    #expect(try reduced.tensor("encoder.layers.0.b.weight").values == [0, -4, 0, 3])
    #expect(try reduced.tensor("encoder.layers.0.a.bias").values == [1, 2])
    #expect(try reduced.tensor("encoder.layers.1.a.weight").values == [1, -4, 2, 3])
  }

  @Test("what a layer can lose is told, and the smallest model keeps the level")
  func smallest() throws {
    let (first, second) = (PlantedNetwork.rotation(seed: 1), PlantedNetwork.rotation(seed: 2))
    let planted = try PlantedNetwork(
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
      ], utterances: 12)
    var study = InterventionStudy(model: planted.model, corpus: planted.corpus, erasing: ["phoneme"])
    (study.symbols, study.resamples) = (planted.symbols, 100)
    let path = planted.folder.path + "/model"
    var simplification = SimplificationStudy(
      study, parts: try LoadOptions().opened(path).weightParts,
      reductions: [.rounded(bits: 8), .pruned(0.99)]
    ) { plan in
      var options = LoadOptions()
      options.reductions = plan
      return try SpeechModel.load(path, options: options)
    }
    simplification.kept = "phoneme"
    let result = try simplification.run(threads: 2)
    #expect(
      result.rows.map(\.part) == ["conv", "first", "second", "head", "all"] + [
        "conv", "first", "second", "head", "all",
      ])
    #expect(result.bytes == 4 * (8 * 320 + 64 + 64 + 32))
    func row(_ part: String, _ change: String) throws -> InterventionResult.Simplification.Row {
      try #require(result.rows.first { $0.part == part && $0.change == change })
    }
    let rounded = try row("all", "8 bits")
    #expect(rounded.saved == 3 * (8 * 320 + 64 + 64 + 32) - 4 * (8 + 8 + 8 + 4))
    let loss = try #require(rounded.head.first { $0.quantity == .symbol })
    #expect(abs(loss.cost.value) < 0.05 && loss.intact < 0.1, "\(loss)")
    #expect(rounded.readers.allSatisfy { abs($0.effect.cost.value) < 0.02 && $0.effect.intact > 0.99 })
    // Without a hundredth of the head's weights left it says nothing, and no reader minds.
    let headless = try row("head", "pruned 0.99")
    #expect(try #require(headless.head.first { $0.quantity == .symbol }).cost.low > 0.5)
    #expect(headless.readers.allSatisfy { $0.effect.cost.value == 0 })
    #expect(try row("conv", "pruned 0.99").readers.contains { $0.effect.cost.low > 0.2 })

    let smallest = try #require(result.smallest)
    #expect(smallest.accuracy.value >= smallest.whole.low && smallest.bytes < result.bytes / 3)
    let conv = try #require(smallest.changes.first { $0.part == "conv" })
    #expect(conv.change == "8 bits")
    #expect(smallest.changes.first { $0.part == "head" }?.change == "pruned 0.99")

    // Interrupted and run again, or done in shares, it is the same, and nothing is made twice.
    let few = MemoryStore(limit: 4)
    simplification.study.store = few
    #expect(throws: InterventionError.interrupted) { try simplification.run(threads: 2) }
    let rest = few.unlimited
    simplification.study.store = rest
    #expect(rest.count == 4)
    for index in 1...2 { try simplification.keep(try #require(WorkShare(index, of: 2)), threads: 2) }
    #expect(rest.made == 6)
    #expect(try simplification.run(threads: 1) == result)
    let made = rest.made
    #expect(try simplification.run(threads: 2) == result && rest.made == made)

    simplification.kept = "word"
    #expect(throws: InterventionError.unknownLevel(name: "word", known: ["phoneme"])) {
      try simplification.run()
    }
  }
}

@Suite("Steering") struct SteeringTests {
  @Test(
    "moving phones by the difference of means is followed by readers and head, other directions are not")
  func planted() throws {
    let turn = PlantedNetwork.rotation(seed: 1)
    let planted = try PlantedNetwork(
      layers: """
          - linear: first
            name: hidden.1
          - linear: head
            name: logits

        """,
      tensors: [
        ("first.weight", PlantedNetwork.tensor(turn)), ("head.weight", PlantedNetwork.head(after: turn)),
        ("head.bias", PlantedNetwork.headBias),
      ], utterances: 12)
    var study = InterventionStudy(
      model: planted.model, corpus: planted.corpus, erasing: ["word", "phoneme"])
    (study.symbols, study.resamples, study.controls) = (planted.symbols, 100, 2)
    (study.layers, study.comparesUntrained) = (["conv.1"], false)
    study.steers = [try #require(SteerRequest("aa:IY")), try #require(SteerRequest("ba:di"))]
    let result = try study.run(threads: 2)
    #expect(result.steerings.map(\.on) == ["conv.1", "hidden.1", "head", "conv.1", "hidden.1"])
    for steering in result.steerings {
      #expect(steering.layer == "conv.1" && steering.spans > 50)
      #expect(steering.points.map(\.dose) == [0, 0.5, 1, 2, 4])
      let (none, whole) = (steering.points[0], steering.points[2])
      #expect(none.target.value < 0.02 && none.source.value > 0.98, "\(steering.on) \(none)")
      #expect(whole.target.value > 0.98 && whole.source.value < 0.02, "\(steering.on) \(whole)")
      // Of three classes no other two are left to tell directions by.
      #expect(whole.atRandom == nil)
    }
    study.steers = [try #require(SteerRequest("AA:EY"))]
    #expect(throws: InterventionError.self) { try study.run() }
    #expect(SteerRequest("AA") == nil && SteerRequest("AA:") == nil && SteerRequest("AA:AA") == nil)
  }

  @Test("other directions are between means of other classes, as long")
  func directions() throws {
    let rows: [[Float]] = [[0, 0], [3, 4], [1, 0], [1, 2], [7, 0]]
    let states = Tensor(rows.flatMap { $0 + $0 }, shape: [10, 2])
    let moments = try LabelMoments(
      states: states, labels: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4], classCount: 5)
    var numbers = RandomNumbers(seed: 3)
    let found = try #require(SteeringDirections(moments, from: 0, to: 1, draws: 6, using: &numbers))
    #expect(zip(found.own, [3, 4]).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(found.others.count == 6)
    for other in found.others {
      #expect(abs((other[0] * other[0] + other[1] * other[1]).squareRoot() - 5) < 1e-9)
    }
  }
}
