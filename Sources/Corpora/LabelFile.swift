/// Reading one label file by itself.
///
/// ```swift
/// let tiers = try LabelFile.read("austen_0880.TextGrid")
/// print(tiers.map { "\($0.name): \($0.intervals.count)" })
/// ```
public enum LabelFile {
  /// The tiers of a label file whose format is told by its content and its name.
  ///
  /// Throws `CorpusError`, also if the file labels several recordings (see `recordings`).
  public static func read(_ path: String) throws(CorpusError) -> [Tier] {
    let recordings = try recordings(try LabelText(contentsOf: path))
    guard recordings.count <= 1 else {
      let names = recordings.prefix(3).map { $0.name ?? "?" }.joined(separator: ", ")
      throw .unexpected(
        path: path, line: 1, expected: "the labels of one recording",
        found: "those of \(recordings.count) (\(names), …)")
    }
    return recordings.first?.tiers ?? []
  }

  /// The labels in a text, one set of tiers per recording.
  public static func recordings(
    _ text: LabelText, format: LabelFormat? = nil
  ) throws(CorpusError) -> [LabelledRecording] {
    if let format { return try format.reader.recordings(in: text) }
    return try LabelFormat.recognise(text).reader.recordings(in: text)
  }
}
