import Corpora
import Foundation
import Results
import Testing

@testable import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Figure of an activation map") struct AttributionFigureTests {
  private func result(seconds: Double = 1) -> AttributionResult {
    let frames = Int(seconds * 100)
    let values = (0..<(frames * 8)).map { Float($0 % 8) - 40 }
    let map = AttributionResult.Map(
      method: "gradient × input", layer: "input", start: 0.005, step: 0.01,
      profile: (0..<frames).map { $0 == 30 ? 4 : $0 == 60 ? -2 : 0 },
      grid: .init(
        frames: frames, bands: 8, start: 0.005, step: 0.01,
        values: (0..<(frames * 8)).map { $0 / 8 == 30 ? 0.5 : $0 / 8 == 60 ? -0.25 : 0 }))
    return AttributionResult(
      model: "m", fingerprint: "f", family: "wav2vec2", audio: "<a>.wav", seconds: seconds,
      target: "AE & of the head", targetLayer: "logits", span: [0.2, 0.4], score: 4, probe: nil,
      tiers: [
        .init(level: .phoneme, intervals: [Interval(start: 0.1, end: 0.4, label: "<AE>")]),
        .init(level: .word, intervals: [Interval(start: 0.1, end: 0.9, label: "and")]),
      ], maps: [map], warnings: [],
      spectrogram: .init(frames: frames, bands: 8, start: 0.005, step: 0.01, values: values),
      bandLimit: 8000)
  }

  @Test("names are escaped, labels and the span are drawn, the numbers are the profile")
  func drawing() throws {
    let figure = try AttributionFigure(result())
    let svg = figure.svg()
    #expect(svg.contains("&lt;AE&gt;") && !svg.contains("<AE>"))
    #expect(svg.contains(">and</text>"))
    #expect(svg.components(separatedBy: "stroke-dasharray").count == 3)
    #expect(figure.data.csv.split(separator: "\n").count == 101)
    #expect(figure.summary.contains("largest at 0.30 s"))
    #expect(XMLParser(data: Data(svg.utf8)).parse())
  }

  @Test("what speaks for the target is darker than any sound, in grey too")
  func greyscale() {
    let darkestSound = Colours.luminance((0.55, 0.55, 0.55))
    #expect(Colours.luminance(AttributionFigure.supporting) * 4 < darkestSound)
    #expect(Colours.luminance(AttributionFigure.opposing) < darkestSound)
    #expect(
      Colours.luminance(AttributionFigure.supporting) * 4 < Colours.luminance(AttributionFigure.opposing))
  }

  @Test("a picture is a PNG of its size, with its colours")
  func png() throws {
    let map = PixelMap(width: 3, height: 2) { x, y in (Double(x) / 2, Double(y), 0.2) }
    #expect(map.bytes == [0, 0, 51, 128, 0, 51, 255, 0, 51, 0, 255, 51, 128, 255, 51, 255, 255, 51])
    let file = [UInt8](try map.png())
    #expect(file.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    #expect(Array(file[16..<24]) == [0, 0, 0, 3, 0, 0, 0, 2])
    #expect(file.suffix(8).prefix(4) == Array("IEND".utf8)[...])
  }

  @Test("a long recording is as wide as its labels need, and no wider than fits")
  func width() throws {
    let (short, long) = (try AttributionFigure(result()), try AttributionFigure(result(seconds: 90)))
    #expect(short.size.width < 200)
    #expect(long.size.points.width < 6300)
  }

  @Test("titles of checks are wrapped, never cut")
  func trust() throws {
    var checked = result()
    let methods = [
      "layer-wise relevance propagation", "CAM", "guided backpropagation", "attention rollout",
    ]
    checked.trust = methods.map { method in
      .init(
        method: method, hiding: nil, gain: nil, randomGain: nil, randomisation: [],
        noise: [.init(name: "20 dB", correlation: 0.5)], agreement: [.init(name: "CAM", correlation: 0.25)],
        doubts: [])
    }
    let svg = try #require(FaithfulnessFigure(checked)).svg()
    #expect(!svg.contains("…") && svg.contains(">Layer-wise relevance</text>"))
    #expect(svg.contains(">propagation</text>") && svg.contains("hiding everything"))
    #expect(Canvas.wrapped("a bb ccc", to: Canvas.width("a bb")) == ["a bb", "ccc"])
    #expect(Canvas.wrapped("", to: 10).isEmpty)
  }

  @Test("a token's row is where it listens, under the word that it foretells")
  func listening() throws {
    var heard = result()
    let weights = AttributionResult.Picture(
      frames: 3, bands: 4, start: 0, step: 0.25, values: [0, 0, 1, 0, 0.5, 0, 0, 0.5, 1, 0, 0, 0])
    heard.listening = .init(
      tokens: ["<s>", "a", "b"], target: 2, blocks: [("decoder.cross_attention.1", weights)])
    let figure = try #require(try CrossAttentionFigure(heard))
    #expect(
      figure.data.csv.split(separator: "\n").dropFirst() == [
        "decoder.cross_attention.1,a,0.5,1", "decoder.cross_attention.1,b,0,0.5",
      ])
    let svg = figure.svg()
    #expect(svg.contains(">and</text>") && svg.contains(">b</text>"))
    #expect(!svg.contains("&lt;s&gt;") && XMLParser(data: Data(svg.utf8)).parse())
    heard.listening = nil
    #expect(try CrossAttentionFigure(heard) == nil)
  }
}
