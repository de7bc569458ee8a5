import Checkpoints
import Foundation
import Tensors

/// A trained text model, ready to be run and looked into: the sibling of `SpeechModel`.
///
/// ```swift
/// let model = try TextModel.load("all-MiniLM-L6-v2")
/// try model.forward("the cat sat", taps: ["hidden.6"]) { name, values in print(name, values.shape) }
/// ```
/// A value: copies share weights and memory. Any number of threads may run it at once.
public struct TextModel: Sendable {
  /// What it is called after: its folder or file.
  public let name: String
  /// bert, roberta, …
  public let family: String
  /// The XXH3-128 hash of the weights' files; an untrained twin's says of which model and with which seed.
  public let fingerprint: String
  /// A hash of what its values hang on beside the weights: configuration and tokeniser.
  public let settings: String
  /// The number of values of all parameters that are used.
  public let parameters: Int
  /// The places whose values can be had, in the order of the data: a row a token. `embedding` is the token's row of
  /// the table alone, the same wherever the token stands; `hidden.0` adds its position.
  public let taps: [TapPoint]
  /// Attention weights, `[heads × tokens × tokens]`, which are had only when asked for by name.
  public let attentionTaps: [TapPoint]
  /// What became of the checkpoint's tensors.
  public let tensorReport: TensorReport
  /// How its text is cut; nil where the files of a tokeniser were missing.
  public let tokenizer: (any Tokenizer)?
  /// Where those files were looked for.
  let folder: String
  /// What its weights were read from, and may still be; nil of a twin.
  private var opened: OpenedFiles?
  private let architecture: any TextArchitecture
  private let pool = MemoryPool()

  init(
    _ architecture: any TextArchitecture, report: TensorReport, tokenizer: (any Tokenizer)?, folder: String,
    name: String,
    fingerprint: String, settings: String
  ) {
    self.architecture = architecture
    self.tokenizer = tokenizer
    self.folder = folder
    self.name = name
    self.fingerprint = fingerprint
    self.settings = settings
    tensorReport = report
    family = architecture.family
    parameters = architecture.parameters
    taps = architecture.taps
    attentionTaps = architecture.attentionTaps
  }

  /// Throws `FileError.changed` where a file that weights are read from was written over or cut short since it was opened.
  public func requireUnchanged() throws { try opened?.requireUnchanged() }

  /// The most tokens of a text, those that frame it among them.
  public var maximumTokens: Int { architecture.maximumTokens }

  /// Whether a model's type is one that is read here.
  public static func reads(modelType: String) -> Bool { TextArchitectures.modelTypes.contains(modelType) }

  /// What the configuration with a checkpoint calls its model; nil where none says.
  /// - Throws: `CheckpointError` and `ModelError` where the file or its configuration cannot be read.
  public static func modelType(of path: String, options: LoadOptions = LoadOptions()) throws -> String? {
    let checkpoint = try options.open(ModelLocation(path, options))
    return try ModelDescription(checkpoint, options).modelType
  }

  /// The same architecture with parameters drawn as its authors draw them before training.
  public func randomTwin(seed: UInt64) throws -> TextModel {
    TextModel(
      try architecture.untrained(seed: seed),
      report: TensorReport(
        used: tensorReport.used, leftOut: [], ignored: [], notes: ["parameters drawn with seed \(seed)"],
        parameters: tensorReport.parameters),
      tokenizer: tokenizer, folder: folder, name: "\(name) (untrained, seed \(seed))",
      fingerprint: "\(fingerprint)-untrained-\(seed)", settings: settings)
  }

  /// Reads a text model with its tokeniser from a Hugging Face folder, or from a file of weights
  /// beside a `config.json`. Of a CLAP model it reads the text tower.
  ///
  /// Throws `CheckpointError` for files that cannot be read, `ModelError` for what is no such model.
  public static func load(_ path: String, options: LoadOptions = LoadOptions()) throws -> TextModel {
    let location = try ModelLocation(path, options)
    let checkpoint = try options.open(location)
    let description = try ModelDescription(checkpoint, options)
    let opened = try checkpoint.opened()
    var built = try TextArchitectures.build(description)
    built.report.notes = description.notes + built.report.notes
    built.report.warnings = description.warnings + built.report.warnings
    let folder = ModelDescription.folder(of: options.configuration ?? location.path)
    let files = TokenizerFiles(folder: folder)
    var model = TextModel(
      built.architecture, report: built.report, tokenizer: try files.tokenizer(), folder: folder,
      name: location.name, fingerprint: opened.fingerprint,
      settings: ContentHash.hexadecimal(of: try description.settings() + files.fingerprint()))
    model.opened = opened
    return model
  }
}

// MARK: - Running

extension TextModel {
  /// A text's tokens as the model is given them. Throws `ModelError.tokenizer` where it came without a tokeniser, and
  /// `.tooManyTokens` where it has no positions for them all.
  public func tokens(of text: String) throws -> [Token] {
    let tokens = try requiredTokenizer().encode(text)
    try check(count: tokens.count)
    return tokens
  }

  /// How its text is cut. Throws `ModelError.tokenizer` where the files of a tokeniser were missing.
  @discardableResult public func requiredTokenizer() throws -> any Tokenizer {
    guard let tokenizer else {
      throw ModelError.tokenizer(
        path: folder, place: "file", found: "missing",
        expected: "tokenizer.json, vocab.txt, or vocab.json with merges.txt")
    }
    return tokenizer
  }

  private func check(count: Int) throws {
    guard (1...maximumTokens).contains(count) else {
      throw ModelError.tooManyTokens(found: count, maximum: maximumTokens)
    }
  }

  /// One pass over a text; see `SpeechModel.forward`.
  public func forward(
    _ text: String, taps: Set<String>, threads: Int = 1, visit: (String, Tensor) throws -> Void
  ) throws {
    try forward(tokens: tokens(of: text).map(\.id), taps: taps, threads: threads, visit: visit)
  }

  /// The same for tokens by number. `types` are 0 where nothing is said; tokens from `validTokens` on are padding, as
  /// in a batch: their rows are computed but mean nothing, and change no other.
  public func forward(
    tokens: [Int], types: [Int]? = nil, validTokens: Int? = nil, taps wanted: Set<String>, threads: Int = 1,
    visit: (String, Tensor) throws -> Void
  ) throws {
    for name in wanted.sorted() { try (taps + attentionTaps).named(name) }
    try check(count: tokens.count)
    let vocabulary = architecture.vocabulary
    if let id = tokens.first(where: { !(0..<vocabulary).contains($0) }) {
      throw ModelError.unknownToken(id: id, vocabulary: vocabulary)
    }
    let types = types ?? Array(repeating: 0, count: tokens.count)
    precondition(
      types.count == tokens.count && types.allSatisfy { (0..<architecture.tokenTypes).contains($0) })
    let valid = min(max(1, validTokens ?? tokens.count), tokens.count)
    var remaining = wanted
    guard !remaining.isEmpty else { return }
    try architecture.forward(
      tokens, types: types, validTokens: valid, wanted: wanted, on: Evaluation(threads: threads, pool: pool)
    ) { name, values in
      if let index = values.firstNonFinite() {
        throw ModelError.nonFiniteValue(layer: name, frame: index / max(1, values.width))
      }
      if remaining.remove(name) != nil { try visit(name, values) }
      return !remaining.isEmpty
    }
  }
}
