/// Reads the word alignments of LibriSpeech (`84-121123.alignment.txt`, published beside the corpus as
/// LibriSpeech-Alignments): a line for each utterance, its name, its words in quotes with commas between, and where
/// each of them ends.
///
/// ```
/// 84-121123-0000 ",GO,,DO,YOU,HEAR," "0.490,0.890,1.270,1.380,1.490,1.915,2.085"
/// ```
/// A word begins where the one before it ends; an empty one is silence.
public struct LibriSpeechReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    var recordings: [LabelledRecording] = []
    for line in text.labelLines {
      let parts = line.text.split(separator: "\"", omittingEmptySubsequences: false)
      guard parts.count == 5, parts[2].allSatisfy(\.isWhitespace), parts[4].allSatisfy(\.isWhitespace),
        !parts[0].trimmed.isEmpty
      else { throw line.wrong("an utterance, \"words\" and \"ends\"") }
      let words = parts[1].split(separator: ",", omittingEmptySubsequences: false)
      let ends = parts[3].split(separator: ",", omittingEmptySubsequences: false)
      guard words.count == ends.count else {
        throw line.wrong("as many ends as words, \(words.count)", found: "\(ends.count)")
      }
      var tier = Tier(name: "words", intervals: [])
      var start = 0.0
      for (word, field) in zip(words, ends) {
        let end = try line.number(field, "the end of “\(word)” in seconds")
        guard end >= start else {
          throw line.wrong("“\(word)” to end after \(start) s", found: "\(end) s")
        }
        // Two ends may be one time, of a silence that has no length.
        if end > start {
          tier.intervals.append(Interval(start: start, end: end, label: String(word)))
          tier.lines.append(line.number)
        }
        start = end
      }
      recordings.append(LabelledRecording(name: parts[0].trimmed, tiers: [tier]))
    }
    return recordings
  }
}
