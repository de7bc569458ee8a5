import Foundations

/// What keeps a corpus, a label file or a split from being made; every message names the file, the line,
/// what was found, what was expected and what to do.
public enum CorpusError: Error, Equatable, CustomStringConvertible, Sendable {
  /// There is no such file or folder.
  case missing(path: String)
  /// A folder was needed.
  case notAFolder(path: String)
  /// A file was needed.
  case notAFile(path: String)
  /// The system would not give the bytes.
  case unreadable(path: String, reason: String)
  /// More bytes than any label file has; nothing was read.
  case tooLarge(path: String, bytes: Int, limit: Int)
  /// The file has no bytes at all.
  case noBytes(path: String)
  /// Bytes that are no text in the encoding that the file is in.
  case badText(path: String, line: Int, encoding: String)
  /// Not a label format that is understood.
  case unknownFormat(path: String, looksLike: String)
  /// A label file that says something else where the format wants `expected`.
  case unexpected(path: String, line: Int, expected: String, found: String)
  /// A label file that ends too early.
  case cutOff(path: String, line: Int, expected: String)
  /// A key of `corpus.yaml` that does not exist.
  case unknownKey(path: String, line: Int, key: String, known: [String])
  /// A value of `corpus.yaml` that its key cannot have.
  case badSetting(path: String, line: Int?, key: String, expected: String, found: String)
  /// A corpus that was asked for by name, without something that it has.
  case layoutLacks(path: String, layout: String, what: String, advice: String)
  /// A name before a colon that no layout has.
  case unknownLayout(String, path: String)
  /// A folder without a single audio file.
  case noAudio(path: String)
  /// A folder of audio of which nothing can be used.
  case noUtterances(path: String, audio: Int, first: String?)
  /// Files of text of which nothing can be used.
  case noSentences(path: String, files: Int, first: String?)
  /// Converted labels could not be written.
  case writeFailed(path: String, reason: String)
  /// Something that a form of labels cannot hold.
  case notWritable(utterance: String, form: String, reason: String)
  /// One utterance cannot be divided into training and test.
  case tooFewUtterances(count: Int)

  public var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such file or folder; check the path"
    case .notAFolder(let path):
      "\(path) is not a folder; name the folder that holds the audio and the labels"
    case .notAFile(let path): "\(path) is not a file; name one label file, not a folder"
    case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
    case .tooLarge(let path, let bytes, let limit):
      "\(path) has \(bytes) bytes, a label file may have \(limit); it is not one, or should be cut into several"
    case .noBytes(let path): "\(path) is empty (0 bytes); copy or export it again"
    case .badText(let path, let line, _), .unexpected(let path, let line, _, _),
      .cutOff(let path, let line, _):
      "\(path):\(line): \(reason)"
    case .unknownFormat(let path, let looksLike):
      "\(path) is not a label file that can be read: \(looksLike.quotable). Expected "
        + LabelFormat.allCases.map(\.title).joined(separator: ", ")
    case .unknownKey(let path, let line, let key, let known):
      "\(path):\(line): there is no key “\(key.quotable)”; " + Nearest.hint(for: key, among: known)
    case .badSetting(let path, let line, let key, let expected, let found):
      "\(path)\(line.map { ":\($0)" } ?? ""): \(key) must be \(expected), found \(found.quotable)"
    case .layoutLacks(let path, let layout, let what, let advice):
      "\(path) is not \(layout) as it is handed out: it lacks \(what). \(advice.prefix(1).uppercased())"
        + "\(advice.dropFirst()); or read the folder as it is, without “\(layout):”"
    case .unknownLayout(let name, let path):
      "there is no layout “\(name.quotable)” for \(path.quotable); "
        + Nearest.hint(for: name, among: NamedLayout.allCases.map(\.rawValue))
    case .noAudio(let path):
      "\(path) holds no audio (looked for \(CorpusFolder.audioExtensions.joined(separator: ", "))) and no text "
        + "(.conllu, or .tsv with a column “text” or “form”); name a folder of audio with labels, or say where it is in "
        + "corpus.yaml"
    case .noSentences(let path, let files, let first):
      "\(path) has \(files) text file\(files == 1 ? "" : "s") but no sentence that can be used"
        + (first.map { "; the first reason: \($0)" } ?? "")
    case .writeFailed(let path, let reason):
      "\(path) cannot be written: \(reason)"
    case .notWritable(let utterance, let form, let reason):
      "\(utterance) cannot be \(form): \(reason); write JSON Lines (jsonl)"
    case .noUtterances(let path, let audio, let first):
      "\(path) has \(audio) audio file\(audio == 1 ? "" : "s") but no utterance that can be used"
        + (first.map { "; the first reason: \($0)" } ?? "")
    case .tooFewUtterances(let count):
      "\(count) utterance\(count == 1 ? "" : "s") cannot be divided into training and test; two are the least"
    }
  }

  /// The line of a label file that it is about.
  var line: Int? {
    switch self {
    case .badText(_, let line, _), .unexpected(_, let line, _, _), .cutOff(_, let line, _): line
    default: nil
    }
  }

  /// The message without the file and the line, where these stand in front of it.
  var reason: String {
    switch self {
    case .badText(_, _, let encoding):
      "not valid \(encoding); save the file as UTF-8, for instance with `iconv -f LATIN1 -t UTF-8 IN > OUT`"
    case .unexpected(_, _, let expected, let found): "expected \(expected), found \(found.quotable)"
    case .cutOff(_, _, let expected):
      "the file ends where \(expected) was expected; it is cut off, export it again"
    default: description
    }
  }
}
