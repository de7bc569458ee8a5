/// Finds what may label a recording that has no labels yet, and says what `corpus.yaml` needs for it.
struct LabelHint {
  /// Of the files in the folder of the labels.
  let names: [String]
  let folder: String
  let settings: CorpusSettings

  /// To stand behind “has no label file”; empty where nothing is found.
  func words(for audio: CorpusFile) -> String {
    if let foreign = foreign(for: audio) { return foreign }
    guard settings.format == nil, settings.labels == nil else { return "" }
    return aligner ?? own(for: audio) ?? shared ?? ""
  }

  /// A file of the recording's name in a format that is not read.
  private func foreign(for audio: CorpusFile) -> String? {
    for name in names {
      guard let (format, stem) = ForeignFormat.of(name), stem == audio.stem else { continue }
      return "; \(name) is \(format.title), which is not read: \(format.wayOn)"
    }
    return nil
  }

  /// The NeMo Forced Aligner writes words, tokens and segments into three folders of one name.
  private var aligner: String? {
    guard let name = names.first(where: { $0.hasSuffix(".ctm") && $0.contains("ctm/words/") }),
      let end = name.range(of: "ctm/words/")?.upperBound
    else { return nil }
    return
      "; \(name[..<end]) holds words of the NeMo Forced Aligner: say `labels: \(name[..<end].dropLast())` and "
      + "`format: ctm` in corpus.yaml"
  }

  /// A file of the recording's name in a format that must be asked for.
  private func own(for audio: CorpusFile) -> String? {
    for name in names {
      let formats = LabelFormat.allCases.filter { format in
        guard !format.isUnmistakable || format == .esps, let ending = format.ending(of: name) else {
          return false
        }
        return CorpusFile(name, ending: ending, in: "", root: "").stem == audio.stem
      }
      guard !formats.isEmpty else { continue }
      let lower = name.lowercased()
      let text = try? LabelText(contentsOf: folder + "/" + name)
      if lower.hasSuffix(".lab"), let line = text?.labelLines.first, !isTimed(line) {
        return
          "; \(name) is a transcript without times (“\(line.text.prefix(30))”): align it with the audio first, "
          + "for instance with the Montreal Forced Aligner"
      }
      if lower.hasSuffix(".json"), let text {
        guard let kind = AlignerJSONReader.kind(of: text) else { continue }
        return "; \(name) holds \(kind.title): say `format: \(kind.rawValue)` in corpus.yaml"
      }
      let asked =
        formats.contains(.mlf)
        ? "labels: \(name)"
        : "format: \(formats.filter { !$0.isUnmistakable }.map(\.rawValue).joined(separator: " or "))"
      return "; \(name) may hold its labels: say `\(asked)` in corpus.yaml"
    }
    return nil
  }

  private func isTimed(_ line: LabelLine) -> Bool {
    let words = line.words
    return words.count > 2 && words.prefix(2).allSatisfy { Numeral.parse(Array($0.utf8)[...]) != nil }
  }

  /// A file that may label many recordings.
  private var shared: String? {
    let endings = [".mlf", ".ctm", ".collection", ".jsonl", ".rttm"]
    let name = names.first { name in endings.contains { name.lowercased().hasSuffix($0) } }
    return name.map { name in
      name.lowercased().hasSuffix(".rttm")
        ? "; \(name) says who speaks when, not what; labels of words or phones are needed beside it"
        : "; \(name) may label it with others: say `labels: \(name)` in corpus.yaml"
    }
  }
}
