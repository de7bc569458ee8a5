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
}
