import Corpora
import Tensors

extension ExtractionPlan {
  /// Puts the blocks together: examples, moments and issues.
  func extraction(
    _ results: (blocks: [SampleBlock], moments: [Moments?]), _ source: some ActivationSource
  ) throws -> Extraction {
    let records = results.blocks.flatMap(\.records)
    let failures = zip(utterances, records).compactMap { utterance, record in
      record.failure.map { (utterance, $0) }
    }
    guard failures.count < utterances.count else {
      throw ActivationError.nothingExtracted(
        utterances: utterances.count, reasons: failures.prefix(3).map { "\($0.0.id): \($0.1)" })
    }
    let nonFinite = results.blocks.reduce(into: [String: Int]()) { all, block in
      all.merge(block.nonFinite) { min($0, $1) }
    }
    let own = layers.map(\.tap.name).filter { !settings.includesMel || $0 != baseline }
    if !own.isEmpty, own.allSatisfy({ nonFinite[$0] != nil }), let first = nonFinite.values.min() {
      throw ActivationError.nothingFinite(layers: own.count, utterance: utterances[first].id)
    }
    var activations: [Level: LevelActivations] = [:]
    for (index, level) in levels.enumerated() {
      activations[level.plan.level] = LevelActivations(
        examples: examples(index, results.blocks, nonFinite),
        moments: results.moments[index]?.dropping(Set(nonFinite.keys)),
        spans: records.reduce(0) { $0 + $1.pooled[index] },
        droppedSpans: records.reduce(0) { $0 + $1.dropped[index] })
    }
    return Extraction(
      source: source.name, fingerprint: source.fingerprint, layers: layers.map(\.tap), levels: activations,
      issues: issues(records, nonFinite, source), utterances: records.count { $0.failure == nil },
      seconds: records.reduce(0) { $0 + $1.seconds }, key: key, contents: records.map(\.content))
  }

  private func examples(_ index: Int, _ blocks: [SampleBlock], _ nonFinite: [String: Int]) -> PooledSpans {
    let planned = levels[index]
    let plan = planned.plan
    let speakers = Set(utterances.map(\.speaker)).sorted()
    let speakerIndex = Dictionary(uniqueKeysWithValues: speakers.enumerated().map { ($1, $0) })
    let typeIndex = Dictionary(uniqueKeysWithValues: plan.types.enumerated().map { ($1, $0) })

    var items: [PooledSpans.Item] = []
    for block in blocks {
      for (utterance, record) in zip(block.utterances, block.records) {
        guard !record.sampled[index].isEmpty else { continue }
        let spans = utterances[utterance].spans(at: plan.level)
        for span in record.sampled[index] {
          let place = spans[span]
          items.append(
            PooledSpans.Item(
              label: plan.label(of: place), type: typeIndex[place.type] ?? 0, utterance: utterance,
              speaker: speakerIndex[utterances[utterance].speaker] ?? 0, start: place.start,
              end: place.end))
        }
      }
    }
    var reasons = planned.reasons
    var parts: [(layer: String, parts: [Tensor])] = []
    for (slot, layer) in planned.layers.enumerated() {
      let name = layers[layer].tap.name
      if let utterance = nonFinite[name] {
        reasons[name] = "it has values that are not finite, first in \(utterances[utterance].id)"
      } else {
        parts.append((name, blocks.map { $0.vectors[index][slot] }))
      }
    }
    return PooledSpans(
      level: plan.level, isDerived: plan.isDerived, classes: plan.classes, types: plan.types,
      speakers: speakers, utterances: utterances.map(\.id), items: items, parts: parts, reasons: reasons)
  }

  /// Recordings that attention does not reach over.
  private func windowed(_ records: [UtteranceRecord], _ source: some ActivationSource) -> CorpusIssue? {
    guard let window = source.attentionWindow else { return nil }
    let long = records.indices.filter { records[$0].seconds > window }
    guard let first = long.first else { return nil }
    let others = long.count == 1 ? "" : ", as \(long.count - 1) others are"
    return CorpusIssue(
      .warning, path: utterances[first].audioPath,
      message:
        "it is longer than \(Int(window)) s\(others), and was read in windows of that length which overlap: "
        + "frames attend to their window only",
      fix:
        "another length: --window 120s; all at once, at a cost that grows with the square of the length: --window none"
    )
  }

  private func issues(
    _ records: [UtteranceRecord], _ nonFinite: [String: Int], _ source: some ActivationSource
  ) -> [CorpusIssue] {
    var issues = failures(records, source)
    if let issue = windowed(records, source) { issues.append(issue) }
    for (utterance, record) in zip(utterances, records) {
      for (index, level) in levels.enumerated() where record.dropped[index] > 0 {
        issues.append(
          CorpusIssue(
            .warning, path: utterance.labelPath,
            message:
              "\(record.dropped[index]) \(level.plan.level.rawValue) spans lie beyond the end of the "
              + "audio (\(record.seconds) s) and were left out"))
      }
    }
    for (name, utterance) in nonFinite.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
      issues.append(
        CorpusIssue(
          .error, path: utterances[utterance].audioPath,
          message: "layer \(name) has values that are not finite; it gets no numbers"))
    }
    return leftOut(records, source) + issues + resamplingNotes(records)
  }

  /// Why utterances were left out: each of the first few with its reason, the rest by name.
  private func failures(_ records: [UtteranceRecord], _ source: some ActivationSource) -> [CorpusIssue] {
    let failed = zip(utterances, records).compactMap { utterance, record in
      record.failure.map { (utterance: utterance, failure: $0) }
    }
    let shown = 10
    var issues = failed.prefix(shown).map {
      CorpusIssue(.error, path: $0.utterance.audioPath, message: "left out: \($0.failure)")
    }
    if failed.count > shown {
      let names = failed.dropFirst(shown).map(\.utterance.id).joined(separator: ", ")
      issues.append(CorpusIssue(.error, path: source.name, message: "left out as well: \(names)"))
    }
    return issues
  }

  /// How much is missing at every layer, where utterances were left out.
  private func leftOut(_ records: [UtteranceRecord], _ source: some ActivationSource) -> [CorpusIssue] {
    let failed = records.indices.filter { records[$0].failure != nil }
    guard let first = failed.first, let reason = records[first].failure else { return [] }
    let decoder = layers.contains { $0.tap.timing == nil } && !isText
    let advice =
      decoder
      ? ". A decoder reads no sound longer than its window and no text longer than its positions: ask for layers of the "
        + "encoder alone to keep them" : ""
    return [
      CorpusIssue(
        .warning, path: source.name,
        message:
          "\(failed.count) of \(records.count) \((isText ? CorpusTerms.text : .speech).utterances) were left out at every layer; the first, "
          + "\(utterances[first].id): \(reason)\(advice)")
    ]
  }

  /// One note for each sampling rate that is not the source's.
  private func resamplingNotes(_ records: [UtteranceRecord]) -> [CorpusIssue] {
    guard let expected = layers.last?.tap.timing?.samplingRate else { return [] }
    let rates = Dictionary(grouping: records.indices) { records[$0].samplingRate }
    return rates.keys.compactMap { $0 }.sorted().filter { $0 != expected }.compactMap { rate in
      guard let indices = rates[rate], let first = indices.first else { return nil }
      let others = indices.count == 1 ? "" : " and \(indices.count - 1) more files"
      return CorpusIssue(
        .note, path: utterances[first].audioPath,
        message: "this\(others) at \(rate) Hz; resampled to the model's \(expected) Hz (soxr)")
    }
  }
}
