import Audio
import Corpora
import Foundations
import Models

/// The utterances of a corpus with what a model is to make of them, in parts that share no speaker and no sentence where
/// the corpus allows it.
public struct TrainingData: Sendable {
  /// The names of the head's classes; of CTC the blank among them.
  public let classes: [String]
  /// The place of CTC's blank in `classes`.
  public let blank: Int
  /// Classes that stand for silence: what CTC finds of them is left out.
  public let fillers: Set<Int>
  /// Utterances that are learned from.
  public let train: [TrainingExample]
  /// Utterances on which the best step is chosen; empty where there are too few.
  public let development: [TrainingExample]
  /// Utterances that nothing is learned from.
  public let test: [TrainingExample]
  /// Of the model that they are for.
  let samplingRate: Int
  /// How the corpus is divided, and what was left out, a line each.
  public let notes: [String]
  /// The divisions that there are.
  public let foldCount: Int

  /// What labels are read.
  public enum Labels: Sendable, Equatable {
    case level(Level)
    case speaker

    /// The level's name, or `speaker`.
    public var name: String {
      switch self {
      case .level(let level): level.rawValue
      case .speaker: "speaker"
      }
    }

    /// nil of what is neither a level nor `speaker`.
    public init?(_ name: String) {
      if name == "speaker" {
        self = .speaker
      } else if let level = Level(rawValue: name) {
        self = .level(level)
      } else {
        return nil
      }
    }
  }

  static let blanks: Set<String> = [
    "<pad>", "<blank>", "<blk>", "[pad]", "blank", "<ctc>", "<eps>",
  ]
  static let silences: Set<String> = ["sil", "sp", "spn", "<s>", "</s>", "<unk>", "[unk]", "<sil>"]
  /// Between words that are spelt in letters.
  static let wordGap = "|"

  /// - Parameters:
  ///   - existing: the names of the classes of a head that is kept; nil for a new head.
  ///   - fold: which division of the corpus, from 0.
  ///   - longest: the seconds of the longest recording that is taken.
  /// - Throws: `FineTuningError`, `CorpusError`.
  public init(
    _ corpus: Corpus, for model: SpeechModel, task: TrainingTask, labels: Labels, existing: [String]? = nil,
    fold number: Int = 0, longest: Double? = nil, seed: UInt64
  ) throws {
    var notes: [String] = []
    let spelling = Spelling(task: task, labels: labels)
    let limit = min(longest ?? .infinity, Self.passSeconds(of: model) ?? .infinity)
    let all = corpus.utterances.filter { $0.seconds <= limit }
    if all.count < corpus.utterances.count {
      notes.append(
        "\(corpus.utterances.count - all.count) recordings longer than \(limit) s are left out"
      )
    }
    let used = all.filter { spelling.has($0) }
    if used.count < all.count {
      notes.append("\(all.count - used.count) recordings without labels of \(labels.name) are left out")
    }
    guard used.count > 1 else {
      throw FineTuningError.nothingToLearn(
        level: labels.name, reason: "\(used.count) recordings of \(corpus.name) have labels of it")
    }
    let found = Set(used.flatMap(spelling.symbols(of:))).sorted()
    let names = existing ?? (task == .ctc ? ["<pad>"] + found : found)
    (classes, samplingRate) = (names, model.samplingRate)
    let index = try Self.index(of: names, covering: found)
    let lower = names.map { $0.lowercased() }
    if task == .ctc {
      guard let place = lower.firstIndex(where: Self.blanks.contains) else {
        throw FineTuningError.setting(
          name: "the head", found: "without a class for CTC's blank",
          expected: "one called <pad> (--head new makes one)")
      }
      blank = place
      fillers = existing == nil ? [] : Set(lower.indices.filter { Self.silences.contains(lower[$0]) })
    } else {
      (blank, fillers) = (0, [])
    }
    let plan = try Self.plan(used, labels, seed: seed)
    guard plan.folds.indices.contains(number) else {
      throw FineTuningError.setting(
        name: "the fold", found: "\(number + 1)", expected: "1 to \(plan.folds.count)")
    }
    foldCount = plan.folds.count
    notes.insert(plan.description, at: 0)
    notes += plan.warnings
    let fold = plan.folds[number]
    guard !fold.train.isEmpty else {
      throw FineTuningError.nothingToLearn(level: labels.name, reason: "no utterance is left to train on")
    }
    var tooShort: [String] = []
    func examples(_ indices: [Int]) throws -> [TrainingExample] {
      try indices.compactMap { place in
        let utterance = used[place]
        guard let target = try spelling.target(of: utterance, model, index: index) else {
          tooShort.append(utterance.id)
          return nil
        }
        let index = index
        return TrainingExample(
          id: utterance.id, speaker: utterance.speaker, seconds: utterance.seconds, target: target
        ) { draw in
          let sound = try Waveform.read(utterance.audioPath, channel: utterance.channel)
          guard let draw else { return (try model.inputValues(of: sound), target) }
          let speed = draw.augmenter.speed(seed: draw.seed)
          // Where it would be too short for its labels, or too long for one pass, it is played as it is.
          let isTooLong = Self.passSeconds(of: model).map { utterance.seconds / speed > $0 } ?? false
          let changed =
            isTooLong ? nil : try spelling.target(of: utterance, model, index: index, speed: speed)
          let heard = try draw.augmenter.changed(
            sound, speed: changed == nil ? 1 : speed, seed: draw.seed)
          return (try model.inputValues(of: heard), changed ?? target)
        }
      }
    }
    (train, development, test) = try (examples(fold.train), examples(fold.development), examples(fold.test))
    guard !train.isEmpty, !test.isEmpty else {
      throw FineTuningError.nothingToLearn(
        level: labels.name,
        reason:
          "no recording with enough frames for its labels is left to \(train.isEmpty ? "train" : "test") on"
      )
    }
    if !tooShort.isEmpty {
      notes.append("too few frames for their labels, left out: \(tooShort.joined(separator: ", "))")
    }
    self.notes = notes
  }

