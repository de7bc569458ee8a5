import Foundation

/// Finds the audio and label files of a corpus and pairs them.
enum CorpusFolder {
  static let audioExtensions =
    [
      "wav", "flac", "ogg", "mp3", "aiff", "aif", "sph", "nist", "opus", "wave", "oga", "au", "snd", "caf",
      "w64",
      "rf64", "mp2", "mpga",
    ] + foreignExtensions

  /// Audio that must be converted first: found, so that it is refused by name and not passed over.
  static let foreignExtensions = [
    "m4a", "m4b", "mp4", "aac", "webm", "mka", "wma", "amr", "3gp", "wv", "ape", "tta", "shn",
  ]

  /// Folders that only say what kind of file is in them; they are no part of an utterance's id, so that
  /// `wav/a.wav` and `TextGrid/a.TextGrid` are one utterance.
  static let containers: Set<String> = [
    "wav", "wavs", "audio", "audios", "flac", "sound", "sounds", "recordings", "clips", "corpus", "data",
    "textgrid", "textgrids", "labels", "aligned", "alignment", "alignments", "annotation", "annotations",
  ]

  /// An audio file and its labels.
  struct Pair {
    let id: String
    let audio: CorpusFile
    /// The files that hold them.
    let labels: [CorpusFile]
    let source: Source

    enum Source {
      /// Files of this utterance alone.
      case own(LabelFormat)
      /// Tiers out of files that label many.
      case shared([Tier])
    }
  }

  /// Of films that may hold an utterance's sound, so that its labels are no one else's.
  private static let filmEndings: Set<String> = ["mov", "m4v", "mkv", "avi", "mpg", "mpeg"]

  /// The pairs in the order of their ids, and an issue for every file that is left alone.
  static func pairs(
    root: String, settings: CorpusSettings, issues: inout IssueList
  ) throws(CorpusError) -> [Pair] {
    let audioFolder = try folder(settings.audio, below: root)
    let walk = try FolderWalk.look(in: audioFolder)
    report(walk.brokenLinks, &issues)
    let names = walk.files
    if settings.labels == nil, let kaldi = KaldiFolder(root: audioFolder, names: names) {
      return try kaldi.pairs(issues: &issues)
    }
    let audio = unique(
      names.compactMap { name in
        audioEnding(name).map { CorpusFile(name, ending: $0, in: audioFolder, root: root) }
      }, &issues)
    if audio.isEmpty { throw .noAudio(path: audioFolder) }
    if let shared = try sharedLabels(names, settings, root, &issues) {
      return pairs(audio, with: shared, &issues)
    }
    var labelFolder = try folder(settings.labels?.first ?? settings.audio, below: root)
    var labelNames = labelFolder == audioFolder ? names : try FolderWalk.files(in: labelFolder)
    var labels = LabelIndex(format: settings.format)
    for name in labelNames { labels.add(name, in: labelFolder, root: root) }
    if labels.isEmpty, settings.labels == nil, settings.audio != nil {
      // Audio that is kept elsewhere, and labels beside the corpus.yaml.
      labelFolder = root
      labelNames = try FolderWalk.files(in: root)
      for name in labelNames { labels.add(name, in: root, root: root) }
    }
    let foreign = films(names, in: audioFolder, root: root)
    labels.pair(audio, foreign: Set(foreign.keys).subtracting(audio.map(\.id)), &issues)
    // Looked for once: where one recording's labels are of a format that must be asked for, all are.
    var hint: String?
    let pairs = audio.compactMap { file -> Pair? in
      guard let found = labels.take(file.id, &issues) else {
        guard !labels.refused.contains(file.id) else { return nil }
        let words =
          hint ?? LabelHint(names: labelNames, folder: labelFolder, settings: settings).words(for: file)
        hint = words
        issues.add(.audioWithoutLabels, file.shown, "has no label file; left out\(words)")
        return nil
      }
      return Pair(id: file.id, audio: file, labels: found.files, source: .own(found.format))
    }
    labels.reportRest(foreign: foreign, &issues)
    return pairs
  }

