/// The label formats that are read; a new one is a case here and a `LabelReader`.
public enum LabelFormat: String, Sendable, CaseIterable {
  case textGrid = "textgrid"
  case timit
  case ctm
  case mfaJSON = "mfa-json"
  case whisperX = "whisperx"
  case gentle
  case nemo
  /// The label files of ESPS' xlabel: Buckeye, Festival, MaryTTS.
  case esps
  case partitur = "par"
  case rttm
  case csv
  case htk
  case mlf
  case elan
  case eaf
  case audacity
  case librispeech
  case jsonLines = "jsonl"

  /// The name in messages.
  public var title: String {
    switch self {
    case .textGrid: "Praat TextGrid"
    case .timit: "TIMIT (.PHN, .WRD, .TXT)"
    case .ctm: "CTM"
    case .mfaJSON: "JSON of tiers (MFA, praatio)"
    case .whisperX: "WhisperX' JSON"
    case .gentle: "Gentle's JSON"
    case .nemo: "NeMo's JSON with time stamps"
    case .esps: "ESPS label file (Buckeye .phones and .words, Festival .lab)"
    case .partitur: "BAS Partitur (.par)"
    case .rttm: "RTTM"
    case .csv: "CSV of tiers"
    case .htk: "HTK label file"
    case .mlf: "HTK master label file"
    case .elan: "ELAN tab-delimited text"
    case .eaf: "ELAN (.eaf)"
    case .audacity: "Audacity labels"
    case .librispeech: "LibriSpeech alignments"
    case .jsonLines: "JSON Lines"
    }
  }

  /// What reads files of this format.
  public var reader: any LabelReader {
    switch self {
    case .textGrid: TextGridReader()
    case .timit: TimitReader()
    case .ctm: CTMReader()
    case .mfaJSON, .whisperX, .gentle, .nemo: AlignerJSONReader(self)
    case .esps: ESPSReader()
    case .partitur: PartiturReader()
    case .rttm: RTTMReader()
    case .csv: CSVReader()
    case .htk: HTKReader()
    case .mlf: MLFReader()
    case .elan: ELANReader()
    case .eaf: ELANDocumentReader()
    case .audacity: AudacityReader()
    case .librispeech: LibriSpeechReader()
    case .jsonLines: JSONLinesReader()
    }
  }

  /// The endings of its files, lower-cased.
  private var endings: [String] {
    switch self {
    case .textGrid: [".textgrid", ".collection"]
    case .timit: [".phn", ".wrd", ".txt"]
    case .ctm: [".ctm"]
    case .mfaJSON, .whisperX, .gentle, .nemo: [".json"]
    case .esps: [".phones", ".words", ".lab"]
    case .partitur: [".par"]
    case .rttm: [".rttm"]
    case .csv: [".csv"]
    case .htk: [".lab"]
    case .mlf: [".mlf"]
    case .elan: [".tsv", ".txt"]
    case .eaf: [".eaf"]
    case .audacity: [".txt"]
    case .librispeech: [".alignment.txt"]
    case .jsonLines: [".jsonl"]
    }
  }

  /// How many characters of a file's name are the format's ending, or nil if it has another.
  ///
  /// The name of a tier or a tool in front belongs to it: `a.words.ctm` and `a.phones.ctm` label `a`.
  func ending(of name: String) -> Int? {
    let file = name.lowercased().split(separator: "/").last.map(String.init) ?? ""
    guard let ending = endings.first(where: { file.hasSuffix($0) && file.count > $0.count }) else {
      return nil
    }
    guard self != .textGrid, let inner = Self.innerName(file.dropLast(ending.count)) else {
      return ending.count
    }
    return ending.count + inner.count + 1
  }

  /// `words` of `a.words`.
  static func innerName(_ stem: some StringProtocol) -> String? {
    guard let dot = stem.lastIndex(of: "."), dot != stem.startIndex else { return nil }
    let inner = String(stem[dot...].dropFirst()).lowercased()
    return TierNames.level(of: inner) != nil || ["mfa", "elan", "audacity"].contains(inner) ? inner : nil
  }

  /// Whether it is looked for without a `corpus.yaml` that asks for it.
  var isUnmistakable: Bool { [.textGrid, .timit, .eaf, .esps, .partitur].contains(self) }

  /// Whether the tiers of a recording may be in several files.
  var isDivided: Bool {
    ![.textGrid, .mfaJSON, .whisperX, .gentle, .nemo, .eaf, .partitur].contains(self)
  }

  /// Whether these files of one recording hold labels at all; a text alone may be anything.
  func suffices(_ files: [CorpusFile]) -> Bool {
    switch self {
    case .timit: files.contains { !$0.path.lowercased().hasSuffix(".txt") }
    // Other labels, and transcripts, have these endings too.
    case .esps: files.contains { Self.isESPS($0.path) }
    default: !files.isEmpty
    }
  }

  private static func isESPS(_ path: String) -> Bool {
    (try? LabelText(contentsOf: path)).map(ESPSReader.recognises) ?? false
  }

  /// The format by the content where that tells, and by the name's ending where it does not.
  static func recognise(_ text: LabelText) throws(CorpusError) -> LabelFormat {
    let name = text.path.lowercased()
    let start = String(decoding: text.bytes.prefix(400), as: UTF8.self)
    if text.isBinary || start.contains("ooTextFile") || name.hasSuffix(".textgrid") { return .textGrid }
    if name.hasSuffix(".json") { return AlignerJSONReader.kind(of: text) ?? .mfaJSON }
    if ESPSReader.recognises(text) { return .esps }
    if start.hasPrefix("#!MLF!#") { return .mlf }
    if name.hasSuffix(".alignment.txt") { return .librispeech }
    for format in [LabelFormat.ctm, .eaf, .jsonLines, .csv, .htk, .mlf, .partitur, .rttm]
    where format.ending(of: name) != nil {
      return format
    }
    if name.hasSuffix(".phn") || name.hasSuffix(".wrd") { return .timit }
    // What is left is .tsv and .txt: ELAN's lines have many tabs, Audacity's two, TIMIT's none.
    let line = start.split(whereSeparator: \.isNewline).first ?? ""
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
    if fields.count >= 6 { return .elan }
    if fields.count == 3 { return .audacity }
    if name.hasSuffix(".txt"), line.split(separator: " ").prefix(2).count(where: { Int($0) != nil }) == 2 {
      return .timit
    }
    throw .unknownFormat(path: text.path, looksLike: "it begins “\(line.prefix(40))”")
  }
}
