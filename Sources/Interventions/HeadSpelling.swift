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
  /// The class between words, where the symbols are letters and it has one.
  let separator: Int?

  /// - Throws: `InterventionError.unspellable` with the labels that the head has no class for.
  init(_ corpus: Corpus, classes: HeadClassNames, model: String) throws {
    func refuse(_ reason: String) -> InterventionError { .unspellable(model: model, reason: reason) }
    guard !classes.names.isEmpty else { throw refuse("no names of its classes lie with it (vocab.json)") }
    guard classes.hasBlank else { throw refuse("none of them is CTC's blank (<pad>, <blank>)") }
    isFiller = classes.isFiller
    let phones = corpus.utterances.map { $0.spans(at: .phoneme).map(\.label) }
    let strangers = Set(phones.joined()).filter { classes[$0] == nil }.map(classes.key).sorted()
    if strangers.isEmpty, phones.contains(where: { !$0.isEmpty }) {
      (unit, symbols, separator) = (.phones, phones.map { $0.compactMap { classes[$0] } }, nil)
      return
    }
    let texts = corpus.utterances.map { utterance in
      utterance.spans(at: .word).map(\.label).joined(separator: classes["|"] == nil ? "" : "|").map(
        String.init)
    }
    let letters = Set(texts.joined()).filter { classes[$0] == nil }.map(classes.key).sorted()
    guard letters.isEmpty, texts.contains(where: { !$0.isEmpty }) else {
      throw refuse(
        "it has no class for the phones \(strangers.prefix(8).joined(separator: " ")) nor for the letters "
          + letters.prefix(8).joined(separator: " "))
    }
    (unit, symbols, separator) = (.letters, texts.map { $0.compactMap { classes[$0] } }, classes["|"])
  }

  /// The words of some letters; nil where no class tells them apart.
  func words(_ letters: [Int]) -> [[Int]]? {
    separator.map { separator in letters.split(separator: separator).map(Array.init) }
  }
}
