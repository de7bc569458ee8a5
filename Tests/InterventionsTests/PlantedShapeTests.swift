import Models
import Results
import StrataTestSupport
import Tensors
import Testing

@testable import Interventions

/// Planted networks of other shapes than a chain: what is used there is known, too.
@Suite("What planted networks of other shapes use") struct PlantedShapeTests {
  private static let identity = (0..<8).map { i in (0..<8).map { $0 == i ? 1.0 : 0 } }

  /// Maps the number `from` to `to`, and nothing else.
  private static func map(_ pairs: [(from: Int, to: Int)], by gain: Double = 1) -> Tensor {
    var rows = [[Double]](repeating: [Double](repeating: 0, count: 8), count: 8)
    for pair in pairs { rows[pair.to][pair.from] = gain }
    return PlantedNetwork.tensor(rows)
  }

  private func result(
    _ planted: PlantedNetwork, _ levels: [String], symbols: [String]? = nil,
    _ change: (inout InterventionStudy) -> Void = { _ in }
  ) throws -> InterventionResult {
    var study = InterventionStudy(model: planted.model, corpus: planted.corpus, erasing: levels)
    (study.symbols, study.resamples, study.controls) = (symbols ?? planted.symbols, 200, 8)
    change(&study)
    return try study.run(threads: 2)
  }

  private func kinds(_ result: InterventionResult, _ level: String) -> [String: InterventionResult.Verdict
    .Kind]
  {
    Dictionary(
      uniqueKeysWithValues: result.rows.filter { $0.level == level }.map { ($0.layer, $0.verdict.kind) })
  }

