import Corpora
import Probing
import Strata
import StrataTestSupport
import StrataTesting
import Testing

@Suite("Planted structure")
struct PlantedStructureTests {
  @Test(
    "phones that are in layer 2 only, and words that are in layer 5 only, are found there and nowhere else")
  func phonesAndWords() async throws {
    let all = try Corpus.load(Repository.path("fixtures/unseen"))
    let speakers = Set(all.utterances.map(\.speaker)).sorted().prefix(3)
    let corpus = all.with(all.utterances.filter { speakers.contains($0.speaker) })
    var model = PlantedModel(layers: (1...6).map { "hidden.\($0)" }, seed: 1)
    model.plant(.phoneme, in: "hidden.2")
    model.plant(.word, in: "hidden.5", strength: 2)
    var study = LayerStudy(model: model, corpus: corpus)
    study.twinSeeds = []
    study.probes = [Level.phoneme, .word].map { level in
      var spec = ProbeSpec(name: level.rawValue, level: level)
      (spec.kind, spec.penalties) = (.ridge, [100])
      return spec
    }
    study.levels = [.phoneme, .word]
    study.threads = 2
    study.bootstrapResamples = 200
    let result = try await study.run()
    for (level, layer) in [(Level.phoneme, "hidden.2"), (.word, "hidden.5")] {
      let found = try result[level]
      #expect(found.peak?.peakSet.map(\.name) == [layer], "\(level)")
      #expect(found.verdict?.decision == .encoded, "\(found.verdict as Any)")
      for other in found.layers where other.layer.name != layer {
        // What a word says of its phones is all that may be left.
        let allowed = level == .phoneme && other.layer.name == "hidden.5" ? 0.35 : 0.1
        let accuracy = try other.accuracy.value
        #expect(
          accuracy < found.majority.accuracy.value + allowed, "\(level) at \(other.layer.name): \(accuracy)"
        )
      }
    }
  }
}
