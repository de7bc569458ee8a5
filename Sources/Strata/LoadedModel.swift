import Activations
import Corpora
import Models

/// A model as a study runs it: a speech model with its decoder, or a text model.
public struct LoadedModel: Sendable {
  /// The model, ready for `LayerStudy`.
  public let source: any ActivationSource
  /// What had to be assumed to load it.
  public let notes: [String]
  /// What a user must know to trust the numbers: adapters that were merged, input settings that nothing says.
  public let warnings: [String]

  /// Loads what lies at `path` for a study of `corpus`, as `probe-layers` does: a speech model with its decoder and its
  /// adapters, a text model (which reads the words of recordings), or activations made elsewhere.
  ///
  /// ```swift
  /// let study = LayerStudy(model: try LoadedModel.load("whisper-tiny", for: corpus).source, corpus: corpus)
  /// ```
  /// Activations are a file or folder that holds no model, or anything with a hop in `imports`; `warnings` then name what
  /// does not match the corpus. `language` is what a multilingual Whisper's decoder is told, such as `de`.
  /// - Throws: `ImportError`, `ActivationError.noLanguage`, and what `SpeechModel.load` and `TextModel.load` throw.
  public static func load(
    _ path: String, for corpus: Corpus, options: LoadOptions = LoadOptions(),
    imports: ImportSettings = ImportSettings(), language: String? = nil
  ) throws -> LoadedModel {
    guard imports.hop != nil || ImportedActivations.recognises(path) else {
      return try load(path, options: options, ofText: corpus.isText, language: language)
    }
    let source = try ImportedActivations.open(path, for: corpus.utterances, settings: imports)
    let strangers = [
      ("arrays belong to no utterance of the corpus", source.unmatchedArrays),
      ("utterances have no activations", source.missing),
    ].filter { !$0.1.isEmpty }.map { what, names in
      "\(names.count) \(what): \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : "")"
    }
    return LoadedModel(source: source, notes: [], warnings: strangers)
  }

  /// Loads what lies at `path`, by the configuration's model type; over recordings (not `ofText`) a text model reads
  /// their words. Of a model that has both halves (CLAP), `ofText`
  /// says which. `language` is what a multilingual Whisper's decoder is told. Throws
  /// `ActivationError.noLanguage`, and what `SpeechModel.load` and `TextModel.load` do.
  public static func load(
    _ path: String, options: LoadOptions = LoadOptions(), ofText: Bool, language: String? = nil
  ) throws -> LoadedModel {
    let type = try TextModel.modelType(of: path, options: options)
    if let type, TextModel.reads(modelType: type), ofText || type != "clap" {
      let model = try TextModel.load(path, options: options)
      // Here, not at each of a corpus' texts.
      try model.requiredTokenizer()
      return LoadedModel(
        source: ofText ? model : TranscriptTextModel(model), notes: model.tensorReport.notes,
        warnings: model.tensorReport.warnings)
    }
    let model = try SpeechModel.load(path, options: options)
    guard var transcribed = TeacherForcedModel(model) else {
      if let language { throw ActivationError.noLanguage(language, source: model.name) }
      return LoadedModel(
        source: model, notes: model.tensorReport.notes,
        warnings: model.tensorReport.warnings)
    }
    if let language { transcribed = try transcribed.speaking(language) }
    let remark =
      transcribed.lacksLanguage
      ? ["its decoder knows languages and is told none; --language, such as --language en, says which"] : []
    return LoadedModel(
      source: transcribed, notes: model.tensorReport.notes,
      warnings: model.tensorReport.warnings + remark)
  }
}
