/// Finds the level of folders that are speakers, by what their names and their repetition tell.
enum SpeakerFolders {
  /// The speaker's folder of each utterance; nil where some have no folder, or where folders are sessions only.
  static func find(_ ids: [String]) -> SpeakerNames.Found? {
    let paths = ids.map { $0.split(separator: "/").dropLast().map(String.init) }
    guard paths.allSatisfy({ !$0.isEmpty }) else { return nil }
    let named = zip(ids, paths).map { id, path in path.firstIndex { names($0, SpeakerNames.stem(id)) } }
    guard let depth = paths.first?.count, paths.allSatisfy({ $0.count == depth }) else {
      // Of different depth: each by itself, the topmost that its file is named after, else the nearest.
      return .init(
        names: zip(paths, named).map { path, place in place.map { path[$0] } ?? path.last },
        explanation: "the folders' names")
    }
    // What all share says nothing, nor do the parts that a corpus is published in.
    let levels = (0..<depth).filter { level in
      Set(paths.map { $0[level] }).count > 1 && !paths.allSatisfy { FolderWords.isPart($0[level]) }
    }
    guard !levels.isEmpty else {
      return SpeakerPrefixes.find(ids) ?? oneFolder(paths, depth)
    }
    let people = levels.filter { level in !paths.allSatisfy { FolderWords.isOccasion($0[level]) } }
    guard !people.isEmpty else { return nil }
    let once = people.filter { !repeats(paths, $0, among: levels) }
    // A folder whose files are named after it.
    if let level = once.first(where: { level in named.allSatisfy { $0 == level } })
      ?? once.first(where: { level in zip(ids, paths).allSatisfy { names($1[level], SpeakerNames.stem($0)) }
      })
    {
      return found(paths, level)
    }
    if people.count == 1 { return found(paths, people[0]) }
    // The same folders in each: sessions, styles, emotions. Those that hold them are the speakers.
    if once.count == 1, levels.count > 1 { return found(paths, once[0], among: people) }
    return found(paths, (once.last ?? people.last) ?? depth - 1, among: people)
  }

  /// The folder of an id, counted from the top (1) or from the file (-1).
  static func folder(_ id: String, level: Int) -> String? {
    let folders = id.split(separator: "/").dropLast().map(String.init)
    let place = level > 0 ? level - 1 : folders.count + level
    return folders.indices.contains(place) ? folders[place] : nil
  }

  /// The nearest folder whose name begins the file's name, or else the nearest.
  static func nearest(_ id: String) -> String? {
    let folders = id.split(separator: "/").dropLast().map(String.init)
    return folders.last { names($0, SpeakerNames.stem(id)) } ?? folders.last
  }

  /// Whether a file is named after a folder: `p225_001` in `p225`, `BAC009S0002W0121` in `S0002`, not `s0101a` in `s0101a`.
  private static func names(_ folder: String, _ stem: String) -> Bool {
    guard folder.count < stem.count, let place = stem.firstRange(of: folder) else { return false }
    return folder.count > 2 || place.lowerBound == stem.startIndex
  }

  /// Whether a level's folders occur in several of the folders above it.
  private static func repeats(_ paths: [[String]], _ level: Int, among levels: [Int]) -> Bool {
    guard let above = levels.last(where: { $0 < level }) else { return false }
    var holders: [String: Set<String>] = [:]
    for path in paths { holders[path[level], default: []].insert(path[above]) }
    return holders.values.contains { $0.count > 1 }
  }

  private static func found(_ paths: [[String]], _ level: Int, among: [Int] = []) -> SpeakerNames.Found {
    let others = among.filter { other in
      other != level && !paths.allSatisfy { FolderWords.isOccasion($0[other]) }
    }
    guard !others.isEmpty else {
      return .init(names: paths.map { $0[level] }, explanation: "the folders' names")
    }
    let choices = among.map { level in
      "{level: \(level + 1)}: \(SpeakerList(paths.map { $0[level] }).words(4))"
    }
    return .init(
      names: paths.map { $0[level] },
      explanation:
        "the folders' names at level \(level + 1), which may be wrong: say which level is the speaker "
        + "in corpus.yaml, speaker: \(choices.joined(separator: "; or "))",
      isKnown: false)
  }

  private static func oneFolder(_ paths: [[String]], _ depth: Int) -> SpeakerNames.Found? {
    guard let name = paths.first?.last, paths.allSatisfy({ $0.last == name }), !FolderWords.isPart(name),
      !FolderWords.isOccasion(name)
    else { return nil }
    return .init(names: paths.map(\.last), explanation: "the folders' names")
  }
}

/// What folders are called that are no speakers.
enum FolderWords {
  /// Parts of a published corpus: its division, dialect regions, sex, sound.
  static func isPart(_ name: String) -> Bool {
    let words = words(of: name)
    guard let first = words.first else { return false }
    return parts.contains(first) || parts.contains(name.lowercased())
  }

  /// Occasions and manners of speaking.
  static func isOccasion(_ name: String) -> Bool {
    guard let first = words(of: name).first else { return name.count { $0.isNumber } > 5 }
    return occasions.contains(first)
  }

  /// Lower-cased runs of letters: `session` of `session1`, `train` of `train-clean-100`; none in a number or a date.
  private static func words(of name: String) -> [String] {
    name.lowercased().split { !$0.isLetter }.map(String.init)
  }

  private static let parts: Set<String> = [
    "train", "training", "dev", "devel", "development", "valid", "validation", "val", "test", "testing",
    "eval",
    "evaluation", "dr", "clean", "noisy", "other", "original", "male", "female", "males", "females", "men",
    "women",
    "native", "nonnative", "wav", "flac", "mp",
  ]

  private static let occasions: Set<String> = [
    "session", "sessions", "sess", "ses", "day", "visit", "take", "part", "chapter", "chap", "disc", "cd",
    "block",
    "rec", "recording", "recordings", "video", "episode", "scene", "trial", "task", "list", "set", "batch",
    "book",
    "neutral", "amused", "amusement", "angry", "anger", "sad", "sadness", "happy", "happiness", "joy",
    "fear",
    "fearful", "disgust", "disgusted", "surprise", "surprised", "sleepy", "sleepiness", "bored", "boredom",
    "calm",
    "excited", "contempt", "read", "reading", "spontaneous", "spont", "interview", "formal", "informal",
    "casual",
    "clear", "conversation", "dialogue", "dialog", "monologue", "story", "whisper", "whispered", "shouted",
    "loud",
    "soft", "fast", "slow", "normal", "modal", "lombard",
  ]
}
