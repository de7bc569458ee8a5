import Audio
import Corpora
import Models
import Tensors

/// A text model over speech: it reads each utterance's words, and its rows stand in time, so that it can be compared
/// with a speech model on the same recordings.
///
/// The text is the word tier with a space between words. A word's tokens lie in the word's time where they lie in its
/// letters; those that frame the text lie nowhere. The sound itself is not used.
public struct TranscriptTextModel: ActivationSource {
  /// The model of texts that reads the words.
  public let model: TextModel

  /// A reader of each utterance's words; `model` must have a tokeniser.
  public init(_ model: TextModel) { self.model = model }

  public var name: String { model.name }
  public var fingerprint: String { "\(model.fingerprint)-spoken" }
  public var facts: SourceFacts {
    var facts = model.facts
    facts.inputNormalisation = "each utterance's words; \(facts.inputNormalisation)"
    return facts
  }
  public var taps: [TapPoint] { model.taps }

  public func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]? {
    let (text, letters) = try words(of: utterance)
    return TextModel.centres(of: try model.tokens(of: text)).map { letter in
      guard letter.isFinite else { return letter }
      let index = min(max(Int(letter), 0), letters.count - 1)
      let place = letters[index]
      return place.start + (letter - Double(index)) * (place.end - place.start)
    }
  }

  public func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    try model.forward(words(of: utterance).text, taps: taps, threads: threads, visit: visit)
  }

  public func requireUnchanged(atEnd: Bool) throws { try model.requireUnchanged() }

  public func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)? {
    TranscriptTextModel(try model.randomTwin(seed: seed))
  }

  /// What the model reads of an utterance; nil where it has no words.
  public static func text(of utterance: Utterance) -> String? {
    let words = utterance.spans(at: .word).map(\.label).filter { !$0.isEmpty }
    return words.isEmpty ? nil : words.joined(separator: " ")
  }

  /// The text, and where each of its characters (Unicode scalars) lies in time; a space has no length.
  private func words(of utterance: Utterance) throws -> (
    text: String, letters: [(start: Double, end: Double)]
  ) {
    var text = ""
    var letters: [(start: Double, end: Double)] = []
    for word in utterance.spans(at: .word) {
      if !text.isEmpty {
        text += " "
        letters.append((word.start, word.start))
      }
      let count = word.label.unicodeScalars.count
      let share = (word.end - word.start) / Double(max(count, 1))
      for letter in 0..<count {
        letters.append((word.start + Double(letter) * share, word.start + Double(letter + 1) * share))
      }
      text += word.label
    }
    guard !letters.isEmpty else {
      throw ActivationError.noWords(utterance: utterance.id, source: name)
    }
    return (text, letters)
  }
}
