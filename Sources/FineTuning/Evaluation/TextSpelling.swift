import Corpora
import Results

/// How a head's symbols spell text.
enum TextSpelling: Sendable {
  case words
  /// With gaps between words.
  case letters

  /// nil of labels that are no text, such as phones.
  init?(_ labels: TrainingData.Labels) {
    switch labels {
    case .level(.word): self = .words
    case .level(.character): self = .letters
    default: return nil
    }
  }

  func text(_ symbols: [Int], _ classes: [String]) -> String {
    let names = symbols.map { classes[$0] }
    return switch self {
    case .words: names.joined(separator: " ")
    case .letters: names.map { $0 == TrainingData.wordGap ? " " : $0 }.joined()
    }
  }

  func scores(of outcome: EvaluationOutcome, _ classes: [String]) -> FineTuningResult.Text {
    let texts = outcome.utterances.map { utterance in
      (found: text(utterance.found, classes), reference: text(utterance.reference, classes))
    }
    var wordErrors: Double?
    if case .letters = self {
      let words = texts.map { text in
        Alignment(
          of: text.found.split(separator: " ").map(String.init),
          with: text.reference.split(separator: " ").map(String.init))
      }.reduce(Alignment(), +)
      wordErrors = words.reference > 0 ? Double(words.errors) / Double(words.reference) : nil
    }
    return FineTuningResult.Text(
      bleu: BLEU(texts).score, chrF: CharacterF(texts).score, bleuSignature: BLEU.signature,
      chrFSignature: CharacterF.signature, wordErrors: wordErrors)
  }
}
