import HeapModule

/// Byte-pair encoding over bytes (Sennrich 2016; Radford 2019), as GPT-2, RoBERTa and Whisper have it: a word's
/// bytes are put together pair by pair, the pair that the training merged first before the others.
///
/// ```swift
/// let tokenizer = try ByteLevelBPE.load(vocabulary: "vocab.json", merges: "merges.txt")
/// let ids = tokenizer.tokens(of: "Hello there").map(\.id)
/// ```
public struct ByteLevelBPE: Tokenizer {
  private struct Pair: Hashable, Sendable {
    let left, right: Int
  }

  public let frame: (start: [Token], end: [Token])
  public let size: Int
  /// Whether a text is taken as if a space stood before it.
  let addsSpace: Bool
  let specials: SpecialTokens
  /// The vocabulary's names by id.
  private let names: [Int: String]
  private let ids: [String: Int]
  /// The id of each byte alone.
  private let byteIDs: [Int?]
  private let merges: [Pair: (rank: Int, id: Int)]
  private let unknown: Int?

  /// `vocabulary` and `merges` are written in the alphabet of `ByteAlphabet`, as in `vocab.json` and `merges.txt`;
  /// merges are in the order of the training. Those whose parts or result the vocabulary lacks are passed over, as
  /// they can give no token.
  init(
    vocabulary: [(name: String, id: Int)], merges: [(left: String, right: String)],
    specials: SpecialTokens = SpecialTokens(), frame: (start: [Token], end: [Token]) = ([], []),
    unknown: String? = nil, addsSpace: Bool = false
  ) {
    let ids = Dictionary(vocabulary.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
    var pairs: [Pair: (rank: Int, id: Int)] = [:]
    for (rank, merge) in merges.enumerated() {
      guard let left = ids[merge.left], let right = ids[merge.right], let id = ids[merge.left + merge.right]
      else { continue }
      let pair = Pair(left: left, right: right)
      if pairs[pair] == nil { pairs[pair] = (rank, id) }
    }
    self.ids = ids.merging(specials.ids) { $1 }
    self.merges = pairs
    self.specials = specials
    self.frame = frame
    self.addsSpace = addsSpace
    names = Dictionary(self.ids.map { ($1, $0) }, uniquingKeysWith: { min($0, $1) })
    byteIDs = ByteAlphabet.scalars.map { ids[String($0)] }
    self.unknown = unknown.flatMap { ids[$0] ?? specials.ids[$0] }
    size = (self.ids.values.max() ?? -1) + 1
  }

  public func id(of token: String) -> Int? { ids[token] }

  public func tokens(of text: String) -> [Token] {
    let scalars = Array(text.unicodeScalars)
    return specials.parts(of: scalars).flatMap { part -> [Token] in
      switch part {
      case .special(let token): [token]
      case .text(let range): tokens(of: scalars, in: range)
      }
    }
  }

  /// The text that ids stand for, special tokens left out; bytes that are no UTF-8 become U+FFFD.
  public func text(of ids: [Int]) -> String {
    let bytes = ids.flatMap { id -> [UInt8] in
      guard let name = names[id], specials.ids[name] == nil else { return [] }
      return ByteAlphabet.bytes(of: name) ?? Array(name.utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func tokens(of scalars: [Unicode.Scalar], in range: Range<Int>) -> [Token] {
    // The space that is put before the text has no place in it.
    let isSpaced = addsSpace && scalars[range.lowerBound] != " "
    let text = (isSpaced ? [" "] : []) + scalars[range]
    let offset = range.lowerBound - (isSpaced ? 1 : 0)
    return ByteLevelWords.ranges(in: text).flatMap { tokens(ofWord: text[$0], at: offset) }
  }

  /// A word's bytes with the scalar that each is of, merged.
  private func tokens(ofWord word: ArraySlice<Unicode.Scalar>, at offset: Int) -> [Token] {
    var pieces: [Piece] = []
    for index in word.indices {
      for byte in UTF8.encode(word[index]) ?? UTF8.encodedReplacementCharacter {
        guard let id = byteIDs[Int(byte)] ?? unknown else { continue }
        pieces.append(Piece(id: id, first: index, last: index))
      }
    }
    return merged(pieces).map { piece in
      var (first, end) = (piece.first, piece.last + 1)
      while first < end, word[first] == " " { first += 1 }
      while end > first, word[end - 1] == " " { end -= 1 }
      return Token(id: piece.id, text: names[piece.id] ?? "", range: (first + offset)..<(end + offset))
    }
  }
}

// MARK: - Merging

extension ByteLevelBPE {
  /// A run of bytes with its token, and the scalars of the first and the last of them.
  private struct Piece {
    var id: Int
    var first, last: Int
  }

  /// A pair that may be merged, the lowest rank first and of these the leftmost.
  private struct Candidate: Comparable {
    let rank, place, left, right: Int

    static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.place) < (b.rank, b.place) }
  }

  /// In time n·log n, since a text need not have spaces.
  private func merged(_ pieces: [Piece]) -> [Piece] {
    var pieces: [Piece?] = pieces
    var next = pieces.indices.map { $0 + 1 }
    var previous = pieces.indices.map { $0 - 1 }
    var candidates = Heap<Candidate>()
    func candidate(at place: Int) -> Candidate? {
      guard place >= 0, next[place] < pieces.count, let left = pieces[place]?.id,
        let right = pieces[next[place]]?.id, let merge = merges[Pair(left: left, right: right)]
      else { return nil }
      return Candidate(rank: merge.rank, place: place, left: left, right: right)
    }
    for place in pieces.indices { candidate(at: place).map { candidates.insert($0) } }
    while let best = candidates.popMin() {
      let right = next[best.place]
      // One of the two may have become part of another piece since.
      guard right < pieces.count, pieces[best.place]?.id == best.left, pieces[right]?.id == best.right,
        let merge = merges[Pair(left: best.left, right: best.right)], let last = pieces[right]?.last
      else { continue }
      pieces[best.place]?.id = merge.id
      pieces[best.place]?.last = last
      pieces[right] = nil
      next[best.place] = next[right]
      if next[right] < pieces.count { previous[next[right]] = best.place }
      candidate(at: best.place).map { candidates.insert($0) }
      candidate(at: previous[best.place]).map { candidates.insert($0) }
    }
    return pieces.compactMap(\.self)
  }
}
