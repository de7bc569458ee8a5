import Foundations

/// Says who speaks in each utterance.
enum SpeakerNames {
  /// What is known of an utterance besides its labels.
  struct Clue {
    let id: String
    /// With the speaker, where a recording has several.
    var utterance = ""
    /// That the label file names: in front of its tiers, as participant, by channel.
    let ofTiers: String?
  }

  struct Found {
    /// For each utterance; nil where it is not known.
    var names: [String?]
    /// Where the names come from.
    var explanation: String
    /// Whether they may be taken without asking.
    var isKnown = true

    static let unknown = "unknown"

    /// For messages: the first names and where they come from.
    var words: String {
      let known = names.compactMap(\.self)
      if known.allSatisfy({ $0 == Self.unknown }) { return explanation }
      return "\(SpeakerList(known).words()), from \(explanation)"
    }
  }

  /// The tables that `corpus.yaml` or the folder have.
  struct Tables {
    /// `utterances.tsv`.
    var utterances: UtteranceTable?
    /// `speaker: {table: …}`, or a Kaldi folder's `utt2spk`.
    var speakers: SpeakerTable?
  }

  static func find(_ clues: [Clue], source: CorpusSettings.Source?, tables: Tables) -> Found {
    var found = names(clues, source: source, tables: tables)
    // Those who share a recording are told apart by its labels alone.
    let shared = clues.indices.filter {
      !clues[$0].utterance.isEmpty && clues[$0].utterance != clues[$0].id
    }
    if source == nil, tables.utterances?.columns.contains("speaker") != true {
      for place in shared { found.names[place] = clues[place].ofTiers ?? found.names[place] }
    }
    return found
  }

  private static func names(_ clues: [Clue], source: CorpusSettings.Source?, tables: Tables) -> Found {
    let ids = clues.map(\.id)
    switch source {
    case .constant(let name):
      return Found(names: ids.map { _ in name }, explanation: "corpus.yaml")
    case .column(let column):
      return Found(
        names: clues.map { self.column(column, $0, tables) },
        explanation: "the column “\(column)” of the table")
    case .pattern(let pattern):
      let place = pattern.contains("/") ? "ids" : "file names"
      return Found(names: match(pattern, in: ids), explanation: "the pattern \(pattern) on the \(place)")
    case .folder: return Found(names: ids.map(SpeakerFolders.nearest), explanation: "the folders' names")
    case .level(let level):
      return Found(
        names: ids.map { SpeakerFolders.folder($0, level: level) },
        explanation: "the folders' names at level \(level)")
    case .table(let name):
      return Found(
        names: ids.map { tables.speakers?.speaker(of: $0) }, explanation: "the table \(name)")
    case .tier, .words, nil: break
    }
    if tables.utterances?.columns.contains("speaker") == true {
      return Found(
        names: clues.map { column("speaker", $0, tables) }, explanation: "the column “speaker” of the table"
      )
    }
    if clues.allSatisfy({ $0.ofTiers != nil }) {
      return Found(names: clues.map(\.ofTiers), explanation: "the tiers' names")
    }
    if let table = tables.speakers {
      let names = clues.map { table.speaker(of: $0.id) ?? $0.ofTiers }
      if names.contains(where: { $0 != nil }) { return Found(names: names, explanation: table.name) }
    }
    return KnownLayouts.find(ids) ?? SpeakerFolders.find(ids) ?? SpeakerPrefixes.find(ids)
      ?? Found(
        names: ids.map { _ in Found.unknown },
        explanation: "not known: all utterances are taken to be one speaker's", isKnown: false)
  }

  private static func column(_ name: String, _ clue: Clue, _ tables: Tables) -> String? {
    tables.utterances?.value(name, of: clue.utterance, only: true)
      ?? (clue.utterance.isEmpty || clue.utterance == clue.id ? nil : clue.ofTiers)
      ?? tables.utterances?.value(name, of: clue.id)
  }

  static func stem(_ id: String) -> String { id.split(separator: "/").last.map(String.init) ?? id }

  /// The part of each name that a pattern takes.
  static func match(_ pattern: String, in ids: [String]) -> [String?] {
    guard let compiled = try? NamePattern(pattern) else { return ids.map { _ in nil } }
    return ids.map { compiled.part(of: pattern.contains("/") ? $0 : stem($0)) }
  }
}

/// A file that says who speaks: a line each of an utterance, a file name or a folder, white space, and a name; or RTTM.
struct SpeakerTable {
  let name: String
  private let names: [String: String]

