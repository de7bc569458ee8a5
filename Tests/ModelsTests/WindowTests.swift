import Audio
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

@Suite("Long recordings") struct WindowTests {
  @Test("windows take every frame of every layer once, in order, and hear the context around it")
  func plan() {
    let timings = [(5, 10, 4.5), (320, 400, 199.5), (320, 400, 0), (1280, 400, 639.5)].map {
      stride, field, first in
      FrameTiming(
        samplingRate: 16_000, strideSamples: stride, receptiveFieldSamples: field, firstCentreSample: first)
    }
    for count in [159_999, 160_001, 200_000, 240_000, 1_000_003, 5_000_000] {
      let windows = SoundWindow.plan(samples: count, length: 160_000, context: 40_000, step: 1280)
      #expect((windows.count == 1) == (count <= 160_000))
      #expect(windows.first?.heard.lowerBound == 0 && windows.last?.heard.upperBound == count)
      for window in windows {
        #expect(window.heard.count <= 160_000 && window.heard.lowerBound % 1280 == 0)
        if let from = window.from { #expect(from - window.heard.lowerBound == 40_000) }
        if let to = window.to { #expect(window.heard.upperBound - to >= 40_000) }
      }
      for timing in timings {
        var next = 0
        for window in windows {
          let rows = timing.frames(forSamples: window.heard.count)
          let (taken, first) = window.taken(rows: rows, timing)
          #expect(first == next)
          next = first + taken.count
        }
        #expect(
          next == timing.frames(forSamples: count), "\(count) samples, stride \(timing.strideSamples)")
      }
    }
  }

  /// The sound of the tiny models' tests again and again, 25 s of it.
  private static func long() throws -> Waveform {
    let short = try Waveform.read(resource("wav2vec2_base/input.wav"))
    let count = 25 * short.samplingRate
    return Waveform(
      samples: (0..<count).map { short.samples[$0 % short.samples.count] }, samplingRate: short.samplingRate
    )
  }

  private static func model(_ name: String, window: Double?) throws -> SpeechModel {
    var options = LoadOptions()
    options.window = window
    return try SpeechModel.load(resource(name), options: options)
  }

  @Test("convolutions give the same in windows as over all, the layers above as many frames") func windows()
    throws
  {
    let (name, sound) = ("wav2vec2_large", try Self.long())
    let (whole, cut) = (try Self.model(name, window: nil), try Self.model(name, window: 10))
    let taps = Set(whole.taps.map(\.name).filter { $0.hasPrefix("conv.") || $0.hasPrefix("hidden.") })
    let (expected, found) = (try values(of: whole, sound, taps), try values(of: cut, sound, taps))
    #expect(found.keys == expected.keys)
    for name in taps {
      let (a, b) = (try #require(found[name]), try #require(expected[name]))
      #expect(a.shape == b.shape, "\(name)")
      if name.hasPrefix("conv.") { #expect(relativeError(a, b) < 1e-5, "\(name)") }
    }
    #expect(whole.settings != cut.settings && cut.attentionWindow == 10)
    #expect(try Self.model(name, window: SpeechModel.usualWindow).window == 60)
    #expect(try cut.randomTwin(seed: 1).window == 10)
  }

  @Test("parts come in order and hold no more than a window") func pieces() throws {
    let (model, sound) = (try Self.model("wav2vec2_base", window: 10), try Self.long())
    var next: [String: Int] = [:]
    var ended: Set<String> = []
    try model.forwardInPieces(sound, taps: ["conv.7", "hidden.1"]) { name, piece in
      #expect(piece.first == next[name, default: 0] && piece.frames.rows <= 500 && !ended.contains(name))
      next[name] = piece.first + piece.frames.rows
      if piece.isLast { ended.insert(name) }
    }
    #expect(next == ["conv.7": 1249, "hidden.1": 1249] && ended == ["conv.7", "hidden.1"])
  }

  @Test(
    "a recording that is read from its file gives the same to the last bit, as long as a window or longer",
    arguments: ["wav2vec2_base", "wav2vec2_large"], [10.0, 30])
  func streamed(name: String, window: Double) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data(try Self.long().wav()), to: "long.wav")
    let model = try Self.model(name, window: window)
    let taps = Set(model.taps.map(\.name))
    typealias Part = (name: String, first: Int, isLast: Bool, frames: Tensor)
    var (expected, found): ([Part], [Part]) = ([], [])
    try model.forwardInPieces(Waveform.read(path), taps: taps) {
      expected.append(($0, $1.first, $1.isLast, $1.frames))
    }
    try model.forwardInPieces(StreamedSound(path), taps: taps) {
      found.append(($0, $1.first, $1.isLast, $1.frames))
    }
    #expect(found.count == expected.count && (found.count > taps.count) == (window < 25))
    #expect(zip(found, expected).allSatisfy { $0 == $1 })
  }

  @Test("attention weights of more than a window are refused") func attention() throws {
    let (model, sound) = (try Self.model("wav2vec2_base", window: 10), try Self.long())
    #expect(
      throws: ModelError.attentionAcrossWindows(layer: "attention.1", samples: 400_000, window: 160_000)
    ) {
      try model.forward(sound, taps: ["attention.1"]) { _, _ in }
    }
  }

  @Test(
    "a window too short for its context is refused",
    arguments: [0, -1, 9.9, .nan, .infinity, 1e308, 1e-308])
  func impossible(window: Double) throws {
    #expect(throws: ModelError.self) { _ = try Self.model("wav2vec2_base", window: window) }
  }
}
