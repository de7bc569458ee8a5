import Checkpoints

/// What stands beside a plain vocabulary: `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`.
struct TokenizerSettings {
  private let configuration: MetadataValue?
  private let map: MetadataValue?
  private let added: [SpecialTokens.Entry]

  init(_ files: TokenizerFiles) throws {
    configuration = try files.json("tokenizer_config.json")
    map = try files.json("special_tokens_map.json")
    let simple = (try files.json("added_tokens.json")?.dictionary ?? [:]).compactMap { content, id in
      id.integer.map { SpecialTokens.Entry(id: $0, content: content) }
    }
    let full = (configuration?["added_tokens_decoder"]?.dictionary ?? [:]).compactMap { id, entry in
      Int(id).flatMap { id in
        entry["content"]?.string.map { content in
          SpecialTokens.Entry(
            id: id, content: content, stripsLeft: entry["lstrip"]?.bool ?? false,
            stripsRight: entry["rstrip"]?.bool ?? false)
        }
      }
    }
    // The full entries come first: the first of two of one name is taken.
    added = (full + simple).filter { TokenizerJSON.possibleIDs.contains($0.id) }
      .sorted { ($0.id, $0.content) < ($1.id, $1.content) }
  }

  /// The name of a special token such as `cls_token`.
  private func name(_ role: String, default fallback: String) -> String {
    let value = configuration?[role] ?? map?[role]
    return value?.string ?? value?["content"]?.string ?? fallback
  }

  func wordPiece(_ lines: [String], path: String) throws -> WordPiece {
    let vocabulary = zip(lines, 0...).map { (name: $0, id: $1) }
    let ids = Dictionary(vocabulary.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
    let names = [
      name("cls_token", default: "[CLS]"), name("sep_token", default: "[SEP]"),
      name("unk_token", default: "[UNK]"),
    ]
    let framing = try names.map { name in
      guard let id = ids[name] else {
        throw ModelError.tokenizer(
          path: path, place: "vocabulary", found: "without \(name)", expected: "it in a line of its own")
      }
      return Token(id: id, text: name, range: nil)
    }
    let others = [name("pad_token", default: "[PAD]"), name("mask_token", default: "[MASK]")]
    // An uncased vocabulary has no capital letter outside special tokens.
    let isCased = vocabulary.contains { name, _ in
      !name.hasPrefix("[") && name.unicodeScalars.contains { $0.properties.isUppercase }
    }
    let lowercases = configuration?["do_lower_case"]?.bool ?? !isCased
    return WordPiece(
      vocabulary: vocabulary, unknown: framing[2],
      specials: specials(names + others, ids), frame: ([framing[0]], [framing[1]]),
      normaliser: BertNormaliser(
        separatesIdeographs: configuration?["tokenize_chinese_chars"]?.bool ?? true,
        stripsAccents: configuration?["strip_accents"]?.bool ?? lowercases, lowercases: lowercases))
  }

  func byteLevel(
    vocabulary: [(name: String, id: Int)], merges lines: [String], path: String
  ) throws -> ByteLevelBPE {
    let merges = try zip(lines, 1...).compactMap { line, number -> (left: String, right: String)? in
      if line.isEmpty || (number == 1 && line.hasPrefix("#version")) { return nil }
      return try TokenizerJSON.merge(line, path: path, place: "line \(number)")
    }
    let ids = Dictionary(vocabulary.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
      .merging(added.map { ($0.content, $0.id) }) { first, _ in first }
    let start = name("cls_token", default: "<s>")
    let end = name("sep_token", default: "</s>")
    let unknown = name("unk_token", default: "<unk>")
    var frame: (start: [Token], end: [Token]) = ([], [])
    if let first = ids[start], let last = ids[end] {
      frame = ([Token(id: first, text: start, range: nil)], [Token(id: last, text: end, range: nil)])
    }
    return ByteLevelBPE(
      vocabulary: vocabulary, merges: merges,
      specials: specials(
        [start, end, unknown, name("pad_token", default: "<pad>"), name("mask_token", default: "<mask>")],
        ids),
      frame: frame, unknown: unknown, addsSpace: configuration?["add_prefix_space"]?.bool ?? false)
  }

  /// The added tokens, and those of `names` that the vocabulary has.
  private func specials(
    _ names: [String], _ ids: [String: Int]
  ) -> SpecialTokens {
    let known = Set(added.map(\.content))
    let others = names.filter { !known.contains($0) }.compactMap { name in
      ids[name].map { SpecialTokens.Entry(id: $0, content: name) }
    }
    return SpecialTokens(added + others)
  }
}
