import Audio
import Tensors

/// A model that reads a text beside the sound: its decoder is run on given tokens.
protocol DecodingArchitecture: SpeechArchitecture {
  /// The decoder; nil where the checkpoint has none.
  var decoding: Decoding? { get }

  /// One pass over a sound and its tokens, both checked; what is before the decoder is offered to `visit` first.
  func forward(
    _ samples: [Float], tokens: [Int], wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws
}

/// What a decoder takes and gives.
struct Decoding: Sendable, Equatable {
  /// The number of its tokens; their ids are less.
  var vocabulary: Int
  var longestText: Int
  /// Samples at the model's rate.
  var longestSound: Int
  /// One row a token.
  var taps: [TapPoint]
  /// `[heads × tokens × tokens]`, or `[heads × tokens × frames]` over the encoder's frames.
  var attentionTaps: [TapPoint]
}

extension SpeechModel {
  private var decoder: (architecture: any DecodingArchitecture, facts: Decoding)? {
    guard let architecture = architecture as? any DecodingArchitecture, let facts = architecture.decoding
    else { return nil }
    return (architecture, facts)
  }

  /// The places of the decoder, one row a token, in the order of the data; none where the model has no decoder.
  /// They are had with `forward(_:tokens:taps:threads:visit:)`.
  public var decoderTaps: [TapPoint] { decoder?.facts.taps ?? [] }

  /// `decoder.attention.k`, `[heads × tokens × tokens]`, and `decoder.cross_attention.k`,
  /// `[heads × tokens × frames]`; their `width` is the number of heads.
  public var decoderAttentionTaps: [TapPoint] { decoder?.facts.attentionTaps ?? [] }

  /// The most tokens that the decoder takes; 0 without one.
  public var longestText: Int { decoder?.facts.longestText ?? 0 }

  /// One pass of the encoder over a sound and of the decoder over given tokens, the text that the sound should
  /// have: row *i* of a decoder's tap is what the model makes of tokens 0 … *i*, so row *i* of `logits`,
  /// `[tokens × vocabulary]`, tells of token *i* + 1.
  ///
  /// ```swift
  /// try model.forward(speech, tokens: [50257, 50362, 2425, 50256], taps: ["decoder.hidden.2"]) { … }
  /// ```
  /// `taps` may name the encoder's places too. Throws `ModelError.tokens` for tokens that are not the model's, for
  /// too many of them, for a sound longer than one window, and where there is no decoder; else as the pass without
  /// tokens.
  public func forward(
    _ waveform: Waveform, tokens: [Int], taps wanted: Set<String>, threads: Int = 1,
    visit: (String, Tensor) throws -> Void
  ) throws {
    try forward(
      inputValues: inputValues(of: waveform), tokens: tokens, taps: wanted, threads: threads, recorder: nil,
      visit: visit)
  }

  /// The same for input that has been prepared, with a recorder of its operations.
  package func forward(
    inputValues samples: [Float], tokens: [Int], taps wanted: Set<String>, threads: Int,
    recorder: (any OperationRecorder)?, visit: (String, Tensor) throws -> Void
  ) throws {
    guard let (architecture, facts) = decoder else {
      throw ModelError.tokens(found: "a model without a decoder, \(family)", expected: "one with a decoder")
    }
    let known = taps + attentionTaps + facts.taps + facts.attentionTaps
    for name in wanted.sorted() { try known.named(name) }
    guard (1...facts.longestText).contains(tokens.count) else {
      throw ModelError.tokens(
        found: "\(tokens.count) tokens", expected: "1 to \(facts.longestText) of a text")
    }
    if let place = tokens.firstIndex(where: { !(0..<facts.vocabulary).contains($0) }) {
      throw ModelError.tokens(
        found: "token \(tokens[place]) at place \(place)", expected: "0 to \(facts.vocabulary - 1)")
    }
    guard samples.count <= facts.longestSound else {
      throw ModelError.tokens(
        found: "a text for \(samples.count) samples",
        expected: "no more than the \(facts.longestSound) of a window")
    }
    try forward(
      inputValues: samples, tokens: tokens, decoder: architecture, taps: wanted, threads: threads,
      recorder: recorder, visit: visit)
  }
}
