import Foundation

/// Reads the JSON of aligners and recognisers, told apart by its keys: the Montreal Forced Aligner's and praatio's
/// (`tiers`), WhisperX' and Whisper's (`segments` of `words`), Gentle's (`words` of `phones`), NeMo's (`timestamp`).
public struct AlignerJSONReader: LabelReader {
  /// What `corpus.yaml` asked for; another kind is an error then.
  let format: LabelFormat

  /// A reader of one kind of JSON; a file whose keys show another kind is refused.
  public init(_ format: LabelFormat = .mfaJSON) { self.format = format }

  static let formats: [LabelFormat] = [.mfaJSON, .whisperX, .gentle, .nemo]

  /// The kind of a text, by the keys at its top; nil for none of these.
  static func kind(of text: LabelText) -> LabelFormat? {
    struct Keys: Decodable {
      let names: Set<String>
      init(from decoder: any Decoder) throws {
        names = Set(try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue))
      }
    }
    guard let names = try? JSONDecoder().decode(Keys.self, from: Data(text.bytes)).names else { return nil }
    if names.contains("tiers") { return .mfaJSON }
    if names.contains("segments") || names.contains("word_segments") { return .whisperX }
    if names.contains("timestamp") { return .nemo }
    return names.contains("words") ? .gentle : nil
  }

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    let kind = Self.kind(of: text)
    if let kind, kind != format {
      throw .unexpected(
        path: text.path, line: 1, expected: format.title,
        found: "\(kind.title); say `format: \(kind.rawValue)` in corpus.yaml")
    }
    switch format {
    case .whisperX: return [try decode(WhisperFile.self, text).recording]
    case .gentle: return [try decode(GentleFile.self, text).recording]
    case .nemo: return [try decode(NeMoFile.self, text).recording]
    default: return [try decode(TierFile.self, text).recording]
    }
  }

  private func decode<File: Decodable>(_ type: File.Type, _ text: LabelText) throws(CorpusError) -> File {
    do {
      return try JSONDecoder().decode(type, from: Data(text.bytes))
    } catch let error as DecodingError {
      throw .unexpected(path: text.path, line: 1, expected: format.title, found: Self.words(error))
    } catch {
      throw .unexpected(path: text.path, line: 1, expected: "JSON", found: error.localizedDescription)
    }
  }

  private static func words(_ error: DecodingError) -> String {
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(context.debugDescription) at \(place(context.codingPath))"
    case .keyNotFound(let key, let context): "no “\(key.stringValue)” at \(place(context.codingPath))"
    @unknown default: "\(error)"
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    path.isEmpty
      ? "the top" : path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}

/// A key whatever its name.
struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
  init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
}

/// A time in seconds as JSON has it, of a size that a recording can have.
struct JSONSeconds: Decodable {
  let value: Double
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    value = try container.decode(Double.self)
    guard abs(value) < 1e15 else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(value) is no time in seconds")
    }
  }
}

// MARK: - The kinds

/// `{"start", "end", "tiers": {name: {"type", "entries": [[start, end, label], …]}}}`, or praatio's other form, where tiers
/// are a list with their names in them. Point tiers have entries of a time and a label.
private struct TierFile: Decodable {
  let recording: LabelledRecording

  private enum Keys: String, CodingKey { case start, end, xmin, xmax, tiers }

  private struct Entries: Decodable {
    let name: String?
    let type: String?
    let `class`: String?
    let entries: [Entry]

    func tier(_ key: String, _ extent: ClosedRange<Double>?) -> Tier {
      let isPoints = type == "point" || `class` == "TextTier" || `class` == "PointTier"
      return Tier(
        name: name ?? key, kind: isPoints ? .points : .intervals, intervals: entries.map(\.interval),
        extent: extent)
    }
  }

  private struct Entry: Decodable {
    let interval: Interval

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      let start = try list.decode(JSONSeconds.self).value
      let isPoint = list.count == 2
      let end = isPoint ? start : try list.decode(JSONSeconds.self).value
      interval = Interval(start: start, end: end, label: try list.decode(String.self))
    }
  }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: Keys.self)
    func time(_ names: Keys...) throws -> Double? {
      for name in names {
        if let time = try file.decodeIfPresent(JSONSeconds.self, forKey: name) { return time.value }
      }
      return nil
    }
    let start = try time(.start, .xmin)
    let end = try time(.end, .xmax)
    let extent = start.flatMap { start in end.flatMap { start <= $0 ? start...$0 : nil } }
    if let named = try? file.nestedUnkeyedContainer(forKey: .tiers), named.count != nil {
      let tiers = try file.decode([Entries].self, forKey: .tiers)
      recording = LabelledRecording(tiers: tiers.enumerated().map { $1.tier("\($0 + 1)", extent) })
    } else {
      let tiers = try file.decode([String: Entries].self, forKey: .tiers).sorted { $0.key < $1.key }
      recording = LabelledRecording(tiers: tiers.map { $1.tier($0, extent) })
    }
  }
}

