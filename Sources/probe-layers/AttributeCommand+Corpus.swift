import ArgumentParser
import Foundation
import Strata

/// In place of a recording, a corpus: where its evidence lies, or where a unit is largest.
extension AttributeCommand {
  func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    let path = NamedLayout.named(in: path)?.path ?? path
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  func explainCorpus(
    _ model: SpeechModel, _ threads: Int, _ progress: ProgressLine, _ interruption: Interruption
  ) throws {
    let claim = try claim(model)
    var explanation = CorpusAttribution(model: model, corpus: try Corpus.load(audio), seed: seed)
    explanation.observe(
      { progress.update(stage: $0, done: $1, total: $2) }, isCancelled: { interruption.isRequested })
    if let unit {
      return try showMaxima(
        of: unit, explanation, model, threads, progress, try writtenBy(explanation, claim).record())
    }
    explanation.evidence.levels = try chosenLevels()
    explanation.evidence.layers = try layers.map { try model.resolve(layers: $0).map(\.name) }
    explanation.evidence.spans = spans
    if try chosenMethods() == [.relevance] {
      explanation.evidence.rules = .relevance(try chosenSettings().relevanceRule)
    }
    let result = try explanation.run(threads: threads)
    progress.finish()
    try explanation.write(
      result, to: output, pictures: results.pictures, records: [try writtenBy(explanation, claim).record()])
    try running.showing.show("evidence.json", in: output, AttributionSummary.text(of: result))
  }

  func showMaxima(
    of unit: Int, _ explanation: CorpusAttribution, _ model: SpeechModel, _ threads: Int,
    _ progress: ProgressLine, _ record: StudyWriter.Record
  ) throws {
    let point = try TargetRequest.layer(named: layer, of: model)
    let maxima = try explanation.maxima(ofUnit: unit, of: point, threads: threads)
    progress.finish()
    try explanation.write(maxima, ofUnit: unit, of: point, to: output, records: [record])
    let lines = maxima.map { maximum in
      let labels = [maximum.labels[.phoneme], maximum.labels[.word]].compactMap { $0 }.joined(
        separator: " in ")
      return String(format: "%8.3f  ", maximum.value) + maximum.utterance
        + String(format: " at %.2f s  ", maximum.time) + labels
    }
    try running.showing.show(
      "unit.json", in: output,
      (["Unit \(unit) of \(point.name) is largest at"] + lines).joined(separator: "\n"))
  }

  private func writtenBy(_ explanation: CorpusAttribution, _ claim: ResultClaim) -> WrittenBy {
    WrittenBy(
      claim: claim, seed: seed,
      models: [(explanation.evidence.model.name, explanation.evidence.model.fingerprint)],
      corpus: (explanation.evidence.corpus.name, explanation.evidence.corpus.fingerprint))
  }
}
