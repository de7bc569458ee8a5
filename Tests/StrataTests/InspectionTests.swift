import Foundation
import Models
import StrataTestSupport
import Testing

@testable import Strata

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("What is told of a model") struct InspectionTests {
  /// A model of each family, by the names of its stages.
  static let families: [(path: String, stages: [String])] = [
    (
      "fixtures/w2v2-tiny-phones/model.ckpt",
      ["7 convolutions", "projection", "input of the blocks", "6 transformer blocks", "scores"]
    ),
    (
      "Tests/ModelsTests/Resources/whisper",
      [
        "2 convolutions", "input of the blocks", "3 transformer blocks", "norm", "input of the blocks",
        "3 transformer blocks", "norm", "scores",
      ]
    ),
    (
      "Tests/ModelsTests/Resources/ast",
      ["projection", "input of the blocks", "3 transformer blocks", "norm", "mean", "scores"]
    ),
    (
      "Tests/ModelsTests/Resources/clap",
      ["input of the blocks", "stage 1", "stage 2", "stage 3", "stage 4", "norm", "mean", "embeds"]
    ),
  ]

  private func overview(_ path: String) throws -> ModelOverview {
    ModelOverview(try SpeechModel.load(Repository.path(path)))
  }

  @Test("every parameter is in the tree, in every form", arguments: families.indices)
  func speech(index: Int) throws {
    let (path, stages) = Self.families[index]
    let overview = try overview(path)
    try check(overview)
    #expect(overview.stages.map(\.title) == stages)
    let names = overview.taps.map(\.name)
    // The stages are all of the tap points, in their order.
    #expect(overview.stages.reduce(0) { $0 + $1.count } == names.count)
    #expect(overview.stages.first?.taps.first == names.first)
    #expect(overview.stages.last?.taps.last == names.last)
  }

  @Test("a text model too", arguments: ["bert", "clap_text"])
  func text(folder: String) throws {
    let model = try TextModel.load(Repository.path("Tests/ModelsTests/Resources/\(folder)"))
    let overview = ModelOverview(model, cost: try ModelCost.measured(model))
    try check(overview)
    #expect(overview.samplingRate == nil && overview.stages.allSatisfy { $0.step == nil })
    #expect(overview.description.contains("a token "))
    #expect(overview.description.contains("tokens takes 0."))
  }

  private func check(_ overview: ModelOverview) throws {
    #expect(overview.tree.parameters == overview.parameters)
    #expect(counted(overview.tree) == overview.parameters)
    // What the file gives back is what was written.
    let decoded = try JSONDecoder().decode(ModelOverview.self, from: Data(try overview.json().utf8))
    #expect(decoded.tree == overview.tree && decoded.stages == overview.stages)
    #expect(decoded.taps.map(\.name) == overview.taps.map(\.name))

    let svg = overview.drawing.adaptiveSVG()
    let parser = XMLParser(data: Data(svg.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(svg.contains("prefers-color-scheme: dark"))
    for stage in overview.stages {
      for tap in [stage.taps[0], stage.taps[stage.taps.count - 1]] {
        #expect(svg.contains(tap), "\(tap)")
        #expect(overview.dot.contains(tap), "\(tap)")
      }
    }
    #expect(overview.dot.hasPrefix("digraph network {") && overview.dot.hasSuffix("}"))
  }

  /// The values of all shapes, each as often as its branches stand for.
  private func counted(_ node: ParameterTree) -> Int {
    let own = node.shape?.reduce(1, *) ?? node.children.reduce(0) { $0 + counted($1) }
    return own * node.repeats
  }

  @Test("like neighbours are one branch, and each says which tap points it makes")
  func tree() throws {
    let overview = try overview("fixtures/w2v2-tiny-phones/model.ckpt")
    let lines = overview.tree.lines()
    #expect(lines.contains { $0.branch.hasSuffix("└─ 0…5 × 6") && $0.taps == "hidden.1 … hidden.6" })
    #expect(lines.contains { $0.branch.hasSuffix("5…6 × 2") && $0.taps == "conv.6 … conv.7" })
    #expect(lines.contains { $0.shape == "[64 × 1 × 10]" && $0.parameters == "640" })
    let blocks = try #require(overview.stages.first { $0.kind == .blocks })
    #expect(blocks.heads == 4 && blocks.parameters == 1_504_224 && blocks.step == 0.02)
    #expect(overview.unused == ["wav2vec2.masked_spec_embed"])
    #expect(overview.description.contains("not needed here: wav2vec2.masked_spec_embed"))
  }

  @Test("the decoder stands beside the encoder and looks at its end")
  func decoder() throws {
    let drawing = try overview("Tests/ModelsTests/Resources/whisper").drawing
    #expect(drawing.boxes.count == 5 && drawing.decoder.count == 5)
    #expect(drawing.decoder.first?.title == "tokens so far")
    #expect(drawing.svg().contains(">cross-attention</text>"))
  }

  @Test("what a minute takes is measured")
  func cost() throws {
    let model = try SpeechModel.load(Repository.path("Tests/ModelsTests/Resources/wav2vec2_base"))
    let cost = try ModelCost.measured(model)
    #expect(cost.seconds > 0 && cost.of == "a minute of audio")
    let text = ModelOverview(model, cost: cost).description
    #expect(text.contains("a minute of audio takes ") && text.contains(" s on one core"))
  }
}
