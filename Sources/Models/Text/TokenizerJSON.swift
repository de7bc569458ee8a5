import Checkpoints

/// A `tokenizer.json`, as the tokenizers library writes it.
struct TokenizerJSON {
  /// No vocabulary has more; a larger id would only be a large allocation.
  static let possibleIDs = 0..<(1 << 24)

  private let bytes: [UInt8]
  private let path: String
  private let tree: MetadataValue

  init(_ bytes: [UInt8], path: String) throws {
    self.bytes = bytes
    self.path = path
    tree = try MetadataValue(json: bytes, path: path)
  }

  func tokenizer() throws -> any Tokenizer {
    let model = tree["model"]
    let vocabulary = try Self.vocabulary(bytes, at: ["model", "vocab"], path: path)
    let isByteLevel = model?["type"]?.string == "BPE" || model?["merges"] != nil
    if !isByteLevel {
      guard ["WordPiece", nil].contains(model?["type"]?.string) else {
        throw unknown("model", model?["type"], "WordPiece or BPE")
      }
    }
    return isByteLevel ? try byteLevel(vocabulary) : try wordPiece(vocabulary)
  }

  private func unknown(_ place: String, _ found: MetadataValue?, _ expected: String) -> ModelError {
    .tokenizer(
      path: path, place: place, found: found.map(ConfigurationReader.words) ?? "missing",
      expected: expected)
  }

  // MARK: - Models

  private func wordPiece(_ vocabulary: [(name: String, id: Int)]) throws -> WordPiece {
    var normaliser = BertNormaliser(
      cleans: false, separatesIdeographs: false, stripsAccents: false, lowercases: false)
    if let settings = tree["normalizer"], settings != .null {
      guard settings["type"]?.string == "BertNormalizer" else {
        throw unknown("normalizer", settings["type"], "BertNormalizer")
      }
      let lowercases = settings["lowercase"]?.bool ?? true
      normaliser = BertNormaliser(
        cleans: settings["clean_text"]?.bool ?? true,
        separatesIdeographs: settings["handle_chinese_chars"]?.bool ?? true,
        stripsAccents: settings["strip_accents"]?.bool ?? lowercases, lowercases: lowercases)
    }
    guard tree["pre_tokenizer"]?["type"]?.string == "BertPreTokenizer" else {
      throw unknown("pre_tokenizer", tree["pre_tokenizer"]?["type"], "BertPreTokenizer")
    }
    let model = ConfigurationReader(path: path, values: tree["model"] ?? .null)
    let name = tree["model"]?["unk_token"]?.string ?? "[UNK]"
    guard let id = vocabulary.first(where: { $0.name == name })?.id else {
      throw unknown("unk_token", .string(name), "an entry of the vocabulary")
    }
    return WordPiece(
      vocabulary: vocabulary, unknown: Token(id: id, text: name, range: nil),
      specials: try specials(), frame: try frame(), normaliser: normaliser,
      continuation: tree["model"]?["continuing_subword_prefix"]?.string ?? "##",
      longestWord: try model.integer("max_input_chars_per_word", 1...1_000_000, default: 100))
  }

  private func byteLevel(_ vocabulary: [(name: String, id: Int)]) throws -> ByteLevelBPE {
    if let normaliser = tree["normalizer"], normaliser != .null {
      throw unknown("normalizer", normaliser["type"], "none before byte-level BPE")
    }
    let splitter = tree["pre_tokenizer"]
    guard splitter?["type"]?.string == "ByteLevel", splitter?["use_regex"]?.bool ?? true else {
      throw unknown("pre_tokenizer", splitter?["type"], "ByteLevel with GPT-2's pattern")
    }
    guard let list = tree["model"]?["merges"]?.list else {
      throw unknown("merges", tree["model"]?["merges"], "a list of pairs")
    }
    let merges = try list.enumerated().map { index, merge in
      if let pair = merge.list?.compactMap(\.string), pair.count == 2 {
        return (left: pair[0], right: pair[1])
      }
      return try Self.merge(merge.string ?? "", path: path, place: "merge \(index + 1)")
    }
    return ByteLevelBPE(
      vocabulary: vocabulary, merges: merges, specials: try specials(), frame: try frame(),
      unknown: tree["model"]?["unk_token"]?.string,
      addsSpace: splitter?["add_prefix_space"]?.bool ?? false)
  }

