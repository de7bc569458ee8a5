import Checkpoints
import Foundation
import StrataTestSupport
import Testing

@testable import Models

/// Our tokenisers against transformers' fast ones on some four hundred hard texts, and what must hold by itself.
@Suite("Tokenisers") struct TokenizerTests {
  static let folders = [
    "uncased", "cased", "accents", "roberta", "spaced", "uncased_json", "accents_json", "roberta_json",
    "spaced_json",
  ]

  /// Where the reference takes a space that it has put before the text itself for one of the text's, or the other way
  /// round, so that its offsets do not slice the token's surface.
  static let slips = [" two  spaces", "<pad>a"]

  private func tokenizer(_ name: String) throws -> any Tokenizer {
    try #require(try TokenizerFiles(folder: resource("tokenizers/\(name)")).tokenizer())
  }

  private func expected() throws -> MetadataValue {
    let path = resource("tokenizers/expected.json")
    return try MetadataValue(json: Array(try Data(contentsOf: URL(filePath: path))), path: path)
  }

  private func texts() throws -> [String] {
    try #require(try expected()["texts"]?.list).compactMap(\.string)
  }

  @Test("give the reference's ids and offsets", arguments: folders)
  func reference(name: String) throws {
    let tokenizer = try tokenizer(name)
    let texts = try texts()
    let kind = name.replacing("_json", with: "")
    let rows = try #require(try expected()["tokenizers"]?[kind]?.list)
    #expect(rows.count == texts.count && texts.count > 400)
    var wrong = 0
    for (text, row) in zip(texts, rows) {
      let ids = (row[0]?.list ?? []).compactMap(\.integer)
      let offsets = (row[1]?.list ?? []).compactMap(\.integer)
      let tokens = tokenizer.encode(text)
      guard tokens.map(\.id) == ids else {
        wrong += 1
        Issue.record("\(name) \(text.debugDescription): \(tokens.map(\.id)), not \(ids)")
        continue
      }
      // A space alone has an empty range at either of its ends.
      let ours = zip(tokens, 0...).flatMap { token, index in
        let range = token.range ?? 0..<0
        let isSpace = range.isEmpty && offsets[2 * index] == offsets[2 * index + 1]
        return isSpace
          ? Array(offsets[(2 * index)..<(2 * index + 2)]) : [range.lowerBound, range.upperBound]
      }
      guard ours != offsets, kind != "spaced" || !Self.slips.contains(text) else { continue }
      wrong += 1
      Issue.record("\(name) \(text.debugDescription): \(ours), not \(offsets)")
    }
    #expect(wrong == 0)
  }

