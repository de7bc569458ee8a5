/// A sentence of a text corpus as its file has it: the text, its tokens, and the syntactic words in them with
/// Universal Dependencies' annotation.
struct AnnotatedSentence {
  /// What is written between spaces or signs. Several words may be in one (French “du” is “de” and “le”).
  struct Token {
    var form: String
    /// Whether no space follows.
    var isJoined = false
    var line: Int
    /// In Unicode scalars of the text.
    var range = 0..<0
  }

  /// A word of the syntax; what the file does not say is nil.
  struct Word {
    var form: String
    var partOfSpeech: String?
    var features: String?
    /// The word that it hangs on, from 0; −1 for the root.
    var head: Int?
    /// The relation to it, such as `nsubj` or `acl:relcl`.
    var relation: String?
    /// Which token it is in.
    var token: Int
    var line: Int
  }

  var text = ""
  var tokens: [Token] = []
  var words: [Word] = []
  /// What the file calls the sentence, its document and its author, where it does.
  var id: String?
  var document: String?
  var speaker: String?
  /// A label of the whole, where the file gives one.
  var label: String?
  /// Where it begins in the file, from 1.
  var line: Int

  /// Whether every word has its place in a tree.
  var hasSyntax: Bool { !words.isEmpty && words.allSatisfy { $0.head != nil && $0.relation != nil } }
}

extension AnnotatedSentence {
  /// Finds the tokens in `given`, or puts the text together from them where there is none, or where they are not
  /// what stands there: then the line of the first token that is not found comes back.
  mutating func place(in given: String?) -> Int? {
    var missing: Int?
    if let given {
      missing = find(in: Array(given.unicodeScalars))
      if missing == nil {
        text = given
        return nil
      }
    }
    var scalars: [Unicode.Scalar] = []
    for index in tokens.indices {
      let start = scalars.count
      scalars += tokens[index].form.unicodeScalars
      tokens[index].range = start..<scalars.count
      if !tokens[index].isJoined, index + 1 < tokens.count { scalars.append(" ") }
    }
    text = String(String.UnicodeScalarView(scalars))
    return missing
  }

  private mutating func find(in scalars: [Unicode.Scalar]) -> Int? {
    var start = 0
    for index in tokens.indices {
      while start < scalars.count, scalars[start].properties.isWhitespace { start += 1 }
      let form = tokens[index].form.unicodeScalars
      guard scalars[start...].starts(with: form) else { return tokens[index].line }
      tokens[index].range = start..<(start + form.count)
      start += form.count
    }
    return nil
  }

  /// A longer one is no sentence, and looking its tree over would take long.
  static let limit = 2000

  /// Why the sentence cannot be used, with the line: it is too long, or its heads are no tree (those of all words or
  /// of none). Nil where it can.
  var fault: (line: Int, reason: String)? {
    guard words.count <= Self.limit else {
      return (
        line, "it has \(words.count) words, expected at most \(Self.limit); is an empty line missing?"
      )
    }
    guard words.contains(where: { $0.head != nil }) else { return nil }
    for word in words {
      guard let head = word.head else { return (word.line, "“\(word.form)” has no head, others have") }
      guard head < words.count else {
        return (word.line, "the head \(head + 1) is no word of the sentence, which has \(words.count)")
      }
    }
    let roots = words.filter { $0.head == -1 }
    guard roots.count == 1 else {
      let line = roots.dropFirst().first?.line ?? line
      return (line, "\(roots.count) words have the head 0, expected one root")
    }
    for (index, word) in words.enumerated() {
      var (at, steps) = (index, 0)
      while let head = words[at].head, head >= 0 {
        (at, steps) = (head, steps + 1)
        if steps > words.count {
          return (word.line, "“\(word.form)” hangs on itself, by a circle of heads")
        }
      }
    }
    return nil
  }
}
