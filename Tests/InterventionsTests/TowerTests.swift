import Attribution
import Audio
import Checkpoints
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Interventions

/// Models with two towers beside transformers (scripts/tower-fixtures.py): a changed layer, and what comes of it on the other
/// side.
@Suite("Two towers") struct TowerTests {
  private struct Reference: Decodable {
    struct Whisper: Decodable {
      let tokens: [Int], frames: Int, losses, changed: [Double]
    }
    struct Clap: Decodable {
      let texts: [[Int]], textEmbeds: [[Double]], sound, changedSound: [Double], others: [[Double]]
      let scaleToTexts, scaleToSounds: Double
      let losses, changedLosses: [Double]
    }
    let whisper: Whisper, clap: Clap
  }

  private func reference() throws -> Reference {
    let path = Repository.path("Tests/InterventionsTests/Resources/towers.json")
    return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: URL(filePath: path)))
  }

  /// One direction of every row taken away.
  private func change(width: Int) -> LinearErasure {
    let k = (1...width).map(Double.init)
    // r·x − 0.1 = r·(x − μ) with μ along r.
    let r = k.map { cos($0) / Double(width) }
    let square = r.reduce(0) { $0 + $1 * $1 }
    return LinearErasure(
      mean: r.map { 0.1 * $0 / square }, left: Matrix(rows: width, columns: 1, values: k.map { sin($0) }),
      right: Matrix(rows: 1, columns: width, values: r), share: 0)
  }

  @Test("the decoder's loss of each token is transformers', intact and with a changed layer of the encoder")
  func whisper() throws {
    let own = try reference().whisper
    let folder = Repository.path("Tests/ModelsTests/Resources/whisper")
    let model = try SpeechModel.load(folder)
    let samples = try model.inputValues(of: .read(folder + "/input.wav"))
    let pass = try RecordedPass(model, samples, tokens: own.tokens, upTo: "logits")
    let targets = Array(own.tokens.dropFirst())
    func tally(_ logits: Tensor, beside intact: Tensor) -> HeadTally {
      let reading = ModelHead.Reading.rows([targets])
      let head = IntactHead(HeadOutput(logits: intact.rows(0..<targets.count)), of: 0, reading)
      return HeadOutput(logits: logits.rows(0..<targets.count)).tally(of: 0, beside: head, reading)
    }
    let states = try pass.states(of: "hidden.1")
    #expect(states.rows == own.frames && !pass.goesOnFromTokens(at: "hidden.1"))
    let intact = try pass.values(of: "logits")
    let changed = try #require(
      try pass.values(
        of: ["logits"], replacingStatesOf: "hidden.1", with: change(width: states.width)(states))["logits"])
    let losses = HeadOutput(logits: changed)
    for (row, target) in targets.enumerated() {
      #expect(abs(-HeadOutput(logits: intact)[row, target] - own.losses[row]) < 1e-4, "\(row)")
      #expect(abs(-losses[row, target] - own.changed[row]) < 1e-4, "\(row)")
    }
    let (before, after) = (tally(intact, beside: intact), tally(changed, beside: intact))
    #expect(before.symbols == 9 && before.frames == 9 && before.divergence < 1e-9)
    #expect(abs(before.loss - own.losses.reduce(0, +)) < 1e-3)
    #expect(abs(after.loss - own.changed.reduce(0, +)) < 1e-3 && after.divergence > 0)
  }

  /// The halves of the tests' CLAP, as one folder.
  private func clap(in folder: TemporaryFolder) throws -> String {
    let resources = Repository.path("Tests/ModelsTests/Resources")
    var tensors: [(name: String, tensor: Tensor)] = []
    for half in ["clap", "clap_text"] {
      let checkpoint = try Checkpoint.open("\(resources)/\(half)/model.safetensors")
      for name in checkpoint.tensors.keys where !tensors.contains(where: { $0.name == name }) {
        tensors.append((name, try checkpoint.tensor(name)))
      }
    }
    for name in ["config.json", "preprocessor_config.json"] {
      let data = try Data(contentsOf: URL(filePath: "\(resources)/clap/\(name)"))
      try folder.write(data, to: "clap/\(name)")
    }
    try SafetensorsWriter.write(tensors, to: try folder.file("clap/model.safetensors"))
    return folder.path + "/clap"
  }

  private func largestDifference(_ a: [Float], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
  }

  @Test(
    "sounds and texts find each other as in CLAP's own loss, and a change of tokens is one of their frames")
  func retrieval() throws {
    let own = try reference().clap
    let folder = try TemporaryFolder()
    let path = try clap(in: folder)
    let texts = try #require(try ClapTexts.load(path))
    #expect(abs(texts.scaleToTexts - own.scaleToTexts) < 1e-4)
    #expect(abs(texts.scaleToSounds - own.scaleToSounds) < 1e-4)
    var embeds: [Float] = []
    for (tokens, expected) in zip(own.texts, own.textEmbeds) {
      let found = try texts.embed(tokens: tokens)
      #expect(largestDifference(found.values, expected) < 1e-5)
      embeds += found.values
    }
    let model = try SpeechModel.load(path)
    let sound = Repository.path("Tests/ModelsTests/Resources/clap/input.wav")
    let pass = try RecordedPass(model, try model.inputValues(of: .read(sound)), upTo: "embeds")
    let embed = try pass.values(of: "embeds")
    #expect(largestDifference(embed.values, own.sound) < 1e-5)
    #expect(pass.goesOnFromTokens(at: "hidden.1"))
    let tokens = try pass.states(of: "hidden.1")
    let change = change(width: tokens.width)
    let changed = try pass.values(
      of: ["hidden.1", "embeds"], replacingStatesOf: "hidden.1", with: change(tokens))
    let moved = try #require(changed["embeds"])
    #expect(largestDifference(moved.values, own.changedSound) < 1e-5)
    // Frames are means of tokens, and the change is linear but for a shift.
    let frames = change(try pass.values(of: "hidden.1"))
    #expect(frames.distance(to: try #require(changed["hidden.1"])) < 1e-4)

    let width = embed.width
    let retrieval = SoundRetrieval(
      SharedTexts(
        embeds: Tensor(embeds, shape: [3, width]), textOf: [0, 1, 2, 0], scaleToTexts: own.scaleToTexts,
        scaleToSounds: own.scaleToSounds),
      sounds: Tensor(embed.values + own.others.joined().map(Float.init) + embed.values, shape: [4, width]),
      isThere: [true, true, true, true])
    let reading = ModelHead.Reading.rows(retrieval.targets)
    #expect(retrieval.targets == [[0, 0], [1, 1], [2, 2], [0, 3]])
    for (place, losses) in [(embed, own.losses), (moved, own.changedLosses)] {
      let output = retrieval.output(place, of: 0)
      // The fourth recording is of the same text and is not searched among.
      #expect(output.candidates(at: 0) == 3 && output.candidates(at: 1) == 3)
      let tally = output.tally(of: 0, beside: IntactHead(output, of: 0, reading), reading)
      #expect(abs(tally.loss - losses.reduce(0, +)) < 1e-4 && tally.symbols == 2)
      for row in 0..<2 { #expect(abs(-output[row, 0] - losses[row]) < 1e-4) }
      #expect(tally.divergence == 0)
    }
    #expect(try ClapTexts.load(Repository.path("Tests/ModelsTests/Resources/whisper")) == nil)
  }

  @Test("ranks count ties by halves, and what is left out is no candidate")
  func ranks() {
    let output = HeadOutput(logits: Tensor([1, 3, 1, -1e30, 2], shape: [1, 5]))
    #expect(output.candidates(at: 0) == 4)
    #expect(output.rank(of: 1, at: 0) == 1 && output.rank(of: 4, at: 0) == 2)
    #expect(output.rank(of: 0, at: 0) == 3.5)
  }
}

extension Tensor {
  /// The largest difference of two values.
  fileprivate func distance(to other: Tensor) -> Double {
    zip(values, other.values).reduce(0) { max($0, abs(Double($1.0 - $1.1))) }
  }
}