  @Test("slice the text to each token's surface", arguments: ["uncased", "cased"])
  func slicesOfWordPieces(name: String) throws {
    let tokenizer = try #require(try tokenizer(name) as? WordPiece)
    for text in try texts() {
      let scalars = Array(text.unicodeScalars)
      let tokens = tokenizer.tokens(of: text)
      let ranges = try tokens.map { try #require($0.range) }
      for (index, token) in tokens.enumerated() {
        let range = ranges[index]
        #expect(range.upperBound <= scalars.count && !range.isEmpty)
        // A syllable of Hangul may be cut into its letters: both tokens then cover it.
        let isShared =
          (index > 0 && ranges[index - 1].upperBound > range.lowerBound)
          || (index + 1 < ranges.count && ranges[index + 1].lowerBound < range.upperBound)
        if index > 0 {
          #expect(range.lowerBound >= ranges[index - 1].upperBound - (isShared ? 1 : 0))
        }
        guard !token.text.hasPrefix("[") else { continue }
        let surface = tokenizer.normaliser.words(of: scalars, in: range).flatMap { $0.map(\.scalar) }
        let written = Array(token.text.unicodeScalars)
        let piece = written.starts(with: "##".unicodeScalars) ? Array(written.dropFirst(2)) : written
        #expect(isShared ? surface.contains(piece) : surface == piece)
      }
    }
  }

  @Test("byte by byte nothing is lost, and ranges never fall", arguments: ["roberta", "spaced"])
  func bytesAreKept(name: String) throws {
    let tokenizer = try #require(try tokenizer(name) as? ByteLevelBPE)
    for text in try texts() where !text.contains("<") {
      let tokens = tokenizer.tokens(of: text)
      let back = tokenizer.text(of: tokens.map(\.id))
      let isSpaced = tokenizer.addsSpace && !text.isEmpty && !text.hasPrefix(" ")
      #expect(Array(back.unicodeScalars) == Array((isSpaced ? " " + text : text).unicodeScalars))
      let starts = tokens.compactMap(\.range?.lowerBound)
      #expect(starts == starts.sorted())
      #expect(tokens.allSatisfy { $0.range.map { $0.upperBound <= text.unicodeScalars.count } ?? false })
    }
  }

  /// The definition: of all neighbours the pair of the lowest rank is merged, the leftmost first, until none is left.
  @Test("pairs are merged as the definition says")
  func mergesByDefinition() throws {
    let merges = [
      ("a", "b"), ("b", "c"), ("ab", "ab"), ("c", "a"), ("bc", "ca"), ("abab", "c"), ("a", "a"),
    ]
    let names = ["a", "b", "c"] + merges.map { $0.0 + $0.1 }
    let tokenizer = ByteLevelBPE(
      vocabulary: zip(names, 0...).map { (name: $0, id: $1) },
      merges: merges.map { (left: $0.0, right: $0.1) })
    var random = SystemRandomNumberGenerator()
    for length in 0..<60 {
      let word = (0..<length).map { _ in ["a", "b", "c"].randomElement(using: &random) ?? "a" }
      var pieces = word
      while let best = zip(pieces, pieces.dropFirst()).enumerated()
        .compactMap({ place, pair in
          merges.firstIndex { $0 == pair }.map { (rank: $0, place: place) }
        }).min(by: { ($0.rank, $0.place) < ($1.rank, $1.place) })
      {
        pieces[best.place] += pieces.remove(at: best.place + 1)
      }
      #expect(tokenizer.tokens(of: word.joined()).map(\.text) == pieces, "\(word.joined())")
    }
  }

  @Test("a mask takes the space before it where its vocabulary says so")
  func maskWithSpace() {
    let tokenizer = ByteLevelBPE(
      vocabulary: [("a", 0), ("b", 1), ("Ġ", 2)], merges: [],
      specials: SpecialTokens([.init(id: 3, content: "<mask>", stripsLeft: true, stripsRight: true)]))
    let tokens = tokenizer.tokens(of: "a  <mask> b")
    #expect(tokens.map(\.id) == [0, 3, 1])
    #expect(tokens.map(\.range) == [0..<1, 1..<10, 10..<11])
  }

  @Test("entries that Unicode calls equivalent keep rows of their own")
  func equivalentEntries() throws {
    let folder = try TemporaryFolder()
    let json = """
      {"model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "\u{E9}": 1, "e\u{301}": 2,
      "\u{8C48}": 3, "\u{F900}": 4}}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "normalizer": null}
      """
    try folder.write(Data(json.utf8), to: "tokenizer.json")
    let tokenizer = try #require(try TokenizerFiles(folder: folder.path).tokenizer())
    let ids = tokenizer.tokens(of: "\u{E9} e\u{301} \u{8C48} \u{F900}").map(\.id)
    #expect(ids == [1, 2, 3, 4])
  }

  @Test(
    "refuse what they do not understand, by file and place",
    arguments: [
      (["vocab.txt": "a\nb\n"], "vocab.txt: the tokeniser's vocabulary is without [CLS]"),
      (["vocab.json": "{\"a\": -1}", "merges.txt": ""], "vocab.json: the tokeniser's entry a is -1"),
      (
        ["vocab.json": "{\"a\": 99999999}", "merges.txt": ""],
        "vocab.json: the tokeniser's entry a is 99999999"
      ),
      (["vocab.json": "[]", "merges.txt": ""], "vocab.json: the tokeniser's vocabulary is missing"),
      (
        ["vocab.json": "{}", "merges.txt": "#version: 0.2\na b c\n"],
        "merges.txt: the tokeniser's line 2 is"
      ),
      (["tokenizer.json": "{\"model\": {\"type\": \"Unigram\", \"vocab\": {}}}"], "model is \"Unigram\""),
      (
        [
          "tokenizer.json":
            "{\"model\": {\"vocab\": {}, \"merges\": []}, \"pre_tokenizer\": {\"type\": \"Split\"}}"
        ],
        "pre_tokenizer is \"Split\""
      ),
      (["tokenizer.json": "{\"model\": "], "JSON"),
    ])
  func refuses(files: [String: String], message: String) throws {
    let folder = try TemporaryFolder()
    for (name, content) in files { try folder.write(Data(content.utf8), to: name) }
    let error = #expect(throws: (any Error).self) { try TokenizerFiles(folder: folder.path).tokenizer() }
    #expect("\(error as Any)".contains(message) || error.map { "\($0)" }?.contains(message) == true)
  }

  @Test("a long text without a space takes no quadratic time")
  func longWord() throws {
    let text = String(repeating: "abcd", count: 5_000)
    let tokens = try tokenizer("roberta").tokens(of: text)
    #expect(tokens.last?.range?.upperBound == 20_000)
  }

  @Test("a folder without a tokeniser has none")
  func none() throws {
    let folder = try TemporaryFolder()
    #expect(try TokenizerFiles(folder: folder.path).tokenizer() == nil)
  }
}
