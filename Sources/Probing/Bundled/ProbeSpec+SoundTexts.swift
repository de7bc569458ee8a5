extension ProbeSpec {
  static let soundTexts: [(name: String, text: String)] = [
    (
      "centroid",
      """
      # In kHz, of the magnitudes of 25 ms.
      name: centroid
      description: the spectral centroid of a frame
      level: sound
      target: spectral-centroid
      default: false

      """
    ),
    (
      "energy",
      """
      # Frames of 20 ms of some utterances; ridge regression, judged by R².
      name: energy
      description: the energy of a frame, in decibels
      level: sound
      target: energy
      default: false

      """
    ),
    (
      "mel-bands",
      """
      # One regression of 20 outputs; R² over all of them together.
      name: mel-bands
      description: the log energies of 20 mel bands
      level: sound
      target: mel
      default: false

      """
    ),
    (
      "phone-boundary",
      """
      # A run of such frames is one detected boundary; precision, recall, F1 and R-value (Räsänen 2009) count those within
      # 20 ms of a true one.
      name: phone-boundary
      description: whether a frame is within 20 ms of a phone boundary
      level: sound
      target: phone-boundary
      class_weights: balanced
      default: false

      """
    ),
    (
      "phrase-boundary",
      """
      # Where the corpus has no phrases they are made by pauses, whose edges the energy betrays: read the mel row beside it.
      # Scores as in word-boundary.
      name: phrase-boundary
      description: whether a frame is within 20 ms of a phrase boundary
      level: sound
      target: phrase-boundary
      class_weights: balanced
      default: false

      """
    ),
    (
      "pitch",
      """
      # By YIN, 60 to 500 Hz, as a logarithm; frames that are not voiced are left out.
      name: pitch
      description: the fundamental frequency of a voiced frame
      level: sound
      target: pitch
      default: false

      """
    ),
    (
      "sentence-boundary",
      """
      # Where each recording is one sentence, these are the ends of its speech. Scores as in word-boundary.
      name: sentence-boundary
      description: whether a frame is within 20 ms of a sentence boundary
      level: sound
      target: sentence-boundary
      class_weights: balanced
      default: false

      """
    ),
    (
      "syllable-boundary",
      """
      # A run of such frames is one detected boundary; precision, recall, F1 and R-value (Räsänen 2009) count those within
      # 20 ms of a true one.
      name: syllable-boundary
      description: whether a frame is within 20 ms of a syllable boundary
      level: sound
      target: syllable-boundary
      class_weights: balanced
      default: false

      """
    ),
    (
      "voiced",
      """
      # By YIN: the frame has a fundamental frequency from 60 to 500 Hz.
      name: voiced
      description: whether a frame is voiced
      level: sound
      target: voiced
      default: false

      """
    ),
    (
      "word-boundary",
      """
      # A run of such frames is one detected boundary; precision, recall, F1 and R-value (Räsänen 2009) count those within
      # 20 ms of a true one.
      name: word-boundary
      description: whether a frame is within 20 ms of a word boundary
      level: sound
      target: word-boundary
      class_weights: balanced
      default: false

      """
    ),
  ]
}
