import Foundation

/// Reads a text, or a folder of texts.
struct TextCorpusLoader {
  private let root: String
  private let settings: CorpusSettings
  private let files: [CorpusFile]

  /// Nil where the folder holds audio, or no text.
  init?(root: String, settings: CorpusSettings) throws(CorpusError) {
    let names = try FolderWalk.files(in: root)
    guard settings.audio == nil, !names.contains(where: { CorpusFolder.withoutAudioExtension($0) != $0 })
    else { return nil }
    let table = settings.table ?? UtteranceTable.usualName
    files = names.filter { $0 != table }.compactMap { Self.file($0, in: root) }
    guard !files.isEmpty else { return nil }
    self.root = root
    self.settings = settings
  }

  /// One file; nil where its name is not a text's.
  init?(file path: String) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
    guard let name = parts.last, let file = Self.file(String(name), in: folder) else { return nil }
    (root, settings, files) = (path, CorpusSettings(), [file])
  }

  private static func file(_ name: String, in folder: String) -> CorpusFile? {
    let ending = endings.first { name.lowercased().hasSuffix($0) && name.count > $0.count }
    return ending.map { CorpusFile(name, ending: $0.count, in: folder, root: folder) }
  }

  private static let endings = [".conllu", ".tsv"]

  func load() throws(CorpusError) -> Corpus {
    var issues = IssueList()
    let found = sentences(&issues)
    let speakers = SpeakerNames.find(
      found.map {
        SpeakerNames.Clue(id: $0.id, ofTiers: $0.sentence.speaker ?? $0.sentence.document ?? $0.file)
      },
      source: settings.speaker, tables: SpeakerNames.Tables())
    let words = "texts: positions are characters (Unicode scalars), a sentence is an utterance"
    issues.add(.corpus, root, "\(words), and its speaker is its author, else its document, else its file")
    noteDerived(found, &issues)
    let utterances = zip(found, speakers.names).map { found, speaker in
      Utterance(
        id: found.id, audioPath: found.path, text: found.sentence.text, labelPath: found.path,
        speaker: speaker ?? found.file, sentence: SentenceText.key(found.sentence.text) ?? found.id,
        seconds: Double(found.sentence.text.unicodeScalars.count), tiers: found.tiers, labelling: labelling)
    }
    guard !utterances.isEmpty else {
      throw .noSentences(path: root, files: files.count, first: issues.reasonForNothing?.description)
    }
    return Corpus(
      name: settings.name ?? URL(filePath: root).standardizedFileURL.lastPathComponent, path: root,
      utterances: utterances.sorted { $0.id < $1.id }, silenceLabels: [], issues: issues.all(path: root))
  }

  private var labelling: Labelling {
    var labelling = Labelling(silence: [""])
    labelling.isText = true
    return labelling
  }

  private struct Found {
    let id: String
    let file: String
    let path: String
    let sentence: AnnotatedSentence
    let tiers: [Level: Tier]
  }

  private func sentences(_ issues: inout IssueList) -> [Found] {
    var found: [Found] = []
    var ids: Set<String> = []
    for file in files {
      for sentence in read(file, &issues) {
        let tiers = TextTiers(sentence, path: file.shown).all
        guard tiers[.word] != nil else {
          issues.add(
            .text, file.shown, line: sentence.line, severity: .warning,
            "a sentence without a word; left out")
          continue
        }
        // Numbered with zeros, so that the order of ids is that of lines.
        let number = String(sentence.line)
        let line = String(repeating: "0", count: max(0, 7 - number.count)) + number
        var id = "\(file.id)/\(sentence.id ?? line)"
        if !ids.insert(id).inserted {
          issues.add(
            .duplicate, file.shown, line: sentence.line,
            "a second sentence “\(id)”; its line is added to its name")
          id += "@\(line)"
          ids.insert(id)
        }
        found.append(Found(id: id, file: file.id, path: file.path, sentence: sentence, tiers: tiers))
      }
    }
    return found
  }

  private func read(_ file: CorpusFile, _ issues: inout IssueList) -> [AnnotatedSentence] {
    do throws(CorpusError) {
      let text = try LabelText(contentsOf: file.path)
      if file.path.lowercased().hasSuffix(".conllu") {
        return CoNLLUReader.sentences(in: text, shown: file.shown, issues: &issues)
      }
      guard let reader = TextTableReader(header: text.lines.first?.text ?? "", shown: file.shown) else {
        issues.add(
          .labels, file.shown, line: 1, severity: .warning,
          "left out: its first line names no column “text” or “form”")
        return []
      }
      return reader.sentences(in: text, issues: &issues)
    } catch {
      issues.add(.labels, file.shown, line: error.line, "left out: \(error.reason)")
      return []
    }
  }

  private func noteDerived(_ found: [Found], _ issues: inout IssueList) {
    let trees = found.count { $0.sentence.hasSyntax }
    guard trees > 0 else {
      issues.add(
        .corpus, root, "no sentence has a tree (heads and relations), so there are no phrases or clauses")
      return
    }
    issues.add(
      .corpus, root,
      "phrases, clauses and the structure of \(trees) sentences are derived from their trees")
    if trees < found.count {
      issues.add(.corpus, root, "\(found.count - trees) sentences have no tree, and no phrases or clauses")
    }
  }
}
