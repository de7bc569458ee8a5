import Results

/// A study's words on a corpus of texts: what probes call utterances and speakers, wherever they come from, is
/// sentences and sources there.
enum TextWords {
  static func of(_ level: LevelResult) -> LevelResult {
    var level = level
    level.split = of(level.split)
    level.intervalUnit = of(level.intervalUnit)
    if let verdict = level.verdict { level.verdict?.sentence = of(verdict.sentence) }
    if let needed = level.verdict?.needed { level.verdict?.needed?.unit = of(needed.unit) }
    return level
  }

  static func of(_ words: String) -> String {
    let pairs = [
      ("utterance", "sentence"), ("Utterance", "Sentence"), ("speaker", "source"), ("Speaker", "Source"),
      ("span's duration", "span's length"), ("may be duration", "may be length"),
    ]
    return pairs.reduce(words) { $0.replacing($1.0, with: $1.1) }
  }
}
