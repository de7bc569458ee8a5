extension ProbeSpec {
  static let textTexts: [(name: String, text: String)] = [
    (
      "character",
      """
      # Of a text: the letter that a word begins with. A model's tokens are longer than letters, so that it has to know how
      # they are spelt. The n-grams baseline has the letters themselves.
      name: character
      description: which character a word of a text begins with
      level: character
      input: text
      min_count: 10
      max_classes: 60

      """
    ),
    (
      "clause",
      """
      # Of a text with trees: whether a clause is main, subject, complement, adverbial, adnominal, coordinate or paratactic.
      name: clause
      description: what a clause is to the clause above it
      level: clause
      input: text
      min_count: 10
      max_classes: 20

      """
    ),
    (
      "part-of-speech",
      """
      # Of a text: the part of speech that its file gives each word where it stands (UPOS in CoNLL-U).
      name: part-of-speech
      description: the part of speech of a word where it stands
      level: word
      target: part-of-speech
      input: text
      min_count: 10
      max_classes: 40

      """
    ),
    (
      "phrase",
      """
      # Of a text with trees: whether a phrase is nominal (NP), prepositional (PP), verbal (VP), adjectival (ADJP) or
      # adverbial (ADVP).
      name: phrase
      description: the kind of a phrase
      level: phrase
      input: text
      min_count: 10
      max_classes: 20

      """
    ),
    (
      "sentence",
      """
      # Of a text with trees: whether a sentence is simple, compound, complex or both; or the label that its file gives it.
      # Longer sentences have more clauses: read it beside the warning on durations.
      name: sentence
      description: how the clauses of a sentence stand
      level: sentence
      input: text
      min_count: 10
      max_classes: 40

      """
    ),
  ]
}
