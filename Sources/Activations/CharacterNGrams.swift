import Corpora
import Foundations
import Tensors

/// The baseline of texts, as mel is that of sounds: what is written, and nothing learned.
///
/// Row *i* of a text stands for its character *i*: the sum of the vectors of the n-grams (n = 1, 2, 3) that end there,
/// in small letters, a space before the text. An n-gram's vector is ±1 by a hash of it, so that the mean over a span is
/// a random projection of its n-gram counts (Weinberger et al. 2009; the n-grams are those of Bojanowski et al. 2017).
struct CharacterNGrams: Sendable {
  /// The baseline's name among the layers.
  static let layer = "n-grams"
  static let width = 128
  static let longest = 3

  /// The mean of the span, and of ten characters before and after it.
  static let pooling = FramePooling(.mean, context: 10)

  /// `[characters × width]`; characters are Unicode scalars.
  static func features(of text: String) -> Tensor {
    // One scalar stays one, unlike in `lowercased()` of a whole text.
    let scalars = [" "] + text.unicodeScalars.map { $0.properties.lowercaseMapping }
    return Tensor(shape: [scalars.count - 1, width]) { target in
      for index in target.indices { target[index] = 0 }
      for end in 1..<max(1, scalars.count) {
        let row = (end - 1) * width
        for start in max(0, end + 1 - longest)...end {
          let ngram = scalars[start...end].joined()
          for part in 0..<(width / 64) {
            var hash = StableHash(seed: UInt64(part))
            hash.combine(ngram)
            let bits = hash.value
            for bit in 0..<64 { target[row + part * 64 + bit] += bits >> bit & 1 == 1 ? 1 : -1 }
          }
        }
      }
    }
  }

  /// Where the rows lie: in the middle of each character.
  static func axis(rows: Int) -> ListedCentres { ListedCentres((0..<rows).map { Double($0) + 0.5 }) }
}
