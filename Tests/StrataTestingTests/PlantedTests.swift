import Activations
import Audio
import Corpora
import Models
import Strata
import StrataTestSupport
import StrataTesting
import Tensors
import Testing

@Suite("What is planted for tests")
struct PlantedTests {
  private func states(
    _ model: some ActivationSource, _ utterance: Utterance, layer: String
  ) throws -> Tensor {
    var found: Tensor?
    try model.forward(utterance, nil, taps: [layer], threads: 1) { _, frames in found = frames }
    return try #require(found)
  }

  @Test(
    "a corpus has its speakers, sentences and words, the same from a seed, and labels that fit its sound")
  func corpus() throws {
    let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
    var planted = PlantedCorpus()
    (planted.speakers, planted.sentences, planted.words, planted.seed) = (3, 2, 4, 5)
    let corpus = try planted.write(to: first.path)
    #expect(corpus.utterances.count == 6)
    #expect(Set(corpus.utterances.map(\.speaker)).count == 3)
    #expect(Set(corpus.utterances.map(\.sentence)).count == 2)
    for utterance in corpus.utterances {
      let (phones, words) = (utterance.spans(at: .phoneme), utterance.spans(at: .word))
      #expect(words.count == 4 && (8...12).contains(phones.count))
      #expect(phones.first?.start == words.first?.start && phones.last?.end == words.last?.end)
      let sound = try Waveform.read(utterance.audioPath)
      #expect(abs(sound.seconds - utterance.seconds) < 1e-4)
    }
    // Each sentence has the same words whoever reads it.
    for own in Dictionary(grouping: corpus.utterances, by: \.sentence).values {
      #expect(Set(own.map { $0.spans(at: .word).map(\.label) }).count == 1)
    }
    let again = try planted.write(to: second.path)
    #expect(again.utterances.map(\.tiers) == corpus.utterances.map(\.tiers))
    #expect(again.fingerprint == corpus.fingerprint)
    planted.seed = 6
    #expect(try planted.write(to: second.path).fingerprint != corpus.fingerprint)
  }

  @Test("a layer without a signal is noise, and one with a signal has a vector for each label beside it")
  func signals() throws {
    let folder = try TemporaryFolder()
    let utterance = try #require(try PlantedCorpus().write(to: folder.path).utterances.first)
    var model = PlantedModel(layers: ["hidden.1", "hidden.2"], width: 8, seed: 3)
    let noise = try states(model, utterance, layer: "hidden.2")
    #expect(noise.width == 8 && noise.rows == Int(utterance.seconds / 0.02))
    let fingerprint = model.fingerprint
    model.plant(.phoneme, in: "hidden.2", strength: 3, alone: false)
    #expect(model.fingerprint != fingerprint)
    #expect(try states(model, utterance, layer: "hidden.1") != noise)
    let planted = try states(model, utterance, layer: "hidden.2")
    // What was added is one vector a phone, of a deviation of 3, and nothing between phones.
    let timing = try #require(model.taps.first?.timing)
    var vectors: [String: [Float]] = [:]
    var labelled = Set<Int>()
    for phone in utterance.spans(at: .phoneme) {
      for row in timing.frames(from: phone.start, to: phone.end, count: noise.rows) {
        labelled.insert(row)
        let added = zip(planted[row: row], noise[row: row]).map { $0 - $1 }
        let vector = vectors[phone.label, default: added]
        vectors[phone.label] = vector
        #expect(zip(added, vector).allSatisfy { abs($0 - $1) < 1e-4 })
      }
    }
    for row in 0..<noise.rows where !labelled.contains(row) {
      #expect(Array(planted[row: row]) == Array(noise[row: row]))
    }
    #expect(vectors.count > 3)
    let squares = vectors.values.joined().map { Double($0 * $0) }
    let deviation = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    #expect((2...4).contains(deviation), "\(deviation)")
  }

  @Test("alone, phones leave nothing in the means of words, and the untrained twin has nothing planted")
  func alone() throws {
    let folder = try TemporaryFolder()
    let utterance = try #require(try PlantedCorpus().write(to: folder.path).utterances.first)
    var model = PlantedModel(layers: ["hidden.1"], width: 4)
    model.plant(.phoneme, in: "hidden.1")
    let frames = try states(model, utterance, layer: "hidden.1")
    let timing = try #require(model.taps.first?.timing)
    for word in utterance.spans(at: .word) {
      let rows = timing.frames(from: word.start, to: word.end, count: frames.rows)
      for column in 0..<4 {
        let mean = rows.reduce(0) { $0 + frames[row: $1][column] } / Float(rows.count)
        #expect(abs(mean) < 1e-4)
      }
    }
    let twin = try #require(try model.randomTwin(ofSeed: 1))
    let other = try #require(try model.randomTwin(ofSeed: 2))
    #expect(Set([model.fingerprint, twin.fingerprint, other.fingerprint]).count == 3)
    #expect((twin as? PlantedModel)?.signals.isEmpty == true)
    let untrained = try states(twin, utterance, layer: "hidden.1")
    let deviation = (untrained.values.reduce(0) { $0 + $1 * $1 } / Float(untrained.count)).squareRoot()
    #expect((0.8...1.2).contains(deviation))
  }
}
