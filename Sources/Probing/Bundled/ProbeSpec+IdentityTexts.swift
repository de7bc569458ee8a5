extension ProbeSpec {
  static let identityTexts: [(name: String, text: String)] = [
    (
      "phoneme",
      """
      # Which phone a span is: the lowest level that has a name. A file like this one, dropped into this folder or
      # into one named with --probes, is a probe of its own; nothing needs to be built again.

      name: phoneme
      description: which phone (stress left out) a span is

      # The tier whose spans are classified: phoneme, mora, syllable, word, phrase or sentence.
      level: phoneme

      # What is read of them: identity (their own labels), or one of those that the other files of this folder name.
      target: identity

      # The classifier, linear in each case, its penalty chosen on development data: softmax (fitted to convergence),
      # ridge (regressions onto ±1) or lda (Gaussian classes with one covariance).
      kind: softmax

      # How a span's frames become one vector: mean, center (the frame nearest to its middle) or middle-third.
      pool: mean

      # The L2 penalties that are tried (the inverses of scikit-learn's C).
      penalties: [10000, 1000, 100, 10, 1, 0.1, 0.01]

      # How they are tried on development data: grid (each of them), random (draws between the strongest and the weakest) or
      # bayesian (a Gaussian process tells where to look next); the last two with at most so many trials.
      search: grid
      trials: 10

      # Classes with fewer spans are left out; of the others, at most so many, the most frequent. A number, or auto: ten
      # spans and 100 classes, fewer spans and more classes where that leaves out more than half of the spans.
      min_count: auto
      max_classes: auto

      # Whether rare classes weigh as much as frequent ones in training: none or balanced.
      class_weights: none

      # How examples are divided: auto (no speaker and no sentence on two sides), speakers (one left out at a time),
      # sentences, or utterances (plain k-fold).
      split: auto

      # What the peak and the verdict are about: accuracy, balanced_accuracy, macro_f1, log_loss or bits (of a regression
      # r2; of boundaries precision, recall, f1 or r_value too).
      metric: accuracy

      # Probe a control task too (each triphone has a random phone of its own), for the selectivity.
      control: true

      # Run where no probe was asked for by name.
      default: true

      """
    ),
    (
      "syllable",
      """
      # Which syllable a span is. Most syllables are rare: only those that several sentences have can be learned in
      # some and tested in others, so the classes are few and the numbers are about frequent syllables.

      name: syllable
      description: which of the frequent syllables (stress left out) a span is
      level: syllable
      kind: softmax
      pool: mean
      penalties: [10000, 1000, 100, 10, 1, 0.1, 0.01]
      min_count: auto
      max_classes: auto
      metric: accuracy

      # Each syllable has a random class of the same distribution. Syllables are their own types here, so that the
      # control regroups the same syllables at random.
      control: true

      """
    ),
    (
      "word",
      """
      # Which word a span is, of the words that are frequent enough to be learned in some sentences and tested in
      # others. Frequent words are mostly function words, short and few-phoned: a word probe can be solved from the
      # phones, so read its profile beside the phonemes'.

      name: word
      description: which of the frequent words a span is
      level: word
      kind: softmax
      pool: mean
      penalties: [10000, 1000, 100, 10, 1, 0.1, 0.01]
      min_count: auto
      max_classes: auto
      metric: accuracy

      # Words are their own types, so that the control would only
      # regroup the same words at random.
      control: true

      """
    ),
  ]
}
