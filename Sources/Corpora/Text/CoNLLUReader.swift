/// Reads CoNLL-U, the format of Universal Dependencies (universaldependencies.org/format.html): ten columns between
/// tabs a word, an empty line behind each sentence, comments before it.
///
/// Multiword tokens (`3-4`) are tokens of several words, empty nodes (`5.1`) are passed over. `# text`, `# sent_id`,
/// `# newdoc id` and `# speaker` (or `# author`) are understood.
struct CoNLLUReader {
  /// The sentences in order; one that is not the format is left out with an issue that names the line.
  static func sentences(in text: LabelText, shown: String, issues: inout IssueList) -> [AnnotatedSentence] {
    var sentences: [AnnotatedSentence] = []
    var block: [LabelLine] = []
    var document: String?
    func finish() {
      defer { block = [] }
      for line in block where line.text.hasPrefix("#") {
        if let name = comment("newdoc id", line) ?? (comment("newdoc", line).map { _ in "\(line.number)" })
        {
          document = name
        }
      }
      guard block.contains(where: { !$0.text.hasPrefix("#") }) else { return }
      do throws(CorpusError) {
        var reader = CoNLLUReader(block: block)
        var sentence = try reader.read()
        sentence.document = document
        if let line = sentence.place(in: reader.text) {
          issues.add(
            .textMismatch, shown, line: line,
            "the word is not where # text has it; the text is put together from the words instead")
        }
        if let (line, reason) = sentence.fault {
          issues.add(.text, shown, line: line, "sentence left out: \(reason)")
        } else {
          sentences.append(sentence)
        }
      } catch {
        issues.add(.text, shown, line: error.line, "sentence left out: \(error.reason)")
      }
    }
    for (number, content) in text.lines {
      let line = LabelLine(path: shown, number: number, text: content)
      if line.isBlank { finish() } else { block.append(line) }
    }
    finish()
    return sentences
  }

  private let block: [LabelLine]
  private(set) var text: String?

  private init(block: [LabelLine]) { self.block = block }

  /// `value` of `# key = value`; empty of `# key` alone.
  private static func comment(_ key: String, _ line: LabelLine) -> String? {
    let body = line.text.dropFirst().trimmed
    guard body.hasPrefix(key) else { return nil }
    let rest = body.dropFirst(key.count).trimmed
    if rest.isEmpty { return "" }
    return rest.hasPrefix("=") ? rest.dropFirst().trimmed : nil
  }

  private mutating func read() throws(CorpusError) -> AnnotatedSentence {
    var sentence = AnnotatedSentence(line: block.first?.number ?? 1)
    /// The last word of the multiword token that is open.
    var last = 0
    for line in block {
      if line.text.hasPrefix("#") {
        readComment(line, into: &sentence)
        continue
      }
      let fields = line.fields
      guard fields.count == 10 else {
        throw line.wrong("10 columns between tabs", found: "\(fields.count)")
      }
      let (id, form) = (fields[0], String(fields[1]))
      guard !form.isEmpty else { throw line.wrong("a form in the second column", found: "nothing") }
      if id.contains(".") { continue }
      let isJoined = fields[9].split(separator: "|").contains("SpaceAfter=No")
      let token = AnnotatedSentence.Token(form: form, isJoined: isJoined, line: line.number)
      let next = sentence.words.count + 1
      if let dash = id.firstIndex(of: "-") {
        guard let start = Int(id[..<dash]), let end = Int(id[id.index(after: dash)...]), start == next,
          end > start, next > last
        else { throw line.wrong("a range that begins with word \(next), such as \(next)-\(next + 1)") }
        last = end
        sentence.tokens.append(token)
        continue
      }
      guard Int(id) == next else { throw line.wrong("word \(next)", found: "“\(id.prefix(20))”") }
      if next > last { sentence.tokens.append(token) }
      sentence.words.append(try word(form, fields, line, token: sentence.tokens.count - 1))
    }
    guard last <= sentence.words.count else {
      throw block[block.count - 1].wrong("word \(last), which a multiword token names", found: "the end")
    }
    return sentence
  }

  private mutating func readComment(_ line: LabelLine, into sentence: inout AnnotatedSentence) {
    // A text keeps its inner spaces; an empty one is none.
    if let value = Self.comment("text", line) {
      text = value.isEmpty ? nil : value
    } else if let value = Self.comment("sent_id", line) {
      sentence.id = value
    } else if let value = Self.comment("speaker", line) ?? Self.comment("author", line) {
      sentence.speaker = value
    } else if let value = Self.comment("label", line) {
      sentence.label = value
    }
  }

  private func word(
    _ form: String, _ fields: [Substring], _ line: LabelLine, token: Int
  ) throws(CorpusError) -> AnnotatedSentence.Word {
    func value(_ column: Int) -> String? { fields[column] == "_" ? nil : fields[column].trimmed }
    var head: Int?
    if let text = value(6) {
      guard let number = Int(text), number >= 0 else {
        throw line.wrong("a head's number in the seventh column", found: "“\(text.prefix(20))”")
      }
      head = number - 1
    }
    return AnnotatedSentence.Word(
      form: form, partOfSpeech: value(3), features: value(5), head: head, relation: value(7), token: token,
      line: line.number)
  }
}
