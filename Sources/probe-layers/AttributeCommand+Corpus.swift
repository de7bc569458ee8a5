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
    _ corpus: Corpus, _ model: SpeechModel, _ claim: ResultClaim, _ frame: CommandFrame
  ) async throws {
    var explanation = CorpusAttribution(model: model, corpus: corpus, seed: seed)
    explanation.observe(frame.onStage, isCancelled: frame.isCancelled)
    let inputs = ResultInputs(
      models: [.init(model.name, model.fingerprint)], corpus: .init(corpus.name, corpus.fingerprint))
    let record = try WrittenBy(claim: claim, seed: seed, inputs: inputs).record()
    if let unit { return try await showMaxima(of: unit, explanation, model, record, frame) }
    explanation.evidence.levels = try chosenLevels()
    explanation.evidence.layers = try layers.map { try model.resolve(layers: $0).map(\.name) }
    explanation.evidence.spans = spans
    if try chosenMethods() == [.relevance] {
      explanation.evidence.rules = .relevance(try chosenSettings().relevanceRule)
    }
    let result = try await explanation.run(threads: running.threads)
    frame.progress.finish()
    try explanation.write(result, to: output, pictures: results.pictures, records: [record])
    try running.showing.show("evidence.json", in: output, AttributionSummary.text(of: result))
  }

  private func showMaxima(
    of unit: Int, _ explanation: CorpusAttribution, _ model: SpeechModel, _ record: StudyWriter.Record,
    _ frame: CommandFrame
  ) async throws {
    let point = try TargetRequest.layer(named: layer, of: model)
    let maxima = try await explanation.maxima(ofUnit: unit, of: point, threads: running.threads)
    frame.progress.finish()
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
}