  // MARK: - Parts

  static func vocabulary(
    _ json: [UInt8], at keys: [String], path: String
  ) throws -> [(name: String, id: Int)] {
    guard let members = try MetadataValue.members(ofJSON: json, at: keys, path: path) else {
      throw ModelError.tokenizer(
        path: path, place: "vocabulary", found: "missing", expected: "an object of names and numbers")
    }
    return try members.map { name, value in
      guard let id = value.integer, possibleIDs.contains(id) else {
        throw ModelError.tokenizer(
          path: path, place: "entry \(name)", found: ConfigurationReader.words(value),
          expected: "a number from \(possibleIDs.lowerBound) to \(possibleIDs.upperBound - 1)")
      }
      return (name, id)
    }
  }

  /// Two pieces with a space between them.
  static func merge(_ line: String, path: String, place: String) throws -> (left: String, right: String) {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw ModelError.tokenizer(
        path: path, place: place, found: ConfigurationReader.words(.string(line)),
        expected: "two pieces with a space between them")
    }
    return (String(parts[0]), String(parts[1]))
  }

  private func specials() throws -> SpecialTokens {
    SpecialTokens(
      try (tree["added_tokens"]?.list ?? []).map { entry in
        guard let id = entry["id"]?.integer, Self.possibleIDs.contains(id),
          let content = entry["content"]?.string, entry["single_word"]?.bool != true
        else { throw unknown("added_tokens", entry, "an id and a content that may stand anywhere") }
        return SpecialTokens.Entry(
          id: id, content: content, stripsLeft: entry["lstrip"]?.bool ?? false,
          stripsRight: entry["rstrip"]?.bool ?? false)
      })
  }

  /// What the post-processor puts around a single text.
  private func frame() throws -> (start: [Token], end: [Token]) {
    guard let processor = tree["post_processor"], processor != .null else { return ([], []) }
    let steps = processor["processors"]?.list ?? [processor]
    for step in steps {
      switch step["type"]?.string {
      case "TemplateProcessing": return try template(step)
      case "BertProcessing", "RobertaProcessing":
        return ([try token(step["cls"])], [try token(step["sep"])])
      case "ByteLevel": continue
      default:
        throw unknown(
          "post_processor", step["type"],
          "TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel")
      }
    }
    return ([], [])
  }

  private func token(_ pair: MetadataValue?) throws -> Token {
    guard let name = pair?[0]?.string, let id = pair?[1]?.integer, Self.possibleIDs.contains(id) else {
      throw unknown("post_processor", pair, "a token's name and its id")
    }
    return Token(id: id, text: name, range: nil)
  }

  private func template(_ step: MetadataValue) throws -> (start: [Token], end: [Token]) {
    var frame: (start: [Token], end: [Token]) = ([], [])
    var isAfter = false
    for part in step["single"]?.list ?? [] {
      if part["Sequence"] != nil {
        isAfter = true
      } else {
        guard let name = part["SpecialToken"]?["id"]?.string,
          let ids = step["special_tokens"]?[name]?["ids"]?.list?.compactMap(\.integer),
          ids.allSatisfy(Self.possibleIDs.contains)
        else { throw unknown("post_processor", part, "a special token with its ids") }
        let tokens = ids.map { Token(id: $0, text: name, range: nil) }
        if isAfter { frame.end += tokens } else { frame.start += tokens }
      }
    }
    return frame
  }
}