  /// The classes of the utterances that are trained on; nil of sequences and frames.
  static func classes(of train: [TrainingExample]) -> [Int]? {
    let found = train.compactMap { if case .utterance(let label) = $0.target { label } else { nil } }
    return found.count == train.count ? found : nil
  }

  /// For each class the mean number of labels over its own, from what is trained on; 1 for one that does not occur there.
  var classWeights: [Double] {
    var counts = [Double](repeating: 0, count: classes.count)
    for example in train {
      switch example.target {
      case .symbols: break
      case .frames(let labels): for label in labels.compactMap(\.self) { counts[label] += 1 }
      case .utterance(let label): counts[label] += 1
      }
    }
    let present = counts.filter { $0 > 0 }
    let mean = present.reduce(0, +) / Double(max(1, present.count))
    return counts.map { $0 > 0 ? mean / $0 : 1 }
  }

  /// The seconds that one pass takes in; nil where it takes any. Windows that overlap are told apart by their step.
  private static func passSeconds(of model: SpeechModel) -> Double? {
    guard let window = model.passSeconds else { return nil }
    guard let top = model.topTap, top.name == "pooled", let step = top.timing?.strideSamples else {
      return window
    }
    return min(window, Double(step + model.minimumSamples - 1) / Double(model.samplingRate))
  }

  private static func plan(_ used: [Utterance], _ labels: Labels, seed: UInt64) throws -> SplitPlan {
    let table = used.map { (speaker: $0.speaker, sentence: $0.sentence, seconds: $0.seconds) }
    // A speaker who is not trained on cannot be named.
    return labels == .speaker
      ? try SplitPlan.make(for: table, by: .sentences, seed: seed)
      : try SplitPlan.make(for: table, seed: seed)
  }

  /// The class of each symbol that occurs; case is looked past only where it tells no classes apart.
  private static func index(of names: [String], covering found: [String]) throws -> [String: Int] {
    let places = names.enumerated().map { ($1, $0) }
    var exact: [String: Int] = [:]
    for (name, place) in places { exact[name] = place }
    var folded: [String: Int] = [:]
    let tellsCase = Set(names.map { $0.lowercased() }).count < Set(names).count
    for (name, place) in places where !tellsCase { folded[name.lowercased()] = place }
    var index: [String: Int] = [:]
    for symbol in found { index[symbol] = exact[symbol] ?? folded[symbol.lowercased()] }
    let unknown = found.filter { index[$0] == nil }
    guard unknown.isEmpty else { throw FineTuningError.unknownLabels(labels: unknown, known: names.count) }
    return index
  }
}

/// How labels become symbols.
private struct Spelling: Sendable {
  let task: TrainingTask
  let labels: TrainingData.Labels

  func has(_ utterance: Utterance) -> Bool { !symbols(of: utterance).isEmpty }

  func symbols(of utterance: Utterance) -> [String] {
    switch labels {
    case .speaker: return [utterance.speaker]
    case .level(.character) where task == .ctc:
      let words = utterance.spans(at: .word).map(\.label)
      return Array(words.map { $0.map(String.init) }.joined(separator: [TrainingData.wordGap]))
    case .level(.sentence) where task == .utterance: return [utterance.sentence]
    case .level(let level): return utterance.spans(at: level).map(\.label)
    }
  }

  /// nil where there are too few frames for a sequence.
  func target(
    of utterance: Utterance, _ model: SpeechModel, index: [String: Int], speed: Double = 1
  ) throws -> TrainingTarget? {
    let numbers = symbols(of: utterance).compactMap { index[$0] }
    guard let timing = model.topTap?.timing else { return nil }
    let count = Int((utterance.seconds / speed * Double(model.samplingRate)).rounded(.down))
    let frames = timing.frames(forSamples: count)
    switch task {
    case .ctc: return frames >= max(1, CTCLoss.neededFrames(numbers)) ? .symbols(numbers) : nil
    case .utterance:
      guard let first = numbers.first, Set(numbers).count == 1 else {
        throw FineTuningError.nothingToLearn(
          level: labels.name,
          reason: "\(utterance.id) has several labels of it and not one for all (take --task frames)")
      }
      return count >= model.minimumSamples ? .utterance(first) : nil
    case .frames:
      guard case .level(let level) = labels else {
        return frames > 0 ? .frames(Array(repeating: numbers.first, count: frames)) : nil
      }
      let spans = utterance.spans(at: level)
      var place = 0
      let found = (0..<frames).map { frame -> Int? in
        let time = timing.centre(of: frame) * speed
        while place < spans.count, spans[place].end <= time { place += 1 }
        guard place < spans.count, spans[place].start <= time else { return nil }
        return index[spans[place].label]
      }
      return found.contains { $0 != nil } ? .frames(found) : nil
    }
  }
}
