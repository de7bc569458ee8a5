import Audio
import Corpora
import Models
import Tensors

/// A speech model with a decoder that reads along: the utterance's words are its tokens, so that words can be
/// probed on the side of the text too.
///
/// The text is the word tier, cut by the model's own tokeniser behind what it puts before every text
/// (`<|startoftranscript|>` …). A word's tokens divide its time evenly, each with its centre in the middle of its
/// part; those before the text lie nowhere. Row *i* is what the decoder makes of tokens 0 … *i*, the word's own among
/// them: a word's identity is its input, and `decoder.hidden.0` always holds it. A sound longer than the model's window,
/// or a text longer than its decoder takes, cannot be read along.
public struct TeacherForcedModel: ActivationSource {
  /// The model with a decoder.
  public let model: SpeechModel
  private let tokenizer: any Tokenizer
  /// The language that the decoder is told, such as `de`; nil for what its tokeniser frames a text with.
  public private(set) var language: String?

  /// Nil where the model has no decoder, or no tokeniser lies with it.
  public init?(_ model: SpeechModel) {
    guard let tokenizer = model.tokenizer, !model.decoderTaps.isEmpty else { return nil }
    self.model = model
    self.tokenizer = tokenizer
  }

  /// The same, its decoder told that the words are of a language (`<|de|>`, and to transcribe), as a multilingual
  /// Whisper wants. Throws `ActivationError.noLanguage` where its tokeniser has no such token.
  public func speaking(_ language: String) throws -> TeacherForcedModel {
    guard tokenizer.id(of: "<|\(language)|>") != nil else {
      throw ActivationError.noLanguage(language, source: name)
    }
    var model = self
    model.language = language
    return model
  }

  /// Whether it knows languages and is told none.
  public var lacksLanguage: Bool {
    language == nil && tokenizer.frame.start.isEmpty && tokenizer.id(of: "<|en|>") != nil
  }

  public var name: String { model.name }
  public var fingerprint: String {
    "\(model.fingerprint)-transcribed" + (language.map { "-\($0)" } ?? "")
  }
  /// Those of the model; that the decoder is given the words stands beside every number.
  public var facts: SourceFacts {
    var facts = model.facts
    facts.inputNormalisation +=
      "; the decoder is given each utterance's words"
      + (language.map { ", told that they are \($0)" } ?? "")
    return facts
  }
  public var taps: [TapPoint] { model.taps + model.decoderTaps }

  public func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]? {
    isOfDecoder(tap.name) ? try text(of: utterance).map(\.centre) : nil
  }

  public func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    guard taps.contains(where: isOfDecoder) else {
      return try model.forward(utterance, waveform, taps: taps, threads: threads, visit: visit)
    }
    guard let waveform else { throw ActivationError.noSound(utterance: utterance.id, source: name) }
    try model.forward(
      waveform, tokens: text(of: utterance).map(\.id), taps: taps, threads: threads, visit: visit)
  }

  public func requireUnchanged(atEnd: Bool) throws { try model.requireUnchanged() }

  public func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)? {
    var twin = TeacherForcedModel(try model.randomTwin(seed: seed))
    twin?.language = language
    return twin
  }

  /// What the decoder is given of an utterance: `prefix`, and the tokens of its words.
  ///
  /// Throws `ActivationError.noWords`.
  public func tokens(of utterance: Utterance) throws -> [Int] { try text(of: utterance).map(\.id) }

  private func isOfDecoder(_ tap: String) -> Bool { model.decoderTaps.contains { $0.name == tap } }

  /// The decoder's tokens for an utterance, each with its place in time.
  private func text(of utterance: Utterance) throws -> [(id: Int, centre: Double)] {
    var text = prefix.map { (id: $0, centre: -Double.infinity) }
    for word in utterance.spans(at: .word) {
      // A space before it, as inside a text: the beginning of a sentence is no other word.
      let tokens = tokenizer.tokens(of: " " + word.label)
      for (place, token) in tokens.enumerated() {
        let share = (Double(place) + 0.5) / Double(tokens.count)
        let centre = word.start + share * (word.end - word.start)
        text.append((token.id, max(centre, text.last?.centre ?? centre)))
      }
    }
    guard text.count > prefix.count else {
      throw ActivationError.noWords(utterance: utterance.id, source: name)
    }
    return text
  }

  /// What stands before every text: as the tokeniser has it, else as transcription without times begins.
  public var prefix: [Int] {
    if let language {
      return ["<|startoftranscript|>", "<|\(language)|>", "<|transcribe|>", "<|notimestamps|>"]
        .compactMap { tokenizer.id(of: $0) }
    }
    let own = tokenizer.frame.start.map(\.id)
    return own.isEmpty
      ? ["<|startoftranscript|>", "<|notimestamps|>"].compactMap { tokenizer.id(of: $0) } : own
  }
}

extension SpeechModel {
  /// What a study of this model runs: with its decoder, where that can read the utterances' words.
  public var studied: any ActivationSource { TeacherForcedModel(self) ?? self }
}
