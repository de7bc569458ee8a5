import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution
@testable import Models

@Suite("Attention") struct AttentionTests {
  private func spanned(_ name: String) throws -> Attribution {
    let (model, samples) = try tinyModel(name)
    let target = try AttributionTarget.unit(3, of: #require(model.taps.last), span: 0.1..<0.2)
    return try Attribution(
      model, samples: Array(samples.prefix(max(6000, model.minimumSamples))), target: target,
      threads: 2)
  }

  private func patches() throws -> Attribution {
    let (model, samples) = try tinyModel("ast")
    return try Attribution(model, samples: samples, target: .headClass(2, of: model), threads: 2)
  }

  private func text() throws -> Attribution {
    let (model, samples) = try tinyModel("whisper")
    let path = repository("Tests/ModelsTests/Resources/whisper/decoder_input_ids.npy")
    let tokens = try readNumpy(URL(filePath: path)).values.map { Int($0) }
    var target = try AttributionTarget.unit(7, of: #require(model.decoderTaps.last))
    target.row = 2
    return try Attribution(
      model, samples: samples, tokens: tokens, target: target, threads: 2)
  }

  /// Two rows, two layers: rollout is the product, flow is bounded by the narrowest way.
  @Test("attention rollout and flow of a graph that can be worked out by hand")
  func attentionGraph() {
    var graph = AttentionGraph(rows: 2)
    // With the residual: [[0.5 + 0.5·0.6, 0.5·0.4], [0.5·1, 0.5]] and [[0.6, 0.4], [0.1, 0.9]].
    graph.add(AttentionLayer(Tensor([0.6, 0.4, 1, 0], shape: [1, 2, 2])))
    graph.add(AttentionLayer(Tensor([0.2, 0.8, 0.2, 0.8], shape: [1, 2, 2])))
    let rollout = graph.rollout(from: [0])
    #expect(abs(rollout[0] - (0.6 * 0.8 + 0.4 * 0.5)) < 1e-6)
    #expect(abs(rollout[1] - (0.6 * 0.2 + 0.4 * 0.5)) < 1e-6)
    let flow = graph.flow(from: [0])
    #expect(abs(flow[0] - (min(0.6, 0.8) + min(0.4, 0.5))) < 1e-6)
    #expect(abs(flow[1] - (min(0.6, 0.2) + min(0.4, 0.5))) < 1e-6)
    // Heads are averaged, rows of less than one brought to it.
    let heads = AttentionLayer(Tensor([0.3, 0.1, 0, 0.5, 0, 0.4, 0, 0.5], shape: [2, 2, 2]))
    #expect(zip(heads.edges(rows: 2), [0.6875, 0.3125, 0, 1]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("rollout is a share of one for each frame, and the same for every class")
  func rollout() throws {
    let attribution = try spanned("wav2vec2_variant")
    let map = try attribution.map(by: .attentionRollout)
    #expect(abs(map.profile.reduce(0, +) - 1) < 1e-4 && map.profile.allSatisfy { $0 >= 0 })
    let target = try AttributionTarget.unit(4, of: #require(attribution.model.taps.last), span: 0.1..<0.2)
    let other = try Attribution(attribution.model, samples: attribution.samples, target: target)
    let again = try other.map(by: .attentionRollout)
    #expect(again.profile == map.profile)
    let tap = try #require(attribution.model.taps.first)
    let convolution = try Attribution(
      attribution.model, samples: attribution.samples, target: .unit(1, of: tap))
    #expect(throws: AttributionError.self) { try convolution.map(by: .attentionFlow) }
  }

  /// Twelve tokens: two in front, then five columns by two frequencies, of which three columns have sound.
  private static let layout = FrameOperation(leading: 2, rows: 2, columns: 5, frames: 3)

  @Test("rows of folded attention sum to one, and attention spread evenly stays so")
  func folding() {
    let columns = TokenGroups.columns(of: Self.layout)
    #expect(columns.count == 7 && columns.tokens(of: 3) == [3, 8])
    let random = sines([3, 12, 12]).mapped { abs($0) }
    let rows = random.values.enumerated().map { index, value in
      value / random.values[(index / 12 * 12)..<(index / 12 * 12 + 12)].reduce(0, +)
    }
    let folded = columns.folded(Tensor(rows, shape: [3, 12, 12]))
    #expect(folded.shape == [3, 7, 7])
    for row in 0..<21 {
      #expect(abs(folded.values[(row * 7)..<(row * 7 + 7)].reduce(0, +) - 1) < 1e-5)
    }
    // Worked out by hand: the mean over both patches of column 0 of what falls on both of column 4.
    let expected = (rows[2 * 12 + 6] + rows[2 * 12 + 11] + rows[7 * 12 + 6] + rows[7 * 12 + 11]) / 2
    #expect(abs(folded.values[2 * 7 + 6] - expected) < 1e-6)

    let frames = TokenGroups.frames(of: Self.layout)
    #expect(frames.groups == [nil, nil, 0, 1, 2, nil, nil, 0, 1, 2, nil, nil])
    let even = frames.folded(Tensor(repeating: 1 / 12, shape: [1, 12, 12]))
    #expect(even.values.allSatisfy { abs($0 - 2.0 / 12) < 1e-6 })
    // Half of what is rolled out stays where it is, one layer; the rest is even.
    var graph = AttentionGraph(rows: 3)
    graph.add(AttentionLayer(even))
    #expect(zip(graph.rollout(from: [1]), [1 / 6.0, 4 / 6.0, 1 / 6.0]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("of a spectrogram's patches it is as from transformers, with its frequencies")
  func spectrogramTransformer() throws {
    let attribution = try patches()
    let reference = try Checkpoint.open(resource("attention.safetensors"))
    let layout = try #require(attribution.model.attentionPatches(ofSamples: attribution.samples.count))
    let frames = layout.frames
    for (method, name) in [(AttributionMethod.attentionRollout, "rollout"), (.attention, "attention")] {
      let map = try attribution.map(by: method)
      let expected = try reference.tensor("ast.\(name)")  // [frequencies × columns]
      let grid = try #require(map.grid)
      #expect(grid.shape == [frames, 12] && map.profile.count == frames)
      for frame in 0..<grid.rows {
        for row in 0..<grid.width {
          #expect(abs(grid[row: frame][row] - expected[row: row][frame]) < 1e-6)
        }
        #expect(abs(map.profile[frame] - grid[row: frame].reduce(0) { $0 + Double($1) }) < 1e-9)
      }
      let rest = map.checks.reduce(0) { $0 + $1.value }
      #expect(map.checks.count == 2 && abs(map.profile.reduce(0, +) + rest - 1) < 1e-5)
    }
    let heads = try attribution.heads(labelledBy: nil)
    #expect(heads.count == 12 && heads[0].picture.shape == [frames, frames])
    let folded = try reference.tensor("ast.folded")
    for query in 0..<frames {
      for key in 0..<frames {
        #expect(abs(heads[0].picture[row: query][key] - folded[row: query][key]) < 1e-6)
      }
    }
  }

  @Test("flow between a spectrogram's columns is a share of time, of frames and of tokens in front")
  func patchFlow() throws {
    let (model, samples) = try tinyModel("ast")
    let tap = try #require(model.taps.first { $0.name == "hidden.2" })
    for target in [
      try AttributionTarget.headClass(2, of: model), try .unit(1, of: tap, span: 0.2..<0.5),
    ] {
      let attribution = try Attribution(model, samples: samples, target: target, threads: 2)
      let (flow, rollout) = (
        try attribution.map(by: .attentionFlow), try attribution.map(by: .attentionRollout)
      )
      #expect(flow.grid == nil && flow.centres == rollout.centres)
      #expect(flow.profile.allSatisfy { $0 > 0 && $0 < 5 })
    }
  }

  @Test("of a decoder's token it goes through the text, the sound and the encoder, as from transformers")
  func decoder() throws {
    let attribution = try text()
    let reference = try Checkpoint.open(resource("attention.safetensors"))
    let map = try attribution.map(by: .attentionRollout)
    let expected = try reference.tensor("whisper.rollout").values
    #expect(map.profile.count == expected.count)
    #expect(zip(map.profile, expected).allSatisfy { abs($0 - Double($1)) < 1e-6 })
    let text = try reference.tensor("whisper.text").values[0]
    #expect(abs(try #require(map.checks.first).value - Double(text)) < 1e-6)

    let last = try attribution.map(by: .attention)
    #expect(last.layer == "decoder.cross_attention.3")
    #expect(abs(last.profile.reduce(0, +) - 1) < 1e-6 && last.centres == map.centres)

    let heads = try attribution.heads(labelledBy: nil)
    let layers = heads.map(\.profile.layer)
    #expect(layers.filter { $0.hasPrefix("attention.") }.count == 12)
    #expect(layers.last == "decoder.cross_attention.3" && heads.count == 36)
    let cross = try #require(heads.last)
    #expect(cross.picture.shape == [11, 64] && cross.profile.distance == nil)
    #expect(cross.profile.entropy <= cross.profile.mostEntropy)
    // Below the decoder's second block there is less on the way.
    let tap = try #require(attribution.model.decoderTaps.first { $0.name == "decoder.hidden.1" })
    let lower = try Attribution(
      attribution.model, samples: attribution.samples, tokens: attribution.tokens, target: .unit(1, of: tap)
    )
    #expect(try lower.heads(labelledBy: nil).count == 20)
  }

  @Test("a model whose attention is within windows, or that has none, says so, and what to take")
  func refusals() throws {
    let (clap, sound) = try tinyModel("clap")
    let recurrent = try SpeechModel.load(repository("fixtures/crnn/model.pt"))
    for (model, samples, word) in [
      (clap, sound, "windows of 8 × 8 patches"), (recurrent, Array(sound.prefix(8000)), "has no attention"),
    ] {
      let target = try AttributionTarget.unit(0, of: #require(model.taps.last))
      let attribution = try Attribution(model, samples: samples, target: target)
      let error = #expect(throws: AttributionError.self) { try attribution.map(by: .attentionRollout) }
      #expect(error.map { "\($0)".contains(word) } == true, "\(String(describing: error))")
    }
  }
}