  @Test("in six residual blocks phones are used along the stream, words are not")
  func stream() throws {
    var (layers, tensors) = ("", [(name: String, tensor: Tensor)]())
    for block in 1...6 {
      // Each block writes into numbers that nobody reads.
      layers += "  - residual:\n      - linear: block\(block)\n    name: hidden.\(block)\n"
      tensors.append(("block\(block).weight", Self.map([(block % 4, 6 + block % 2)], by: 0.3)))
    }
    let planted = try PlantedNetwork(
      layers: layers + "  - linear: head\n    name: logits\n",
      tensors: tensors + [
        ("head.weight", PlantedNetwork.head(after: nil)), ("head.bias", PlantedNetwork.headBias),
      ])
    let result = try result(planted, ["phoneme", "word"])
    // A branch alone holds one number of each level: no other subspace is left to compare it with.
    let stream = result.layers.filter { !$0.hasPrefix("linear") }
    #expect(stream == ["conv.1"] + (1...6).map { "hidden.\($0)" })
    for layer in stream {
      #expect(
        kinds(result, "phoneme")[layer] == .used,
        "\(result.row("phoneme", at: layer)?.verdict.reason?.rawValue ?? "")")
      #expect(
        kinds(result, "word")[layer] == .notShown,
        "\(result.row("word", at: layer)?.verdict.reason?.rawValue ?? "")")
    }
  }

  @Test("what a branch holds and the head does not read is read again behind it, and not used")
  func branch() throws {
    let planted = try PlantedNetwork(
      layers: """
          - linear: first
            name: hidden.1
          - residual:
              - linear: branch
                name: hidden.2
            name: hidden.3
          - linear: last
            name: hidden.4
          - linear: head
            name: logits

        """,
      tensors: [
        ("first.weight", PlantedNetwork.tensor(Self.identity)),
        // Phones go once more into numbers that are not read.
        ("branch.weight", Self.map([(0, 6), (1, 7)])),
        ("last.weight", PlantedNetwork.tensor(Self.identity)),
        ("head.weight", PlantedNetwork.head(after: nil)), ("head.bias", PlantedNetwork.headBias),
      ])
    let result = try result(planted, ["phoneme"])
    let phones = kinds(result, "phoneme")
    #expect(
      phones["hidden.2"] == .redundant,
      "\(result.row("phoneme", at: "hidden.2")?.verdict.reason?.rawValue ?? "")")
    #expect(result.row("phoneme", at: "hidden.2")?.encoded?.isReadable == true)
    for layer in ["conv.1", "hidden.1", "hidden.3", "hidden.4"] {
      #expect(phones[layer] == .used, "\(layer)")
    }
  }

  @Test("words are used where the head reads words; phones are used up to the layer that lets go of them")
  func handedOver() throws {
    // hidden.2 keeps both, hidden.3 words alone; its head knows words.
    let words = Self.map([(2, 2), (3, 3)])
    let turn = PlantedNetwork.rotation(seed: 5)
    let head = PlantedNetwork.head(after: nil).values
    // The words' numbers where the head of phones has the phones'.
    let moved = (0..<32).map { place -> Float in
      let (row, column) = (place / 8, place % 8)
      return column == 2 || column == 3 ? head[row * 8 + column - 2] : 0
    }
    let planted = try PlantedNetwork(
      layers: """
          - linear: turn
            name: hidden.1
          - linear: back
            name: hidden.2
          - linear: words
            name: hidden.3
          - linear: head
            name: logits

        """,
      tensors: [
        ("turn.weight", PlantedNetwork.tensor(turn)),
        (
          "back.weight",
          PlantedNetwork.tensor((0..<8).map { i in (0..<8).map { turn[$0][i] } })
        ),
        ("words.weight", words), ("head.weight", Tensor(moved, shape: [4, 8])),
        ("head.bias", Tensor([0, 0, 0, 0], shape: [4])),
      ])
    // No blank among the classes: each frame is asked for its label.
    let result = try result(planted, ["phoneme", "word"], symbols: ["sil"] + PlantedNetwork.words)
    #expect(
      result.quantity == .loss && result.headUnit == .frame && result.frameLevel == "word")
    // Nothing but words is left at hidden.3, and no other subspace to compare with.
    #expect(kinds(result, "word")["hidden.3"] == .undecided)
    for layer in ["conv.1", "hidden.1", "hidden.2"] {
      #expect(
        kinds(result, "word")[layer] == .used,
        "\(result.row("word", at: layer)?.verdict.reason?.rawValue ?? "")")
    }
    for layer in ["conv.1", "hidden.1", "hidden.2"] {
      #expect(kinds(result, "phoneme")[layer] == .notShown, "\(layer)")
    }
    let last = try #require(result.row("phoneme", at: "hidden.3"))
    #expect(last.encoded?.isReadable == false && last.verdict.kind != .used, "\(last.verdict)")
    let errors = try #require(result.row("word", at: "hidden.2")?.head.first { $0.quantity == .errors })
    #expect(errors.intact < 0.05 && errors.cost.low > 0.3, "\(errors)")
  }

  @Test("behind a nonlinearity phones are used on both sides of it")
  func nonlinear() throws {
    let turn = PlantedNetwork.rotation(seed: 7)
    let planted = try PlantedNetwork(
      layers: """
          - linear: first
            name: hidden.1
          - activation: gelu
            name: hidden.2
          - linear: last
            name: hidden.3
          - linear: head
            name: logits

        """,
      tensors: [
        ("first.weight", PlantedNetwork.tensor(Self.identity)),
        // gelu leaves the sign to be read.
        ("last.weight", PlantedNetwork.tensor(turn)), ("head.weight", PlantedNetwork.head(after: turn)),
        ("head.bias", PlantedNetwork.headBias),
      ])
    let result = try result(planted, ["phoneme", "word"])
    for layer in result.layers {
      #expect(
        kinds(result, "phoneme")[layer] == .used,
        "\(result.row("phoneme", at: layer)?.verdict.reason?.rawValue ?? "")")
      #expect(
        kinds(result, "word")[layer] != .used,
        "\(result.row("word", at: layer)?.verdict.reason?.rawValue ?? "")")
    }
  }
}
