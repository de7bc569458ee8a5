/// Phrases and clauses out of a tree of Universal Dependencies (relations: universaldependencies.org/u/dep).
///
/// A constituent owns words; its span is the run of words around its head that it owns, without signs at the ends, so
/// that constituents of a kind never overlap. A part that other words cut off (a subject before a relative clause) is
/// left out.
struct Constituents {
  struct Constituent: Equatable {
    /// Indices of words.
    var head: Int
    var range: ClosedRange<Int>
    var label: String
  }

  private let words: [AnnotatedSentence.Word]
  /// The relation of each word without its subtype: `acl` of `acl:relcl`.
  private let relations: [String]

  /// The sentence must have a tree.
  init(_ sentence: AnnotatedSentence) {
    words = sentence.words
    relations = words.map { $0.relation.map { String($0.prefix { $0 != ":" }) } ?? "" }
  }

  // MARK: Phrases

  /// What belongs to the phrase of its head: what modifies a noun, an adjective or an adverb, and what helps a verb.
  private static let phrasal: Set<String> = [
    "det", "amod", "nummod", "nmod", "case", "compound", "flat", "fixed", "appos", "advmod", "clf",
    "goeswith",
    "aux",
  ]

  /// The largest phrases: every word that is no part of another's phrase heads one.
  ///
  /// Labels are those of CoNLL-2000's chunks (Tjong Kim Sang & Buchholz 2000), by the head's part of speech: NP (noun,
  /// proper noun, pronoun, number), PP (the same with a preposition of its own), VP (verb with its auxiliaries), ADJP,
  /// ADVP. Unlike chunks, phrases hold what modifies their head after it (“the house of my father”).
  var phrases: [Constituent] {
    let owner = owners { isPhrasal($0) ? words[$0].head : nil }
    return constituents(owner: owner) { head in
      switch words[head].partOfSpeech {
      case "NOUN", "PROPN", "PRON", "NUM": hasDependent(of: head, ["case"]) ? "PP" : "NP"
      case "VERB", "AUX": "VP"
      case "ADJ": "ADJP"
      case "ADV": "ADVP"
      default: nil
      }
    }
  }

  private func isPhrasal(_ word: Int) -> Bool {
    guard let head = words[word].head, head >= 0, Self.phrasal.contains(relations[word]) else {
      return false
    }
    // What says how, when or where a verb happens is a phrase beside it.
    return relations[word] != "advmod" || !["VERB", "AUX"].contains(words[head].partOfSpeech)
  }

  // MARK: Clauses

  /// Clauses by the relation of their head: main (the root), subject (csubj), complement (ccomp, xcomp), adverbial
  /// (advcl), adnominal (acl, relative clauses too), coordinate (conj) and paratactic (parataxis).
  ///
  /// A word belongs to the nearest of these above it. `xcomp`, `conj` and `parataxis` count where their head is a verb or
  /// has a subject or a copula: “happy and tired” is no second clause.
  var clauses: [Constituent] {
    let kinds = words.indices.map(clause)
    let owner = owners { kinds[$0] == nil ? words[$0].head : nil }
    return constituents(owner: owner) { kinds[$0] }
  }

  private func clause(_ word: Int) -> String? {
    switch relations[word] {
    case "root": "main"
    case "csubj": "subject"
    case "ccomp": "complement"
    case "xcomp": isPredicate(word) ? "complement" : nil
    case "advcl": "adverbial"
    case "acl": "adnominal"
    case "conj": isPredicate(word) ? "coordinate" : nil
    case "parataxis": isPredicate(word) ? "paratactic" : nil
    default: nil
    }
  }

  private func isPredicate(_ word: Int) -> Bool {
    ["VERB", "AUX"].contains(words[word].partOfSpeech)
      || hasDependent(of: word, ["nsubj", "csubj", "cop", "expl"])
  }

  /// How the clauses of a sentence stand: simple (one), compound (coordinate or paratactic ones), complex
  /// (subordinate ones), compound-complex (both).
  static func structure(of clauses: [Constituent]) -> String {
    let labels = clauses.map(\.label)
    let isCompound = labels.contains { ["coordinate", "paratactic"].contains($0) }
    let isComplex = labels.contains { ["subject", "complement", "adverbial", "adnominal"].contains($0) }
    return isCompound ? (isComplex ? "compound-complex" : "compound") : isComplex ? "complex" : "simple"
  }

  // MARK: Both

  private func hasDependent(of head: Int, _ wanted: Set<String>) -> Bool {
    words.indices.contains { words[$0].head == head && wanted.contains(relations[$0]) }
  }

  /// The word that each belongs to: `above` leads there step by step, and is nil for one that stands for itself.
  private func owners(_ above: (Int) -> Int?) -> [Int] {
    words.indices.map { word in
      var at = word
      while let head = above(at), head >= 0 { at = head }
      return at
    }
  }

  private func constituents(owner: [Int], label: (Int) -> String?) -> [Constituent] {
    Set(owner).sorted().compactMap { head in
      guard let label = label(head), !isSign(head) else { return nil }
      var (first, last) = (head, head)
      while first > 0, owner[first - 1] == head { first -= 1 }
      while last + 1 < words.count, owner[last + 1] == head { last += 1 }
      while first < head, isSign(first) { first += 1 }
      while last > head, isSign(last) { last -= 1 }
      return Constituent(head: head, range: first...last, label: label)
    }.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  private func isSign(_ word: Int) -> Bool { words[word].isSign }
}

extension AnnotatedSentence.Word {
  /// Whether it is punctuation: by its part of speech, else by its characters.
  var isSign: Bool {
    if let partOfSpeech { return partOfSpeech == "PUNCT" }
    return form.unicodeScalars.allSatisfy {
      !$0.properties.isAlphabetic && $0.properties.numericType == nil
    }
  }
}
