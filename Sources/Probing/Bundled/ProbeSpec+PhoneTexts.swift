extension ProbeSpec {
  static let phoneTexts: [(name: String, text: String)] = [
    (
      "backness",
      """
      # Front, central or back. Consonants and diphthongs are left out.
      name: backness
      description: how far back the tongue is in a vowel
      level: phoneme
      target: backness
      default: false

      """
    ),
    (
      "height",
      """
      # Close, mid or open. Consonants and diphthongs are left out.
      name: height
      description: how high the tongue is in a vowel
      level: phoneme
      target: height
      default: false

      """
    ),
    (
      "manner",
      """
      # Plosive, affricate, fricative, nasal, tap, trill, approximant, lateral, click or vowel.
      name: manner
      description: how a phone is articulated
      level: phoneme
      target: manner
      default: false

      """
    ),
    (
      "phone-duration",
      """
      # A nuisance control: ridge regression of the logarithm of the duration, judged by R².
      name: phone-duration
      description: how long a phone is
      level: phoneme
      target: duration
      default: false

      """
    ),
    (
      "phone-position",
      """
      # Initial, medial, final or only.
      name: phone-position
      description: where a phone stands in its word
      level: phoneme
      target: position-in-word
      default: false

      """
    ),
    (
      "phone-speaker",
      """
      # A nuisance control: folds hold out sentences, not speakers, who must be known to be recognised.
      name: phone-speaker
      description: who speaks
      level: phoneme
      target: speaker
      default: false

      """
    ),
    (
      "phone-stress",
      """
      # AH0 and AH1 are two classes. Where labels mark no stress it is the same as phoneme.
      name: phone-stress
      description: which phone with which stress
      level: phoneme
      target: phone-with-stress
      max_classes: 80
      default: false

      """
    ),
    (
      "place",
      """
      # Bilabial to glottal. Vowels have no place and are left out.
      name: place
      description: where a consonant is articulated
      level: phoneme
      target: place
      default: false

      """
    ),
    (
      "rounding",
      """
      # Consonants and diphthongs are left out.
      name: rounding
      description: whether the lips are rounded in a vowel
      level: phoneme
      target: rounding
      default: false

      """
    ),
    (
      "syllable-part",
      """
      # A vowel gives itself away: read it beside the probe of manner.
      name: syllable-part
      description: whether a phone is its syllable's onset, nucleus or coda
      level: phoneme
      target: part-of-syllable
      default: false

      """
    ),
    (
      "voicing",
      """
      # Of every phone, by the chart of its alphabet.
      name: voicing
      description: whether a phone is voiced
      level: phoneme
      target: voicing
      default: false

      """
    ),
  ]
}
