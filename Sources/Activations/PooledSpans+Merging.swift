import Corpora
import Tensors

extension PooledSpans {
  /// The sample of two shards of a corpus together, in the order of this one's items and then the other's:
  /// what the whole would have given under the same limits and seed.
  ///
  /// Classes, types, speakers and utterances are joined by name. Throws `ActivationError.samplesDiffer` where
  /// the level, the layers or their widths are not the same.
  public func merging(
    _ other: PooledSpans, limits: SampleLimits = SampleLimits(), seed: UInt64 = 0
  ) throws -> PooledSpans {
    guard level == other.level else {
      throw ActivationError.samplesDiffer(
        what: "levels", first: level.rawValue, second: other.level.rawValue)
    }
    guard layers == other.layers else {
      throw ActivationError.samplesDiffer(what: "layers", first: "\(layers)", second: "\(other.layers)")
    }
    let classes = Set(self.classes + other.classes).sorted()
    let types = Set(self.types + other.types).sorted()
    let speakers = Set(self.speakers + other.speakers).sorted()
    let known = Set(self.utterances)
    let utterances = self.utterances + other.utterances.filter { !known.contains($0) }

    let joined =
      items(in: self, classes, types, speakers, utterances)
      + items(in: other, classes, types, speakers, utterances)
    let states = try layers.map { layer in
      let (a, b) = (try self.states(of: layer), try other.states(of: layer))
      guard a.rows == 0 || b.rows == 0 || a.width == b.width else {
        throw ActivationError.samplesDiffer(
          what: "widths of \(layer)", first: "\(a.width)", second: "\(b.width)")
      }
      return (layer: layer, parts: [a, b])
    }
    let all = PooledSpans(
      level: level, isDerived: isDerived || other.isDerived, classes: classes, types: types,
      speakers: speakers, utterances: utterances, items: joined, parts: states,
      reasons: reasons.merging(other.reasons) { first, _ in first })
    let width = states.reduce(0) { $0 + ($1.parts.first { $0.rows > 0 }?.width ?? 0) }
    var counts = [Int](repeating: 0, count: classes.count)
    for item in joined { counts[item.label] += 1 }
    var choice = SampleChoice(counts: counts, quotas: limits.quotas(counts: counts, width: width))
    for (row, item) in joined.enumerated() {
      choice.offer(SampleChoice.Place(utterance: 0, span: row), of: item.label) {
        SampleLimits.hash(
          seed: seed, level: level, utterance: utterances[item.utterance], start: item.start)
      }
    }
    let chosen = choice.chosen().map(\.span)
    return chosen.count == joined.count ? all : all.selecting(chosen)
  }

  /// The items of `examples` with indices into other lists of names.
  private func items(
    in examples: PooledSpans, _ classes: [String], _ types: [String], _ speakers: [String],
    _ utterances: [String]
  ) -> [Item] {
    func places(_ names: [String], in all: [String]) -> [Int] {
      let index = Dictionary(all.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
      return names.map { index[$0] ?? 0 }
    }
    let (label, type) = (places(examples.classes, in: classes), places(examples.types, in: types))
    let (speaker, utterance) = (
      places(examples.speakers, in: speakers), places(examples.utterances, in: utterances)
    )
    return examples.items.map { item in
      Item(
        label: label[item.label], type: type[item.type], utterance: utterance[item.utterance],
        speaker: speaker[item.speaker], start: item.start, end: item.end)
    }
  }
}
