import Audio
import Corpora

/// What the recordings of a corpus do not tell, or tell only by being listened to: clocks, ends, channels. An issue for
/// each kind, which counts the recordings and names the first.
struct SoundCheck {
  private var headers: [String: AudioHeader] = [:]

  mutating func header(_ path: String) throws -> AudioHeader {
    let header = try Waveform.header(path)
    headers[path] = header
    return header
  }

  func issues(of corpus: Corpus) -> [CorpusIssue] {
    guard !corpus.isText else { return [] }
    var seen: Set<String> = []
    let mixed = corpus.utterances.filter { $0.channel == nil }.map(\.audioPath)
    let mixedOnce = mixed.filter { seen.insert($0).inserted }
    seen = []
    let paths = corpus.utterances.map(\.audioPath).filter { seen.insert($0).inserted }
    return notes(of: paths, in: corpus) + channels(of: mixedOnce, in: corpus)
  }

  private func notes(of paths: [String], in corpus: Corpus) -> [CorpusIssue] {
    var found: [(note: AudioNote, paths: [String])] = []
    for path in paths {
      for note in headers[path]?.notes ?? [] {
        // One line for all that are joined, of however many parts.
        let place = found.firstIndex { note.isOfKind($0.note) }
        if let place { found[place].paths.append(path) } else { found.append((note, [path])) }
      }
    }
    return found.map { note, paths in
      CorpusIssue(
        note.severity, path: Self.shown(paths[0], in: corpus), message: "\(note)" + Self.others(paths),
        fix: note.fix)
    }
  }

  /// Recordings of several channels of which the mean would be studied: all are listened to, an hour in seconds.
  private func channels(of paths: [String], in corpus: Corpus) -> [CorpusIssue] {
    let several = paths.filter { (headers[$0]?.channels ?? 1) > 1 }
    let compared = several.compactMap { path in
      (try? Waveform.compareChannels(path)).flatMap { found in found.map { (path, $0) } }
    }
    let cancelling = compared.filter { $0.1.cancel }.map(\.0)
    let differing = compared.filter { $0.1.differ && !$0.1.cancel }.map(\.0)
    let fix =
      "say in corpus.yaml which channel is heard: channel: left (right, a number, mix, or a speaker's own: "
      + "{anna: left, ben: right})"
    var issues: [CorpusIssue] = []
    if let first = cancelling.first {
      issues.append(
        CorpusIssue(
          .warning, path: Self.shown(first, in: corpus),
          message: "its channels cancel in their mean, which is what is studied" + Self.others(cancelling),
          fix: fix))
    }
    if let first = differing.first, !corpus.statesChannel {
      issues.append(
        CorpusIssue(
          .warning, path: Self.shown(first, in: corpus),
          message:
            "its channels differ, as those of two microphones or two speakers do, and their mean is what "
            + "is studied" + Self.others(differing), fix: fix))
    }
    return issues
  }

  private static func shown(_ path: String, in corpus: Corpus) -> String {
    path.hasPrefix(corpus.path + "/") ? String(path.dropFirst(corpus.path.count + 1)) : path
  }

  private static func others(_ paths: [String]) -> String {
    switch paths.count {
    case 1: ""
    case 2: "; the same of 1 other recording"
    default: "; the same of \(paths.count - 1) other recordings"
    }
  }
}

extension AudioNote {
  fileprivate var severity: CorpusIssue.Severity {
    switch self {
    case .unknownDelay, .endsInFrame: .warning
    case .joined, .unknownLength: .note
    }
  }

  fileprivate var fix: String? {
    guard case .unknownDelay = self else { return nil }
    return
      "labels made on these MP3 files have the same clock; labels made on what they were made from need "
      + "`shift:` in corpus.yaml"
  }

  fileprivate func isOfKind(_ other: AudioNote) -> Bool {
    switch (self, other) {
    case (.joined, .joined): true
    default: self == other
    }
  }
}
