/// Reads texts from tab-separated tables whose first line names the columns.
///
/// - With a column `text`, a line is a sentence; `id`, `document`, `speaker` (or `author`) and `label` may stand beside
///   it.
/// - With a column `form` (or `word`, `token`), a line is a token and an empty line ends a sentence; `upos` (or `pos`),
///   `feats`, `head`, `deprel`, `space_after`, `id` (of the sentence), `document`, `speaker` and `label` may stand
///   beside it.
struct TextTableReader {
  private let columns: [String]
  private let shown: String

  /// Nil where the first line names neither a text nor a form.
  init?(header: Substring, shown: String) {
    columns = header.split(separator: "\t", omittingEmptySubsequences: false).map {
      $0.trimmed.lowercased()
    }
    self.shown = shown
    guard column(Self.texts) != nil || column(Self.forms) != nil else { return nil }
  }

  private static let texts = ["text"]
  private static let forms = ["form", "word", "token"]

  private func column(_ names: [String]) -> Int? {
    names.lazy.compactMap { name in columns.firstIndex(of: name) }.first
  }

  private func value(_ names: [String], _ fields: [Substring]) -> String? {
    guard let index = column(names) else { return nil }
    let text = fields[index].trimmed
    return text.isEmpty || text == "_" ? nil : text
  }

  /// The sentences in order; a line or a sentence that does not fit is left out with an issue.
  func sentences(in text: LabelText, issues: inout IssueList) -> [AnnotatedSentence] {
    var sentences: [AnnotatedSentence] = []
    var rows: [LabelLine] = []
    let isTokenwise = column(Self.texts) == nil
    func finish() {
      defer { rows = [] }
      guard let first = rows.first else { return }
      do throws(CorpusError) {
        var sentence = AnnotatedSentence(line: first.number)
        for row in rows { try add(row, to: &sentence) }
        if isTokenwise { _ = sentence.place(in: nil) }
        if let (line, reason) = sentence.fault {
          issues.add(.text, shown, line: line, "sentence left out: \(reason)")
        } else {
          sentences.append(sentence)
        }
      } catch {
        issues.add(.text, shown, line: error.line, "sentence left out: \(error.reason)")
      }
    }
    for (number, content) in text.lines.dropFirst() {
      let line = LabelLine(path: shown, number: number, text: content)
      if line.isBlank {
        finish()
      } else {
        rows.append(line)
        if !isTokenwise { finish() }
      }
    }
    finish()
    return sentences
  }

  private func add(_ line: LabelLine, to sentence: inout AnnotatedSentence) throws(CorpusError) {
    let fields = line.fields
    guard fields.count == columns.count else {
      throw line.wrong("\(columns.count) columns, as the first line names", found: "\(fields.count)")
    }
    sentence.id = sentence.id ?? value(["id", "sent_id", "sentence"], fields)
    sentence.document = sentence.document ?? value(["document", "doc"], fields)
    sentence.speaker = sentence.speaker ?? value(["speaker", "author"], fields)
    sentence.label = sentence.label ?? value(["label"], fields)
    guard let index = column(Self.forms), column(Self.texts) == nil else {
      guard let text = value(Self.texts, fields) else { throw line.wrong("a text", found: "nothing") }
      sentence.setText(text, line: line.number)
      return
    }
    let form = fields[index].trimmed
    guard !form.isEmpty else { throw line.wrong("a form", found: "nothing") }
    var head: Int?
    if let text = value(["head"], fields) {
      guard let number = Int(text), number >= 0 else {
        throw line.wrong("a head's number", found: "“\(text.prefix(20))”")
      }
      head = number - 1
    }
    let isJoined = ["no", "false", "0"].contains(value(["space_after"], fields)?.lowercased())
    sentence.tokens.append(.init(form: form, isJoined: isJoined, line: line.number))
    sentence.words.append(
      .init(
        form: form, partOfSpeech: value(["upos", "pos"], fields), features: value(["feats"], fields),
        head: head, relation: value(["deprel"], fields), token: sentence.tokens.count - 1,
        line: line.number))
  }
}

extension AnnotatedSentence {
  /// A text of which nothing else is known: words are what stands between white space, signs at their ends cut off.
  fileprivate mutating func setText(_ text: String, line: Int) {
    self.text = text
    let scalars = Array(text.unicodeScalars)
    var start = 0
    for end in 0...scalars.count where end == scalars.count || scalars[end].properties.isWhitespace {
      var range = start..<end
      start = end + 1
      func isSign(_ index: Int) -> Bool {
        !scalars[index].properties.isAlphabetic && scalars[index].properties.numericType == nil
      }
      while !range.isEmpty, isSign(range.lowerBound) { range = (range.lowerBound + 1)..<range.upperBound }
      while !range.isEmpty, isSign(range.upperBound - 1) {
        range = range.lowerBound..<(range.upperBound - 1)
      }
      guard !range.isEmpty else { continue }
      let form = String(String.UnicodeScalarView(scalars[range]))
      tokens.append(Token(form: form, line: line, range: range))
      words.append(Word(form: form, token: tokens.count - 1, line: line))
    }
  }
}
