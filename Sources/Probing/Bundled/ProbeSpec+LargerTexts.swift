extension ProbeSpec {
  static let largerTexts: [(name: String, text: String)] = [
    (
      "mora",
      """
      # Which mora of Japanese a span is; from the labels, or derived from phones and words where those are Japanese.
      name: mora
      description: which of the frequent moras a span is
      level: mora
      target: identity
      default: false

      """
    ),
    (
      "syllable-position",
      """
      # Initial, medial, final or only.
      name: syllable-position
      description: where a syllable stands in its word
      level: syllable
      target: position-in-word
      default: false

      """
    ),
    (
      "syllable-stress",
      """
      # Primary, secondary or unstressed, by the mark on its vowel.
      name: syllable-stress
      description: how strongly a syllable is stressed
      level: syllable
      target: stress
      default: false

      """
    ),
    (
      "syllable-structure",
      """
      # CV, CVC, CCV and so on.
      name: syllable-structure
      description: the consonants and vowels of a syllable
      level: syllable
      target: structure
      min_count: 10
      max_classes: 20
      default: false

      """
    ),
    (
      "tone",
      """
      # Pinyin's number, or Chao's numbers where labels bear the IPA's letters of tone (51 falls from the top). Where the alphabet
      # marks no tone there is nothing to read.
      name: tone
      description: which tone a syllable bears
      level: syllable
      target: tone
      default: false

      """
    ),
    (
      "word-phones",
      """
      # A word probe can be solved from its length: read this beside it.
      name: word-phones
      description: how many phones a word has
      level: word
      target: phone-count
      default: false

      """
    ),
    (
      "word-place",
      """
      # Initial, medial or final.
      name: word-place
      description: where a word stands in its sentence
      level: word
      target: position-in-sentence
      default: false

      """
    ),
    (
      "word-position",
      """
      # Initial, medial, final or only. Where the corpus has no phrases they are made by pauses.
      name: word-position
      description: where a word stands in its phrase
      level: word
      target: position-in-phrase
      default: false

      """
    ),
    (
      "word-syllables",
      """
      # A word probe can be solved from its length: read this beside it.
      name: word-syllables
      description: how many syllables a word has
      level: word
      target: syllable-count
      default: false

      """
    ),
  ]
}
