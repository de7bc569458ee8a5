import Activations
import Corpora

extension Corpus {
  /// Throws `StudyError.otherInput` where `source` reads speech and these are texts, or the reverse.
  func requireReadable(by source: any ActivationSource) throws {
    if isText ? source.input == .sound : source.input == .text {
      throw StudyError.otherInput(
        model: source.name, reads: isText ? "speech" : "text", corpus: name,
        holds: isText ? "texts" : "recordings")
    }
  }
}
