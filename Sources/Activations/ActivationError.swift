/// What can go wrong between a model and a corpus.
public enum ActivationError: Error, Equatable, CustomStringConvertible, Sendable {
  /// A layer that has no vectors here.
  case noSuchLayer(String, level: String, reason: String?, available: [String])
  /// A pair of layers whose cross moment was not kept.
  case noCrossMoment(String, String)
  /// Moments of different layers, widths, classes or extents, which cannot be added.
  case momentsDiffer(what: String, first: String, second: String)
  /// Samples of different levels, layers or widths, which cannot be put together.
  case samplesDiffer(what: String, first: String, second: String)
  /// No utterance has labels of the level, or of any.
  case noSpans(level: String?, utterances: Int)
  /// A layer that the source does not have.
  case unknownLayer(String, source: String, available: [String])
  /// A layer that came in another shape than its tap says.
  case wrongShape(layer: String, expected: String, found: [Int])
  /// A speech model that was given an utterance without audio.
  case noSound(utterance: String, source: String)
  /// A text model that was given an utterance without a text.
  case noText(utterance: String, source: String)
  /// A file of a part of an extraction that is not what it should be.
  case badPart(path: String, reason: String)
  /// A language that a decoder's tokeniser has no token for.
  case noLanguage(String, source: String)
  /// An utterance without words, whose text a decoder should read.
  case noWords(utterance: String, source: String)
  /// Not one utterance gave anything; the reasons of the first few.
  case nothingExtracted(utterances: Int, reasons: [String])
  /// Not one layer is free of NaN and infinity.
  case nothingFinite(layers: Int, utterance: String)
  /// Stopped on request.
  case interrupted(done: Int, total: Int, keptIn: String?)

  public var description: String {
    switch self {
    case .noSuchLayer(let layer, let level, let reason?, _):
      "layer \(layer) has no numbers at the level \(level): \(reason)"
    case .noSuchLayer(let layer, let level, nil, let available):
      "there is no layer \(layer) at the level \(level); the layers are \(available.joined(separator: ", "))"
    case .noCrossMoment(let a, let b):
      "the cross moment of \(a) and \(b) was not kept; extract with moments of every pair of layers"
    case .momentsDiffer(let what, let first, let second):
      "moments cannot be added, their \(what) differ: \(first) and \(second); extract both with the same model, "
        + "corpus and settings"
    case .samplesDiffer(let what, let first, let second):
      "cannot merge samples: their \(what) differ: \(first) and \(second); extract both with the same "
        + "model and settings"
    case .noSpans(let level?, let utterances):
      "none of the \(utterances) utterances has labels of the level \(level); choose other levels or add the tier"
    case .noSpans(nil, let utterances):
      "none of the \(utterances) utterances has labels of any level; check the corpus"
    case .unknownLayer(let layer, let source, let available):
      "\(source) has no layer \(layer); it has \(available.joined(separator: ", "))"
    case .wrongShape(let layer, let expected, let found):
      "layer \(layer) has shape \(found), expected \(expected)"
    case .noSound(let utterance, let source):
      "\(source) is a speech model and \(utterance) has no audio; give it a corpus of recordings"
    case .noText(let utterance, let source):
      "\(source) is a text model and \(utterance) is a recording; give it a corpus of texts (.conllu or .tsv)"
    case .badPart(let path, let reason):
      "\(path): \(reason); make this part again"
    case .noLanguage(let language, let source):
      "\(source) knows no language “\(language)”: its tokeniser has no token <|\(language)|>. Multilingual Whispers have "
        + "those of two or three letters, such as en, de, haw"
    case .noWords(let utterance, let source):
      "\(source) reads words and \(utterance) has none; add a word tier, or, of a decoder's model, choose layers of the "
        + "encoder"
    case .nothingExtracted(let utterances, let reasons):
      "none of the \(utterances) utterances could be used: " + reasons.joined(separator: "; ")
    case .nothingFinite(let layers, let utterance):
      "all \(layers) layers hold values that are not finite (first in \(utterance)); the weights are damaged or "
        + "overflow"
    case .interrupted(let done, let total, let folder?):
      "interrupted after \(done) of \(total) utterances; they are kept in \(folder) and the same command goes on"
    case .interrupted(let done, let total, nil):
      "interrupted after \(done) of \(total) utterances; no folder was given to keep them in"
    }
  }
}
