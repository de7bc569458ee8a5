import Corpora

/// Transcripts in the classes of a head that is trained with CTC (Graves et al. 2006).
///
/// Blank and the classes that stand for silence are one class here, the sum of their probabilities: a transcript says
/// nothing of where silence is.
struct HeadSpelling: Sendable {
  enum Unit: String, Sendable { case phones, letters }

  let unit: Unit
  /// Of each utterance of the corpus.
  let symbols: [[Int]]
  let isFiller: [Bool]

  private static let blanks: Set<String> = [
    "<pad>", "<blank>", "<blk>", "[pad]", "blank", "<ctc>", "<eps>",
  ]
  private static let silences: Set<String> = ["sil", "sp", "spn", "<s>", "</s>", "<unk>", "[unk]", "<sil>"]

  /// - Throws: `InterventionError.unspellable` with the labels that the head has no class for.
  init(_ corpus: Corpus, classes: [String], model: String) throws {
    func refuse(_ reason: String) -> InterventionError { .unspellable(model: model, reason: reason) }
    guard !classes.isEmpty else { throw refuse("no names of its classes lie with it (vocab.json)") }
    let names = classes.map { $0.lowercased() }
    guard names.contains(where: Self.blanks.contains) else {
      throw refuse("none of them is CTC's blank (<pad>, <blank>)")
    }
    let isFiller = names.map { Self.blanks.contains($0) || Self.silences.contains($0) }
    self.isFiller = isFiller
    // X-SAMPA's s and S are two phones: case is looked past only where it tells no classes apart.
    let spoken = classes.indices.filter { !isFiller[$0] }
    let tellsCase = Set(spoken.map { names[$0] }).count < Set(spoken.map { classes[$0] }).count
    func folded(_ name: String) -> String { tellsCase ? name : name.lowercased() }
    var numbers: [String: Int] = [:]
    for number in spoken { numbers[folded(classes[number])] = number }
    let phones = corpus.utterances.map { $0.spans(at: .phoneme).map { folded($0.label) } }
    let strangers = Set(phones.joined()).filter { numbers[$0] == nil }.sorted()
    if strangers.isEmpty, phones.contains(where: { !$0.isEmpty }) {
      (unit, symbols) = (.phones, phones.map { $0.compactMap { numbers[$0] } })
      return
    }
    let texts = corpus.utterances.map { utterance in
      utterance.spans(at: .word).map { folded($0.label) }.joined(
        separator: numbers["|"] == nil ? "" : "|"
      )
      .map(String.init)
    }
    let letters = Set(texts.joined()).filter { numbers[$0] == nil }.sorted()
    guard letters.isEmpty, texts.contains(where: { !$0.isEmpty }) else {
      throw refuse(
        "it has no class for the phones \(strangers.prefix(8).joined(separator: " ")) nor for the letters "
          + letters.prefix(8).joined(separator: " "))
    }
    (unit, symbols) = (.letters, texts.map { $0.compactMap { numbers[$0] } })
  }
}