  /// Throws for a line that is not one.
  init(_ text: LabelText, name: String) throws(CorpusError) {
    var issues = IssueList()
    var fault: CorpusError?
    self.init(text, name: name, &issues, fault: &fault)
    if let fault { throw fault }
  }

  /// A line that is not one costs that line.
  init(_ text: LabelText, name: String, _ issues: inout IssueList) {
    var fault: CorpusError?
    self.init(text, name: name, &issues, fault: &fault)
  }

  private init(_ text: LabelText, name: String, _ issues: inout IssueList, fault: inout CorpusError?) {
    self.name = name
    var names: [String: String] = [:]
    if name.lowercased().hasSuffix(".rttm") {
      // A recording of several speakers has none of its own.
      do throws(CorpusError) {
        for recording in try RTTMReader().recordings(in: text) {
          let speakers = Set(recording.tiers.compactMap(\.speaker))
          if let file = recording.name, speakers.count == 1 { names[file] = speakers.first }
        }
      } catch {
        fault = error
      }
      self.names = names
      return
    }
    for line in text.labelLines {
      let fields = line.text.contains("\t") ? line.fields.map(\.trimmed) : line.words.map(String.init)
      guard fields.count == 2, !fields[1].isEmpty else {
        let wrong = line.wrong("a name and its speaker")
        fault = fault ?? wrong
        issues.add(
          .labels, name, line: line.number, severity: .warning, "this line is left out: \(wrong.reason)")
        continue
      }
      names[CorpusFolder.withoutAudioExtension(fields[0])] = fields[1]
    }
    self.names = names
  }

  /// By the utterance's id, its file name, or the nearest of its folders that the table has.
  func speaker(of id: String) -> String? {
    if let own = names[id] { return own }
    return id.split(separator: "/").reversed().lazy.compactMap { names[String($0)] }.first
  }
}

/// Corpora that are known by the names of their files.
enum KnownLayouts {
  /// A pattern that all ids must match, whose first group is the speaker; where it has none, the corpus's one.
  private static let layouts: [(corpus: String, pattern: String, speaker: String?)] = [
    // keithito.com/LJ-Speech-Dataset: one reader, books and chapters in the names.
    ("LJ Speech", #"(?:^|/)LJ\d{3}-\d{4}$"#, "LJ"),
    // robots.ox.ac.uk/~vgg/data/voxceleb: a person, a video, a cut.
    ("VoxCeleb", #"(?:^|/)(id\d{5})/[^/]+/\d{5}$"#, nil),
    // openslr.org/33
    ("AISHELL", #"(?:^|/)BAC\d{3}(S\d{4})W\d{4}$"#, nil),
    // openslr.org/12, openslr.org/60: reader, chapter, utterance.
    ("LibriSpeech", #"(?:^|/)(\d{2,5})[-_]\d{3,6}[-_]\d{4,6}(?:_\d{6})?$"#, nil),
    // datashare.ed.ac.uk/handle/10283/3443
    ("VCTK", #"(?:^|/)([ps]\d{1,3})_\d{3}(?:_mic\d)?$"#, nil),
    // buckeyecorpus.osu.edu: speaker, recording, part.
    ("Buckeye", #"(?:^|/)(s[0-4]\d)\d\d[ab]$"#, nil),
    // zenodo.org/records/1188976: the actor is the last of seven numbers.
    ("RAVDESS", #"(?:^|/)0\d-0\d-0\d-0\d-0\d-0\d-(\d\d)$"#, nil),
    // github.com/CheyneyComputerScience/CREMA-D
    ("CREMA-D", #"(?:^|/)(\d{4})_[A-Z]{3}_[A-Z]{3}_[A-Z]{2}$"#, nil),
    // emodb.bilderbar.info
    ("Emo-DB", #"(?:^|/)(\d\d)[ab]\d\d[A-Z][a-z]$"#, nil),
  ]

  static func find(_ ids: [String]) -> SpeakerNames.Found? {
    for layout in layouts {
      guard let pattern = try? NamePattern(layout.pattern) else { continue }
      var names: [String] = []
      for id in ids {
        guard let part = pattern.part(of: id) else { break }
        names.append(layout.speaker ?? part)
      }
      guard names.count == ids.count else { continue }
      return SpeakerNames.Found(names: names, explanation: "the names of \(layout.corpus)")
    }
    return nil
  }
}
