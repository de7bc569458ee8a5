import Audio
import Corpora
import Models
import Tensors

/// A text model reads an utterance's text; its rows are tokens, each in the middle of the characters that it covers.
extension TextModel: ActivationSource {
  public var facts: SourceFacts {
    SourceFacts(
      family: family, parameters: parameters, samplingRate: nil,
      inputNormalisation: "its own tokens, at most \(maximumTokens) a sentence", settings: settings)
  }

  public var input: SourceInput { .text }

  public func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]? {
    Self.centres(of: try tokens(of: text(of: utterance)))
  }

  public func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    try forward(text(of: utterance), taps: taps, threads: threads, visit: visit)
  }

  public func requireUnchanged(atEnd: Bool) throws { try requireUnchanged() }

  public func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)? {
    try randomTwin(seed: seed)
  }

  private func text(of utterance: Utterance) throws -> String {
    guard let text = utterance.text else {
      throw ActivationError.noText(utterance: utterance.id, source: name)
    }
    return text
  }

  /// What frames the text lies before and after all of it.
  static func centres(of tokens: [Token]) -> [Double] {
    let last = tokens.lastIndex { $0.range != nil } ?? -1
    var centre = -Double.infinity
    return tokens.enumerated().map { index, token in
      guard index <= last else { return .infinity }
      if let range = token.range {
        centre = max(centre, Double(range.lowerBound + range.upperBound) / 2)
      }
      return centre
    }
  }
}
