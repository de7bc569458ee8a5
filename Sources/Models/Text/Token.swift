/// A piece of a text, as a model sees it.
public struct Token: Sendable, Equatable {
  /// Its row in the model's embedding table.
  public var id: Int
  /// Its name in the vocabulary, such as `##ing` or `Ġthe`.
  public var text: String
  /// Where it lies in the text, in Unicode scalars ("characters") from 0; nil for a token that frames the text and
  /// is none of it. A space before a word is not the token's; a piece of a character covers the whole of it.
  public var range: Range<Int>?

  public init(id: Int, text: String, range: Range<Int>?) {
    self.id = id
    self.text = text
    self.range = range
  }
}

/// Cuts a text into the tokens of a vocabulary, each with its place in the text.
public protocol Tokenizer: Sendable {
  /// The tokens of `text` alone. Special tokens that stand in the text, such as `[MASK]`, are taken as such.
  func tokens(of text: String) -> [Token]

  /// The tokens that stand before and after a text.
  var frame: (start: [Token], end: [Token]) { get }

  /// The number of a token by its name in the vocabulary; nil where it has none.
  func id(of token: String) -> Int?

  /// One more than the largest id.
  var size: Int { get }
}

extension Tokenizer {
  /// The tokens of `text` as the model wants them: framed.
  public func encode(_ text: String) -> [Token] { frame.start + tokens(of: text) + frame.end }
}