/// Words of an aligner that could not place all of them.
private struct TimedWords {
  private var tiers = TierList()
  private var untimed: [String] = []

  mutating func add(
    _ label: String, _ start: JSONSeconds?, _ end: JSONSeconds?, to tier: String, of speaker: String? = nil
  ) {
    guard let start, let end else { return untimed.append(label) }
    tiers.append(
      Interval(start: start.value, end: end.value, label: label.trimmed), line: nil,
      to: speaker.map { "\($0) - \(tier)" } ?? tier)
  }

  var recording: LabelledRecording {
    var recording = LabelledRecording(tiers: tiers.tiers)
    guard let first = untimed.first else { return recording }
    recording.remarks.append(
      "\(untimed.count) word\(untimed.count == 1 ? " has" : "s have") no times (“\(first)”"
        + (untimed.count > 1 ? ", …" : "") + "): the aligner could not place "
        + (untimed.count == 1 ? "it; it is" : "them; they are") + " no labels here")
    return recording
  }
}

/// WhisperX (`segments` of `words`, some without times) and Whisper's own with word timestamps.
private struct WhisperFile: Decodable {
  struct Segment: Decodable {
    let start: JSONSeconds?
    let end: JSONSeconds?
    let text: String?
    let speaker: String?
    let words: [Word]?
  }
  struct Word: Decodable {
    let word: String
    let start: JSONSeconds?
    let end: JSONSeconds?
    let speaker: String?
  }
  let segments: [Segment]?
  /// What older versions wrote beside, or in the place of, the words of segments.
  let wordSegments: [Word]?

  private enum CodingKeys: String, CodingKey {
    case segments
    case wordSegments = "word_segments"
  }

  var recording: LabelledRecording {
    var words = TimedWords()
    for segment in segments ?? [] {
      if let text = segment.text, segment.start != nil, segment.end != nil {
        words.add(text, segment.start, segment.end, to: "sentences", of: segment.speaker)
      }
      for word in segment.words ?? [] {
        words.add(word.word, word.start, word.end, to: "words", of: word.speaker ?? segment.speaker)
      }
    }
    if segments == nil {
      for word in wordSegments ?? [] {
        words.add(word.word, word.start, word.end, to: "words", of: word.speaker)
      }
    }
    return words.recording
  }
}

/// Gentle: words with a `case` (those it did not find have no times), and phones by their durations.
private struct GentleFile: Decodable {
  struct Word: Decodable {
    struct Phone: Decodable {
      let phone: String
      let duration: JSONSeconds
    }
    let word: String
    let start: JSONSeconds?
    let end: JSONSeconds?
    let phones: [Phone]?
  }
  let words: [Word]

  var recording: LabelledRecording {
    var timed = TimedWords()
    var phones = Tier(name: "phones", intervals: [])
    for word in words {
      timed.add(word.word, word.start, word.end, to: "words")
      guard var start = word.start?.value else { continue }
      for phone in word.phones ?? [] {
        let end = ((start + phone.duration.value) * 1e6).rounded() / 1e6
        phones.intervals.append(Interval(start: start, end: end, label: phone.phone))
        start = end
      }
    }
    var recording = timed.recording
    if !phones.intervals.isEmpty { recording.tiers.append(phones) }
    return recording
  }
}

/// NeMo's recognisers with time stamps: `{"timestamp": {"word": [{"word", "start", "end"}], "segment": […]}}`, in seconds.
private struct NeMoFile: Decodable {
  struct Stamp: Decodable {
    let word: String?
    let segment: String?
    let start: JSONSeconds?
    let end: JSONSeconds?
  }
  struct Stamps: Decodable {
    let word: [Stamp]?
    let segment: [Stamp]?
  }
  let timestamp: Stamps

  var recording: LabelledRecording {
    var words = TimedWords()
    for stamp in timestamp.segment ?? [] {
      words.add(stamp.segment ?? "", stamp.start, stamp.end, to: "sentences")
    }
    for stamp in timestamp.word ?? [] { words.add(stamp.word ?? "", stamp.start, stamp.end, to: "words") }
    return words.recording
  }
}
