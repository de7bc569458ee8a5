import Activations
import Corpora
import Models
import Results
import Tensors

/// A model's own output, and what it should say of each recording.
struct ModelHead: Sendable {
  enum Reading: Sendable {
    /// Labels say nothing of it: how far it moves is all that can be asked.
    case divergence
    /// Frames that emit symbols in their order (CTC).
    case symbols(HeadSpelling)
    /// Frames of one right class each, where they have a label.
    case frames(FrameLabels)
    /// Rows of one right class each, by utterance.
    case rows([[Int]])
  }

  /// The tap point that it is made of.
  let tap: String
  let reading: Reading
  /// Why labels say nothing of it; nil where they do.
  let obstacle: String?
  /// What a decoder is given of each utterance, and the row that foretells the first token of its words; nil without one.
  private let texts: (tokens: [[Int]], first: Int)?
  private let retrieval: SoundRetrieval?

  /// The head of `study`'s model; nil where it has none, or none is asked for.
  ///
  /// - Throws: `InterventionError.noHead`, `.unspellable`, and what passes throw.
  init?(_ study: InterventionStudy, threads: Int) throws {
    guard study.effect != .probes else { return nil }
    let (model, tap) = (study.model, InterventionStudy.head)
    if let shared = study.sharedTexts {
      let retrieval = try SoundRetrieval(shared, study, threads: threads)
      self.init(
        SoundRetrieval.tap, study.effect == .divergence ? .divergence : .rows(retrieval.targets), nil,
        retrieval: retrieval)
      return
    }
    if var reader = TeacherForcedModel(model), model.decoderTaps.contains(where: { $0.name == tap }) {
      if let language = study.language { reader = try reader.speaking(language) }
      let tokens = study.corpus.utterances.map { utterance -> [Int] in
        guard let tokens = try? reader.tokens(of: utterance), tokens.count <= model.longestText else {
          return []
        }
        return tokens
      }
      let first = max(0, reader.prefix.count - 1)
      self.init(
        tap,
        study.effect == .divergence ? .divergence : .rows(tokens.map { Array($0.dropFirst(first + 1)) }),
        nil, texts: (tokens, first))
      return
    }
    guard model.taps.contains(where: { $0.name == tap }) else {
      guard study.effect == .auto else { throw InterventionError.noHead(model: model.name) }
      return nil
    }
    guard study.effect != .divergence else {
      self.init(tap, .divergence, nil)
      return
    }
    do {
      self.init(tap, try Self.reading(study), nil)
    } catch let error as InterventionError where study.effect == .auto {
      self.init(tap, .divergence, error.description)
    }
  }

  /// How labels say what it should give: by frames where that is asked for, or where none of its classes is a blank.
  private static func reading(_ study: InterventionStudy) throws -> Reading {
    let model = study.model
    let width = model.taps.first { $0.name == InterventionStudy.head }?.width ?? 0
    let classes = HeadClassNames(study.symbols, width: width)
    guard classes.names.count <= width,
      classes.names.count == width || classes.hasBlank || classes.names.isEmpty
    else {
      throw InterventionError.unspellable(
        model: model.name,
        reason: "it has \(width) classes, and names of \(classes.names.count) lie with it")
    }
    if study.effect == .frames || !classes.names.isEmpty && !classes.hasBlank && study.effect != .symbol {
      let timing = model.taps.first { $0.name == InterventionStudy.head }?.timing
      return .frames(try FrameLabels(study.corpus, classes: classes, timing: timing, model: model.name))
    }
    return .symbols(try HeadSpelling(study.corpus, classes: classes, model: model.name))
  }

  private init(
    _ tap: String, _ reading: Reading, _ obstacle: String?, texts: (tokens: [[Int]], first: Int)? = nil,
    retrieval: SoundRetrieval? = nil
  ) {
    (self.tap, self.reading, self.obstacle) = (tap, reading, obstacle)
    (self.texts, self.retrieval) = (texts, retrieval)
  }

  /// Which of its classes stand for nothing said; nil of a head whose classes are no labels.
  var isFiller: [Bool]? {
    switch reading {
    case .symbols(let spelling): spelling.isFiller
    case .frames(let labels): labels.isFiller
    case .divergence, .rows: nil
    }
  }

  /// Whether it is the search of a model with two towers.
  var isRetrieval: Bool { retrieval != nil }

  /// What is counted of it.
  var unit: InterventionResult.HeadUnit {
    if retrieval != nil { return .retrieval }
    if texts != nil { return .token }
    return switch reading {
    case .symbols(let spelling): spelling.unit == .letters ? .letter : .phone
    default: .frame
    }
  }

  /// What an effect on it can be, the one that verdicts are about first.
  func quantities(_ effect: InterventionStudy.Effect) -> [InterventionResult.Quantity] {
    switch reading {
    case .divergence: [.divergence]
    case .symbols(let spelling):
      (effect == .loss ? [.loss, .symbol] : [.symbol, .loss]) + [.divergence, .errors]
        + (spelling.separator == nil ? [] : [.wordErrors])
    case .rows, .frames: [.loss, .divergence, .errors]
    }
  }

  /// The level whose labels frames have.
  var frameLevel: String? {
    guard case .frames(let labels) = reading else { return nil }
    return labels.level.rawValue
  }

  // MARK: - Passes

  /// Whether an utterance can be run: a decoder needs a text that it can take.
  func takes(_ utterance: Int) -> Bool {
    (texts.map { $0.tokens[utterance].count > $0.first + 1 } ?? true)
      && (retrieval?.takes(utterance) ?? true)
  }

  /// What the decoder is given; nil without one.
  func tokens(of utterance: Int) -> [Int]? { texts?.tokens[utterance] }

  /// What it says, of the values of its tap point.
  func output(_ values: Tensor, of utterance: Int) -> HeadOutput {
    if let retrieval { return retrieval.output(values, of: utterance) }
    guard let texts else { return HeadOutput(logits: values) }
    return HeadOutput(logits: values.rows(texts.first..<(values.rows - 1)))
  }
}

extension InterventionSetting {
  /// What the head says of each utterance that is run; none without a head.
  func headOutputs() throws -> [Int: HeadOutput] {
    guard let head else { return [:] }
    let outputs = try parallelMap(utterances.count, threads: threads) { index -> HeadOutput? in
      try study.requireGoingOn()
      let utterance = utterances[index]
      var output: HeadOutput?
      let sound = try study.corpus.utterances[utterance].sound()
      if let tokens = head.tokens(of: utterance) {
        try study.model.forward(sound, tokens: tokens, taps: [head.tap]) {
          output = head.output($1, of: utterance)
        }
      } else {
        try study.model.forward(sound, taps: [head.tap]) { output = head.output($1, of: utterance) }
      }
      return output
    }
    var heads: [Int: HeadOutput] = [:]
    for (utterance, output) in zip(utterances, outputs) { heads[utterance] = output }
    return heads
  }
}
