/// The `.item` files of the ZeroSpeech challenges, on which ABX tasks are made: a line for each phone or triphone.
///
/// ```
/// #file onset offset #phone prev-phone next-phone speaker
/// 2107 0.3225 0.5225 W HH IY 2107
/// ```
public struct ItemFile: Sendable, Equatable {
  /// A labelled stretch of a recording.
  public struct Item: Sendable, Equatable {
    /// The recording's name, without an ending.
    public let file: String
    /// Where the phone begins, in seconds.
    public let onset: Double
    /// Where the phone ends, in seconds.
    public let offset: Double
    /// The phone's label.
    public let phone: String
    /// The phone before it, within which it is compared.
    public let previous: String
    /// The phone after it, within which it is compared.
    public let next: String
    /// The speaker's name.
    public let speaker: String
  }

  /// The items, in the order of the file.
  public let items: [Item]

  /// Reads a file. Throws `CorpusError` with its line for anything else.
  public init(contentsOf path: String) throws(CorpusError) {
    try self.init(try LabelText(contentsOf: path))
  }

  /// Reads the text of a file. Throws `CorpusError` with its line for anything that is no item.
  public init(_ text: LabelText) throws(CorpusError) {
    var items: [Item] = []
    for line in text.labelLines where !line.text.hasPrefix("#") {
      let words = line.words
      guard words.count == 7 else {
        throw line.wrong("file, onset, offset, phone, previous phone, next phone and speaker")
      }
      let onset = try line.number(words[1], "an onset in seconds")
      let offset = try line.number(words[2], "an offset in seconds")
      guard 0 <= onset, onset < offset else {
        throw line.wrong("an offset after the onset \(onset) s", found: "\(offset) s")
      }
      items.append(
        Item(
          file: String(words[0]), onset: onset, offset: offset, phone: String(words[3]),
          previous: String(words[4]), next: String(words[5]), speaker: String(words[6])))
    }
    self.items = items
  }
}
