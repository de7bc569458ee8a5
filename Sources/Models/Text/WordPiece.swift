/// BERT's tokens (Wu 2016; Devlin 2019): each word is cut, from its start, into the longest pieces that the
/// vocabulary has; pieces inside a word are written `##piece`.
///
/// A word that cannot be cut so, or that is longer than `longestWord` characters, is one unknown token.
public struct WordPiece: Tokenizer {
  public let frame: (start: [Token], end: [Token])
  public let size: Int
  let normaliser: BertNormaliser
  let specials: SpecialTokens
  /// By UTF-8, since strings that look alike are equal to Swift but have rows of their own.
  private let ids: [ArraySlice<UInt8>: Int]
  private let continuation: [UInt8]
  private let longestWord: Int
  private let longestPiece: Int
  private let unknown: Token

  init(
    vocabulary: [(name: String, id: Int)], unknown: Token, specials: SpecialTokens = SpecialTokens(),
    frame: (start: [Token], end: [Token]) = ([], []), normaliser: BertNormaliser = BertNormaliser(),
    continuation: String = "##", longestWord: Int = 100
  ) {
    ids = Dictionary(vocabulary.map { (Array($0.name.utf8)[...], $0.id) }, uniquingKeysWith: { $1 })
    self.unknown = unknown
    self.specials = specials
    self.frame = frame
    self.normaliser = normaliser
    self.continuation = Array(continuation.utf8)
    self.longestWord = longestWord
    longestPiece = ids.keys.map(\.count).max() ?? 0
    size = (Array(ids.values) + Array(specials.ids.values)).max().map { $0 + 1 } ?? 0
  }

  public func id(of token: String) -> Int? { specials.ids[token] ?? ids[Array(token.utf8)[...]] }

  public func tokens(of text: String) -> [Token] {
    let scalars = Array(text.unicodeScalars)
    return specials.parts(of: scalars).flatMap { part -> [Token] in
      switch part {
      case .special(let token): [token]
      case .text(let range): normaliser.words(of: scalars, in: range).flatMap(pieces)
      }
    }
  }

  private func pieces(of word: [BertNormaliser.Mapped]) -> [Token] {
    guard let first = word.first, let last = word.last else { return [] }
    let whole = Token(id: unknown.id, text: unknown.text, range: first.source..<(last.source + 1))
    guard word.count <= longestWord else { return [whole] }
    // Where each scalar begins in the word's bytes, and where the last ends.
    var bytes: [UInt8] = []
    var starts: [Int] = []
    for mapped in word {
      starts.append(bytes.count)
      bytes += UTF8.encode(mapped.scalar) ?? UTF8.encodedReplacementCharacter
    }
    starts.append(bytes.count)

    var tokens: [Token] = []
    var start = 0
    while start < word.count {
      guard let (id, end) = longestPiece(of: bytes, starts, from: start) else { return [whole] }
      let piece = bytes[starts[start]..<starts[end]]
      tokens.append(
        Token(
          id: id, text: String(decoding: (start == 0 ? [] : continuation) + piece, as: UTF8.self),
          range: word[start].source..<(word[end - 1].source + 1)))
      start = end
    }
    return tokens
  }

  private func longestPiece(of bytes: [UInt8], _ starts: [Int], from start: Int) -> (id: Int, end: Int)? {
    var end = starts.count - 1
    while end > start {
      if starts[end] - starts[start] <= longestPiece {
        let piece = bytes[starts[start]..<starts[end]]
        let key = start == 0 ? piece : (continuation + piece)[...]
        if let id = ids[key] { return (id, end) }
      }
      end -= 1
    }
    return nil
  }
}