  /// Files that label many recordings each: those that `labels:` names, or LibriSpeech's or a format's own; nil where
  /// labels are files beside the audio.
  private static func sharedLabels(
    _ names: [String], _ settings: CorpusSettings, _ root: String, _ issues: inout IssueList
  ) throws(CorpusError) -> SharedLabels? {
    if let files = settings.labels, files.count > 1 || !isFolder(path(files.first, below: root)) {
      return try SharedLabels(files, format: settings.format, root: root, &issues)
    }
    guard settings.format == nil || settings.format == .librispeech else { return nil }
    let folder = try folder(settings.labels?.first ?? settings.audio, below: root)
    let inside = settings.labels == nil ? names : try FolderWalk.files(in: folder)
    let alignments = inside.filter { $0.lowercased().hasSuffix(".alignment.txt") }
    guard !alignments.isEmpty else { return nil }
    // Names below the corpus, or whole paths.
    let below =
      folder == root
      ? "" : folder.hasPrefix(root + "/") ? String(folder.dropFirst(root.count + 1)) + "/" : folder + "/"
    return try SharedLabels(alignments.map { below + $0 }, format: .librispeech, root: root, &issues)
  }

  private static func report(_ links: [(name: String, target: String)], _ issues: inout IssueList) {
    for link in links {
      let advice = FilePointer.advice(text: link.target).map { "; \($0)" } ?? ""
      issues.add(
        .brokenLink, link.name, "left out: it is a link to \(link.target), which is not there\(advice)")
    }
  }

  /// The paths of films, by the id of the utterance.
  private static func films(_ names: [String], in folder: String, root: String) -> [String: String] {
    var found: [String: String] = [:]
    for name in names {
      guard let dot = name.lastIndex(of: "."),
        filmEndings.contains(name[dot...].dropFirst().lowercased()),
        audioEnding(name) == nil
      else { continue }
      let file = CorpusFile(name, ending: name[dot...].count, in: folder, root: root)
      found[file.id] = file.shown
    }
    return found
  }

  private static func pairs(
    _ audio: [CorpusFile], with labels: SharedLabels, _ issues: inout IssueList
  ) -> [Pair] {
    var labels = labels
    let pairs = audio.compactMap { file -> Pair? in
      guard let tiers = labels.take(file) else {
        issues.add(
          .audioWithoutLabels, file.shown, "is not in \(labels.names), by “\(file.stem)”; left out")
        return nil
      }
      return Pair(id: file.id, audio: file, labels: labels.files, source: .shared(tiers))
    }
    labels.reportRest(&issues)
    return pairs
  }

  /// A name without its audio ending, where it has one.
  static func withoutAudioExtension(_ name: String) -> String {
    audioEnding(name).map { String(name.dropLast($0)) } ?? name
  }

  /// How many characters of a name are its audio ending, or nil; `SA1.WAV.wav` has a double one.
  static func audioEnding(_ name: String) -> Int? {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      audioExtensions.contains(name[dot...].dropFirst().lowercased())
    else { return nil }
    return name[dot...].count + (audioEnding(String(name[..<dot])) ?? 0)
  }

  static func path(_ name: String?, below root: String) -> String {
    guard let name else { return root }
    return name.hasPrefix("/") ? name : root + "/" + name
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private static func folder(_ name: String?, below root: String) throws(CorpusError) -> String {
    let path = path(name, below: root)
    guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
    guard isFolder(path) else { throw .notAFolder(path: path) }
    return path
  }

  /// The first of the files with one id; the others are issues, if they are not what it was converted from.
  private static func unique(_ files: [CorpusFile], _ issues: inout IssueList) -> [CorpusFile] {
    var first: [String: CorpusFile] = [:]
    for file in files.filter({ !$0.isForeign }) + files.filter(\.isForeign) {
      if let other = first[file.id] {
        if file.isForeign && !other.isForeign { continue }
        issues.add(
          .duplicate, file.shown,
          "is a second audio file for “\(file.id)”, beside \(other.shown); left out. Rename one of them")
      } else {
        first[file.id] = file
      }
    }
    return first.values.sorted { $0.id < $1.id }
  }
}

/// A file of a corpus.
struct CorpusFile: Equatable {
  /// What opens it.
  let path: String
  /// The path from the corpus, for messages.
  let shown: String
  /// The name without folders and ending.
  let stem: String
  /// The path without containers and ending.
  let id: String

  /// Whether its name says a kind of audio that must be converted first.
  var isForeign: Bool {
    CorpusFolder.foreignExtensions.contains(path.split(separator: ".").last?.lowercased() ?? "")
  }

  /// A file that goes by a name of its own.
  init(id: String, path: String) {
    (self.id, stem, self.path, shown) = (id, id, path, path)
  }

  /// `name` is the path below `folder`, the last `ending` characters of which say the format.
  init(_ name: String, ending: Int, in folder: String, root: String) {
    path = folder + "/" + name
    shown = path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
    var parts = name.dropLast(ending).split(separator: "/").map(String.init)
    stem = parts.popLast() ?? ""
    id = (parts.filter { !CorpusFolder.containers.contains($0.lowercased()) } + [stem]).joined(
      separator: "/")
  }
}
