import Audio
import Corpora
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

@Suite("A trained model on recordings") struct TrainedModelTests {
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../fixtures").standardizedFileURL.path

  @Test("each span's vector is the mean of the frames that the model gives for its time") func values()
    throws
  {
    let model = try SpeechModel.load(Self.fixtures + "/w2v2-tiny-phones/model.ckpt")
    let corpus = try Corpus.load(
      Self.fixtures + "/human", seconds: { try Waveform.header($0).seconds })
    let utterances = Array(corpus.utterances.filter { $0.seconds < 4 && !$0.tiers.isEmpty }.prefix(2))
    try #require(utterances.count == 2)
    let settings = ExtractionSettings(
      levels: [.phoneme, .word], layers: ["conv.7", "hidden.0", "hidden.6"])
    let pass = ExtractionPass(of: model, over: utterances, settings: settings)
    let extraction = try pass.run()
    try expectSame(extraction, try pass.run(threads: 2))
    #expect(extraction.layers.map(\.name) == ["mel", "conv.7", "hidden.0", "hidden.6"])

    let phones = try #require(extraction.levels[.phoneme]).examples
    #expect(phones.items.count > 20)
    for (index, utterance) in utterances.enumerated() {
      var layers: [String: Tensor] = [:]
      try model.forward(try Waveform.read(utterance.audioPath), taps: ["conv.7", "hidden.6"]) {
        layers[$0] = $1
      }
      for (name, frames) in layers {
        let states = try phones.states(of: name)
        for (row, item) in phones.items.enumerated() where item.utterance == index {
          // wav2vec 2.0's centres, written out: 12.47 + 20·i ms.
          let centres = (0..<frames.rows).map { (199.5 + 320 * Double($0)) / 16_000 }
          var chosen = centres.indices.filter { centres[$0] >= item.start && centres[$0] < item.end }
          if chosen.isEmpty {
            let middle = (item.start + item.end) / 2
            chosen = [centres.indices.min { abs(centres[$0] - middle) < abs(centres[$1] - middle) } ?? 0]
          }
          let first = chosen.reduce(Float(0)) { $0 + frames[row: $1][0] } / Float(chosen.count)
          #expect(abs(states[row: row][0] - first) < 1e-4, "\(name) \(item)")
        }
      }
    }
    // An untrained model answers for the same spans with other values.
    let twin = try ExtractionPass(of: try model.randomTwin(seed: 1), over: utterances, settings: settings)
      .run()
    let twins = try #require(twin.levels[.phoneme]).examples
    #expect(twins.items == phones.items && twin.fingerprint != extraction.fingerprint)
    #expect(try twins.states(of: "hidden.6") != phones.states(of: "hidden.6"))
    #expect(try twins.states(of: "mel") == phones.states(of: "mel"))
  }

  /// A model whose recordings are read whole, however long they are.
  private struct Whole: ActivationSource {
    let model: SpeechModel
    var name: String { model.name }
    var fingerprint: String { model.fingerprint }
    var facts: SourceFacts { model.facts }
    var taps: [TapPoint] { model.taps }
    var attentionWindow: Double? { model.attentionWindow }

    func forward(
      _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
      visit: (String, Tensor) throws -> Void
    ) throws {
      try model.forward(utterance, waveform, taps: taps, threads: threads, visit: visit)
    }
  }

  @Test(
    "a recording that is longer than a window is read from its file with the same results to the last bit")
  func streamed() throws {
    let folder = try TemporaryFolder()
    let short = try Waveform.read(Self.fixtures + "/unseen/kal/kal_s005.flac")
    let sound = Waveform(
      samples: (0..<(25 * short.samplingRate)).map { short.samples[$0 % short.samples.count] },
      samplingRate: short.samplingRate)
    let path = try folder.write(Data(sound.wav()), to: "long.wav")
    let phones = (0..<240).map {
      Interval(start: 0.1 * Double($0), end: 0.1 * Double($0 + 1), label: ["AA", "B", "K"][$0 % 3])
    }
    let utterance = Utterance(
      id: "long", audioPath: path, labelPath: path, speaker: "s", sentence: "1", seconds: sound.seconds,
      tiers: [.phoneme: Tier(name: "phones", intervals: phones)])
    var options = LoadOptions()
    options.window = 10
    let model = try SpeechModel.load(Self.fixtures + "/w2v2-tiny-phones/model.ckpt", options: options)
    let settings = ExtractionSettings(levels: [.phoneme])
    let found = try ExtractionPass(of: model, over: [utterance], settings: settings).run()
    let expected = try ExtractionPass(of: Whole(model: model), over: [utterance], settings: settings).run()
    try expectSame(found, expected)
    #expect(found.levels[.phoneme]?.examples.items.count == 240)
    #expect(found.issues.contains { $0.message.contains("windows") })
  }
}
