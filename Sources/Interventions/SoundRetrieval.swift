import Audio
import Models
import Tensors

/// Texts in the space that a model of two towers shares between sounds and texts (CLAP).
public struct SharedTexts: Sendable {
  /// Each distinct text at length 1, `[texts × width]`.
  public var embeds: Tensor
  /// The text of each utterance of the corpus; −1 for none.
  public var textOf: [Int]
  /// What cosines are multiplied with before the softmax over texts, and over sounds.
  public var scaleToTexts, scaleToSounds: Double

  public init(embeds: Tensor, textOf: [Int], scaleToTexts: Double, scaleToSounds: Double) {
    precondition(textOf.allSatisfy { $0 < embeds.rows }, "a text beyond the \(embeds.rows)")
    (self.embeds, self.textOf) = (embeds, textOf)
    (self.scaleToTexts, self.scaleToSounds) = (scaleToTexts, scaleToSounds)
  }
}

/// Finding a recording's text among all texts, and a text's recording among all recordings: the two rows of the loss that
/// CLAP is trained with (Wu et al. 2023).
///
/// Row 0 has a class for each text. Row 1 has one for each utterance; those of the same text as the one that is sought are
/// left out, and the others are as the intact model has them, so that what a changed recording loses is its own.
struct SoundRetrieval: Sendable {
  static let tap = "embeds"

  private let texts: SharedTexts
  /// Of the intact model, `[utterances × width]`; zero for those that are not run.
  private let sounds: Tensor
  private let isThere: [Bool]
  private let classes: Int

  /// Small enough to be no probability, and large enough to be a number.
  private static let never: Float = -1e30

  init(_ texts: SharedTexts, _ study: InterventionStudy, threads: Int) throws {
    let (model, utterances) = (study.model, study.corpus.utterances)
    guard model.taps.contains(where: { $0.name == Self.tap && $0.width == texts.embeds.width }) else {
      throw InterventionError.noHead(model: model.name)
    }
    let isThere = utterances.indices.map { texts.textOf[$0] >= 0 && model.canGoOn(utterances[$0].seconds) }
    let width = texts.embeds.width
    let found = try parallelMap(utterances.count, threads: threads) { place -> [Float] in
      try study.requireGoingOn()
      var own = [Float](repeating: 0, count: width)
      guard isThere[place] else { return own }
      try model.forward(try utterances[place].sound(), taps: [Self.tap]) { own = Array($1[row: 0]) }
      return own
    }
    self.init(
      texts, sounds: Tensor(found.flatMap { $0 }, shape: [utterances.count, width]), isThere: isThere)
  }

  init(_ texts: SharedTexts, sounds: Tensor, isThere: [Bool]) {
    (self.texts, self.sounds, self.isThere) = (texts, sounds, isThere)
    classes = max(texts.embeds.rows, sounds.rows)
  }

  func takes(_ utterance: Int) -> Bool { isThere[utterance] }

  /// The right class of each row, by utterance.
  var targets: [[Int]] {
    sounds.rows == 0 ? [] : (0..<sounds.rows).map { isThere[$0] ? [texts.textOf[$0], $0] : [] }
  }

  /// What both searches say were an utterance's place in the shared space `embed`, `[1 × width]`.
  func output(_ embed: Tensor, of utterance: Int) -> HeadOutput {
    let own = embed[row: 0]
    func cosine(_ other: some Collection<Float>) -> Float { zip(own, other).reduce(0) { $0 + $1.0 * $1.1 } }
    var logits = [Float](repeating: Self.never, count: 2 * classes)
    for text in 0..<texts.embeds.rows {
      logits[text] = Float(texts.scaleToTexts) * cosine(texts.embeds[row: text])
    }
    let text = texts.textOf[utterance]
    let sought = texts.embeds[row: text]
    for sound in 0..<sounds.rows where isThere[sound] && (sound == utterance || texts.textOf[sound] != text)
    {
      let similarity =
        sound == utterance ? cosine(sought) : zip(sounds[row: sound], sought).reduce(0) { $0 + $1.0 * $1.1 }
      logits[classes + sound] = Float(texts.scaleToSounds) * similarity
    }
    return HeadOutput(logits: Tensor(logits, shape: [2, classes]))
  }
}
